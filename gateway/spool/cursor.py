"""Where a reader is: a position with everything below it settled, and settled ranges beyond it."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable

INTERVALS_MAX = 4_096
"""A reader that leaves more holes than this has what lies beyond them sent again (I9, I7)."""

Range = tuple[int, int]


class Cursor:
    """Pure bookkeeping over offsets; ranges are inclusive."""

    def __init__(self, position: int = 1, settled: Iterable[Range] = ()) -> None:
        self.position = position
        self._starts: list[int] = []
        self._ends: list[int] = []
        for first, last in settled:
            self.add(first, last, forced=True)

    def intervals(self) -> tuple[Range, ...]:
        """Give the settled ranges beyond the position."""
        return tuple(zip(self._starts, self._ends, strict=True))

    def copy(self) -> Cursor:
        """Make a twin that goes its own way."""
        twin = Cursor(self.position)
        twin._starts, twin._ends = list(self._starts), list(self._ends)
        return twin

    def is_settled(self, offset: int) -> bool:
        """Tell whether an offset is settled, at the cost of a bisection."""
        if offset < self.position:
            return True
        place = bisect_right(self._starts, offset) - 1
        return place >= 0 and self._ends[place] >= offset

    def unsettled(self, first: int, last: int) -> list[Range]:
        """Give the parts of a range that are not settled, ascending."""
        found = []
        at = max(first, self.position)
        place = max(bisect_right(self._starts, at) - 1, 0)
        while at <= last and place < len(self._starts):
            start, end = self._starts[place], self._ends[place]
            if start > last:
                break
            if end >= at:
                if start > at:
                    found.append((at, start - 1))
                at = end + 1
            place += 1
        if at <= last:
            found.append((at, last))
        return found

    def add(self, first: int, last: int, *, forced: bool = False) -> list[Range]:
        """Settle a range and give what of it was not settled before.

        A range that would make more than `INTERVALS_MAX` intervals is not taken (an empty list)
        unless it is forced.
        """
        fresh = self.unsettled(first, last)
        if not fresh:
            return []
        first = max(first, self.position)
        low = bisect_left(self._ends, first - 1)
        high = bisect_right(self._starts, last + 1)
        if first == self.position:
            if low < high:
                last = max(last, self._ends[high - 1])
            self.position = last + 1
            del self._starts[:high], self._ends[:high]
            return fresh
        if low == high and len(self._starts) >= INTERVALS_MAX and not forced:
            return []
        if low < high:
            first, last = min(first, self._starts[low]), max(last, self._ends[high - 1])
        self._starts[low:high] = [first]
        self._ends[low:high] = [last]
        return fresh
