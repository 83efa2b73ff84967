"""Reads the embedded store, from any thread or process, while the writer goes on writing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import apsw
import numpy as np

from gateway.core.errors import SinkUnavailable
from gateway.core.types import UnixNs
from gateway.history import chunk, recent
from gateway.history.chunk import ChunkError
from gateway.history.dayfile import BUSY_MS, day_files, side_files
from gateway.history.interface import HistoryHealth, Series
from gateway.history.samples import LANES, Samples, empty, in_order, join
from gateway.ops.events import history as events

WINDOW_SAMPLES = 400_000
"""What one step of a query may hold: bounds memory however long the range is."""


class _Span(NamedTuple):
    """Something stored, by its time."""

    low: int
    high: int
    size: int


class DayReader:
    """One file opened for reading, in one snapshot.

    `series` gives each series' id in this file, `extent` the earliest and latest time in it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.database = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
        try:
            self.database.set_busy_timeout(BUSY_MS)
            self.database.execute("BEGIN")
            self.extent = self._stored_extent()
            self.series = self._stored_series()
        except apsw.Error:
            self.close()
            raise

    def _stored_series(self) -> dict[Series, int]:
        rows = self.database.execute("SELECT device, submodel, element, id FROM series")
        return {Series(*names): row_id for *names, row_id in rows}

    def _stored_extent(self) -> tuple[int, int] | None:
        rows = self.database.execute("SELECT low, high FROM extent")
        return next(iter(rows), None)

    def spans(self, keys: Sequence[int], start: int, end: int) -> list[_Span]:
        """Give what is stored of these keys inside [start, end)."""
        return [
            _Span(*row)
            for key in keys
            for row in self._ask(
                "SELECT start, end, count FROM chunk WHERE key = ? AND start < ? AND end >= ?",
                (key, end, start),
            )
        ]

    def _ask(self, sql: str, bindings: tuple[int, ...]) -> Iterator[tuple[Any, ...]]:
        """Give rows up to where the file is damaged."""
        try:
            yield from self.database.execute(sql, bindings)
        except apsw.CorruptError as error:
            events.history_damaged(self.path.name, str(error))

    def samples(self, keys: Sequence[int], start: int, end: int) -> Samples:
        """Give the samples of these keys inside [start, end), by key and time, each once."""
        parts = [*self._from_chunks(keys, start, end), *self._from_recent(keys, start, end)]
        if not parts:
            return empty()
        found = join(parts)
        return in_order(found.pick((found.times >= start) & (found.times < end)))

    def _from_chunks(self, keys: Sequence[int], start: int, end: int) -> Iterator[Samples]:
        for key in keys:
            rows = self._ask(
                "SELECT body FROM chunk WHERE key = ? AND start < ? AND end >= ? ORDER BY start",
                (key, end, start),
            )
            for (body,) in rows:
                try:
                    yield chunk.decode(key, body)
                except ChunkError as error:
                    events.history_damaged(self.path.name, str(error))

    def _from_recent(self, keys: Sequence[int], start: int, end: int) -> Iterator[Samples]:
        wanted = np.zeros(max(keys, default=0) + 2, bool)
        wanted[list(keys)] = True
        rows = self._ask(
            "SELECT body FROM recent WHERE low < ? AND high >= ? ORDER BY id", (end, start)
        )
        for (body,) in rows:
            try:
                found = recent.decode(body)
            except ChunkError as error:
                events.history_damaged(self.path.name, str(error))
                continue
            which = np.flatnonzero(wanted[np.minimum(found.keys, len(wanted) - 1)])
            if len(which):
                yield found.pick(which)

    def close(self) -> None:
        """Release the file."""
        self.database.close()


@contextmanager
def open_days(folder: Path) -> Iterator[list[DayReader]]:
    """Open every readable day, oldest first; damaged ones are named and left out."""
    readers: list[DayReader] = []
    try:
        for path in day_files(folder):
            try:
                readers.append(DayReader(path))
            except apsw.CantOpenError:
                continue  # expired between listing and opening
            except apsw.Error as error:
                events.history_damaged(path.name, str(error))
        yield readers
    finally:
        for reader in readers:
            reader.close()


def all_series(folder: Path) -> list[Series]:
    """Give every series of every day, sorted."""
    with _disk_errors(), open_days(folder) as days:
        return sorted({series for day in days for series in day.series})


def windows(
    folder: Path,
    wanted: Sequence[Series],
    start: int,
    end: int,
    *,
    lanes: Sequence[int],
    window: int = WINDOW_SAMPLES,
) -> Iterator[Samples]:
    """Give the samples of series inside [start, end) as pieces that follow one another in time.

    Keys of the answer are place in `wanted` * LANES + lane. A piece holds about `window` samples.
    """
    with _disk_errors(), open_days(folder) as days:
        for group in _overlapping_days(days, start, end):
            keyed = [(day, *_keys(day, wanted, lanes)) for day in group]
            spans = [span for day, keys, _ in keyed for span in day.spans(keys, start, end)]
            for low, high in pairwise(_cuts(spans, start, end, window)):
                parts = [
                    _renamed(day.samples(keys, low, high), names) for day, keys, names in keyed
                ]
                found = in_order(join(parts))
                if len(found):
                    yield found


def _overlapping_days(days: list[DayReader], start: int, end: int) -> Iterator[list[DayReader]]:
    extents = [(extent, day) for day in days if (extent := day.extent)]
    group: list[DayReader] = []
    reach = 0
    for (low, high), day in sorted(extents, key=lambda entry: entry[0]):
        if low >= end or high < start:
            continue
        if group and low > reach:
            yield group
            group = []
        reach = max(reach, high) if group else high
        group.append(day)
    if group:
        yield group


def _keys(
    day: DayReader, wanted: Sequence[Series], lanes: Sequence[int]
) -> tuple[list[int], dict[int, int]]:
    ids = day.series
    names = {
        ids[series] * LANES + lane: place * LANES + lane
        for place, series in enumerate(wanted)
        if series in ids
        for lane in lanes
    }
    return list(names), names


def _renamed(found: Samples, names: dict[int, int]) -> Samples:
    if len(found):
        table = np.zeros(max(names) + 1, np.int32)
        table[list(names)] = list(names.values())
        found.keys = table[found.keys]
    return found


def _cuts(spans: list[_Span], start: int, end: int, window: int) -> list[int]:
    cuts = [start]
    held = 0
    for span in sorted(spans):
        if held + span.size > window and span.low > cuts[-1]:
            cuts.append(span.low)
            held = 0
        held += span.size
    return [*cuts, end]


def health(folder: Path) -> HistoryHealth:
    """Give what the files say; damaged ones are left out."""
    files = [name for path in day_files(folder) for name in side_files(path)]
    try:
        disk = sum(name.stat().st_size for name in files)
    except OSError:
        disk = None
    with _disk_errors(), open_days(folder) as days:
        extents = [extent for day in days if (extent := day.extent)]
    oldest = min((low for low, _ in extents), default=None)
    newest = max((high for _, high in extents), default=None)
    return HistoryHealth(
        "embedded",
        ready=True,
        oldest=None if oldest is None else UnixNs(oldest),
        newest=None if newest is None else UnixNs(newest),
        disk_bytes=disk,
    )


@contextmanager
def _disk_errors() -> Iterator[None]:
    try:
        yield
    except apsw.Error as error:
        raise SinkUnavailable("history-disk", str(error)) from error
