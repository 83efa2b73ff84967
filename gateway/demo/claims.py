"""Times that machines claim, held against what was stored of them.

A time is stored as it was claimed, whatever it is. One that cannot be right makes its sample
Uncertain; one of a clock that is right does not. Where a device's own times are not taken, the
claimed one stands beside the time of receipt, and nobody doubts it.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gateway.demo.samples import NO_TIME, RETAINED, Bools, Ints, Match, Said

SECOND_NS = 1_000_000_000
SEVERITY, UNCERTAIN, LAST_USABLE, CODE = 0xC0000000, 0x40000000, 0x40900000, 0xFFFF0000
"""Parts of a status code, and two of them. Source: OPC UA Part 4, 7.39; Part 8, 6.3."""
YEAR_2000 = 946_684_800 * SECOND_NS
AHEAD_NS = 3600 * SECOND_NS
"""Times before 2000, or further ahead of ours than this, cannot be right."""
RIGHT_NS = SECOND_NS
"""A claimed time that is no further from the true one is right."""
AROUND_NS = 60 * SECOND_NS
"""Times this near to the border of what can be right are not judged."""


def wrong_claims(said: Said, match: Match, *, trusted: bool) -> Iterator[tuple[str, Ints]]:
    """Give the times of rows whose time or status is not its due, with what is wrong in words.

    `trusted` is False where the device's own times are not taken.
    """
    claimed = np.array(said.claimed, np.int64)[match.place]
    other = (claimed != NO_TIME) & (claimed != match.times)
    yield "a time that it did not say", match.times[other & ~match.empty]
    uncertain = (match.status & SEVERITY) == UNCERTAIN
    retained = said.having(RETAINED)[match.place] & last_usable(match)
    doubted = _right_times(said)[match.place] & uncertain & ~retained
    yield "doubted though right", match.times[doubted & ~match.empty]
    if trusted:
        beyond = match.times - match.received - AHEAD_NS > AROUND_NS
        believed = ~uncertain & ((match.times < YEAR_2000) | beyond)
        yield "not doubted though it cannot be right", match.times[believed & ~match.empty]


def last_usable(match: Match) -> Bools:
    """Tell which rows say that nobody knows how old their value is."""
    found: Bools = (match.status & CODE) == LAST_USABLE
    return found


def _right_times(said: Said) -> Bools:
    """Tell which claimed times are right, of a clock that nobody has a reason to doubt.

    A clock that says what may be, and is not, makes its right times doubtful, too; one that now and
    then says what cannot be does not.
    """
    claimed, true = np.array(said.claimed, np.int64), np.array(said.times, np.int64)
    right = np.abs(claimed - true) <= RIGHT_NS
    beyond = (claimed < YEAR_2000) | (claimed - AHEAD_NS > true + AROUND_NS)
    return right if bool((right | beyond).all()) else np.zeros(len(right), bool)
