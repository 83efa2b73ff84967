"""What one notification costs from its bytes to its acknowledgement, without socket and disk.

A pump reads messages that are all alike, as fast as it asks for them: decoded, routed, looked
through for repeats and overflows, handed over, and acknowledged with the next request.

Run: .venv/bin/python -m tests.bench.opcua_pump_bench
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import statistics
import struct
import time
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from adapters.opcua.messages import publish_request
from adapters.opcua.pump import Pump
from adapters.opcua.router import Router
from adapters.opcua.stream import Progress, Stream
from adapters.opcua.timeline import Memory
from adapters.opcua.transport import FILETIME_OF_1970
from adapters.opcua.variants import ValueReader
from gateway.core.clock import SystemClock
from gateway.core.errors import SourceUnavailable
from gateway.core.records import Batch, Gap, Rejected
from gateway.core.types import UnixNs
from gateway.ops.health import DeviceHealth
from tests.bench.opcua_decode_bench import response
from tests.services.opcua_peer import source
from tests.unit.opcua.test_decode import NoStructures

ROUNDS = 9
FIRST = 1000
"""The first client handle."""
_MARK = 0x5EC0_A1D5
"""Stands in the template where the sequence number goes."""
_PLACE = struct.Struct("<Iq")


class Endless:
    """The socket of a server that always has something to say, and keeps what it is asked."""

    def __init__(self) -> None:
        self.lost: str | None = None
        self.received_at = 0.0
        self.acknowledged = 0
        self.asked: deque[asyncio.Future[bytes]] = deque()

    def publish(self, now: int, acks: list[tuple[int, int]]) -> asyncio.Future[bytes]:
        publish_request(b"\x02\x00\x00\x01\x00\x00\x00", 1, now, acks)
        self.acknowledged += len(acks)
        future: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self.asked.append(future)
        return future

    async def serve(self, head: bytes, tail: bytes, count: int) -> None:
        """Answer `count` requests, then end the connection."""
        for number in range(1, count + 1):
            while not self.asked:
                await asyncio.sleep(0)
            published = time.time_ns() // 100 + FILETIME_OF_1970
            self.asked.popleft().set_result(head + _PLACE.pack(number, published) + tail)
        while self.acknowledged < count:
            await asyncio.sleep(0)
        self.lost = "the end"
        for future in self.asked:
            future.set_exception(ConnectionError(self.lost))


class Instant:
    """An intake whose disk takes no time."""

    def __init__(self) -> None:
        self.samples = 0

    async def deliver(self, items: Sequence[Batch | Gap | Rejected]) -> None:
        self.samples += sum(len(item) for item in items if isinstance(item, Batch))

    def last_received(self) -> UnixNs | None:
        return None


class Book:
    """A server without structures."""

    def __init__(self) -> None:
        self.reader = ValueReader(NoStructures())
        self.unknown: set[str] = set()


def template(values: int) -> tuple[bytes, bytes]:
    """Give what stands before and after the sequence number and the publish time."""
    body = response(values, ("Double",), FIRST, _MARK)
    place = body.index(struct.pack("<I", _MARK))
    return body[:place], body[place + _PLACE.size :]


async def run(values: int, count: int) -> float:
    """Give the µs of one notification, of one run."""
    names = [f"n{place}" for place in range(values)]
    made = source("opc.tcp://127.0.0.1:1", Path(), names)
    router = Router(made.plan)
    router.assign([(FIRST + place, place) for place in range(values)], made.plan)
    clock, intake, socket = SystemClock(), Instant(), Endless()
    health, now = DeviceHealth("press", values), clock.now()
    head, tail = template(values)
    server: Any = socket
    book: Any = Book()
    progress = Progress(1, 5.0, dated=now, durable=now)
    stream = Stream(server, made, progress, router, book, Memory(), health, clock)
    gc.collect()
    began = time.process_time_ns()
    async with asyncio.TaskGroup() as tasks:
        pump = Pump(stream, intake, tasks, lambda *_: None, lambda _: None)
        tasks.create_task(socket.serve(head, tail, count))
        with contextlib.suppress(SourceUnavailable):
            await pump.run()
    spent = time.process_time_ns() - began
    assert intake.samples == values * count
    return spent / count / 1000


def main() -> None:
    for values, count in ((20, 2000), (1000, 300)):
        spans = [asyncio.run(run(values, count)) for _ in range(ROUNDS)]
        print(
            json.dumps(
                {
                    "values": values,
                    "us_best": round(min(spans), 1),
                    "us_median": round(statistics.median(spans), 1),
                }
            )
        )


if __name__ == "__main__":
    main()
