"""The running destinations: history and platforms, each with its own reader and forwarder."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from gateway.config.checks import HISTORY_READER
from gateway.config.models import EmbeddedHistory, GatewayFile, HttpPlatform, InfluxHistory
from gateway.core.clock import Clock
from gateway.core.errors import SinkUnavailable
from gateway.core.protocols import Sink
from gateway.core.signals import PlanTable
from gateway.core.types import UnixNs
from gateway.flow.forward import Forwarder, ForwardLimits
from gateway.flow.supervise import contained
from gateway.history.config import HistoryConfig
from gateway.history.interface import History
from gateway.history.open import open_history
from gateway.history.sink import HistorySink
from gateway.ops.health import Health, SinkHealth
from gateway.sinks.config import HttpPlatformConfig
from gateway.spool.log import SqliteSpool

HISTORY_EVERY_S = 1.0
PLATFORM_EVERY_S = 0.5
"""Live writes gather this long: each costs a request and two commits, whatever it carries."""
GRACE_S = 3.0
"""After the last value is on disk destinations get this long to take it before they stop."""
GRACE_STEP_S = 0.05


def history_config(keys: EmbeddedHistory | InfluxHistory) -> HistoryConfig:
    """Give what the history room needs from `history:`."""
    if isinstance(keys, EmbeddedHistory):
        return HistoryConfig(kind="embedded", keep_s=keys.keep)
    return HistoryConfig(
        kind="influxdb",
        keep_s=keys.keep,
        url=keys.url,
        version=keys.version,
        org=keys.org or "",
        bucket=keys.bucket or "",
        token=str(keys.token or ""),
        database=keys.database or "",
        retention_policy=keys.retention_policy or "",
        user=keys.user or "",
        password=str(keys.password or ""),
        layout=keys.layout,
    )


def platform_config(file: GatewayFile, keys: HttpPlatform, folder: Path) -> HttpPlatformConfig:
    """Give what the sinks room needs from one entry of `platform:`; `folder` has gateway.yaml."""
    site = {
        language: text
        for language, text in (("ko", file.gateway.site.ko), ("en", file.gateway.site.en))
        if text
    }
    return HttpPlatformConfig(
        name=keys.name,
        url=keys.url,
        gateway=file.gateway.id,
        token=None if keys.token is None else str(keys.token),
        site=site,
        compression=keys.compression,
        send=frozenset(keys.send),
        ca=None if keys.ca is None else folder / keys.ca,
        proxy=keys.proxy,
        timeout_s=keys.timeout,
    )


@dataclass(slots=True)
class _Running:
    sink: Sink
    task: asyncio.Task[None]


class Destinations:
    """All readers of one spool. Their tasks belong to the group they are given."""

    def __init__(
        self, spool: SqliteSpool, health: Health, clock: Clock, group: asyncio.TaskGroup
    ) -> None:
        self._spool = spool
        self._health = health
        self._clock = clock
        self._group = group
        self._running: dict[str, _Running] = {}
        self.history: History | None = None

    async def start(self, file: GatewayFile, folder: Path, data: Path) -> None:
        """Open every destination of a configuration and begin to forward."""
        await self._forget_others({HISTORY_READER, *(platform.name for platform in file.platform)})
        config = history_config(file.history)
        self.history = open_history(config, data / "history", self._clock)
        sink = HistorySink(HISTORY_READER, self.history)
        await self._forward(sink, config.kind, ForwardLimits(interval_s=HISTORY_EVERY_S))
        for platform in file.platform:
            await self._start_platform(file, platform, folder)

    async def _forget_others(self, names: set[str]) -> None:
        """A destination that is configured no more must not hold the disk."""
        for name in self._spool.readers():
            if name not in names:
                await self._spool.forget_reader(name)

    async def retain(self, keep_s: float) -> None:
        """Let history forget what is older than this; a store that is away is asked again later."""
        if self.history is not None:
            before = UnixNs(self._clock.now() - int(keep_s * 1e9))
            with contextlib.suppress(SinkUnavailable):
                await self.history.retain(before)

    async def _start_platform(self, file: GatewayFile, keys: HttpPlatform, folder: Path) -> None:
        from gateway.sinks.http import HttpPlatform as HttpPlatformSink

        sink = HttpPlatformSink(platform_config(file, keys, folder), self._clock, self._plans)
        limits = ForwardLimits(interval_s=PLATFORM_EVERY_S, backlog_rate=keys.backlog_rate)
        await self._forward(sink, keys.kind, limits)

    def _plans(self) -> Mapping[str, PlanTable]:
        return self._spool.plans()

    async def _forward(self, sink: Sink, kind: str, limits: ForwardLimits) -> None:
        reader = await self._spool.reader(sink.name)
        health = SinkHealth(sink.name, kind, since=self._clock.now())
        self._health.sinks[sink.name] = health
        forwarder = Forwarder(
            reader,
            sink,
            health,
            self._clock,
            limits,
            head=self._spool.head,
            epoch=self._spool.epoch,
        )
        task = self._group.create_task(
            contained(f"forward {sink.name}", forwarder.run, self._clock),
            name=f"forward {sink.name}",
        )
        self._running[sink.name] = _Running(sink, task)

    async def drain(self) -> None:
        """Wait until every reader has taken everything, at most `GRACE_S`."""
        deadline = self._clock.monotonic() + GRACE_S
        readers = [await self._spool.reader(name) for name in self._running]
        while self._clock.monotonic() < deadline:
            if not any(reader.state().pending for reader in readers):
                return
            await self._clock.sleep(GRACE_STEP_S)

    async def stop(self) -> None:
        """Stop forwarding and close every destination. What waits stays in the spool."""
        running, self._running = list(self._running.values()), {}
        for entry in running:
            entry.task.cancel()
        if running:
            await asyncio.wait([entry.task for entry in running])
        for entry in running:
            await entry.sink.close()
