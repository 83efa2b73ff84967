"""The ledger on the way in, in samples; an unreadable message counts as one:

received = spooled + rejected + dropped + returned + what waits for the disk
"""

from __future__ import annotations

from gateway.ops.metrics import counter, histogram

RECEIVED = counter(
    "gateway_samples_received_total",
    "Samples, and messages that could not be read, that adapters handed over",
    ["device"],
)
SPOOLED = counter("gateway_samples_spooled_total", "Samples that are durable", ["device"])
REJECTED = counter("gateway_messages_rejected_total", "Messages kept as unreadable", ["device"])
DROPPED = counter(
    "gateway_samples_dropped_total", "Samples left out as configured (deadband)", ["device"]
)
RETURNED = counter(
    "gateway_samples_returned_total",
    "Samples that a lost connection took back before they were durable; never acknowledged",
    ["device"],
)
DURABLE_LATENCY = histogram(
    "gateway_durable_latency_seconds",
    "From the source time of a batch's oldest sample to its commit, by the gateway's clock",
    ["device"],
)
