"""Which offsets exist and in which file; and the sizes of the newest records."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from gateway.spool.summary import Totals

INDEX_MAX = 65_536
"""Sizes of this many newest records are in memory (1 MB): readers that keep up settle those."""


class Span(NamedTuple):
    """Offsets first..last, all present, in one file; `part` is the part's first offset, 0 for the
    file of survivors.
    """

    first: int
    last: int
    path: Path
    part: int
    sealed: bool


def overlapping(spans: tuple[Span, ...], first: int, last: int) -> Iterator[Span]:
    """Give what of each span lies in a range, ascending."""
    place = max(bisect_right(spans, first, key=lambda span: span.first) - 1, 0)
    for span in spans[place:]:
        if span.first > last:
            return
        if span.last >= first:
            yield span._replace(first=max(span.first, first), last=min(span.last, last))


class SizeIndex:
    """Running counts of the newest records, which have offsets without holes."""

    def __init__(self, first: int) -> None:
        self._first = first
        self._samples = array("q", (0,))
        self._bytes = array("q", (0,))

    def add(self, samples: int, size: int) -> None:
        """Append the next offset."""
        self._samples.append(self._samples[-1] + samples)
        self._bytes.append(self._bytes[-1] + size)
        if len(self._samples) > INDEX_MAX:
            half = INDEX_MAX // 2
            del self._samples[:half], self._bytes[:half]
            self._first += half

    def covers(self, first: int) -> bool:
        """Tell whether the counts reach back to an offset."""
        return first >= self._first

    def measure(self, first: int, last: int) -> Totals:
        """Count a range that is covered."""
        low, high = first - self._first, last + 1 - self._first
        return Totals(
            last + 1 - first,
            self._samples[high] - self._samples[low],
            self._bytes[high] - self._bytes[low],
        )
