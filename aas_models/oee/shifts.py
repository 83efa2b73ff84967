"""Shifts in Korean time: when production is planned. Pure; times in ns UTC."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

MINUTE = 60 * 1_000_000_000
DAY = 24 * 60 * MINUTE
KST = 9 * 60 * MINUTE
"""Korea is nine hours ahead of UTC all year (KS X ISO 8601; no summer time since 1988)."""
EVERY_DAY = frozenset(range(7))
_THURSDAY = 3
"""1970-01-01; Monday is 0."""

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Shifts:
    """When production is planned.

    Args:
        spans: begin and end of each shift in minutes of the day; an end that is not after the
            begin is on the next day.
        breaks: begin and end of each break, in the same way.
        days: on which days shifts begin, Monday is 0.
    """

    spans: tuple[tuple[int, int], ...] = ((0, 0),)
    breaks: tuple[tuple[int, int], ...] = ()
    days: frozenset[int] = EVERY_DAY

    def window(self, now: int) -> Span | None:
        """Give the shift that runs now, else the last one that has ended within a week."""
        found = [span for span in self._around(now) if span[0] <= now]
        return max(found) if found else None

    def planned(self, span: Span) -> list[Span]:
        """Give the parts of a span without breaks."""
        parts = [span]
        for pause in self._days_of(self.breaks, span[0], EVERY_DAY, back=2, on=3):
            parts = [rest for part in parts for rest in without(part, pause)]
        return sorted(parts)

    def _around(self, now: int) -> list[Span]:
        return self._days_of(self.spans, now, self.days, back=8, on=1)

    @staticmethod
    def _days_of(
        spans: Iterable[tuple[int, int]], near: int, days: frozenset[int], *, back: int, on: int
    ) -> list[Span]:
        today = (near + KST) // DAY
        made: list[Span] = []
        for day in range(today - back, today + on):
            if (day + _THURSDAY) % 7 not in days:
                continue
            midnight = day * DAY - KST
            for begin, end in spans:
                until = end if end > begin else end + 24 * 60
                made.append((midnight + begin * MINUTE, midnight + until * MINUTE))
        return made


def without(part: Span, pause: Span) -> list[Span]:
    """Give what is left of a span when another one is taken out."""
    begin, end = part
    made = [(begin, min(end, pause[0])), (max(begin, pause[1]), end)]
    if pause[1] <= begin or pause[0] >= end:
        return [part]
    return [span for span in made if span[0] < span[1]]
