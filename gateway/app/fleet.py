"""The running devices: started, changed and stopped one by one, whatever the others do."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import assert_never

from adapters.mqtt.config import MqttSource
from adapters.opcua.config import OpcUaSource
from gateway.config.plan import DevicePlan
from gateway.core.clock import Clock
from gateway.core.protocols import Adapter, Spool
from gateway.flow.backoff import Backoff
from gateway.flow.intake import DeviceIntake
from gateway.flow.supervise import DeviceRunner
from gateway.mapping.mapper import Mapper
from gateway.ops.health import DeviceHealth, DeviceState, Health

RECONNECT_CAP_S = 4.0
"""Longest wait before the next try: data is to flow within 5 s of a machine's return."""


def make_adapter(source: OpcUaSource | MqttSource, health: DeviceHealth, clock: Clock) -> Adapter:
    """Make the adapter for a source; its protocol stack is imported only now."""
    match source:
        case OpcUaSource():
            from adapters.opcua.adapter import OpcUaAdapter

            return OpcUaAdapter(source, health, clock)
        case MqttSource():
            from adapters.mqtt.adapter import MqttAdapter

            return MqttAdapter(source, health, clock)
        case _:
            assert_never(source)


@dataclass(slots=True)
class _Running:
    plan: DevicePlan
    intake: DeviceIntake
    runner: DeviceRunner
    task: asyncio.Task[None]


class Fleet:
    """All devices of one gateway. Its tasks belong to the group it is given."""

    def __init__(
        self, spool: Spool, health: Health, clock: Clock, group: asyncio.TaskGroup
    ) -> None:
        self._spool = spool
        self._health = health
        self._clock = clock
        self._group = group
        self._running: dict[str, _Running] = {}

    def start(self, plan: DevicePlan) -> None:
        """Begin to collect from a device."""
        health = DeviceHealth(plan.name, len(plan.table.signals))
        health.change(DeviceState.CONNECTING, self._clock.now())
        self._health.devices[plan.name] = health
        intake = DeviceIntake(self._spool, health, self._clock)
        intake.route(plan.table, Mapper(plan.rules, plan.table), plan.times, plan.seldom)
        runner = DeviceRunner(
            self._maker(plan.name, health),
            intake,
            health,
            self._clock,
            Backoff(cap_s=RECONNECT_CAP_S),
        )
        task = self._group.create_task(runner.run(), name=f"device {plan.name}")
        self._running[plan.name] = _Running(plan, intake, runner, task)

    def _maker(self, name: str, health: DeviceHealth) -> Callable[[], Adapter]:
        return lambda: make_adapter(self._running[name].plan.source, health, self._clock)

    async def change(self, plan: DevicePlan) -> bool:
        """Take a device's new plan; True when its connection could be kept."""
        running = self._running[plan.name]
        running.intake.route(plan.table, Mapper(plan.rules, plan.table), plan.times, plan.seldom)
        running.plan = plan
        self._health.devices[plan.name].signals = len(plan.table.signals)
        adapter = running.runner.adapter
        if adapter is not None and await adapter.apply(plan.source):
            return True
        await self.stop(plan.name)
        self.start(plan)
        return False

    def look(self) -> None:
        """Look after every device; called about once a second."""
        now = self._clock.monotonic()
        for running in self._running.values():
            running.intake.look(now)

    async def stop(self, name: str) -> None:
        """Stop collecting from a device; returns when its connection is closed."""
        running = self._running.pop(name)
        running.task.cancel()
        await asyncio.wait([running.task])
        self._health.devices.pop(name, None)

    async def stop_all(self) -> None:
        """Stop every device at once."""
        tasks = [running.task for running in self._running.values()]
        self._running.clear()
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
