"""A spool in memory and a sink that does as it is told, for tests of the forwarder."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager, suppress

import numpy as np

from gateway.core.clock import SystemClock
from gateway.core.errors import SinkUnavailable, SpoolUnavailable
from gateway.core.protocols import ReaderState, Sink
from gateway.core.records import Answer, Batch, Record, Refusal, answer_for
from gateway.core.signals import PlanTable, Signal
from gateway.core.types import Offset, UnixNs
from gateway.flow.forward import Forwarder, ForwardLimits
from gateway.ops.health import SinkHealth
from gateway.spool.cursor import Cursor

EPOCH = "6f1c0000-0000-4000-8000-000000000001"
SECOND_NS = 1_000_000_000
PLAN = PlanTable(
    "press-01",
    (
        Signal(
            0, "press-01", "temp", "ns=2;s=t", "urn:aas", "urn:asset", "urn:sm",
            "OperationalData", "urn:sem", "Temp", None, "xs:double",
        ),
    ),
)  # fmt: skip
QUICK = ForwardLimits(
    records=10, interval_s=0.0, behind_s=1.0, backlog_rate=1e9, first_s=0.001, cap_s=0.004,
    hold_s=0.01,
)  # fmt: skip


def batch(received: int, samples: int = 1) -> Batch:
    return Batch(
        PLAN,
        np.zeros(samples, dtype=np.int32),
        np.full(samples, received, dtype=np.int64),
        np.arange(samples, dtype=np.float64),
        UnixNs(received),
    )


async def nothing_happens(start: int, found: list[Record]) -> None: ...


class MemorySpool:
    """Records in a dict; one reader with the real cursor.

    `while_reading` runs after a read has decided what it gives and before it gives it.
    """

    def __init__(self) -> None:
        self.kept: dict[int, Record] = {}
        self.last = 0
        self.cursor = Cursor()
        self.name = "central"
        self.refused: list[Refusal] = []
        self.settle_failures = 0
        self.in_hand: set[int] = set()
        self.while_reading: Callable[[int, list[Record]], Awaitable[None]] = nothing_happens
        self._grown = asyncio.Event()

    def add(self, count: int, *, age_s: float = 0.0, samples: int = 1) -> None:
        received = time.time_ns() - round(age_s * SECOND_NS)
        for _ in range(count):
            self.last += 1
            self.kept[self.last] = Record(Offset(self.last), batch(received, samples))
        self._grown.set()
        self._grown = asyncio.Event()

    def head(self) -> Offset:
        return Offset(self.last)

    def give_up(self, first: int, last: int) -> None:
        """Do what the quota does: the records are gone, the cursor passes over them."""
        for offset in range(first, last + 1):
            self.kept.pop(offset, None)
        self.cursor.add(first, last, forced=True)

    async def read(
        self, start: Offset, limit_records: int, limit_bytes: int, last: Offset | None = None
    ) -> list[Record]:
        await asyncio.sleep(0)
        found = []
        for first, end in self.cursor.unsettled(start, last or self.last):
            found += [self.kept[o] for o in range(first, end + 1) if o in self.kept]
        await self.while_reading(start, found)
        given = found[:limit_records]
        self.in_hand |= {record.offset for record in given}
        return given

    def give_back(self, records: Sequence[Record]) -> None:
        self.in_hand -= {record.offset for record in records}

    async def wait(self, beyond: Offset) -> None:
        while self.last <= beyond:
            await self._grown.wait()

    async def settle(self, answer: Answer) -> None:
        await asyncio.sleep(0)
        if self.settle_failures:
            self.settle_failures -= 1
            raise SpoolUnavailable("disk", "told to")
        for first, last in answer.accepted:
            self.cursor.add(first, last)
        for refusal in answer.refused:
            self.refused.append(refusal)
            self.cursor.add(refusal.offset, refusal.offset)

    def state(self) -> ReaderState:
        open_ = self.cursor.unsettled(1, self.last)
        pending = sum(last - first + 1 for first, last in open_)
        return ReaderState(
            "central", Offset(self.cursor.position), self.cursor.intervals(), pending, 0, 0, 0, None
        )

    async def drained(self) -> None:
        while self.cursor.position <= self.last:
            await asyncio.sleep(0.001)


class ToldSink:
    """Keeps what arrives in order of arrival; `judge` answers, or raises."""

    def __init__(self, judge: Callable[[Sequence[Record]], Answer] = answer_for) -> None:
        self.name = "central"
        self.judge = judge
        self.arrived: list[int] = []
        self.writes: list[list[int]] = []
        self.down = False

    async def write(self, epoch: str, records: Sequence[Record]) -> Answer:
        assert epoch == EPOCH
        await asyncio.sleep(0)
        offsets = [record.offset for record in records]
        self.writes.append([*offsets])
        if self.down:
            raise SinkUnavailable("connection", "told to")
        answer = self.judge(records)
        refused = {refusal.offset for refusal in answer.refused}
        self.arrived += [
            o
            for o in offsets
            if o not in refused and any(first <= o <= last for first, last in answer.accepted)
        ]
        return answer

    async def close(self) -> None: ...

    async def received(self, offsets: Iterable[int]) -> None:
        wanted = set(offsets)
        while not wanted <= set(self.arrived):
            await asyncio.sleep(0.001)

    async def tried(self, times: int) -> None:
        already = len(self.writes)
        while len(self.writes) < already + times:
            await asyncio.sleep(0.001)


class HeldSink(ToldSink):
    """Does not answer writes with certain offsets before it is told to go on."""

    def __init__(self, held: range) -> None:
        super().__init__()
        self._held = held
        self.go_on = asyncio.Event()

    async def write(self, epoch: str, records: Sequence[Record]) -> Answer:
        if any(record.offset in self._held for record in records):
            await self.go_on.wait()
        return await super().write(epoch, records)


@asynccontextmanager
async def forwarding(
    spool: MemorySpool, sink: Sink, limits: ForwardLimits = QUICK
) -> AsyncIterator[SinkHealth]:
    """Run a forwarder beside the test; what it raises fails the test."""
    health = SinkHealth(sink.name, "told")
    forwarder = Forwarder(spool, sink, health, SystemClock(), limits, head=spool.head, epoch=EPOCH)
    async with asyncio.TaskGroup() as group:
        task = group.create_task(forwarder.run())
        try:
            async with asyncio.timeout(10):
                yield health
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await asyncio.wait([task])
