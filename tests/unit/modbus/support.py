"""Sources, and a line of one's own to poll them over."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from adapters.modbus.adapter import ModbusAdapter
from adapters.modbus.config import ModbusItem, ModbusSource
from adapters.modbus.kind import KIND
from adapters.modbus.memory import memory_maker
from gateway.core.clock import Clock, SystemClock
from gateway.core.errors import SourceError
from gateway.core.kinds import AdapterContext
from gateway.core.polling import Polling
from gateway.core.records import Batch, Gap, Rejected
from gateway.core.signals import PlanTable, Signal
from gateway.core.types import BAD, UnixNs
from gateway.flow.line import SharedLine
from gateway.flow.poll import DevicePoll
from gateway.ops.health import DeviceHealth


def table_of(device: str, names: Sequence[str]) -> PlanTable:
    """Give a plan table with signals of these names."""
    return PlanTable(
        device,
        tuple(
            Signal(
                index=place,
                device=device,
                name=name,
                source=name,
                aas="urn:a",
                asset="urn:b",
                submodel="urn:c",
                submodel_id_short="OperationalData",
                submodel_semantic_id="urn:d",
                element=f"E{place}",
            )
            for place, name in enumerate(names)
        ),
    )


def item(index: int, table: str, address: int, type_: str = "uint16", **more: Any) -> ModbusItem:
    """Give an item; its order is that of its type unless said."""
    return ModbusItem(index, table, address, type_, **more)


def source_of(items: Sequence[ModbusItem], device: str = "meter", **more: Any) -> ModbusSource:
    """Give a source with these items; on loopback."""
    names = [f"{each.written}-{each.type}-{each.index}" for each in items]
    keys: dict[str, Any] = {"framing": "tcp", "host": "127.0.0.1", **more}
    return ModbusSource(device=device, plan=table_of(device, names), items=tuple(items), **keys)


@dataclass
class Collected:
    """An intake that keeps what it gets."""

    items: list[Batch | Gap | Rejected] = field(default_factory=list)
    last: UnixNs | None = None
    enough: asyncio.Event = field(default_factory=asyncio.Event)
    wanted: int = 1

    async def deliver(self, items: Sequence[Batch | Gap | Rejected]) -> None:
        self.items += items
        for each in items:
            if isinstance(each, Batch):
                self.last = each.received
        if len(self.batches) >= self.wanted:
            self.enough.set()

    def last_received(self) -> UnixNs | None:
        return self.last

    @property
    def batches(self) -> list[Batch]:
        return [each for each in self.items if isinstance(each, Batch)]

    @property
    def gaps(self) -> list[Gap]:
        return [each for each in self.items if isinstance(each, Gap)]

    def samples(self) -> Iterator[tuple[int, Any, int, int]]:
        """Give index, value, status and time of every sample; None for the value of a bad one."""
        for batch in self.batches:
            status = (
                np.zeros(len(batch), np.uint32) if batch.status is None else batch.status
            ).tolist()
            values = batch.values if isinstance(batch.values, list) else batch.values.tolist()
            times = batch.times.tolist()
            for index, value, code, at in zip(
                batch.signals.tolist(), values, status, times, strict=True
            ):
                yield index, None if code & BAD else value, code, at

    def newest(self) -> dict[int, Any]:
        """Give the newest value of each signal."""
        return {index: value for index, value, _, _ in self.samples()}


class Station:
    """What a gateway has for one line: the line, and a memory and health for each device."""

    def __init__(self, clock: Clock | None = None) -> None:
        self.clock: Clock = clock or SystemClock()
        self.line = SharedLine(self.clock)
        self.make_memory = memory_maker()
        self.memories: dict[str, Any] = {}
        self.health: dict[str, DeviceHealth] = {}
        self.tries = 0

    def adapter(self, source: ModbusSource) -> ModbusAdapter:
        """Make the adapter of one connection, as the fleet does."""
        health = self.health.setdefault(
            source.device, DeviceHealth(source.device, len(source.items))
        )
        memory = self.memories.setdefault(source.device, self.make_memory(source))
        polling = Polling(self.line, DevicePoll(health, self.clock))
        made = KIND.make_adapter(AdapterContext(source, health, memory, self.clock, polling))
        assert isinstance(made, ModbusAdapter)
        return made

    async def run(self, source: ModbusSource, intake: Collected, rest_s: float = 0.0) -> None:
        """Connect again and again, as the runner does."""
        while True:
            self.tries += 1
            try:
                await self.adapter(source).run(intake)
            except SourceError as error:
                self.health[source.device].note = str(error)
                await self.clock.sleep(rest_s)

    async def until(self, source: ModbusSource, intake: Collected, limit_s: float = 20.0) -> None:
        """Run until the intake has enough."""
        async with asyncio.timeout(limit_s), asyncio.TaskGroup() as group:
            task = group.create_task(self.run(source, intake, 0.01))
            await intake.enough.wait()
            task.cancel()
