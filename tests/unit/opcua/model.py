"""A model of a server's subscription that a real pump reads; its time and its clocks are steered.

It does what OPC UA Part 4 §5.14 says: queues that drop the oldest and mark it, notifications that
are kept until they are acknowledged, keep-alives that bear the next number. What it sends lies on a
wire until it is let through; a cut loses what is on the wire. Its clock may be anything.
"""

from __future__ import annotations

import asyncio
import struct
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from adapters.opcua.losses import make_gap, margin_ns
from adapters.opcua.pump import Pump
from adapters.opcua.router import Router
from adapters.opcua.stream import Progress, Stream
from adapters.opcua.timeline import Memory
from adapters.opcua.transport import FILETIME_OF_1970
from adapters.opcua.variants import ValueReader
from gateway.core.errors import SourceUnavailable
from gateway.core.records import GapReason
from gateway.core.types import UnixNs
from gateway.ops.health import DeviceHealth
from tests.services.opcua_peer import Recorder, source
from tests.unit.opcua.test_decode import NoStructures

SECOND = 1_000_000_000
START = 1_800_000_000 * SECOND
OVERFLOW = 0x0480
KEPT = 3
"""Messages that the server keeps until they are acknowledged."""
NOT_AVAILABLE = 0x807B0000
HEAD = struct.pack("<qIIBiBBB", 0, 1, 0, 0, -1, 0, 0, 0)
NAMES = ["Number", "Text"]
Value = float | str
Sample = tuple[int, Value, int, int]
"""Signal, value, source time in ticks, status."""


class SteeredClock:
    """Our clock; time stands still but for `pass_by`."""

    def __init__(self) -> None:
        self.time = START

    def now(self) -> UnixNs:
        return UnixNs(self.time)

    def monotonic(self) -> float:
        return self.time / SECOND

    async def sleep(self, seconds: float) -> None:
        raise AssertionError(f"nobody waits here: {seconds}")


def ticks(time: int) -> int:
    return time // 100 + FILETIME_OF_1970


def _item(sample: Sample, first: int) -> bytes:
    signal, value, at, status = sample
    mask = 0x05 | (0x02 if status else 0)
    head = struct.pack("<IB", first + signal, mask)
    if isinstance(value, str):
        text = value.encode()
        body = struct.pack("<Bi", 12, len(text)) + text
    else:
        body = struct.pack("<Bd", 11, value)
    return head + body + (struct.pack("<I", status) if status else b"") + struct.pack("<q", at)


@dataclass
class Subscription:
    """One subscription at the server."""

    first: int
    size: int
    """Of the queue of each item."""
    queues: list[deque[Sample]] = field(default_factory=lambda: [deque(), deque()])
    number: int = 1
    kept: dict[int, bytes] = field(default_factory=dict)

    def put(self, sample: Sample) -> None:
        queue = self.queues[sample[0]]
        queue.append(sample)
        if len(queue) > self.size:
            queue.popleft()
            if self.size > 1:
                signal, value, at, status = queue[0]
                queue[0] = (signal, value, at, status | OVERFLOW)

    def message(self, published: int) -> bytes:
        """Take what waits and give the notification message; an empty one is a keep-alive."""
        rows = [_item(sample, self.first) for queue in self.queues for sample in queue]
        head = struct.pack("<Iq", self.number, published)
        if not rows:
            return head + struct.pack("<i", 0)
        for queue in self.queues:
            queue.clear()
        data = struct.pack("<i", len(rows)) + b"".join(rows) + struct.pack("<i", -1)
        made = head + struct.pack("<iBBHBi", 1, 1, 0, 811, 1, len(data)) + data
        self.kept[self.number] = made
        self.number += 1
        while len(self.kept) > KEPT:
            del self.kept[min(self.kept)]
        return made


class Socket:
    """What the pump has of a connection."""

    def __init__(self, plant: Plant) -> None:
        self._plant = plant
        self.lost: str | None = None
        self.received_at = 0.0
        self.asked: deque[asyncio.Future[bytes]] = deque()
        self.wire: deque[tuple[asyncio.Future[bytes], bytes]] = deque()

    def publish(self, _now: int, acks: Sequence[tuple[int, int]]) -> asyncio.Future[bytes]:
        if self.lost:
            raise ConnectionError(self.lost)
        for _, number in acks:
            self._plant.subscription.kept.pop(number, None)
        future: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self.asked.append(future)
        return future

    def republish(self, _now: int, _subscription: int, number: int) -> asyncio.Future[bytes]:
        future: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        kept = self._plant.subscription.kept.get(number)
        if kept is None:
            fault = HEAD[:12] + struct.pack("<I", NOT_AVAILABLE) + HEAD[16:]
            future.set_result(struct.pack("<BBH", 1, 0, 397) + fault)
        else:
            future.set_result(struct.pack("<BBH", 1, 0, 835) + HEAD + kept)
        return future

    def forget(self, future: asyncio.Future[bytes]) -> None:
        future.cancel()

    def send(self, message: bytes) -> None:
        kept = sorted(self._plant.subscription.kept)
        body = struct.pack("<BBH", 1, 0, 829) + HEAD + struct.pack("<Ii", 1, len(kept))
        body += struct.pack(f"<{len(kept)}IB", *kept, 0) + message + struct.pack("<ii", -1, -1)
        self.wire.append((self.asked.popleft(), body))

    def let_through(self) -> None:
        while self.wire:
            future, body = self.wire.popleft()
            if not future.done():
                future.set_result(body)

    def cut(self) -> None:
        self.lost = "cut"
        for future in [*self.asked, *(future for future, _ in self.wire)]:
            if not future.done():
                future.set_exception(ConnectionError("cut"))
        self.asked.clear()
        self.wire.clear()


