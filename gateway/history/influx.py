"""InfluxDB 1.x, 2.x or 3.x as the history.

Blocking requests run on two worker threads, one for writes and one for queries; nothing is retried
here: the forwarder does that, with the same records.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import ParamSpec, TypeVar

from gateway.core.clock import Clock
from gateway.core.errors import SinkUnavailable
from gateway.core.records import Answer, Batch, Record, Refusal, answer_for
from gateway.core.signals import PlanTable
from gateway.core.types import Offset, UnixNs
from gateway.history import influx_setup
from gateway.history.config import HistoryConfig
from gateway.history.influx_export import export_page
from gateway.history.influx_http import InfluxServer, LinesRefused, NotThere, QueryFailed
from gateway.history.influx_query import InfluxReader
from gateway.history.influx_write import write_records
from gateway.history.interface import Bucket, HistoryHealth, Page, Rows, Series
from gateway.history.line_protocol import LineEncoder, Lines
from gateway.ops.events import history as events
from gateway.ops.scope import adopter

P = ParamSpec("P")
T = TypeVar("T")

GRACE_S = 2.0
"""The request itself times out first; this is for a thread that hangs all the same."""

WRITES_TIMEOUT_S = 120.0
"""One append may be several requests; the forwarder's batches are far smaller than this allows."""


class InfluxStore:
    """History in InfluxDB; see History for the promises. `retain` is the server's own work."""

    kind = "influxdb"

    def __init__(self, config: HistoryConfig, clock: Clock) -> None:
        self._config = config
        self._clock = clock
        self._server = InfluxServer(config)
        self._encoder = LineEncoder(config.layout)
        self._reader = InfluxReader(self._server)
        self._writes = ThreadPoolExecutor(1, "influx-write", adopter())
        self._queries = ThreadPoolExecutor(1, "influx-query", adopter())
        self._prepared = False
        self._closed = False

    async def append(self, records: Sequence[Record], *, epoch: str = "") -> Answer:  # noqa: ARG002 - the interface has it
        """See History.append; a record with refused lines is refused, its other lines are written.

        Raises:
            SinkUnavailable: with `hold` where the login is refused or the bucket cannot be made.
        """
        batches = [
            (record.offset, record.item)
            for record in records
            if isinstance(record.item, Batch) and len(record.item)
        ]
        if not batches:
            return answer_for(records)
        work = partial(self._encode_and_write, batches)
        refused = await self._in_thread(self._writes, WRITES_TIMEOUT_S, work)
        for refusal in refused:
            events.history_refused(self.kind, refusal.offset, refusal.reason)
        events.samples_appended(self.kind, sum(len(batch) for _, batch in batches))
        return answer_for(records, refused)

    def _encode_and_write(self, batches: list[tuple[Offset, Batch]]) -> list[Refusal]:
        return self._write([(offset, self._encoder.encode(batch)) for offset, batch in batches])

    def _write(self, encoded: list[tuple[Offset, Lines]]) -> list[Refusal]:
        self._prepare()
        try:
            return write_records(self._server, encoded)
        except NotThere:
            self._prepared = False
        self._prepare()
        try:
            return write_records(self._server, encoded)
        except NotThere as error:
            raise SinkUnavailable("influx-missing", str(error), hold=True) from error

    def _prepare(self) -> None:
        if not self._prepared:
            influx_setup.prepare(self._server)
            self._prepared = True
            events.history_opened(self.kind, self._config.url)

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
            return await self._ask(self._reader.rows, series, start, end, limit)
        return await self._ask(self._reader.buckets, series, start, end, limit, bucket)

    async def series(self) -> list[Series]:
        """See History.series."""
        return await self._ask(self._reader.series)

    async def export(self, plan: PlanTable, start: UnixNs, end: UnixNs, *, limit: int) -> Page:
        """See History.export; raw values are not kept by InfluxDB and do not come back."""
        return await self._ask(export_page, self._reader, plan, start, end, limit)

    async def retain(self, before: UnixNs) -> None:
        """Do nothing: the retention of the bucket or policy, set at the start, does it."""

    async def health(self) -> HistoryHealth:
        """See History.health."""
        try:
            await self._in_thread(self._queries, self._config.timeout_s + GRACE_S, self._ping)
        except SinkUnavailable as error:
            return HistoryHealth(self.kind, ready=False, note=str(error))
        return HistoryHealth(self.kind, ready=True)

    def _ping(self) -> None:
        self._prepare()
        self._server.ping()

    async def close(self) -> None:
        """Release connections; a request under way ends by its own timeout."""
        self._closed = True
        self._writes.shutdown(wait=False, cancel_futures=True)
        self._queries.shutdown(wait=False, cancel_futures=True)
        self._server.close()

    async def _ask(self, work: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
        def asked() -> T:
            self._prepare()
            return work(*arguments, **named)

        return await self._in_thread(self._queries, WRITES_TIMEOUT_S, asked)

    async def _in_thread(
        self, thread: ThreadPoolExecutor, timeout_s: float, work: Callable[[], T]
    ) -> T:
        if self._closed:
            raise SinkUnavailable("history-closed")
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(timeout_s):
                return await loop.run_in_executor(thread, work)
        except TimeoutError as error:
            raise SinkUnavailable("influx-timeout", f"{timeout_s:.0f} s") from error
        except (QueryFailed, LinesRefused, NotThere) as error:
            raise SinkUnavailable("influx-query", str(error)) from error
