"""The running devices: started, changed and stopped one by one, whatever the others do."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from gateway.app.memories import Memories
from gateway.config.plan import DevicePlan
from gateway.core.clock import Clock
from gateway.core.kinds import AdapterContext
from gateway.core.polling import Polling
from gateway.core.protocols import Adapter, Spool
from gateway.flow.backoff import Backoff
from gateway.flow.intake import DeviceIntake
from gateway.flow.line import SharedLine
from gateway.flow.poll import DevicePoll
from gateway.flow.supervise import DeviceRunner
from gateway.mapping.mapper import Mapper
from gateway.ops.health import DeviceHealth, DeviceState, Health

RECONNECT_CAP_S = 4.0
"""Longest wait before the next try: data is to flow within 5 s of a machine's return."""


@dataclass(slots=True)
class _Running:
    plan: DevicePlan
    intake: DeviceIntake
    runner: DeviceRunner
    line: tuple[str, str] | None
    task: asyncio.Task[None]


class Fleet:
    """All devices of one gateway, with what they keep between connections and what they share.

    Its tasks belong to the group it is given.
    """

    def __init__(
        self, spool: Spool, health: Health, clock: Clock, group: asyncio.TaskGroup
    ) -> None:
        self._spool = spool
        self._health = health
        self._clock = clock
        self._group = group
        self._running: dict[str, _Running] = {}
        self._memories = Memories()
        self._lines: dict[tuple[str, str], SharedLine] = {}
        """By kind and the name that it has for them; one that no device uses is let go of."""

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
        self._running[plan.name] = _Running(plan, intake, runner, self._line_of(plan), task)

    def _maker(self, name: str, health: DeviceHealth) -> Callable[[], Adapter]:
        def make() -> Adapter:
            plan = self._running[name].plan
            return plan.kind.make_adapter(
                AdapterContext(
                    plan.source,
                    health,
                    self._memories.of(plan),
                    self._clock,
                    self._polling(plan, health),
                )
            )

        return make

    def _line_of(self, plan: DevicePlan) -> tuple[str, str] | None:
        name = plan.kind.line(plan.source)
        return None if name is None else (plan.kind.name, name)

    def _polling(self, plan: DevicePlan, health: DeviceHealth) -> Polling | None:
        """Hand out the line of a device that is asked for its values; None where it pushes."""
        key = self._line_of(plan)
        if key is None:
            return None
        line = self._lines.get(key)
        if line is None:
            line = self._lines[key] = SharedLine(self._clock)
        return Polling(line, DevicePoll(health, self._clock))

    async def change(self, plan: DevicePlan) -> bool:
        """Take a device's new plan; True when its connection could be kept."""
        running = self._running[plan.name]
        running.intake.route(plan.table, Mapper(plan.rules, plan.table), plan.times, plan.seldom)
        running.plan = plan
        self._health.devices[plan.name].signals = len(plan.table.signals)
        adapter = running.runner.adapter
        if adapter is not None and await adapter.apply(plan.source):
            return True
        await self._end(plan.name)
        self.start(plan)
        return False

    def look(self) -> None:
        """Look after every device; called about once a second."""
        now = self._clock.monotonic()
        for running in self._running.values():
            running.intake.look(now)

    async def stop(self, name: str) -> None:
        """Stop collecting from a device that is gone; returns when its connection is closed."""
        await self._end(name)
        self._memories.forget(name)

    async def _end(self, name: str) -> None:
        running = self._running.pop(name)
        running.task.cancel()
        await asyncio.wait([running.task])
        self._health.devices.pop(name, None)
        self._leave(name, running.line)

    def _leave(self, device: str, key: tuple[str, str] | None) -> None:
        if key is None or (line := self._lines.get(key)) is None:
            return
        line.forget(device)
        if all(running.line != key for running in self._running.values()):
            del self._lines[key]

    async def stop_all(self) -> None:
        """Stop every device at once."""
        tasks = [running.task for running in self._running.values()]
        self._running.clear()
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
