"""A sender on a desk: virtual time, a ledger in memory, a service that is scripted."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from gateway.core.types import UnixNs
from gateway.usage.config import DeliveryConfig
from gateway.usage.model import Event
from gateway.usage.rules.codes import load_codes
from gateway.usage.sender.kst import parse_kst
from gateway.usage.sender.sender import Sender
from tests.unit.usage.sender.fakes import FakeAlarms, FakeLedger, FakeService, event_at
from tests.unit.usage.sender.virtual import VirtualClock, World, running

KEY = "$5$API$CanaryKey./0123456789ABCDEFGHIJKLMNOPQRSTUV."
DAY = "2026-03-03"
"""A Tuesday."""


def config(**other: Any) -> DeliveryConfig:
    return DeliveryConfig(**{"name": "mes", "url": "http://127.0.0.1:9", "key": KEY, **other})


def at(text: str) -> UnixNs:
    found = parse_kst(text if "-" in text else f"{DAY} {text}")
    assert found is not None
    return found


@dataclass
class Bench:
    world: World
    clock: VirtualClock
    ledger: FakeLedger
    service: FakeService
    alarms: FakeAlarms
    sender: Sender

    async def add(self, *events: Event) -> None:
        await self.ledger.append([("mes", event) for event in events])

    async def until_clock(self, text: str) -> None:
        """Wait until true time is this, in Korea."""
        target = at(text)
        await self.world.sleep((target - self.world.true()) / 1e9)


def made(
    start: str = "09:00:00", ahead_s: float = 0.0, ledger: FakeLedger | None = None, **other: Any
) -> Bench:
    world = World(at(start))
    clock = VirtualClock(world, ahead_s)
    ledger = ledger or FakeLedger()
    service, alarms = FakeService(world), FakeAlarms()
    sender = Sender(config(**other), ledger, service, load_codes(), alarms, clock)
    return Bench(world, clock, ledger, service, alarms, sender)


@asynccontextmanager
async def at_work(
    *events: Event, start: str = "09:00:00", ahead_s: float = 0.0, **other: Any
) -> AsyncIterator[Bench]:
    """Give a running sender that has these events from the start."""
    bench = made(start, ahead_s, **other)
    await bench.add(*events)
    async with running(bench.world, bench.sender.run):
        yield bench


def logins(count: int, first: str = "08:00:00", step_s: float = 1.0) -> list[Event]:
    """Give logins of as many users, one after the other."""
    start = at(first)
    return [
        event_at(_text(start + round(number * step_s * 1e9)), user=f"user-{number + 1}")
        for number in range(count)
    ]


def _text(moment: int) -> str:
    from gateway.usage.sender.kst import kst_text

    return kst_text(UnixNs(moment))


async def passing(world: World, seconds: float) -> None:
    """Let virtual time pass."""
    await world.sleep(seconds)
    await asyncio.sleep(0)
