"""The newest history of a device as a CSV file beside its AAS; see `time_series_csv`."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from aas_models.elements import Json
from aas_models.importing.report import File
from aas_models.submodels.time_series import TimeRecord, variables
from aas_models.time_series_csv import (
    CONTENT_TYPE,
    external_segment,
    merged_records,
    records_csv,
)
from gateway.core.assets import AssetModel
from gateway.core.records import Batch
from gateway.core.types import BAD, UnixNs, Value
from gateway.history.interface import History, Page

ROWS_MAX = 100_000
VALUES_MAX = 1_000_000
CELLS_MAX = 4_000_000
"""Cells of a file, most of them empty where a device has many variables: below the size from which
readers refuse what is packed too tightly.
"""
PAGE = 50_000
STEPS = 8
TIMEOUT_S = 120.0
"""For one device."""
ID_SHORT = "ExternalSegment_Export"


@dataclass(frozen=True, slots=True)
class HistoryFile:
    """A part of a package and the segment that points to it; `cut` when not all had room."""

    part: str
    file: File
    segment: Json
    rows: int
    cut: bool


@dataclass(slots=True)
class _Kept:
    """The newest pages of a span; each page holds whole instants, so instants add up."""

    rows_max: int
    values_max: int
    pages: deque[tuple[Page, int, int]] = field(default_factory=deque)
    rows: int = 0
    values: int = 0
    cut: bool = False

    @property
    def full(self) -> bool:
        return self.rows >= self.rows_max or self.values >= self.values_max

    def add(self, page: Page) -> None:
        times = [batch.times for batch in page.batches]
        if not times:
            return
        values = sum(map(len, times))
        self.pages.append((page, len(np.unique(np.concatenate(times))), values))
        self._count()
        while len(self.pages) > 1 and self._full_without(self.pages[0]):
            self.pages.popleft()
            self.cut = True
            self._count()

    def put_before(self, older: _Kept) -> None:
        self.pages.extendleft(reversed(older.pages))
        self.cut |= older.cut
        self._count()

    def _count(self) -> None:
        self.rows = sum(rows for _, rows, _ in self.pages)
        self.values = sum(values for _, _, values in self.pages)

    def _full_without(self, oldest: tuple[Page, int, int]) -> bool:
        _, rows, values = oldest
        return self.rows - rows >= self.rows_max or self.values - values >= self.values_max


async def history_file(
    history: History, model: AssetModel, start: int, end: int
) -> HistoryFile | None:
    """Read a device's history of [start, end) into a CSV file; the newest records where it is much.

    Returns:
        None where there is nothing.

    Raises:
        SinkUnavailable: the history does not answer.
        TimeoutError: it takes longer than two minutes.
    """
    named = variables(model.table.signals)
    rows_max = max(min(ROWS_MAX, CELLS_MAX // max(len(named), 1)), 1)
    async with asyncio.timeout(TIMEOUT_S):
        kept = await _newest(history, model, (start, end), rows_max)
    names = {signal.index: name for name, signal in named.items()}
    return await asyncio.to_thread(_made, model.info.device, names, kept)


async def _newest(
    history: History, model: AssetModel, span: tuple[int, int], rows_max: int
) -> _Kept:
    """Read backwards in growing steps: a long span of a fast device is not read for nothing."""
    start, end = span
    kept = _Kept(rows_max, VALUES_MAX)
    high = end
    for step in reversed(range(STEPS)):
        if kept.full:
            kept.cut = True  # what is older was not looked at
            break
        low = end - ((end - start) >> step)
        part = _Kept(rows_max - kept.rows, VALUES_MAX - kept.values)
        at: int | None = low
        while at is not None and at < high:
            page = await history.export(model.table, UnixNs(at), UnixNs(high), limit=PAGE)
            part.add(page)
            at = page.next_start
        kept.put_before(part)
        high = low
    return kept


def _made(device: str, names: dict[int, str], kept: _Kept) -> HistoryFile | None:
    columns: dict[str, list[tuple[int, Value]]] = {name: [] for name in names.values()}
    for page, _, _ in kept.pages:
        for batch in page.batches:
            for index, time, value in _rows(batch):
                if index in names:
                    columns[names[index]].append((time, value))
    found: list[TimeRecord] = merged_records(columns)
    records = found[-kept.rows_max :]
    if not records:
        return None
    part = f"/aasx/files/{device}-history.csv"
    file = File(CONTENT_TYPE, records_csv(list(columns), records))
    segment = external_segment(ID_SHORT, part, records)
    return HistoryFile(part, file, segment, len(records), kept.cut or len(found) > len(records))


def _rows(batch: Batch) -> Iterator[tuple[int, int, Value]]:
    """Give signal, time and value; a bad sample has none."""
    values = batch.values if isinstance(batch.values, list) else batch.values.tolist()
    bad = [False] * len(batch) if batch.status is None else ((batch.status & BAD) != 0).tolist()
    for index, time, value, is_bad in zip(
        batch.signals.tolist(), batch.times.tolist(), values, bad, strict=True
    ):
        yield index, time, None if is_bad else value
