"""Source times are claims: what of them is plausible, and what stands in where they are not.

A sample keeps the time that its source gave, whatever it is (I2). But nothing is ordered, bounded
or resumed by it: gaps, cursors and resume points follow the clock of this PC and the sequence of
the protocol. One sample from 2105 must not hide every later outage.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gateway.core.types import Times, UnixNs

SECOND_NS = 1_000_000_000
EARLIEST = UnixNs(978_307_200 * SECOND_NS)
"""2001-01-01 UTC. 1601, 1970, the year 1 and 2000 are what clocks say that were never set or lost
their battery, and times in the wrong unit; no value of a machine that is read here is as old."""
TIME_MIN = -(2**63)
STORE_AHEAD_NS = 86_400 * SECOND_NS
"""No store files a sample more than a day ahead, whatever a device's policy allows."""
FEW = 64
"""Up to here plain integers are faster than arrays: two array calls cost 5 µs, whatever is in
them."""


def time_range(times: Times) -> tuple[int, int]:
    """Give the lowest and the highest of at least one time."""
    if len(times) <= FEW:
        plain = times.tolist()
        return min(plain), max(plain)
    return int(times.min()), int(times.max())


def implausible(times: Times, received: UnixNs, ahead_ns: int) -> NDArray[np.bool_] | None:
    """Tell which times cannot be right: before 2001, or too far ahead. None when all can be."""
    if not len(times):
        return None
    low, high = time_range(times)
    earliest, latest = earliest_at(received), received + ahead_ns
    if low >= earliest and high <= latest:
        return None
    return (times < earliest) | (times > latest)


def earliest_at(received: UnixNs) -> int:
    """Give the first time that can be right; a PC whose own clock was never set cannot tell."""
    return EARLIEST if received >= EARLIEST else TIME_MIN


def bounded(times: Times, received: UnixNs) -> Times:
    """Give times by which samples can be filed: what cannot be right becomes the time of receipt.

    Most batches come back as they are; nothing is copied then. Those that are changed stay apart by
    a nanosecond each, so that none takes the place of another.
    """
    wrong = implausible(times, received, STORE_AHEAD_NS)
    return times if wrong is None else np.where(wrong, by_receipt(len(times), received), times)


def by_receipt(count: int, received: UnixNs) -> Times:
    """Give times of receipt for samples that came together, a nanosecond apart, in their order."""
    return received + np.arange(count, dtype=np.int64)
