"""What a person may have to hear of a delivery. Texts: `gateway.usage.rules.texts`."""

from __future__ import annotations

VARIANT = "U5004"
TOO_MANY_REQUESTS = "U5005"
SECOND_SENDER = "U5006"
NOTHING_STORED = "U5007"
CLOCK_OFF = "U5008"
UNREACHABLE = "U5010"
LEASE_UNREACHABLE = "U5011"
AHEAD_OF_TIME = "U5013"
KPI_UNREACHABLE = "U5101"
KPI_REFUSED = "U5102"

OF_A_DAY = ("U5009", "U5012")
"""Of single records: they stay until their day is over, so that somebody can see them."""
OF_STOPS = ("U5001", "U5002", "U5003", VARIANT, TOO_MANY_REQUESTS)
