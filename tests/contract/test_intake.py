"""What every way in for events of use promises; what only one does stands in its own tests.

Each is reached through the face of its kind alone, with real files, a real table, a real broker.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
import yaml

from gateway.app.kinds import KINDS
from gateway.app.usage_feed import AdapterFeed
from gateway.config.models import gateway_model
from gateway.core.clock import SystemClock
from gateway.core.intake_kinds import AnyIntakeKind, IntakeContext, UsageSource
from gateway.usage.config import MessageIntakeConfig
from gateway.usage.intakes.settings import columns_of
from simulators.mqtt_broker import Broker
from simulators.mqtt_codec import Message
from tests.unit.usage.intakes.parts import MemoryIntake

WAIT_S = 60.0
CLOSE_S = 10.0
CLOCK = SystemClock()
COLUMNS = "columns: { logDt: at, sysUser: user, useSe: what }, constants: { conectIp: 10.0.0.1 }"


@dataclass(frozen=True)
class Way:
    """One entry of `usage:`, and how somebody uses the solution behind it."""

    entry: str
    say: Callable[[str], Awaitable[None]]


def row(user: str) -> dict[str, str]:
    return {"at": f"2026-11-26 10:00:{next(SECONDS) % 60:02}.000", "user": user, "what": "DO6001"}


SECONDS: Iterator[int] = itertools.count()


async def files(folder: Path, _: AsyncExitStack) -> Way:
    log = folder / "mes.jsonl"
    log.touch()

    async def say(user: str) -> None:
        with log.open("a") as out:
            out.write(json.dumps(row(user)) + "\n")

    return Way(f"{{ name: one, path: {log}, format: jsonl, every: 500ms, {COLUMNS} }}", say)


async def folders(folder: Path, _: AsyncExitStack) -> Way:
    drop = folder / "drop"
    drop.mkdir()

    async def say(user: str) -> None:
        (drop / "new").write_text(json.dumps(row(user)) + "\n")
        (drop / "new").rename(drop / f"{user}.jsonl")

    entry = f"{{ name: one, path: {drop}/*.jsonl, format: jsonl, every: 500ms, {COLUMNS} }}"
    return Way(entry, say)


async def databases(folder: Path, _: AsyncExitStack) -> Way:
    file = folder / "mes.db"
    with contextlib.closing(sqlite3.connect(file)) as made, made:
        made.execute("CREATE TABLE use_log (id INTEGER PRIMARY KEY, at, user, what, sent)")

    async def say(user: str) -> None:
        with contextlib.closing(sqlite3.connect(file)) as opened, opened:
            opened.execute(
                "INSERT INTO use_log (at, user, what, sent) VALUES (:at, :user, :what, 'N')",
                row(user),
            )

    entry = (
        f'{{ name: one, connect: "sqlite:{file}", table: use_log, key: id, every: 500ms,'
        f" flag: {{ column: sent }}, {COLUMNS} }}"
    )
    return Way(entry, say)


async def topic(_: Path, stack: AsyncExitStack) -> Way:
    broker = await stack.enter_async_context(Broker())

    async def say(user: str) -> None:
        async with asyncio.timeout(WAIT_S):
            while not broker.memory.sessions:  # a message before the first session is nobody's
                await asyncio.sleep(0.01)
            while not any(each.filters for each in broker.memory.sessions.values()):
                await asyncio.sleep(0.01)
        broker.memory.route(Message("usage/mes", json.dumps(row(user)).encode(), 1))

    entry = f"{{ name: one, connect: mqtt://127.0.0.1:{broker.port}, topic: usage/mes, {COLUMNS} }}"
    return Way(entry, say)


WAYS: Mapping[str, Callable[[Path, AsyncExitStack], Awaitable[Way]]] = {
    "files": files,
    "folders": folders,
    "databases": databases,
    "mqtt": topic,
}
EACH = pytest.mark.parametrize("kind", KINDS.intakes, ids=lambda kind: kind.section)


class Bench:
    """One entry as the gateway makes it, and an intake that keeps what it takes."""

    def __init__(self, kind: AnyIntakeKind, way: Way, folder: Path) -> None:
        usage = {kind.section: [yaml.safe_load(way.entry)]}
        file = {"gateway": {"id": "edge"}, "usage": usage}
        (self.keys,) = gateway_model(KINDS).model_validate(file).usage.entries(kind.section)
        self.kind = kind
        self.way = way
        self.folder = folder
        self.intake = MemoryIntake()

    def source(self) -> UsageSource:
        return self.kind.make(
            IntakeContext(
                self.keys, "edge", self.folder, self.folder, CLOCK, self.intake, self._feed
            )
        )

    def _feed(self, address: str) -> AdapterFeed:
        config = MessageIntakeConfig("one", self.kind.section, address, columns_of(self.keys))
        return AdapterFeed(config, self.intake, CLOCK)

    @property
    def users(self) -> list[str | None]:
        return self.intake.users

    def has(self, user: str) -> bool:
        return user in self.users

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run the source; at the end of the block it is cancelled and has to be gone."""
        task = asyncio.create_task(self.source().run())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task], timeout=CLOSE_S)
            assert task.cancelled()

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(WAIT_S):
            while not condition():
                await asyncio.sleep(0.01)


@pytest.fixture
async def bench(kind: AnyIntakeKind, tmp_path: Path) -> AsyncIterator[Bench]:
    async with AsyncExitStack() as stack:
        yield Bench(kind, await WAYS[kind.section](tmp_path, stack), tmp_path)


def test_every_way_in_is_held_to_this() -> None:
    assert WAYS.keys() == {kind.section for kind in KINDS.intakes}


@EACH
async def test_what_somebody_did_is_taken_once_and_in_its_order(bench: Bench) -> None:
    async with bench.running():
        for user in ("kim", "lee", "park"):
            await bench.way.say(user)
            await bench.until(partial(bench.has, user))
    assert bench.users == ["kim", "lee", "park"]
    assert {raw.intake for raw in bench.intake.events} == {bench.source().name}


@EACH
async def test_what_was_taken_is_not_another_event_after_a_restart(bench: Bench) -> None:
    async with bench.running():
        await bench.way.say("kim")
        await bench.until(lambda: bench.users)
    async with bench.running():
        await bench.way.say("lee")
        await bench.until(lambda: "lee" in bench.users)
    assert bench.users == ["kim", "lee"]


@EACH
async def test_nothing_is_lost_while_the_ledger_cannot_be_written(bench: Bench) -> None:
    bench.intake.down = True
    async with bench.running():
        await bench.way.say("kim")
        await bench.until(lambda: bench.intake.calls)
        assert not bench.users
        bench.intake.down = False
        await bench.until(lambda: bench.users)
    assert bench.users == ["kim"]


@EACH
def test_the_entry_of_an_example_has_nothing_wrong(kind: AnyIntakeKind, bench: Bench) -> None:
    assert isinstance(bench.keys, kind.keys)
    assert list(kind.problems(bench.keys, bench.folder)) == []
