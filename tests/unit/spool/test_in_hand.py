"""What a reader has in hand is not declared missing, whoever gives it up, and when."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gateway.core.clock import SystemClock
from gateway.core.errors import SpoolUnavailable
from gateway.core.records import Answer, Batch, Gap, Record, answer_for
from gateway.core.types import Offset
from gateway.flow.forward_pace import ForwardLimits
from gateway.spool import giving_up
from gateway.spool.admission import append
from gateway.spool.files import SURVIVORS_FILE
from gateway.spool.giving_up import give_up_oldest, give_up_survivors
from gateway.spool.leases import HELD_MAX, PRESUMED_BYTES, PRESUMED_RECORDS, Leases
from gateway.spool.limits import Settings
from gateway.spool.log import SqliteSpool
from gateway.spool.reader import Chunk, DiskReader
from gateway.spool.recovery import load
from gateway.spool.settling import add_reader, note_jump, settle
from gateway.spool.store import Store
from tests.unit.spool import makers

LOTS = 1 << 40
QUOTA = 4_000_000
Opener = Callable[[], Store]


def noise(number: int, count: int = 1_000) -> Batch:
    values = np.random.default_rng(number).random(count)
    return makers.batch(number * 10_000, count, values=values)


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Opener]:
    stores: list[Store] = []

    def open_store() -> Store:
        """Open the folder as a process does that follows a killed one."""
        for old in stores:
            old.close_files()
        store = Store(tmp_path, SystemClock(), Settings(QUOTA))
        load(store)
        stores.append(store)
        return store

    yield open_store
    for store in stores:
        store.close_files()


def filled(store: Store, records: int = 40) -> None:
    add_reader(store, "central")
    for number in range(records):
        append(store, [[noise(number)]])
    store.rotate()


def visible(store: Store) -> list[Record]:
    chunk = Chunk(1, LOTS, LOTS)
    cursor = store.readers["central"].cursor
    DiskReader(None).fill(chunk, store.spans, cursor, store.next - 1, "central")
    return chunk.records


def take(store: Store, first: int, last: int) -> list[Record]:
    records = [each for each in visible(store) if first <= each.offset <= last]
    assert store.leases.take("central", store.leases.heard, records, 1)
    return records


def samples_left(store: Store) -> list[int]:
    return [each.offset for each in visible(store) if isinstance(each.item, Batch)]


def declared(store: Store) -> int:
    gaps = [each.item for each in visible(store) if isinstance(each.item, Gap)]
    return sum(gap.count or 0 for gap in gaps)


def give_up_all(store: Store) -> None:
    while give_up_survivors(store) or give_up_oldest(store):
        store.leases.heard = store.leases.round


@pytest.mark.invariant("I6")
def test_the_quota_declares_missing_what_nobody_has_in_hand(opened: Opener) -> None:
    store = opened()
    filled(store)
    take(store, 5, 9)
    give_up_all(store)
    assert samples_left(store) == [5, 6, 7, 8, 9]
    assert declared(store) == 35_000
    assert store.readers["central"].expired.samples == 35_000
    assert store.readers["central"].pending.samples == 5_000


def test_what_was_kept_in_hand_and_then_settled_leaves_nothing_behind(opened: Opener) -> None:
    store = opened()
    filled(store)
    records = take(store, 5, 9)
    give_up_all(store)
    settle(store, [("central", answer_for(records))])
    assert store.readers["central"].delivered.samples == 5_000
    assert declared(store) == 35_000
    assert not (store.folder / SURVIVORS_FILE).exists()


def test_what_was_given_back_is_declared_missing_when_room_is_needed_again(opened: Opener) -> None:
    store = opened()
    filled(store)
    take(store, 5, 9)
    give_up_all(store)
    store.leases.give_back("central", 5, 6)
    assert samples_left(store) == [5, 6, 7, 8, 9]
    size = store.survivors.part.size() if store.survivors.part else 0
    give_up_all(store)
    assert samples_left(store) == [7, 8, 9]
    assert store.survivors.part is not None
    assert store.survivors.part.size() < size, "the space comes back"
    assert declared(store) == 37_000


def test_what_one_reader_has_in_hand_need_not_be_missing_for_another(opened: Opener) -> None:
    store = opened()
    filled(store)
    add_reader(store, "history")
    take(store, 5, 9)
    give_up_all(store)
    assert store.readers["history"].pending.samples == 5_000
    assert store.readers["history"].expired.samples == 35_000


@pytest.mark.invariant("I6")
@pytest.mark.parametrize("crash", ["before the part goes", "after it"])
@pytest.mark.parametrize("place", ["position", "behind the last settled", "jump"])
def test_what_was_in_hand_when_the_process_was_killed_is_not_declared_missing(
    opened: Opener, place: str, crash: str
) -> None:
    store = opened()
    filled(store, 150)
    first = {"position": 3, "behind the last settled": 21, "jump": 100}[place]
    settle(store, [("central", Answer(((1, 2),)))])
    if place == "behind the last settled":
        settle(store, [("central", Answer(((18, 20),)))])
    take(store, first, first + 2)
    if place == "jump":
        note_jump(store, "central", store.leases.places("central"))
    if crash == "after it":
        give_up_all(store)
    store = opened()
    give_up_all(store)
    assert {first, first + 1, first + 2} <= set(samples_left(store))
    state = store.readers["central"].state()
    lost = 150 - state.delivered - len(samples_left(store))
    assert declared(store) == lost * 1_000 > 0


def test_no_start_takes_less_to_be_in_hand_than_a_forwarder_takes_at_once() -> None:
    assert ForwardLimits().bytes <= PRESUMED_BYTES
    assert ForwardLimits().records <= PRESUMED_RECORDS


def test_a_crash_between_the_files_declares_nothing_twice(
    opened: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = opened()
    filled(store)
    take(store, 5, 9)
    give_up_all(store)
    store.leases.give_back("central", 5, 9)
    monkeypatch.setattr(Store, "drop_survivors", lambda *_: (_ for _ in ()).throw(OSError("cut")))
    with pytest.raises(OSError, match="cut"):
        give_up_survivors(store)
    monkeypatch.undo()
    store = opened()
    give_up_all(store)
    assert samples_left(store) == []
    assert declared(store) == 40_000
    assert store.readers["central"].expired.samples == 40_000


def test_a_part_that_went_bad_costs_nothing_that_is_in_hand(opened: Opener) -> None:
    from gateway.spool.replacing import check_part

    store = opened()
    filled(store)
    records = take(store, 5, 9)
    part = store.sealed[1]
    assert part.last is not None
    assert part.last >= 9
    path = store.folder / f"part-{part.first:019d}.db"
    path.write_bytes(b"\0" * path.stat().st_size)
    check_part(store, part.first)
    assert samples_left(store) == [5, 6, 7, 8, 9, *range(part.last + 1, 41)]
    kept = [each.item for each in visible(store) if 5 <= each.offset <= 9]
    assert makers.all_same(kept, [each.item for each in records])
    assert declared(store) == (part.last - 5) * 1_000


def test_a_reader_that_never_settles_does_not_hold_without_bound() -> None:
    leases = Leases()
    for number in range(1, 50):
        records = [Record(Offset(number * 2), makers.usage())]
        assert leases.take("central", 0, records, 10)
    assert len(leases.places("central")) == HELD_MAX


def test_reading_again_and_giving_back_a_part_of_it_leaves_the_rest_in_hand() -> None:
    leases = Leases()
    records = [Record(Offset(number), makers.usage()) for number in range(1, 10)]
    for _ in range(2):
        assert leases.take("central", 0, records, 10)
    leases.give_back("central", 4, 5)
    held = leases.declare(1, 100)["central"]
    assert [(each.first, each.last) for each in held] == [(1, 3), (6, 9)]


# -- between the threads ---------------------------------------------------------------------


Spool = Callable[..., Awaitable[SqliteSpool]]


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Spool]:
    spools: list[SqliteSpool] = []

    async def open_spool(**more: Any) -> SqliteSpool:
        spool = await SqliteSpool.open(
            tmp_path, quota_bytes=QUOTA, clock=SystemClock(), commit_window_s=0.001, **more
        )
        spools.append(spool)
        return spool

    yield open_spool
    for spool in spools:
        await spool.close()


async def test_what_is_given_up_while_it_is_read_is_not_handed_out(
    running: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool = await running()
    reader = await spool.reader("central")
    await spool.append([noise(number) for number in range(20)])
    begun, go_on = asyncio.Event(), asyncio.Event()
    real = reader._read

    async def slow(*args: int) -> Chunk:
        chunk = await real(*args)
        if not begun.is_set():
            begun.set()
            await go_on.wait()
        return chunk

    monkeypatch.setattr(reader, "_read", slow)
    reading = asyncio.create_task(reader.read(Offset(1), 5, LOTS))
    await begun.wait()
    await spool._call(give_up_oldest)
    go_on.set()
    records = await reading
    assert [type(each.item) for each in records] == [Gap], "the samples are declared missing"


async def test_what_is_being_given_up_is_not_handed_out_before_that_is_known(
    running: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool = await running()
    reader = await spool.reader("central")
    await spool.append([noise(number) for number in range(20)])
    decided, go_on = threading.Event(), threading.Event()
    real = giving_up._save_survivors

    def slow(*args: Any) -> Any:
        decided.set()
        assert go_on.wait(10)
        return real(*args)

    monkeypatch.setattr(giving_up, "_save_survivors", slow)
    task = asyncio.create_task(spool._call(give_up_oldest))
    await asyncio.to_thread(decided.wait, 10)
    reading = asyncio.create_task(reader.read(Offset(1), 5, LOTS))
    await asyncio.sleep(0.05)
    assert not reading.done()
    go_on.set()
    assert [type(each.item) for each in await reading] == [Gap]
    assert await task


async def test_what_could_not_be_given_up_after_all_is_handed_out(
    running: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool = await running()
    reader = await spool.reader("central")
    await spool.append([noise(number) for number in range(20)])

    def full(*_: Any) -> Any:
        raise OSError(28, "no space")

    monkeypatch.setattr(giving_up, "_save_survivors", full)
    with pytest.raises(SpoolUnavailable):
        await spool._call(give_up_oldest)
    monkeypatch.undo()
    while True:
        try:
            records = await reader.read(Offset(1), 5, LOTS)
            break
        except SpoolUnavailable:
            await asyncio.sleep(0.02)
    assert [each.offset for each in records] == [1, 2, 3, 4, 5]


async def test_where_a_reader_jumped_to_is_noted_and_where_it_goes_on_is_not(
    running: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool = await running()
    reader = await spool.reader("central")
    await spool.append([noise(number) for number in range(20)])
    records = await reader.read(Offset(1), 5, LOTS)
    await reader.settle(answer_for(records))
    await reader.read(Offset(6), 5, LOTS)
    assert list(spool._store.readers["central"].jumps) == []
    records = await reader.read(Offset(15), 3, LOTS)
    assert list(spool._store.readers["central"].jumps) == [6, 15]
    await reader.settle(answer_for(records))
    await reader.read(Offset(18), 2, LOTS)
    assert list(spool._store.readers["central"].jumps) == [6, 15]
    await spool.close()
    again = await running()
    assert again._store.readers["central"].jumps == (6, 15)
    assert again.leases.places("central") == [6, 18]
