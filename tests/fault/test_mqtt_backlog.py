"""What a broker kept while the gateway was away, and what becomes of it if the broker dies too.

It comes before the answer to SUBSCRIBE. While it comes, the newest sample does not tell where a gap
would begin: what waits behind it is as old.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from adapters.mqtt.backlog import UNREMEMBERED_NS
from adapters.mqtt.config import MqttSource
from adapters.mqtt.memory import Memory
from gateway.core.records import Batch, Gap
from gateway.core.types import UnixNs
from gateway.ops.health import DeviceHealth
from simulators.mqtt_broker import Broker
from simulators.mqtt_codec import Message
from simulators.mqtt_session import Session
from tests.unit.mqtt.support import MemoryIntake, Running, running, source_of

NAME = "gateway-cell"
LEFT = UnixNs(1_000)
"""When the gateway had gone."""
WINDOW = 10


class Taking(MemoryIntake):
    """Says when the newest durable sample came; the disk stands still after `most` samples."""

    def __init__(self, most: int | None = None) -> None:
        super().__init__(last=LEFT)
        self.most = most

    async def deliver(self, items: Any) -> None:
        if self.most is not None and len(self.values) >= self.most:
            self.gate.clear()
        await super().deliver(items)
        for item in items:
            if isinstance(item, Batch):
                self.last = item.received


def source(broker: Broker, folder: Path, version: int | None = None) -> MqttSource:
    return source_of(
        {"v": ("a", "$.v")},
        port=broker.port,
        client_id=NAME,
        state_folder=folder,
        receive_maximum=WINDOW,
        version=version,
    )


@asynccontextmanager
async def with_backlog(count: int) -> AsyncIterator[Broker]:
    """Give a broker that kept `count` messages for us."""
    async with Broker() as broker:
        broker.memory.sessions[NAME] = Session(NAME, 3600, {"a": 1})
        for number in range(count):
            broker.memory.route(Message("a", json.dumps({"v": number}).encode(), 1))
        yield broker


async def gap_after_loss(
    broker: Broker, source: MqttSource, intake: Taking, health: Any, memory: Memory | None = None
) -> Gap:
    """Connect to a broker that has lost its sessions and give the gap that is told first."""
    broker.memory.sessions.clear()
    intake.most, before = None, len(intake.gaps)
    intake.gate.set()
    async with running(source, intake, health, memory) as again:
        await again.until(lambda: len(intake.gaps) > before)
    return intake.gaps[before]


@pytest.mark.parametrize(("version", "again"), [(4, []), (5, ["a"])])
async def test_more_than_may_wait_before_the_subscription_is_answered_is_read_all_the_same(
    version: int, again: list[str]
) -> None:
    """A 3.1.1 broker knows no Receive Maximum; with 5 one may send everything twice."""
    count = 900
    async with Broker() as broker:
        broker.memory.again = again
        broker.memory.sessions[NAME] = Session(NAME, 3600, {"a": 1})
        for number in range(count):
            payload = json.dumps({"v": number, "more": "x" * 100})
            broker.memory.route(Message("a", payload.encode(), 1))
        items = {"v": ("a", "$.v")}
        known = source_of(items, port=broker.port, version=version, client_id=NAME)
        async with running(known) as run:
            await run.until(lambda: len(set(run.intake.values)) == count)
            await run.until(lambda: not broker.memory.sessions[NAME].inflight)


@pytest.mark.invariant("I6")
@pytest.mark.parametrize("version", [4, 5])
@pytest.mark.parametrize("restarted", [False, True])
async def test_a_broker_that_dies_while_its_backlog_is_taken_leaves_a_gap_from_its_beginning(
    restarted: bool, version: int, tmp_path: Path
) -> None:
    """Before, it began where the last sample of the backlog *came*: 9,000 were unexplained."""
    count = 300 if version == 5 else 2_500  # the stand-in sends 1,000 at once to an old client
    intake, health = Taking(most=30), DeviceHealth("cell", 1)
    async with with_backlog(count) as broker:
        known = source(broker, tmp_path, version)
        async with running(known, intake, health) as run:
            await run.until(lambda: len(intake.values) >= 30 and intake.waiting)
        if restarted:
            health = DeviceHealth("cell", 1)
        kept = None if restarted else run.memory
        gap = await gap_after_loss(broker, known, intake, health, kept)
    assert len(set(intake.values)) < count
    assert gap.start == LEFT


async def test_once_a_backlog_is_taken_a_gap_begins_where_the_last_sample_came(
    tmp_path: Path,
) -> None:
    intake, health = Taking(), DeviceHealth("cell", 1)
    async with with_backlog(100) as broker:
        async with running(source(broker, tmp_path), intake, health) as run:
            await run.until(lambda: len(intake.values) == 100)
            await run.until(lambda: not list(tmp_path.iterdir()))
        last = intake.last
        gap = await gap_after_loss(broker, source(broker, tmp_path), intake, health, run.memory)
    assert last is not None
    assert gap.start == last - UNREMEMBERED_NS > LEFT


async def test_a_disk_that_stands_still_lets_a_backlog_grow_which_is_remembered(
    tmp_path: Path,
) -> None:
    intake, health = Taking(), DeviceHealth("cell", 1)
    async with with_backlog(0) as broker:
        async with running(source(broker, tmp_path), intake, health) as run:
            await run.until(lambda: not list(tmp_path.iterdir()))
            intake.gate.clear()
            for number in range(50):
                broker.memory.route(Message("a", json.dumps({"v": number}).encode(), 1))
            await run.until(lambda: list(tmp_path.iterdir()))
            intake.most = 2 * WINDOW
            intake.gate.set()
            await run.until(lambda: len(intake.values) >= 2 * WINDOW)
        taken = intake.last
        gap = await gap_after_loss(broker, source(broker, tmp_path), intake, health, run.memory)
    assert taken is not None
    assert gap.start < taken - UNREMEMBERED_NS


async def test_a_gateway_killed_before_it_told_what_went_by_at_subscribing_tells_it_next_time(
    tmp_path: Path,
) -> None:
    intake = Taking()
    async with Broker() as broker:
        known = source(broker, tmp_path)

        class Stuck(Taking):
            async def deliver(self, items: Any) -> None:
                if self.gaps:
                    self.gate.clear()
                await super().deliver(items)

        stuck = Stuck()
        async with running(known, stuck, DeviceHealth("cell", 1)) as run:
            await run.until(lambda: stuck.waiting)
        async with running(known, intake, DeviceHealth("cell", 1)) as run:
            await run.until(lambda: intake.gaps)
    assert intake.gaps[0].start == stuck.gaps[0].end


async def test_a_gateway_killed_before_the_gap_is_durable_tells_it_next_time(
    tmp_path: Path,
) -> None:
    """The broker calls the session present that it made for the process that was killed."""
    stuck, intake = Taking(), Taking()
    stuck.gate.clear()
    async with Broker() as broker:
        known = source(broker, tmp_path)
        killed = Running(known, stuck, DeviceHealth("cell", 1))
        task = asyncio.create_task(killed.run())
        await killed.until(lambda: stuck.waiting)
        task.cancel()
        await asyncio.wait([task])
        async with running(known, intake, DeviceHealth("cell", 1)) as run:
            await run.until(lambda: intake.gaps)
    assert not stuck.gaps
    assert intake.gaps[0].start <= LEFT
