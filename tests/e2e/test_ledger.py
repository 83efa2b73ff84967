"""The promise itself: 550 signals, a gateway killed again and again, everything around it failing.

`LEDGER_SECONDS=300` runs the full version, `LEDGER_SEED` repeats one.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest

from gateway.core.clock import SystemClock
from gateway.demo.config import Size
from gateway.demo.plant import Plant
from gateway.demo.reconciliation import Result

SECONDS = float(os.environ.get("LEDGER_SECONDS", "60"))
SEED = int(os.environ.get("LEDGER_SEED", time.time_ns() % 1_000_000))
DRAIN_S = 90.0
DELIVERED_MIN = 10_000
"""A slow machine spends most of the storm with starting again."""
FULL_S = 300.0
SIZE = Size(
    opcua_signals=500, mqtt_signals=50, machines=False, opcua_hz=10.0, mqtt_hz=10.0, publish_ms=500
)

pytestmark = [pytest.mark.service, pytest.mark.slow, pytest.mark.timeout(SECONDS * 2 + 240)]


@dataclass(frozen=True)
class Faults:
    """How many of each."""

    kills: int
    outages: int
    plc: int
    broker: int


FULL = Faults(kills=20, outages=5, plc=3, broker=2)
SHORT = Faults(kills=4, outages=2, plc=2, broker=1)


class Storm:
    """Each kind of fault on a time line of its own, so that they meet as they like."""

    def __init__(self, plant: Plant, faults: Faults, seconds: float, rng: Random) -> None:
        self.plant, self.faults, self.seconds, self.rng = plant, faults, seconds, rng

    async def blow(self) -> None:
        plant, rng = self.plant, self.rng
        async with asyncio.TaskGroup() as group:
            reading = group.create_task(self._read())
            async with asyncio.TaskGroup() as storm:
                kills = [(rng.random() * 1.5,) for _ in range(self.faults.kills)]
                storm.create_task(self._line(kills, plant.kill_gateway))
                outages = [(rng.uniform(1, 6),) for _ in range(self.faults.outages)]
                storm.create_task(self._line(outages, plant.cut_platform))
                storm.create_task(self._restart_plc())
                brokers = [(rng.uniform(0.2, 2),) for _ in range(self.faults.broker)]
                storm.create_task(self._line(brokers, plant.restart_broker))
            reading.cancel()

    async def _restart_plc(self) -> None:
        shifts = [3 if place == 1 else 0 for place in range(self.faults.plc)]
        order = [(self.rng.uniform(0.2, 2), shift) for shift in shifts]
        await self._line(order, lambda down, shift: self.plant.restart_plc(down, shift=int(shift)))

    async def _line(
        self, orders: Sequence[tuple[float, ...]], make: Callable[..., Awaitable[None]]
    ) -> None:
        """Spread the orders over the time, each at a random moment of its own part."""
        began = time.monotonic()
        part = self.seconds / max(len(orders), 1)
        moments = [part * (place + self.rng.random()) for place in range(len(orders))]
        for order, moment in zip(orders, moments, strict=True):
            await asyncio.sleep(max(0.0, began + moment - time.monotonic()))
            await make(*order)
        await asyncio.sleep(max(0.0, began + self.seconds - time.monotonic()))

    async def _read(self) -> None:
        while True:
            await self.plant.poll()
            await asyncio.sleep(0.5)


@pytest.mark.invariant("I6")
async def test_nothing_is_lost_doubled_or_mistaken_whatever_fails(tmp_path: Path) -> None:
    print(f"seed {SEED}, {SECONDS:.0f} s")
    faults = FULL if SECONDS >= FULL_S else SHORT
    async with Plant(tmp_path, SIZE, SystemClock(), SEED) as plant:
        await plant.wait_flowing(60.0)
        await Storm(plant, faults, SECONDS, Random(SEED)).blow()
        await plant.pause()
        result = await plant.drain(DRAIN_S)
    print(result, plant.fault_counts())
    check(result)
    assert plant.fault_counts() == {
        "gateway": faults.kills,
        "platform": faults.outages,
        "plc": faults.plc,
        "broker": faults.broker,
    }
    assert result.delivered > DELIVERED_MIN, "a gateway that is always down proves little"


def check(result: Result) -> None:
    assert result.unexplained == 0, result
    assert result.duplicates == 0, result
    assert result.wrong == 0, result
    assert result.gaps_outside == 0, result
    assert result.phantom == 0, result
    assert result.disorder == 0, result
    assert result.delivered > 0
