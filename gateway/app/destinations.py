"""The running destinations: history and platforms, each with its own reader and forwarder."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from pathlib import Path

from gateway.config.checks import HISTORY_READER
from gateway.config.models import GatewayFile
from gateway.core.clock import Clock
from gateway.core.config import PlatformKeys
from gateway.core.destination_kinds import SinkContext
from gateway.core.errors import SinkUnavailable
from gateway.core.kinds import Kinds
from gateway.core.protocols import Sink
from gateway.core.types import UnixNs
from gateway.flow.forward import Forwarder, ForwardLimits
from gateway.flow.supervise import contained
from gateway.history.interface import History
from gateway.history.sink import HistorySink
from gateway.ops.health import Health, SinkHealth
from gateway.spool.log import SqliteSpool

HISTORY_EVERY_S = 1.0
"""Live writes gather this long: each costs a commit or two, whatever it carries."""
HISTORY_FOLDER = "history"
"""In the data folder."""
GRACE_S = 3.0
"""After the last value is on disk destinations get this long to take it before they stop."""
GRACE_STEP_S = 0.05


def site_names(file: GatewayFile) -> dict[str, str]:
    """Collect the names of the site by language."""
    site = file.gateway.site
    return {language: text for language, text in (("ko", site.ko), ("en", site.en)) if text}


@dataclass(slots=True)
class _Running:
    sink: Sink
    task: asyncio.Task[None]


class Destinations:
    """All readers of one spool. Their tasks belong to the group they are given."""

    def __init__(
        self,
        spool: SqliteSpool,
        health: Health,
        clock: Clock,
        group: asyncio.TaskGroup,
        kinds: Kinds,
    ) -> None:
        self._spool = spool
        self._health = health
        self._clock = clock
        self._group = group
        self._kinds = kinds
        self._running: dict[str, _Running] = {}
        self.history: History | None = None

    async def start(self, file: GatewayFile, folder: Path, data: Path) -> None:
        """Open every destination of a configuration and begin to forward."""
        await self._forget_others({HISTORY_READER, *(platform.name for platform in file.platform)})
        store = self._kinds.history(file.history.kind)
        history = store.make(file.history, data / HISTORY_FOLDER, self._clock)
        self.history = history
        sink = HistorySink(HISTORY_READER, history)
        await self._forward(sink, store.name, ForwardLimits(interval_s=HISTORY_EVERY_S))
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

    async def _start_platform(self, file: GatewayFile, keys: PlatformKeys, folder: Path) -> None:
        kind = self._kinds.sink(keys.kind)
        sink = kind.make(
            SinkContext(
                keys, file.gateway.id, site_names(file), folder, self._clock, self._spool.plans
            )
        )
        limits = ForwardLimits(interval_s=kind.interval_s, backlog_rate=keys.backlog_rate)
        await self._forward(sink, kind.name, limits)

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
