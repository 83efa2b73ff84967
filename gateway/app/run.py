"""One running gateway: opens the spool, introduces the rooms to one another, stops in order.

Shutdown: adapters stop first, what they delivered is durable; destinations get a short grace; the
spool closes last. What was not forwarded stays in the spool: that is what it is for.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from aas_models.live import LiveValues
from gateway.api.ports import Ports, UsagePort
from gateway.app.advice import RunningAdvice
from gateway.app.destinations import Destinations
from gateway.app.fleet import Fleet
from gateway.app.history_query import history_reader
from gateway.app.kinds import KINDS
from gateway.app.own_aas import OwnFigures, query_endpoint
from gateway.app.process import on_stop_signal
from gateway.app.reload import Reloader
from gateway.app.spool_watch import look, watch_spool
from gateway.app.usage_start import start_usage
from gateway.app.version import version
from gateway.app.web import aas_port, api_server, status_board, written_content
from gateway.config.plan import GatewayPlan
from gateway.config.reload import watch
from gateway.core.clock import Clock
from gateway.flow.supervise import contained
from gateway.ops.events import flow as events
from gateway.ops.health import Health
from gateway.ops.metrics import name_gateway
from gateway.ops.scope import own_scope
from gateway.spool.log import SqliteSpool

GC_THRESHOLDS = (20_000, 20, 50)
"""Batches hold no cycles: Python's own thresholds collect often and find nothing, and a full
collection walks every object of a large plan while the loop stands."""
COMMIT_WINDOW_S = 0.05
"""A commit costs about 1 ms of CPU, nearly all in fdatasync: bursts within 50 ms share one. Their
acknowledgement waits that long; a publishing interval is usually longer."""
LAG_STEP_S = 1.0
LAG_SHOWN_S = 0.25
RETAIN_EVERY_S = 3600.0
DATA_PREFIX = "data/"
"""`spool.path` is relative to the data folder; written with its usual name it means the same."""


@dataclass(slots=True)
class Gateway:
    """A gateway that runs one configuration folder until it is told to stop."""

    data: Path
    plan: GatewayPlan
    environ: Mapping[str, str]
    clock: Clock
    stopping: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        """Run until `stopping` is set or a stop signal comes; then stop in order.

        Raises:
            SpoolLocked, SpoolTooNew: the data folder cannot be used.
        """
        with own_scope():
            name_gateway(self.plan.settings.gateway.id, version())
            await self._run()

    async def _run(self) -> None:
        health = Health(self.clock.now())
        settings = self.plan.settings
        figures = OwnFigures(settings, health, self.clock)
        live = LiveValues(
            [device.asset for device in self.plan.devices.values()],
            self.clock,
            own=figures.shell(),
            endpoint=query_endpoint(settings),
            lost_since=figures.lost_since,
        )
        on_stop_signal(self.stopping.set)

        spool = await SqliteSpool.open(
            self.data / settings.spool.path.removeprefix(DATA_PREFIX),
            quota_bytes=settings.spool.quota,
            clock=self.clock,
            listener=live.on_records,
            commit_window_s=COMMIT_WINDOW_S,
        )
        look(spool, health, self.clock)
        signals = sum(len(device.table.signals) for device in self.plan.devices.values())
        events.gateway_started(
            settings.gateway.id, version(), len(self.plan.devices), signals, str(self.data)
        )
        try:
            figures.spool = spool
            await self._run_rooms(spool, health, live, figures)
        finally:
            await spool.close()

    async def _run_rooms(
        self, spool: SqliteSpool, health: Health, live: LiveValues, figures: OwnFigures
    ) -> None:
        async with asyncio.TaskGroup() as group:
            fleet = Fleet(spool, health, self.clock, group)
            destinations = Destinations(spool, health, self.clock, group, KINDS)
            await destinations.start(self.plan.settings, self.plan.folder, self.data)
            for device in self.plan.devices.values():
                fleet.start(device)
            reloader = Reloader(self.plan, self.data, self.environ, fleet, live, health)
            usage = start_usage(self.plan, self.data, spool, health, self.clock, group)
            written = await asyncio.to_thread(written_content, live, self.data)
            figures.history = lambda: destinations.history
            figures.usage = usage.figures
            advice = RunningAdvice(lambda: reloader.plan)
            board = status_board(self.plan, spool, health, self.clock, advice)
            ports = Ports(
                board,
                aas_port(live, written),
                UsagePort(spool.append, usage.take),
                history_reader(figures.history),
                reloader.reload_now,
            )
            server = api_server(self.plan.settings, self.data, ports)
            helpers = [
                group.create_task(contained("api", server.run, self.clock)),
                group.create_task(watch(lambda: reloader.plan, self.clock, reloader.reload)),
                group.create_task(self._retain(destinations)),
                group.create_task(watch_spool(spool, health, self.clock)),
                group.create_task(spool.broken(), name="spool thread"),
                group.create_task(contained("own figures", figures.run, self.clock)),
                group.create_task(self._watch_loop(fleet)),
            ]
            gc.collect()
            gc.freeze()
            gc.set_threshold(*GC_THRESHOLDS)
            await self.stopping.wait()
            began = self.clock.monotonic()
            await fleet.stop_all()
            await usage.stop()
            await destinations.drain()
            await destinations.stop()
            for helper in helpers:
                helper.cancel()
        if written is not None:
            written.close()
        events.gateway_stopped(self.plan.settings.gateway.id, self.clock.monotonic() - began)

    async def _retain(self, destinations: Destinations) -> None:
        while True:
            await destinations.retain(self.plan.settings.history.keep)
            await self.clock.sleep(RETAIN_EVERY_S)

    async def _watch_loop(self, fleet: Fleet) -> None:
        """Look after the devices, and say when the event loop was held up: keep-alives are late."""
        while True:
            due = self.clock.monotonic() + LAG_STEP_S
            await self.clock.sleep(LAG_STEP_S)
            late_s = self.clock.monotonic() - due
            if late_s > LAG_SHOWN_S:
                events.loop_blocked(late_s)
            fleet.look()
