"""The newest records in memory, so that readers that keep up get the very objects that were
appended, without a look at the disk or a decode.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from typing import NamedTuple

from gateway.core.records import Batch, Record

TAIL_BYTES = 16_000_000
"""About 8 s at 100,000 values/s: longer than a destination's usual stumble, small beside the
gateway's 200 MB. Readers behind it read from disk."""

ENTRIES_MAX = 50_000
"""Bounds the overhead of many small records, which their bytes do not show."""

_TRIM = 4_096


class TailEntry(NamedTuple):
    """A record, the reader it is meant for, and its encoded size."""

    record: Record
    reader: str | None
    size: int


class Tail:
    """Belongs to the event loop."""

    def __init__(self, first: int, limit_bytes: int = TAIL_BYTES) -> None:
        self.first = first
        self._limit = limit_bytes
        self._offsets: list[int] = []
        self._entries: list[TailEntry] = []
        self._weights: list[int] = []
        self._start = 0
        self._bytes = 0

    def add(self, entry: TailEntry) -> None:
        """Append the newest record; the oldest go when the limit is passed."""
        weight = _weight(entry)
        self._offsets.append(entry.record.offset)
        self._entries.append(entry)
        self._weights.append(weight)
        self._bytes += weight
        while self._bytes > self._limit or len(self._entries) - self._start > ENTRIES_MAX:
            self._bytes -= self._weights[self._start]
            self.first = self._offsets[self._start] + 1
            self._entries[self._start] = entry  # lets the old record go; never read again
            self._start += 1
        if self._start > _TRIM:
            for column in (self._offsets, self._entries, self._weights):
                del column[: self._start]
            self._start = 0

    def since(self, start: int) -> Iterator[TailEntry]:
        """Give entries from an offset on; `start` is at least `first`."""
        place = bisect_left(self._offsets, start, lo=self._start)
        for index in range(place, len(self._entries)):
            yield self._entries[index]


def _weight(entry: TailEntry) -> int:
    item = entry.record.item
    if not isinstance(item, Batch):
        return entry.size + 500
    total = 500 + item.signals.nbytes + item.times.nbytes
    for column in (item.values, item.raw):
        if column is not None:
            total += entry.size if isinstance(column, list) else column.nbytes
    for extra in (item.status, item.server_times):
        total += extra.nbytes if extra is not None else 0
    return total
