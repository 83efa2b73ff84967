"""What devices keep between connections and what they share belongs to one gateway's fleet."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NoReturn

from gateway.app.fleet import Fleet
from gateway.app.kinds import ADAPTERS
from gateway.config.plan import DevicePlan
from gateway.core.clock import SystemClock
from gateway.core.errors import SourceUnavailable
from gateway.core.kinds import AdapterContext
from gateway.core.protocols import Intake
from gateway.core.types import UnixNs
from gateway.ops.health import Health
from gateway.spool.log import SqliteSpool
from tests.unit.exchange.parts import ROOM, folder, planned


@dataclass(frozen=True)
class Source:
    """Where a made-up machine is; `wire` is what several of them share."""

    device: str
    address: str
    wire: str | None = None
    note: str = ""


@dataclass(eq=False)
class Stub:
    """An adapter that stays connected until it is told to end."""

    context: AdapterContext[Source, object]
    over: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self, _intake: Intake) -> NoReturn:
        await self.over.wait()
        raise SourceUnavailable("closed")

    async def apply(self, source: Source) -> bool:
        return (source.address, source.wire) == (
            self.context.source.address,
            self.context.source.wire,
        )


class Plant:
    """A fleet of made-up machines, with every adapter that it made."""

    def __init__(self, like: DevicePlan, spool: SqliteSpool, group: asyncio.TaskGroup) -> None:
        self.made: list[Stub] = []
        self.makers = 0
        likeness: Any = ADAPTERS[0]  # nothing is left of its source
        kind = replace(
            likeness,
            name="stub",
            memory_maker=self._maker,
            memory_key=lambda source: source.address,
            line=lambda source: source.wire,
            make_adapter=self._adapter,
        )
        self._like = replace(like, kind=kind)
        self.fleet = Fleet(spool, Health(UnixNs(0)), SystemClock(), group)

    def _maker(self) -> Any:
        self.makers += 1
        return lambda _source: object()

    def _adapter(self, context: AdapterContext[Any, Any]) -> Stub:
        self.made.append(Stub(context))
        return self.made[-1]

    def plan(self, source: Source) -> DevicePlan:
        return replace(self._like, name=source.device, source=source)

    async def connected(self, count: int) -> list[AdapterContext[Source, object]]:
        """Wait until so many adapters were made and list what they were made of."""
        async with asyncio.timeout(20):
            while len(self.made) < count:
                await asyncio.sleep(0.01)
        return [stub.context for stub in self.made]


@asynccontextmanager
async def plants(folder_: Path, count: int = 1) -> AsyncIterator[list[Plant]]:
    """Run some fleets in this process; they stop with the block."""
    like = planned(folder(folder_ / "config", env_room=ROOM)).devices["env-room"]
    spool = await SqliteSpool.open(folder_ / "spool", quota_bytes=1 << 24, clock=SystemClock())
    try:
        async with asyncio.TaskGroup() as group:
            made = [Plant(like, spool, group) for _ in range(count)]
            yield made
            for each in made:
                await each.fleet.stop_all()
    finally:
        await spool.close()


async def test_a_device_finds_its_memory_again_at_the_next_connection(tmp_path: Path) -> None:
    async with plants(tmp_path) as (plant,):
        plant.fleet.start(plant.plan(Source("a", "here")))
        await plant.connected(1)
        plant.made[0].over.set()
        first, second = await plant.connected(2)
        assert first.memory is second.memory


async def test_a_device_that_is_reached_elsewhere_begins_anew_and_its_neighbour_does_not(
    tmp_path: Path,
) -> None:
    async with plants(tmp_path) as (plant,):
        for device in ("a", "b"):
            plant.fleet.start(plant.plan(Source(device, "here")))
        a, b = await plant.connected(2)
        assert a.memory is not b.memory
        assert not await plant.fleet.change(plant.plan(Source("a", "there")))
        plant.made[1].over.set()
        _, _, *later = await plant.connected(4)
        memories = {each.source.device: each.memory for each in later}
        assert memories["a"] is not a.memory
        assert memories["b"] is b.memory


async def test_a_device_that_was_taken_out_and_comes_again_remembers_nothing(
    tmp_path: Path,
) -> None:
    async with plants(tmp_path) as (plant,):
        plant.fleet.start(plant.plan(Source("a", "here")))
        await plant.connected(1)
        await plant.fleet.stop("a")
        plant.fleet.start(plant.plan(Source("a", "here")))
        first, second = await plant.connected(2)
        assert first.memory is not second.memory


async def test_two_gateways_in_one_process_do_not_meet(tmp_path: Path) -> None:
    async with plants(tmp_path, 2) as (one, other):
        for plant in (one, other):
            plant.fleet.start(plant.plan(Source("a", "here", "COM3")))
        (here,), (there,) = await one.connected(1), await other.connected(1)
        assert here.memory is not there.memory
        assert (one.makers, other.makers) == (1, 1)
        assert here.polling is not None
        assert there.polling is not None
        assert here.polling.line is not there.polling.line


async def test_devices_share_the_line_that_their_kind_names(tmp_path: Path) -> None:
    async with plants(tmp_path) as (plant,):
        for device, wire in (("a", "COM3"), ("b", "COM3"), ("c", "COM4"), ("d", None)):
            plant.fleet.start(plant.plan(Source(device, device, wire)))
        a, b, c, d = await plant.connected(4)
        assert a.polling is not None
        assert b.polling is not None
        assert c.polling is not None
        assert a.polling.line is b.polling.line
        assert a.polling.line is not c.polling.line
        assert d.polling is None


async def test_a_line_lasts_as_long_as_one_device_uses_it(tmp_path: Path) -> None:
    async with plants(tmp_path) as (plant,):
        for device in ("a", "b"):
            plant.fleet.start(plant.plan(Source(device, "here", "COM3")))
        a, *_ = await plant.connected(2)
        await plant.fleet.stop("a")
        plant.fleet.start(plant.plan(Source("a", "here", "COM3")))
        *_, again = await plant.connected(3)
        assert a.polling is not None
        assert again.polling is not None
        assert again.polling.line is a.polling.line
        await plant.fleet.stop("a")
        await plant.fleet.stop("b")
        plant.fleet.start(plant.plan(Source("a", "here", "COM3")))
        *_, anew = await plant.connected(4)
        assert anew.polling is not None
        assert anew.polling.line is not a.polling.line
