"""What the intake promises between adapter and spool."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import numpy as np
import pytest

from gateway.core.accounts import DeviceAccount
from gateway.core.clock import SystemClock
from gateway.core.errors import SpoolUnavailable
from gateway.core.protocols import Reader
from gateway.core.records import Batch, Gap, GapReason, Item, Rejected
from gateway.core.signals import PlanTable
from gateway.core.types import Offset, UnixNs
from gateway.flow.intake import DeviceIntake
from gateway.mapping.mapper import Mapper
from gateway.mapping.rules import Rule
from gateway.ops.health import DeviceHealth
from gateway.spool.counts import DeviceAccounts
from tests.unit.flow.test_types import batch, table, types


class Shelf:
    """A spool that stores when it is let to."""

    epoch = "e"

    def __init__(self) -> None:
        self.items: list[Item] = []
        self.accounts = DeviceAccounts()
        self.failures = 0
        self.open = asyncio.Event()
        self.open.set()

    async def append(self, items: Sequence[Item]) -> Offset:
        await self.open.wait()
        if self.failures:
            self.failures -= 1
            raise SpoolUnavailable("disk-full")
        self.items.extend(items)
        return Offset(len(self.items))

    async def reader(self, name: str) -> Reader:
        raise NotImplementedError

    def head(self) -> Offset:
        return Offset(len(self.items))

    def last_received(self) -> dict[str, UnixNs]:
        return {"press-01": UnixNs(7)}

    def account(self, device: str) -> DeviceAccount:
        return self.accounts.account(device)

    def plans(self) -> dict[str, PlanTable]:
        return {}

    async def close(self) -> None: ...

    def batches(self) -> list[Batch]:
        return [item for item in self.items if isinstance(item, Batch)]


class QuickClock(SystemClock):
    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


def intake_of(shelf: Shelf, plan: PlanTable, rules: dict[int, Rule] | None = None) -> DeviceIntake:
    intake = DeviceIntake(shelf, DeviceHealth("press-01", len(plan.signals)), QuickClock())
    intake.route(plan, Mapper(rules or {}, plan))
    return intake


@pytest.mark.invariant("I1")
async def test_deliver_returns_only_after_the_spool_has_stored(shelf: Shelf) -> None:
    plan = table("xs:double")
    intake = intake_of(shelf, plan)
    shelf.open.clear()
    waiting = asyncio.create_task(intake.deliver([batch(plan, [0], np.array([1.0]))]))
    await asyncio.sleep(0.01)
    assert not waiting.done()
    shelf.open.set()
    await waiting
    assert len(shelf.batches()) == 1


async def test_a_spool_that_cannot_write_is_waited_for_and_nothing_is_dropped(shelf: Shelf) -> None:
    plan = table("xs:double")
    shelf.failures = 3
    await intake_of(shelf, plan).deliver([batch(plan, [0], np.array([1.0]))])
    assert len(shelf.batches()) == 1


async def test_a_first_burst_of_several_types_makes_one_revision_of_the_table(shelf: Shelf) -> None:
    plan = table(None, None)
    burst = [batch(plan, [0], np.array([1.5])), batch(plan, [1], np.array([2], np.int16))]
    await intake_of(shelf, plan).deliver(burst)
    digests = {stored.plan.digest for stored in shelf.batches()}
    assert len(digests) == 1
    assert types(shelf.batches()[0].plan) == ["xs:double", "xs:short"]


async def test_batches_of_the_table_before_a_reload_are_still_understood(shelf: Shelf) -> None:
    before, after = table("xs:double"), table("xs:double", "xs:double")
    intake = intake_of(shelf, before)
    intake.route(after, Mapper({}, after))
    await intake.deliver([batch(before, [0], np.array([1.0])), batch(after, [1], np.array([2.0]))])
    assert [len(stored.plan.signals) for stored in shelf.batches()] == [1, 2]


async def test_types_learned_before_a_reload_are_kept_for_signals_that_stay(shelf: Shelf) -> None:
    before, after = table(None), table(None, None)
    intake = intake_of(shelf, before)
    await intake.deliver([batch(before, [0], np.array([1], np.int32))])
    intake.route(after, Mapper({}, after))
    await intake.deliver([batch(after, [1], np.array([2.0]))])
    assert types(shelf.batches()[-1].plan) == ["xs:int", "xs:double"]


async def test_a_value_mapped_but_not_stored_passes_its_deadband_when_it_comes_again(
    shelf: Shelf,
) -> None:
    plan = table("xs:double")
    intake = intake_of(shelf, plan, {0: Rule(deadband=5.0)})
    shelf.open.clear()
    lost = asyncio.create_task(intake.deliver([batch(plan, [0], np.array([1.0]))]))
    await asyncio.sleep(0.01)
    lost.cancel()
    await asyncio.wait([lost])
    assert shelf.account("press-01").returned == 1
    shelf.open.set()
    intake.new_connection()
    await intake.deliver([batch(plan, [0], np.array([1.0]))])
    assert len(shelf.batches()) == 1


async def test_gaps_and_unreadable_messages_come_before_the_samples_of_the_same_call(
    shelf: Shelf,
) -> None:
    plan = table("xs:double")
    gap = Gap("press-01", UnixNs(1), UnixNs(2), GapReason.DISCONNECTED)
    rejected = Rejected("press-01", UnixNs(1), "not-json", "a/b", b"{", 1)
    await intake_of(shelf, plan).deliver([batch(plan, [0], np.array([1.0])), gap, rejected])
    assert [type(item) for item in shelf.items] == [Gap, Rejected, Batch]


async def test_when_the_newest_samples_came_is_told_by_our_clock_not_by_their_times(
    shelf: Shelf,
) -> None:
    plan = table("xs:double")
    intake = intake_of(shelf, plan)
    assert intake.last_received() == 7
    late = batch(plan, [0] * 20, np.arange(20.0))
    assert late.times.max() > late.received
    await intake.deliver([late])
    assert intake.last_received() == late.received
