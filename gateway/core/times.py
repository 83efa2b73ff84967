"""Source times are claims: what of them is plausible, and what stands in where they are not.

A sample keeps the time that its source gave, whatever it is (I2). But nothing is ordered, bounded
or resumed by it: gaps, cursors and resume points follow the clock of this PC and the sequence of
the protocol. One sample from 2105 must not hide every later outage.
"""

from __future__ import annotations

import numpy as np

from gateway.core.types import Times, UnixNs

SECOND_NS = 1_000_000_000
EARLIEST = UnixNs(946_684_800 * SECOND_NS)
"""2000-01-01 UTC: no machine that is read here measured anything before. 1601, 1970 and year 1 are
what clocks say that were never set, and times in the wrong unit."""
STORE_AHEAD_NS = 86_400 * SECOND_NS
"""No store files a sample more than a day ahead, whatever a device's policy allows."""


def implausible(times: Times, received: UnixNs, ahead_ns: int) -> np.ndarray | None:
    """Tell which times cannot be right: before 2000, or too far ahead. None when all can be."""
    latest = received + ahead_ns
    if int(times.min(initial=EARLIEST)) >= EARLIEST and int(times.max(initial=EARLIEST)) <= latest:
        return None
    found: np.ndarray = (times < EARLIEST) | (times > latest)
    return found


def bounded(times: Times, received: UnixNs) -> Times:
    """Give times by which samples can be filed: what cannot be right becomes the time of receipt.

    Most batches come back as they are; nothing is copied then.
    """
    wrong = implausible(times, received, STORE_AHEAD_NS)
    return times if wrong is None else np.where(wrong, np.int64(received), times)
