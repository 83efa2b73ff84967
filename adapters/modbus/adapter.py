"""The Modbus adapter: gives itself to the loop that polls, and decodes what comes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NoReturn

import numpy as np

from adapters.modbus.columns import Cycle
from adapters.modbus.config import ModbusItem, ModbusSource
from adapters.modbus.decode import BlockDecoder, Columns
from adapters.modbus.events import REQUESTS, block_cut, block_refused
from adapters.modbus.memory import Memory
from adapters.modbus.planner import Block
from adapters.modbus.reasons import NOT_OF_TYPE, REFUSES_ADDRESS, reason_of, status_of
from adapters.modbus.unit import Reply, Unit
from adapters.modbus.wire import ModbusWire, open_wire
from gateway.core.clock import Clock
from gateway.core.polling import Polling, Terms
from gateway.core.protocols import Intake
from gateway.core.records import Batch, Gap, GapReason, Rejected
from gateway.core.types import UnixNs
from gateway.ops.events import sources as source_events
from gateway.ops.health import DeviceHealth


def terms_of(source: ModbusSource) -> Terms:
    """Say how a device uses its line."""
    pause_s = source.pause_s
    if source.serial is not None:
        pause_s = max(pause_s, source.serial.silence_s)
    return Terms(
        timeout_s=source.timeout_s,
        connect_timeout_s=source.connect_timeout_s,
        pause_s=pause_s,
        settle_s=source.timeout_s if source.framing == "rtu" else 0.0,
    )


class ModbusAdapter:
    """One unit; one `run` is one time on its line."""

    def __init__(
        self,
        source: ModbusSource,
        health: DeviceHealth,
        clock: Clock,
        memory: Memory,
        polling: Polling,
    ) -> None:
        self._source = source
        self._health = health
        self._clock = clock
        self._memory = memory
        self._polling = polling
        self._cycle = Cycle()
        self._decoders: dict[Block, BlockDecoder] = {}
        self._unit: Unit | None = None
        self._odd: set[int] = set()
        """Signals whose registers held nothing of their type when last read."""
        self._read_at = UnixNs(0)
        """When the unit last said something."""
        self._requests = REQUESTS.labels(source.device)
        memory.plan.follow(source)

    async def run(self, intake: Intake) -> NoReturn:
        """Ask once, then poll until the unit or the line is gone. See `Adapter.run`."""
        source = self._source
        seat = self._polling.line.seat(source.device, self._open, terms_of(source))
        self._unit = Unit(seat, source.unit, self._memory.outstanding, self._clock)
        try:
            self._read_at = self._clock.now()
            for block in self.blocks()[:1]:
                await self.read(block)
            await self._begin(intake, self._read_at)
            await self._polling.poll(self, intake)
        finally:
            self._unit = None
            await seat.leave()

    async def apply(self, source: ModbusSource) -> bool:
        """Take over other tags while running; False when the connection itself would change."""
        if not same_connection(self._source, source):
            return False
        for name in set(self._health.bad) - {signal.name for signal in source.plan.signals}:
            self._health.signal_good(name, self._clock.now())
        self._source = source
        self._memory.plan.follow(source)
        self._memory.refusals.clear()
        self._decoders.clear()
        self._odd.clear()
        self._cycle = Cycle()  # what it held points into the old table, and is read again at once
        return True

    def blocks(self) -> Sequence[Block]:
        """See `gateway.core.polling.Polled`."""
        return self._memory.plan.blocks

    async def read(self, block: Block) -> None:
        """See `gateway.core.polling.Polled`."""
        assert self._unit is not None, "only while it runs"
        reply = await self._unit.ask(block.request, self.blocks())
        self._requests.inc()
        self._read_at = reply.at
        if block not in self.blocks():
            return  # another configuration came meanwhile
        if reply.code is not None:
            self._refused(block, reply)
            return
        self._accepted(block)
        decoder = self._decoders.get(block)
        if decoder is None:
            decoder = self._decoders[block] = BlockDecoder(block)
        for columns in decoder.decode(reply.data):
            self._note_types(columns)
            self._cycle.add(columns, reply.at)

    def taken(self) -> Sequence[Batch | Gap | Rejected]:
        """See `gateway.core.polling.Polled`."""
        return self._cycle.batches(self._source.plan, self._clock.now())

    async def _open(self) -> ModbusWire:
        return await open_wire(self._source, self._memory.numbers)

    async def _begin(self, intake: Intake, until: UnixNs) -> None:
        """Say what was missed from the last value that is durable to the first new one."""
        now, first = self._clock.now(), not self._health.connects
        last = intake.last_received()
        if last is None and not first:
            last = self._health.since
        if last is not None and until - last > self._missed_ns():
            reason = GapReason.GATEWAY_DOWN if first else GapReason.DISCONNECTED
            await intake.deliver([Gap(self._source.device, last, until, reason)])
        note = f"{self._source.address} unit {self._source.unit}"
        self._health.connected(now, note)
        source_events.source_connected(self._source.device, note)

    def _missed_ns(self) -> float:
        """Give how long a silence may be without a value that was due and not read."""
        shortest_s = min((block.period_s for block in self.blocks()), default=0.0)
        return (shortest_s + self._source.timeout_s) * 1e9

    def _refused(self, block: Block, reply: Reply) -> None:
        """Read a block in parts where some registers may be at fault, else say so of its tags."""
        code = reply.code or 0
        if code in REFUSES_ADDRESS and self._memory.plan.refused(block):
            block_cut(self._source.device, block.written)
            self._decoders.pop(block, None)
            return
        place = (block.table, block.address, block.count)
        known = self._memory.refusals.get(place)
        reason, now = reason_of(code), self._clock.now()
        block_refused(self._source.device, block.written, reason)
        for item in block.items:
            self._health.signal_bad(self._name(item), reason, now, item.written)
        if known != code:
            self._memory.refusals[place] = code
            self._cycle.add(bad(block, status_of(code)), reply.at)

    def _accepted(self, block: Block) -> None:
        if not self._memory.refusals:
            return
        if self._memory.refusals.pop((block.table, block.address, block.count), None) is not None:
            for item in block.items:
                self._health.signal_good(self._name(item), self._clock.now())

    def _note_types(self, columns: Columns) -> None:
        """Follow which registers hold something that is not of their type."""
        if columns.status is None and not self._odd:
            return
        now = self._clock.now()
        status = columns.status if columns.status is not None else np.zeros(len(columns.signals))
        for index, code in zip(columns.signals.tolist(), status.tolist(), strict=True):
            name = self._source.plan.signals[index].name
            if code:
                self._odd.add(index)
                item = next(each for each in self._source.items if each.index == index)
                self._health.signal_bad(name, NOT_OF_TYPE, now, f"{item.written} {item.type}")
            elif index in self._odd:
                self._odd.discard(index)
                self._health.signal_good(name, now, NOT_OF_TYPE)

    def _name(self, item: ModbusItem) -> str:
        return self._source.plan.signals[item.index].name


def bad(block: Block, status: int) -> Columns:
    """Give a Bad sample without a value for each item of a block."""
    count = len(block.items)
    signals = np.array([item.index for item in block.items], np.int32)
    return Columns(signals, [None] * count, np.full(count, status, np.uint32))


def same_connection(before: ModbusSource, after: ModbusSource) -> bool:
    """Tell whether only what is read differs, not how."""
    return before == replace(
        after,
        plan=before.plan,
        items=before.items,
        gap=before.gap,
        max_registers=before.max_registers,
        max_bits=before.max_bits,
    )
