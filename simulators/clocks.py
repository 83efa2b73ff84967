"""Clocks as machines have them: what a device claims that the time is.

A reading takes the true time (this PC's, ns UTC) and gives what the device says instead. It may lie
beyond what 64 bits of nanoseconds can hold (year 1, 1601); None means that no time is said at all.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from random import Random

S = 1_000_000_000
HOUR, DAY = 3600 * S, 86_400 * S
AHEAD = 5 * HOUR
BEHIND = 30 * DAY
COARSE = 7 * S
BACK_EVERY, BACK_BY = 4 * S, 9 * S
JUMP_EVERY = 3 * S
JUMPS = (0, 0, 2 * S, -2 * S, 40 * 60 * S, -HOUR, 9 * HOUR, DAY, -DAY, 90 * DAY, -(20 * 365) * DAY)
GLITCH_EVERY = 10 * S
Reading = Callable[[int], int | None]


def at_year(year: int) -> int:
    """Give a year's first moment in ns UTC."""
    return (datetime(year, 1, 1, tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)).days * DAY


YEAR_1, YEAR_1601, YEAR_2105 = at_year(1), at_year(1601), at_year(2105)


def _runs_from(start: int) -> Callable[[int, Random], Reading]:
    """Give a clock that was never set: it counts from there since it was switched on."""
    return lambda began, _: lambda now: start + (now - began)


def _jumping(began: int, rng: Random) -> Reading:
    seed = rng.random()
    return lambda now: now + Random(f"{seed} {(now - began) // JUMP_EVERY}").choice(JUMPS)


class _Glitch:
    """A right clock that says 2105 once in a while, for one value."""

    def __init__(self, began: int, _: Random) -> None:
        self._next = began + GLITCH_EVERY // 2

    def __call__(self, now: int) -> int:
        if now < self._next:
            return now
        self._next = now + GLITCH_EVERY
        return YEAR_2105


CLOCKS: dict[str, Callable[[int, Random], Reading]] = {
    "right": lambda _began, _rng: lambda now: now,
    "ahead": lambda _began, _rng: lambda now: now + AHEAD,
    "behind": lambda _began, _rng: lambda now: now - BEHIND,
    "2105": _runs_from(YEAR_2105),
    "glitch": _Glitch,
    "frozen": lambda began, _: lambda _now: began,
    "coarse": lambda _began, _rng: lambda now: now // COARSE * COARSE,
    "backwards": lambda began, _: lambda now: now - (now - began) // BACK_EVERY * BACK_BY,
    "jumping": _jumping,
    "1970": _runs_from(0),
    "1601": _runs_from(YEAR_1601),
    "0001": _runs_from(YEAR_1),
    "none": lambda _began, _rng: lambda _now: None,
}
"""By name. `frozen` says the moment in which the device was switched on, for ever; `coarse` moves
every 7 s only; `backwards` goes back by 9 s every 4 s; `jumping` is off by something else every
3 s; `glitch` is right, but every 10 s one value is of 2105; `none` says no time."""


def clock(mode: str, began: int, seed: int = 1) -> Reading:
    """Give a clock that was switched on at `began`; the same seed gives the same course."""
    return CLOCKS[mode](began, Random(seed))