class Book:
    """A server without structures."""

    def __init__(self) -> None:
        self.reader = ValueReader(NoStructures())
        self.unknown: set[str] = set()


class Plant:
    """Machine, server, wire and gateway; every step takes time of our clock."""

    def __init__(self, queue: int) -> None:
        self.clock = SteeredClock()
        self.intake = Recorder()
        self.memory = Memory()
        self.source = source("opc.tcp://127.0.0.1:1", Path(), NAMES, publishing_s=1.0)
        self.health = DeviceHealth("press", len(NAMES))
        self.offset: int | None = 0
        """The server's clock less ours; None: it tells no time."""
        self.still: int | None = None
        """The time at which the server's clock stands."""
        self.values: list[tuple[Value, int]] = [(0.0, ticks(START)), ("", ticks(START))]
        self.said: list[tuple[int, int, Value]] = []
        """Our time, signal and value of everything that the machine said."""
        self._queue = queue
        self._first = 1
        self.subscription = Subscription(self._first, queue)
        self.socket: Socket | None = None
        self._progress: Progress | None = None
        self._run: asyncio.Task[None] | None = None
        self.began = 0

    def published(self) -> int:
        if self.offset is None:
            return 0
        return ticks(self.clock.time + self.offset if self.still is None else self.still)

    def set(self, signal: int, value: Value, at: int) -> None:
        """Let the machine say a value with a source time; a server samples changes of value."""
        before = self.values[signal][0]
        if value == before or (value != value and before != before):
            return
        self.values[signal] = value, at
        self.said.append((self.clock.time, signal, value))
        self.subscription.put((signal, value, at, 0))

    def pass_by(self, seconds: float) -> None:
        self.clock.time += round(seconds * SECOND)

    async def tick(self, *, through: bool = True) -> None:
        """Publish what waits, else a keep-alive, if it was asked for."""
        if self.socket is not None and self.socket.asked:
            self.socket.send(self.subscription.message(self.published()))
        if through:
            await self.let_through()

    async def let_through(self) -> None:
        if self.socket is not None:
            self.socket.let_through()
        await self.calm()

    async def calm(self) -> None:
        """Let everything run until it waits."""
        for _ in range(30):
            await asyncio.sleep(0)

    async def connect(self) -> None:
        """Take the session up again where it is known, else begin anew as the adapter does."""
        await self.cut()
        progress = self._progress
        now = self.clock.now()
        if progress is None or progress.settled is None:
            progress = await self._subscribe(now)
        self._progress = progress
        self.socket = Socket(self)
        router = Router(self.source.plan)
        router.assign([(self._first, 0), (self._first + 1, 1)], self.source.plan)
        socket: Any = self.socket
        book: Any = Book()
        stream = Stream(
            socket, self.source, progress, router, book, self.memory, self.health, self.clock
        )
        self._run = asyncio.create_task(self._pumping(stream))
        await self.calm()

    async def _subscribe(self, now: UnixNs) -> Progress:
        self._first += 10
        self.subscription = Subscription(self._first, self._queue)
        for signal, (value, at) in enumerate(self.values):
            self.subscription.put((signal, value, at, 0))
        if self.memory.durable is not None:
            self.intake.gate.set()  # a connection that waits for the disk begins when that is back
            span = self.memory.durable - margin_ns(self.source), now
            plan, reason = self.source.plan, GapReason.DISCONNECTED
            await self.intake.deliver([make_gap(self.source, self.memory, plan, span, reason)])
        else:
            self.began = now
        self.memory.durable = now
        return Progress(1, 5.0, dated=now, durable=now)

    async def _pumping(self, stream: Stream) -> None:
        async with asyncio.TaskGroup() as deliveries:
            pump = Pump(stream, self.intake, deliveries, lambda *_: None, lambda _: None)
            try:
                await pump.run()
            except SourceUnavailable:
                pass
            finally:
                await pump.finish()

    async def cut(self, *, forgotten: bool = False) -> None:
        """End the connection; what was on the wire is lost."""
        if self.socket is not None and self._run is not None and self._progress is not None:
            self.socket.cut()
            await self._run
            self.socket = None
            if self._progress.settled is not None:
                self._progress.go_back()
        if forgotten:
            self._progress = None

    async def end(self) -> None:
        """Come to rest: connected, with everything published and durable."""
        self.intake.gate.set()
        await self.calm()
        if self.socket is None:
            await self.connect()
        for _ in range(8):
            self.pass_by(1.0)
            await self.tick()
