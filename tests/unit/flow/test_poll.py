"""The poll loop: no drift, an overrun is left out and said, short periods before long ones."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest

from gateway.core.errors import SourceUnavailable
from gateway.core.records import Batch, Gap, GapReason, Rejected
from gateway.core.signals import PlanTable
from gateway.core.types import UnixNs
from gateway.flow.counters import POLLS_SKIPPED
from gateway.flow.poll import DevicePoll
from gateway.ops.health import DeviceHealth
from tests.unit.flow.virtual_loop import LoopClock, virtually

TABLE = PlanTable("meter", ())


@dataclass(frozen=True)
class FakeBlock:
    name: str
    period_s: float = 1.0


@dataclass
class Meter:
    """Answers each block after a time; notes when it was asked."""

    plan: Sequence[FakeBlock]
    takes_s: float = 0.1
    asked: list[tuple[float, str]] = field(default_factory=list)
    read_since: int = 0
    ends_after: int = 1_000_000

    def blocks(self) -> Sequence[FakeBlock]:
        return self.plan

    async def read(self, block: FakeBlock) -> None:
        if len(self.asked) >= self.ends_after:
            raise SourceUnavailable("no-answer")
        self.asked.append((asyncio.get_running_loop().time(), block.name))
        await asyncio.sleep(self.takes_s)
        self.read_since += 1

    def taken(self) -> Sequence[Batch]:
        count, self.read_since = self.read_since, 0
        empty = np.zeros(count, dtype=np.int32)
        times = np.zeros(count, dtype=np.int64)
        return [Batch(TABLE, empty, times, empty, UnixNs(0))] if count else []

    def times_of(self, name: str) -> list[float]:
        return [at for at, asked in self.asked if asked == name]


@dataclass
class Store:
    """An intake that takes some time and keeps what it got."""

    takes_s: float = 0.0
    calls: list[Sequence[Batch | Gap | Rejected]] = field(default_factory=list)

    async def deliver(self, items: Sequence[Batch | Gap | Rejected]) -> None:
        takes_s, self.takes_s = self.takes_s, 0.0
        await asyncio.sleep(takes_s)
        self.calls.append(items)

    def last_received(self) -> UnixNs | None:
        return None


def polled(meter: Meter, span_s: float, store: Store | None = None) -> tuple[DeviceHealth, Store]:
    """Poll in virtual time for so many seconds."""
    health, kept = DeviceHealth("meter", 1), store or Store()

    async def main() -> None:
        try:
            async with asyncio.timeout(span_s):
                await DevicePoll(health, LoopClock())(meter, kept)
        except TimeoutError:
            pass

    virtually(main)
    return health, kept


def test_a_period_does_not_drift() -> None:
    meter = Meter([FakeBlock("a")], takes_s=0.137)
    polled(meter, 3600)
    times = meter.times_of("a")
    assert len(times) == 3600
    assert max(abs(at - round(at)) for at in times) < 1e-6


def test_one_delivery_a_cycle_carries_all_blocks() -> None:
    meter = Meter([FakeBlock("a"), FakeBlock("b"), FakeBlock("c")])
    _, store = polled(meter, 9.9)
    assert [
        sum(len(item) for item in items if isinstance(item, Batch)) for items in store.calls
    ] == [3] * 10


def test_an_overrun_is_left_out_counted_and_said_and_the_grid_is_kept() -> None:
    before = POLLS_SKIPPED.labels("meter")._value.get()
    meter = Meter([FakeBlock("a"), FakeBlock("b")], takes_s=0.7)
    health, _ = polled(meter, 59.5)
    assert [at % 1 for at in meter.times_of("a")] == pytest.approx([0.0] * 30)
    assert POLLS_SKIPPED.labels("meter")._value.get() - before == 30
    assert health.troubles["period-overrun"].detail == "1 s: 1.4 s"


def test_an_overrun_that_is_over_is_forgotten_after_a_minute() -> None:
    meter = Meter([FakeBlock("a")], takes_s=1.5)
    health = DeviceHealth("meter", 1)

    async def main() -> tuple[bool, bool]:
        async with asyncio.TaskGroup() as group:
            task = group.create_task(DevicePoll(health, LoopClock())(meter, Store()))
            await asyncio.sleep(10)
            meter.takes_s, during = 0.1, bool(health.troubles)
            await asyncio.sleep(70)
            task.cancel()
        return during, bool(health.troubles)

    assert virtually(main) == (True, False)


def test_a_long_period_with_many_blocks_does_not_hold_up_a_short_one() -> None:
    slow = [FakeBlock(f"slow-{n}", 60.0) for n in range(100)]
    meter = Meter([*slow, FakeBlock("fast", 1.0)], takes_s=0.2)
    health, _ = polled(meter, 119)
    assert len(meter.times_of("fast")) == 119
    assert max(at % 1 for at in meter.times_of("fast")) <= 0.2
    assert len(meter.times_of("slow-99")) == 2
    assert not health.troubles


def test_a_new_plan_is_followed_between_two_requests() -> None:
    meter = Meter([FakeBlock("a"), FakeBlock("b")], takes_s=0.4)

    async def main() -> None:
        async with asyncio.TaskGroup() as group:
            task = group.create_task(
                DevicePoll(DeviceHealth("meter", 1), LoopClock())(meter, Store())
            )
            await asyncio.sleep(5.2)
            meter.plan = [FakeBlock("a"), FakeBlock("c", 0.5)]
            await asyncio.sleep(5)
            task.cancel()

    virtually(main)
    changed = 1005.2
    assert all(at < changed for at in meter.times_of("b"))
    assert len([at for at in meter.times_of("c") if at > changed]) >= 8


def test_what_a_read_raises_ends_the_loop() -> None:
    with pytest.raises(SourceUnavailable, match="no-answer"):
        polled(Meter([FakeBlock("a")], ends_after=3), 100)


@pytest.mark.invariant("I6")
def test_a_time_in_which_nothing_could_be_stored_is_a_gap() -> None:
    meter, store = Meter([FakeBlock("a")]), Store(takes_s=30.0)
    _, store = polled(meter, 60, store)
    (gap,) = (item for items in store.calls for item in items if isinstance(item, Gap))
    assert (gap.device, gap.reason) == ("meter", GapReason.OVERFLOW)
    assert (gap.end - gap.start) / 1e9 == pytest.approx(30.0)


def test_a_device_without_blocks_waits() -> None:
    meter = Meter([])
    polled(meter, 10)
    assert meter.asked == []
