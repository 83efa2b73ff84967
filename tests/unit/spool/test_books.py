"""The conservation laws compare two counts that have nothing in common, so that a loss shows."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gateway.core.clock import SystemClock
from gateway.core.records import Answer, Batch, Refusal, answer_for
from gateway.core.signals import PlanTable
from gateway.core.types import Offset
from gateway.flow.intake import DeviceIntake
from gateway.mapping.mapper import Mapper
from gateway.ops.health import DeviceHealth
from gateway.ops.status import accounts_of
from gateway.spool import writing
from gateway.spool.account import ReaderAccount
from gateway.spool.admission import append
from gateway.spool.giving_up import give_up_oldest
from gateway.spool.limits import Settings
from gateway.spool.log import SqliteSpool
from gateway.spool.recovery import load
from gateway.spool.replacing import check_part
from gateway.spool.requests import retry
from gateway.spool.settling import add_reader, count_again, settle
from gateway.spool.store import Store
from tests.unit.spool import makers

Opener = Callable[[], Store]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Opener]:
    stores: list[Store] = []

    def open_store() -> Store:
        for old in stores:
            old.close_files()
        store = Store(tmp_path, SystemClock(), Settings(10_000_000, part_bytes=130_000))
        load(store)
        stores.append(store)
        return store

    yield open_store
    for store in stores:
        store.close_files()


def central(store: Store) -> ReaderAccount:
    return store.readers["central"]


def used(store: Store) -> None:
    """Do a little of everything that moves records from one count to another."""
    add_reader(store, "central")
    for number in range(30):
        append(store, [[makers.batch(number * 1_000, 700), makers.usage(number)]])
        append(store, [[makers.gap("central" if number % 2 else "other"), makers.rejected()]])
    refused = (Refusal(Offset(5), "poison"), Refusal(Offset(9), "poison"))
    settle(store, [("central", Answer(((1, 4), (20, 30)), refused))])
    retry(store, 1)
    store.rotate()
    give_up_oldest(store)


def balanced(store: Store) -> bool:
    return central(store).state().balanced()


@pytest.mark.invariant("I4")
@pytest.mark.parametrize("how", ["goes on", "is killed", "is stopped"])
def test_a_reader_is_balanced_whatever_happened(opened: Opener, how: str) -> None:
    store = opened()
    used(store)
    append(store, [[makers.batch(1), makers.gap("central")]])
    if how == "is stopped":
        store.finish(loaded=True)
    for _ in range(2):
        store = store if how == "goes on" else opened()
        assert not count_again(store)
        assert balanced(store)
    assert central(store).spooled().records == 30 * 3 + 15 + 1 + 2
    parts = (central(store).delivered, central(store).quarantined, central(store).expired)
    assert all(part.records for part in parts)


def test_a_reader_that_came_later_is_balanced_from_where_it_began(opened: Opener) -> None:
    store = opened()
    used(store)
    account = add_reader(store, "late")
    assert 0 < account.spooled().records == account.pending.records
    assert account.state().balanced()


def test_books_of_a_version_that_did_not_count_begin_anew(opened: Opener) -> None:
    store = opened()
    used(store)
    settle(store, [("central", Answer(((31, 40),)))])
    store.state.connection.execute("DELETE FROM books")
    store = opened()
    assert balanced(store)
    assert central(store).spooled()[:2] == central(store).accounted()[:2]


def test_a_cursor_moved_by_a_version_that_did_not_count_begins_its_books_anew(
    opened: Opener,
) -> None:
    store = opened()
    used(store)
    account = central(store).copy()
    account.cursor.add(1, 60, forced=True)
    store.state.connection.execute("UPDATE readers SET body=?", (account.pack(),))
    assert balanced(opened())


def test_a_record_that_a_cursor_passed_over_for_no_reason_shows(opened: Opener) -> None:
    store = opened()
    used(store)
    central(store).cursor.add(50, 50, forced=True)
    assert count_again(store)
    assert not balanced(store)
    settle(store, [("central", Answer(((55, 56),)))])
    assert not balanced(opened()), "a restart does not make it good"


def test_a_record_that_was_dropped_on_its_way_into_the_file_shows(
    opened: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = opened()
    add_reader(store, "central")
    append(store, [[makers.batch(0)]])
    monkeypatch.setattr(writing, "_book", forgetful(writing._book))
    append(store, [[makers.usage(), makers.batch(9)]])
    assert not balanced(store)


def forgetful(real: Callable[..., None]) -> Callable[..., None]:
    return lambda store, entries, rows: real(store, entries[1:], rows[1:])


def test_a_record_that_is_in_no_file_any_more_shows_after_a_start(opened: Opener) -> None:
    store = opened()
    used(store)
    append(store, [[makers.batch(0), makers.usage()]])
    settle(store, [("central", Answer(((31, 32),)))])
    store.active.connection.execute(
        "DELETE FROM records WHERE offset=(SELECT max(offset) FROM records)"
    )
    assert not balanced(opened())


def test_samples_that_became_fewer_show_although_no_record_is_missing(opened: Opener) -> None:
    store = opened()
    used(store)
    central(store).delivered = central(store).delivered._replace(samples=5)
    assert not balanced(store)


@pytest.mark.parametrize("when", ["while it runs", "at the start"])
def test_what_a_damaged_file_cost_is_accounted_for(opened: Opener, when: str) -> None:
    store = opened()
    used(store)
    store.rotate()
    first = max(store.sealed)
    path = store.folder / f"part-{first:019d}.db"
    lost = store.sealed[first].summary.totals.records
    expired = central(store).expired.records
    if when == "while it runs":
        path.write_bytes(b"\0" * path.stat().st_size)
        check_part(store, first)
    else:
        store.close_files()
        path.unlink()
        store = opened()
    assert balanced(store)
    assert 0 < central(store).expired.records - expired <= lost


# -- devices -----------------------------------------------------------------------------------


class Device:
    """An intake over a real spool."""

    def __init__(self, spool: SqliteSpool) -> None:
        self.spool = spool
        self.table: PlanTable = makers.plan()
        health = DeviceHealth("press-01", len(self.table.signals))
        self.intake = DeviceIntake(spool, health, SystemClock())
        self.intake.route(self.table, Mapper({}, self.table))

    async def deliver(self, samples: int) -> None:
        await self.intake.deliver([makers.batch(0, samples, self.table)])

    def counts(self, *kinds: str) -> list[int | bool]:
        (entry,) = accounts_of(self.spool.accounts.of, ()).devices
        return [getattr(entry, kind) for kind in (*kinds, "balanced")]


@pytest.fixture
async def spool(tmp_path: Path) -> SqliteSpool:
    return await SqliteSpool.open(
        tmp_path, quota_bytes=10_000_000, clock=SystemClock(), commit_window_s=0.05
    )


async def test_a_device_is_balanced_at_every_moment(spool: SqliteSpool) -> None:
    device = Device(spool)
    async with asyncio.TaskGroup() as group:
        for number in range(1, 30):
            group.create_task(device.deliver(number))
            if number % 10 == 0:
                await asyncio.sleep(0.02)
            for _ in range(20):
                await asyncio.sleep(0)
                assert device.counts() == [True]
        assert device.counts("waiting")[0] > 0
    assert device.counts("received", "spooled", "waiting") == [435, 435, 0, True]
    await spool.close()


async def test_a_batch_that_never_reached_the_file_shows(
    spool: SqliteSpool, monkeypatch: pytest.MonkeyPatch
) -> None:
    device = Device(spool)
    real = spool.append
    await device.deliver(3)

    async def forgetful(items: list[Batch]) -> int:
        return await real(items[1:])

    monkeypatch.setattr(spool, "append", forgetful)
    await device.deliver(5)
    await asyncio.sleep(0)
    assert device.counts("received", "spooled") == [8, 3, False]
    await spool.close()


@pytest.mark.parametrize("turns", [0, 1, 2, 3, 5, 8, None])
async def test_what_is_stored_although_it_was_taken_back_is_counted_once(
    spool: SqliteSpool, turns: int | None
) -> None:
    """The delivery is cancelled while it waits, or in the very turn in which it is stored."""
    device = Device(spool)
    task = asyncio.create_task(device.deliver(7))
    if turns is None:
        while spool.head() == 0:
            await asyncio.sleep(0)
    else:
        for _ in range(turns):
            await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])
    await spool.append([makers.usage()])
    await asyncio.sleep(0.01)
    assert device.counts("waiting") == [0, True]
    await spool.close()


async def test_readers_of_a_running_spool_are_balanced(spool: SqliteSpool) -> None:
    reader = await spool.reader("central")
    for number in range(5):
        await spool.append([makers.batch(number), makers.usage()])
        await reader.settle(answer_for(await reader.read(Offset(1), 1, 1 << 30)))
        (entry,) = accounts_of({}, [reader.state()]).readers
        assert entry.balanced is True
        assert entry.spooled == 2 * (number + 1)
    await spool.close()
