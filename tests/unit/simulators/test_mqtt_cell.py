"""The cell publishes in order whatever the broker does, and logs only what was acknowledged."""

from __future__ import annotations

import argparse
import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from simulators.mqtt_broker import Broker
from simulators.mqtt_cell import Cell, Counts, Publisher
from simulators.mqtt_session import Session
from simulators.truth import TruthLog

WAIT_S = 60.0


def options(port: int, **changes: Any) -> argparse.Namespace:
    values = {
        "host": "127.0.0.1",
        "port": port,
        "first": 1000,
        "signals": 6,
        "no_sensors": True,
        "group": [],
        "seed": 1,
    }
    return argparse.Namespace(**{**values, **changes})


class Publishing:
    """A cell that ticks when told, its publisher working on a thread."""

    def __init__(self, port: int, truth: Path, **changes: Any) -> None:
        chosen = options(port, **changes)
        self.cell, self.counts = Cell(chosen), Counts()
        self.truth = truth
        self.log = TruthLog(truth, "mqtt", self.cell.names())
        self.publisher = Publisher(chosen, self.log, self.counts)

    def tick(self, times: int) -> None:
        for _ in range(times):
            for message in self.cell.tick(0.1):
                self.publisher.put(message)

    async def work(self, seconds: float = 0.05) -> None:
        await asyncio.to_thread(self.publisher.work, seconds)

    async def drain(self) -> None:
        async with asyncio.timeout(WAIT_S):
            while self.publisher.backlog or self.publisher.inflight or self.publisher.late:
                await self.work()

    async def close(self) -> None:
        await asyncio.to_thread(self.publisher.close)
        self.log.close()

    def logged(self) -> tuple[list[int], list[int]]:
        lines = [json.loads(line) for line in self.truth.read_text().splitlines() if line]
        acked = [number for line in lines for number in line.get("acks", ())]
        return [line["attempt"] for line in lines if "attempt" in line], acked


def received(broker: Broker) -> list[Any]:
    return [json.loads(message.payload)["v"] for message in broker.memory.sessions["reader"].queue]


@pytest.fixture
def truth(tmp_path: Path) -> Path:
    return tmp_path / "truth.jsonl"


@pytest.mark.slow
async def test_nothing_is_lost_or_disordered_over_broker_restarts(truth: Path) -> None:
    broker = Broker()
    broker.memory.sessions["reader"] = Session("reader", 3600, {"truth/#": 1})
    await broker.start()
    cell = Publishing(broker.port, truth)
    for _ in range(3):
        cell.tick(40)
        for _ in range(3):
            await cell.work()
        await broker.stop()
        cell.tick(10)
        await cell.work(0.01)
        await broker.start()
    await cell.drain()
    await cell.close()
    attempted, acked = cell.logged()
    assert attempted == list(range(1, 6 * 150 + 1))
    assert sorted(set(acked)) == attempted
    texts = [value for value in received(broker) if str(value).startswith("1001:")]
    order = list(dict.fromkeys(texts))
    assert order == [f"1001:{counter}" for counter in range(1, 151)]
    await broker.stop()


async def test_what_the_broker_refuses_is_not_logged_and_published_again(
    truth: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Broker() as broker:
        broker.memory.sessions["reader"] = Session("reader", 3600, {"truth/#": 1})
        monkeypatch.setattr("simulators.mqtt_session.QUEUE_MAX", 3)
        cell = Publishing(broker.port, truth)
        cell.tick(1)
        async with asyncio.timeout(WAIT_S):
            while not cell.counts.refused:
                await cell.work()
        assert len(broker.memory.sessions["reader"].queue) == 3
        assert cell.logged()[1] == [1, 2, 3]
        monkeypatch.setattr("simulators.mqtt_session.QUEUE_MAX", 100)
        await cell.drain()
        await cell.close()
        assert cell.logged()[1] == [1, 2, 3, 4, 5, 6]


async def test_late_messages_come_later_and_are_logged_when_they_do(truth: Path) -> None:
    async with Broker() as broker:
        broker.memory.sessions["reader"] = Session("reader", 3600, {"factory/env/+": 1})
        cell = Publishing(broker.port, truth, signals=0, no_sensors=False)
        cell.cell.late_until = asyncio.get_running_loop().time() + 3600
        cell.tick(1)
        assert len(cell.publisher.late) == 1
        for message in cell.publisher.late:
            message.not_before = 0.001
        await cell.drain()
        await cell.close()
        rooms = [message.topic for message in broker.memory.sessions["reader"].queue]
        assert rooms == ["factory/env/room1", "factory/env/room2"]
        assert len(cell.logged()[1]) == 2
