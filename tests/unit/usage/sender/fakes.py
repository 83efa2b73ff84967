"""A ledger in memory, alarms that are remembered, a service with rules or a script."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gateway.core.errors import LedgerUnavailable
from gateway.core.types import UnixNs
from gateway.usage.config import Variant
from gateway.usage.model import Event, Move, Raw, State, Taken, Today, Unfit, Waiting
from gateway.usage.sender.answers import ServiceAnswer
from gateway.usage.sender.kst import kst_day, kst_text, parse_kst
from gateway.usage.sender.log_service import Exchange, Outcome
from tests.unit.usage.sender.virtual import VirtualClock, World

STORED = (State.DELIVERED, State.DELIVERED_PRESUMED)


@dataclass
class Entry:
    delivery: str
    event: Event
    state: State = State.QUEUED
    moves: list[Move] = field(default_factory=list)

    @property
    def states(self) -> list[State]:
        return [move.state for move in self.moves]


class FakeLedger:
    """Implements `gateway.usage.ports.Ledger`; `refuse` makes the next calls fail."""

    def __init__(self) -> None:
        self.entries: dict[str, Entry] = {}
        self.refuse = 0
        self._news: dict[str, asyncio.Event] = {}

    async def append(self, entries: Sequence[tuple[str, Event | Unfit]]) -> list[Taken]:
        taken = []
        for delivery, event in entries:
            assert isinstance(event, Event)
            name = f"e{len(self.entries) + 1:05d}"
            self.entries[name] = Entry(delivery, event)
            self._news.setdefault(delivery, asyncio.Event()).set()
            taken.append(Taken(name, State.QUEUED))
        return taken

    async def move(self, moves: Sequence[Move]) -> None:
        await asyncio.sleep(0)
        if self.refuse:
            self.refuse -= 1
            raise LedgerUnavailable("disk", "full")
        for move in moves:
            entry = self.entries[move.event]
            entry.state = move.state
            entry.moves.append(move)

    async def waiting(self, delivery: str, *states: State) -> list[Waiting]:
        await asyncio.sleep(0)
        found = [
            _waiting(name, entry)
            for name, entry in self.entries.items()
            if entry.delivery == delivery and entry.state in states
        ]
        return sorted(found, key=lambda event: (event.log_dt, event.id))

    async def today(self, delivery: str, day: str) -> Today:
        requests, last, at = 0, "", UnixNs(0)
        users: list[str] = []
        for entry in self.entries.values():
            for move in entry.moves:
                sent = move.state is State.SENDING and move.attempt is None
                requests += sent and kst_day(move.at) == day
                if move.state not in STORED or move.attempt is None:
                    continue
                stamp = move.attempt.answered or kst_text(move.at)
                if stamp[:10] == day:
                    users.append(entry.event.user)
                if stamp > last:
                    last, at = stamp, move.at
        return Today(day, requests, len(users), last, at, "", frozenset(users))

    async def wait(self, delivery: str) -> None:
        event = self._news.setdefault(delivery, asyncio.Event())
        await event.wait()
        event.clear()

    async def raw(self, event: str) -> Raw | None:
        return self.entries[event].event.raw

    async def close(self) -> None:
        return

    # -- for tests ------------------------------------------------------------------------------

    def counts(self) -> Counter[State]:
        return Counter(entry.state for entry in self.entries.values())

    def state(self, name: str = "e00001") -> State:
        return self.entries[name].state


def _waiting(name: str, entry: Entry) -> Waiting:
    event = entry.event
    tries = sum(move.attempt is not None for move in entry.moves)
    since = entry.moves[-1].at if entry.moves else UnixNs(0)
    return Waiting(
        name,
        event.log_dt,
        event.use_se,
        event.user,
        event.address,
        event.amount,
        entry.state,
        tries,
        since,
    )


class FakeAlarms:
    def __init__(self) -> None:
        self.now: dict[str, dict[str, Any]] = {}
        self.ever: list[str] = []

    def raise_(self, code: str, delivery: str, at: UnixNs, **facts: str | float) -> None:
        assert delivery
        assert at
        self.now[code] = facts
        self.ever.append(code)

    def clear(self, code: str, delivery: str) -> None:
        assert delivery
        self.now.pop(code, None)


def event_at(text: str, user: str = "user-1", use_se: str = "DO6001", amount: int = 10) -> Event:
    at = parse_kst(text)
    assert at is not None
    raw = Raw("api", at, {})
    return Event(at, kst_text(at), use_se, user, "192.168.0.7", amount, raw)


Reaction = Callable[["FakeService", Mapping[str, str]], Awaitable[Exchange]]


class FakeService:
    """The service's rules for one key; `script` is what happens to the next requests instead."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.clock = VirtualClock(world)
        self.stored: list[tuple[str, dict[str, str]]] = []
        self.requests: list[tuple[float, str, Variant]] = []
        self.sent: list[dict[str, str]] = []
        self.script: deque[Reaction] = deque()
        self.always: Reaction | None = None
        self._last: float | None = None

    async def send(self, fields: Mapping[str, str], variant: Variant) -> Exchange:
        reaction = self.always or (self.script.popleft() if self.script else rules)
        self.sent.append(dict(fields))
        began = self.world.passed
        exchange = await reaction(self, fields)
        code = exchange.answer.code if exchange.answer else ""
        self.requests.append((began, code, variant))
        return exchange

    async def close(self) -> None:
        return

    def answered(self, code: str, text: str = "") -> Exchange:
        stamp = kst_text(self.clock.now())
        return Exchange(Outcome.ANSWERED, ServiceAnswer(code, stamp, text))

    def work(self, fields: Mapping[str, str]) -> str:
        day = kst_day(self.clock.now())
        passed = self.world.passed
        if fields["logDt"][:10] != day:
            return "AP1014"
        if fields["useSe"] == "DO6999":
            return "AP1028"
        if sum(stamp[:10] == day for stamp, _ in self.stored) >= 144:
            return "AP1032"
        if self._last is not None and passed - self._last < 600:
            return "AP1029"
        self.store(fields)
        return "AP1002"

    def store(self, fields: Mapping[str, str]) -> None:
        self._last = self.world.passed
        self.stored.append((kst_text(self.clock.now()), dict(fields)))

    @property
    def codes(self) -> list[str]:
        return [code for _, code, _ in self.requests]


async def rules(service: FakeService, fields: Mapping[str, str]) -> Exchange:
    await service.world.sleep(0.2)
    return service.answered(service.work(fields))


def says(code: str, text: str = "") -> Reaction:
    async def react(service: FakeService, fields: Mapping[str, str]) -> Exchange:
        await service.world.sleep(0.2)
        return service.answered(code, text)

    return react


async def lost_after_storing(service: FakeService, fields: Mapping[str, str]) -> Exchange:
    service.work(fields)
    await service.world.sleep(15)
    return Exchange(Outcome.UNKNOWN, None, "timeout", None, 15.0)


async def lost(service: FakeService, fields: Mapping[str, str]) -> Exchange:
    await service.world.sleep(15)
    return Exchange(Outcome.UNKNOWN, None, "timeout", None, 15.0)


async def not_there(service: FakeService, fields: Mapping[str, str]) -> Exchange:
    await service.world.sleep(0.1)
    return Exchange(Outcome.NOT_TAKEN, None, "connection refused")


async def stored_by_another(service: FakeService, fields: Mapping[str, str]) -> Exchange:
    service._last = service.world.passed
    return service.answered("AP1029")
