"""The sender on the real ledger and real HTTP, in time that both sides share."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway.core.types import UnixNs
from gateway.usage.config import DeliveryConfig, Variant
from gateway.usage.ledger.ledger import SqliteLedger
from gateway.usage.model import Event, Move, Raw, State, Taken, Today, Unfit, Waiting
from gateway.usage.rules.codes import load_codes
from gateway.usage.sender.kst import kst_text
from gateway.usage.sender.log_service import Exchange, HttpLogService
from gateway.usage.sender.sender import Sender
from simulators.usage_log import SAMPLE_KEY
from tests.unit.usage.sender.fakes import FakeAlarms
from tests.unit.usage.sender.virtual import VirtualClock, World

USERS = 40
CODES = ("DO6001", "DO6002", "DO6003", "DO6004", "DO6005", "DO6006", "DO6007")


class BusyLedger:
    """The real ledger; virtual time stands still while its thread works."""

    def __init__(self, ledger: SqliteLedger, world: World) -> None:
        self.real = ledger
        self._world = world

    async def append(self, entries: Sequence[tuple[str, Event | Unfit]]) -> list[Taken]:
        with self._world.busy():
            return await self.real.append(entries)

    async def move(self, moves: Sequence[Move]) -> None:
        with self._world.busy():
            await self.real.move(moves)

    async def waiting(self, delivery: str, *states: State) -> list[Waiting]:
        with self._world.busy():
            return await self.real.waiting(delivery, *states)

    async def today(self, delivery: str, day: str) -> Today:
        with self._world.busy():
            return await self.real.today(delivery, day)

    async def wait(self, delivery: str) -> None:
        await self.real.wait(delivery)

    async def raw(self, event: str) -> Raw | None:
        return await self.real.raw(event)

    async def close(self) -> None:
        await self.real.close()


class BusyService:
    """The real client; virtual time stands still during a request, the service's as well."""

    def __init__(self, client: HttpLogService, world: World) -> None:
        self._client = client
        self._world = world

    async def before(self) -> None:
        """Do what has to be done before a request, such as telling a service the time."""

    async def send(self, fields: Mapping[str, str], variant: Variant) -> Exchange:
        with self._world.busy():
            await self.before()
            return await self._client.send(fields, variant)

    async def close(self) -> None:
        await self._client.close()


@dataclass
class Plant:
    world: World
    ledger: BusyLedger
    sender: Sender
    alarms: FakeAlarms


@asynccontextmanager
async def plant(
    folder: Path, url: str, world: World, service: type[BusyService] = BusyService, **other: Any
) -> AsyncIterator[Plant]:
    """Give a sender with a ledger in `folder` and a service at `url`, not running yet."""
    clock = VirtualClock(world)
    config = DeliveryConfig(**{"name": "mes", "url": url, "key": SAMPLE_KEY, **other})
    ledger = await SqliteLedger.open(folder, clock=clock, commit_window_s=0.0005)
    client = service(HttpLogService(config, clock), world)
    try:
        busy, alarms = BusyLedger(ledger, world), FakeAlarms()
        sender = Sender(config, busy, client, load_codes(), alarms, clock)
        yield Plant(world, busy, sender, alarms)
    finally:
        await client.close()
        await ledger.close()


def event(number: int, at: int) -> Event:
    """Give event number so much of a day or a week; the same number is the same event."""
    moment = UnixNs(at)
    raw = Raw("api", moment, {"sysUser": f"user-{number % USERS}"}, source_id=f"row-{number}")
    use_se = CODES[number // USERS % len(CODES)]
    return Event(
        moment, kst_text(moment), use_se, f"user-{number % USERS}", "192.168.0.7", number, raw
    )
