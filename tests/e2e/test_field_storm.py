"""The promise in the field: clocks that lie, payloads that are dirty, and everything failing.

550 signals of two OPC UA servers and a broker; whatever their clocks say, nothing is missing
without a reason, nothing that arrived is declared missing, and every value stands under its own
signal with the time that its machine claimed. `FIELD_STORM_SECONDS=300` runs the full version,
`FIELD_STORM_SEED` repeats one.
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
from tests.e2e.field_config import SIGNALS
from tests.e2e.field_plant import EDGE_NS, FieldPlant

SECONDS = float(os.environ.get("FIELD_STORM_SECONDS", "60"))
SEED = int(os.environ.get("FIELD_STORM_SEED", time.time_ns() % 1_000_000))
DRAIN_S = 90.0
DELIVERED_MIN = 10_000
"""A slow machine spends most of the storm with starting again."""
FULL_S = 300.0
SERVER_CLOCKS = ("ahead", "behind", "frozen", "backwards", "jumping", "1970", "2105")
SERVERS = ("opcua", "odd")
SIZE = Size(machines=False)

pytestmark = [pytest.mark.service, pytest.mark.slow, pytest.mark.timeout(SECONDS * 2 + 300)]


@dataclass(frozen=True)
class Faults:
    """How many of each."""

    kills: int
    outages: int
    servers: int
    cuts: int
    brokers: int


FULL = Faults(kills=15, outages=5, servers=6, cuts=8, brokers=4)
SHORT = Faults(kills=3, outages=2, servers=3, cuts=3, brokers=2)


class Storm:
    """Each kind of fault on a time line of its own, so that they meet as they like."""

    def __init__(self, plant: FieldPlant, faults: Faults, seconds: float, rng: Random) -> None:
        self.plant, self.faults, self.seconds, self.rng = plant, faults, seconds, rng

    async def blow(self) -> None:
        plant, rng, faults = self.plant, self.rng, self.faults
        async with asyncio.TaskGroup() as group:
            reading = group.create_task(self._read())
            async with asyncio.TaskGroup() as storm:
                kills = [(rng.random() * 1.5,) for _ in range(faults.kills)]
                storm.create_task(self._line(kills, plant.kill_gateway))
                outages = [(rng.uniform(1, 6),) for _ in range(faults.outages)]
                storm.create_task(self._line(outages, plant.cut_platform))
                modes = [(place % 3 != 1, rng.uniform(0.2, 2)) for place in range(faults.servers)]
                storm.create_task(self._line(modes, self._server))
                cuts = [(rng.choice((0.0, 5.0)),) for _ in range(faults.cuts)]
                storm.create_task(self._line(cuts, self._cut))
                brokers = [(rng.uniform(0.2, 2), place % 2 == 1) for place in range(faults.brokers)]
                storm.create_task(self._line(brokers, self._broker))
            reading.cancel()

    async def _server(self, restart: float, down_s: float) -> None:
        for name in SERVERS:
            await self.plant.server(name, "restart" if restart else "forget", down_s)

    async def _cut(self, seconds: float) -> None:
        await asyncio.gather(*(self.plant.cut(name, seconds) for name in self.plant.proxies))

    async def _broker(self, down_s: float, kill: float) -> None:
        await self.plant.restart_broker(down_s, kill=bool(kill))

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


async def test_no_clock_and_no_payload_costs_a_sample_or_hides_one(tmp_path: Path) -> None:
    rng = Random(SEED)
    server_clock = rng.choice(SERVER_CLOCKS)
    print(f"seed {SEED}, {SECONDS:.0f} s, the second server's clock: {server_clock}")
    faults = FULL if SECONDS >= FULL_S else SHORT
    plant = FieldPlant(tmp_path, SIZE, SystemClock(), SEED, odd_clock=server_clock, edge_ns=EDGE_NS)
    async with plant:
        assert len(plant.sources) == sum(SIGNALS.values()) == 550
        await plant.wait_flowing(90.0)
        await Storm(plant, faults, SECONDS, rng).blow()
        await plant.pause()
        result = await plant.drain(DRAIN_S)
    print(result, plant.fault_counts(), *result.examples, sep="\n")
    assert result.unexplained == 0, result
    assert result.phantom == 0, result
    assert result.wrong == 0, result
    assert result.duplicates == 0, result
    assert result.gaps_outside == 0, result
    assert result.disorder == 0, result
    assert result.unreadable > 0, "messages that nobody can read have a record of their own"
    assert result.delivered > DELIVERED_MIN, "a gateway that is mostly down proves little"
