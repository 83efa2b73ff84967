"""A unit that is switched off behind a gateway or on a line leaves the others their period."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator

import pytest

from adapters.modbus import adapter as module
from adapters.modbus.config import ModbusSource
from adapters.modbus.wire import ModbusWire, Receiver
from simulators.modbus_meter import Memory, crc
from tests.unit.flow.virtual_loop import LoopClock, virtually
from tests.unit.modbus.support import Collected, Station, item, source_of

UNITS = range(1, 11)
DEAD = 5
TOOK_S = 0.04
"""One answer: ten of them are nearly half of the period."""
RUN_S = 300.0


class Bus(asyncio.Transport):
    """A serial line in memory: units answer after a while, the one that is off never does."""

    def __init__(self, receiver: Receiver, off: set[int]) -> None:
        super().__init__()
        self._receiver = receiver
        self._off = off
        self._memory = Memory()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        frame = bytes(data)
        if frame[0] not in self._off:
            body = frame[:1] + self._memory.answer(frame[1:-2])
            asyncio.get_running_loop().call_later(TOOK_S, self._say, body + crc(body))

    def _say(self, frame: bytes) -> None:
        if self._receiver.open:
            self._receiver.data_received(frame)

    def abort(self) -> None:
        self._receiver.connection_lost(None)


def unit(number: int) -> ModbusSource:
    items = [item(0, "holding", 10 * number, period_s=1.0)]
    return source_of(items, f"unit-{number}", framing="rtu", unit=number, timeout_s=2.0)


def polls(off: set[int], monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Run the line for a while of virtual time; give how many values each device got."""

    async def opened(source: ModbusSource, numbers: Iterator[int]) -> ModbusWire:
        receiver = Receiver()
        receiver.connection_made(Bus(receiver, off))
        return ModbusWire(receiver, source.framing, numbers)

    async def main() -> Counter[str]:
        station = Station(LoopClock())
        intakes = {number: Collected(wanted=10**9) for number in UNITS}
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(station.run(unit(number), intakes[number], 0.5))
                for number in UNITS
            ]
            await asyncio.sleep(RUN_S)
            for task in tasks:
                task.cancel()
        return Counter({f"unit-{n}": len(intake.batches) for n, intake in intakes.items()})

    monkeypatch.setattr(module, "open_wire", opened)
    return virtually(main)


def test_a_dead_unit_leaves_the_others_nine_tenths_of_their_polls(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole, without = polls(set(), monkeypatch), polls({DEAD}, monkeypatch)
    assert min(whole.values()) >= RUN_S - 2
    assert without[f"unit-{DEAD}"] == 0
    for number in UNITS:
        if number != DEAD:
            assert without[f"unit-{number}"] >= 0.9 * whole[f"unit-{number}"]
