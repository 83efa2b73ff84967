"""What a machine did when, from its state tag; bounded, and open about what is not known. Pure."""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum

from aas_models.oee.shifts import Span

CHANGES_MAX = 10_000
GAPS_MAX = 500


class Doing(IntEnum):
    """What a machine does. Time of which nothing is known is not running."""

    UNKNOWN = 0
    RUNNING = 1
    PLANNED_STOP = 2
    SETUP = 3
    STOPPED = 4


@dataclass(slots=True)
class Timeline:
    """Changes of state in the order of their source times; the oldest go first."""

    _times: list[int] = field(default_factory=list)
    _doings: dict[int, Doing] = field(default_factory=dict)
    _gaps: list[Span] = field(default_factory=list)

    def change(self, time: int, doing: Doing) -> None:
        """Note that the machine does this from a time on; an earlier time may come later."""
        if time not in self._doings:
            insort(self._times, time)
            while len(self._times) > CHANGES_MAX:
                del self._doings[self._times.pop(0)]
        if time in self._doings or (self._times and time >= self._times[0]):
            self._doings[time] = doing

    def gap(self, start: int, end: int) -> None:
        """Note that nothing is known of a span."""
        self._gaps = [*self._gaps, (start, end)][-GAPS_MAX:]

    def forget(self, before: int) -> None:
        """Drop what ended before a time; what was done at that time is kept."""
        keep = max(bisect_right(self._times, before) - 1, 0)
        for time in self._times[:keep]:
            del self._doings[time]
        del self._times[:keep]
        self._gaps = [gap for gap in self._gaps if gap[1] > before]

    def sums(self, parts: Iterable[Span]) -> Mapping[Doing, int]:
        """Give how long what was done within these spans, in ns."""
        found = dict.fromkeys(Doing, 0)
        for start, end in parts:
            for begin, until, doing in self._pieces(start, end):
                unknown = self._unknown(begin, until)
                found[doing] += until - begin - unknown
                found[Doing.UNKNOWN] += unknown
        return found

    def _pieces(self, start: int, end: int) -> Iterable[tuple[int, int, Doing]]:
        if start >= end:
            return
        place = bisect_right(self._times, start)
        doing = self._doings[self._times[place - 1]] if place else Doing.UNKNOWN
        at = start
        for time in self._times[place:]:
            if time >= end:
                break
            yield at, time, doing
            at, doing = time, self._doings[time]
        yield at, end, doing

    def _unknown(self, begin: int, until: int) -> int:
        """Give how much of a span lies in gaps, which may overlap."""
        total, reached = 0, begin
        for start, end in sorted(self._gaps):
            low, high = max(start, reached), min(end, until)
            if low < high:
                total += high - low
                reached = high
        return total
