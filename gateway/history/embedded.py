"""The embedded store: no server to install, a file for each day in the data folder.

Two threads do the disk's work: one writes (appends, compaction, retention), one reads (queries), so
that a long query never holds up an append. Neither ever blocks the event loop.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import ParamSpec, TypeVar

from gateway.core.clock import Clock
from gateway.core.errors import SinkUnavailable
from gateway.core.records import Answer, Batch, Record, answer_for
from gateway.core.signals import PlanTable
from gateway.core.types import UnixNs
from gateway.history import query, reader
from gateway.history.columns import Ranked
from gateway.history.config import HistoryConfig
from gateway.history.interface import Bucket, HistoryHealth, Page, Rows, Series
from gateway.history.worker import DiskThread
from gateway.history.writer import StoreWriter
from gateway.ops.events import history as events
from gateway.ops.scope import adopter

P = ParamSpec("P")
T = TypeVar("T")

CLOSE_S = 5.0
LINGER_S = 0.5
"""Small appends wait this long for company: fewer commits, larger rows. The spool has them."""

LINGER_SAMPLES = 5_000
"""An append of this size is written at once, so that a backlog runs at full speed."""


class EmbeddedStore:
    """History in files of its own; see History for the promises."""

    kind = "embedded"

    def __init__(
        self, config: HistoryConfig, folder: Path, clock: Clock, *, linger_s: float = LINGER_S
    ) -> None:
        self.folder = folder
        self._clock = clock
        self._linger_s = linger_s
        self._writer = StoreWriter(folder, config.keep_s)
        self._disk = DiskThread(self._writer)
        self._read_thread = ThreadPoolExecutor(1, "history-read", adopter())
        self._opened = self._closed = False
        self._last_append = clock.monotonic() - linger_s

    async def append(self, records: Sequence[Record], *, epoch: str = "") -> Answer:
        """See History.append."""
        batches = [
            Ranked(record.offset, record.item)
            for record in records
            if isinstance(record.item, Batch)
        ]
        samples = sum(len(ranked.batch) for ranked in batches)
        if samples:
            await self._open()
            await self._linger(samples)
            await self._disk.append(epoch, batches)
            self._last_append = self._clock.monotonic()
            self._disk.start_compaction()
            events.samples_appended(self.kind, samples)
        return answer_for(records)

    async def _open(self) -> None:
        if not self._opened:
            await self._disk.call(self._writer.open)
            self._opened = True
            events.history_opened(self.kind, str(self.folder))

    async def _linger(self, samples: int) -> None:
        wait_s = self._last_append + self._linger_s - self._clock.monotonic()
        if samples < LINGER_SAMPLES and wait_s > 0:
            await self._clock.sleep(wait_s)

    async def query(
        self,
        series: Series,
        start: UnixNs,
        end: UnixNs,
        *,
        limit: int,
        bucket: Bucket | None = None,
    ) -> Rows:
        """See History.query."""
        if bucket is None:
            return await self._read(query.query_rows, self.folder, series, start, end, limit=limit)
        return await self._read(
            query.query_buckets, self.folder, series, start, end, limit=limit, bucket=bucket
        )

    async def series(self) -> list[Series]:
        """See History.series."""
        return await self._read(reader.all_series, self.folder)

    async def export(self, plan: PlanTable, start: UnixNs, end: UnixNs, *, limit: int) -> Page:
        """See History.export."""
        return await self._read(query.export, self.folder, plan, start, end, limit=limit)

    async def retain(self, before: UnixNs) -> None:
        """See History.retain: deletes the files of days that ended before."""
        await self._open()
        await self._disk.call(partial(self._writer.retain, before))

    async def health(self) -> HistoryHealth:
        """See History.health."""
        try:
            return await self._read(reader.health, self.folder)
        except SinkUnavailable as error:
            return HistoryHealth(self.kind, ready=False, note=str(error))

    async def close(self) -> None:
        """Finish waiting appends and release the files."""
        self._closed = True
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_S):
                await asyncio.to_thread(self._disk.close)
        self._read_thread.shutdown(wait=False, cancel_futures=True)

    async def _read(self, work: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
        if self._closed:
            raise SinkUnavailable("history-closed")
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._read_thread, partial(work, *arguments, **named))
