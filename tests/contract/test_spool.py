"""What every spool promises, whatever it is made of."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from gateway.core.clock import SystemClock
from gateway.core.errors import SpoolUnavailable
from gateway.core.records import Answer, Record, Refusal, answer_for
from gateway.core.types import Offset
from gateway.spool.log import SqliteSpool
from gateway.spool.memory import MemorySpool
from tests.unit.spool import makers

Opener = Callable[..., Awaitable[Any]]
LOTS = 1 << 40


@pytest.fixture(params=["memory", "sqlite"])
async def opened(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Opener]:
    spools: list[Any] = []

    async def open_spool(listener: Any = None) -> Any:
        if request.param == "memory":
            spool: Any = MemorySpool(listener)
        else:
            spool = await SqliteSpool.open(
                tmp_path / str(len(spools)), quota_bytes=50_000_000, clock=SystemClock(),
                listener=listener, commit_window_s=0.002,
            )  # fmt: skip
        spools.append(spool)
        return spool

    yield open_spool
    for spool in spools:
        await spool.close()


@pytest.mark.invariant("I3")
async def test_offsets_grow_by_one_in_the_order_of_items(opened: Opener) -> None:
    spool = await opened()
    assert spool.head() == 0
    assert await spool.append([makers.batch(), makers.usage(), makers.gap()]) == 3
    assert await spool.append([makers.batch()]) == 4
    assert await spool.append([]) == 4
    assert spool.head() == 4


@pytest.mark.invariant("I3")
async def test_appends_that_wait_together_keep_the_order_of_the_calls(opened: Opener) -> None:
    spool = await opened()
    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(spool.append([makers.batch(n), makers.usage(n)])) for n in range(50)
        ]
    assert [task.result() for task in tasks] == list(range(2, 102, 2))
    reader = await spool.reader("history")
    records = await reader.read(1, 1_000, LOTS)
    expected = [item for n in range(50) for item in (makers.batch(n), makers.usage(n))]
    assert makers.all_same([record.item for record in records], expected)


async def test_a_new_reader_begins_at_the_oldest_record(opened: Opener) -> None:
    spool = await opened()
    await spool.append([makers.batch(n) for n in range(4)])
    reader = await spool.reader("late")
    assert [record.offset for record in await reader.read(1, 10, LOTS)] == [1, 2, 3, 4]
    state = reader.state()
    assert (state.position, state.pending, state.pending_samples) == (1, 4, 12)


async def test_limits_count_records_and_bytes_and_the_first_always_comes(opened: Opener) -> None:
    spool = await opened()
    reader = await spool.reader("history")
    await spool.append([makers.batch(n * 500, 500) for n in range(4)])
    assert len(await reader.read(1, 3, LOTS)) == 3
    assert len(await reader.read(1, 10, 1)) == 1
    assert await reader.read(5, 10, LOTS) == []


@pytest.mark.invariant("I5")
async def test_settled_records_are_not_given_again(opened: Opener) -> None:
    spool = await opened()
    reader = await spool.reader("history")
    await spool.append([makers.batch(n) for n in range(10)])
    await reader.settle(Answer(((2, 4), (7, 7)), (Refusal(Offset(6), "poison"),)))
    assert [record.offset for record in await reader.read(1, 10, LOTS)] == [1, 5, 8, 9, 10]
    state = reader.state()
    assert (state.position, state.settled) == (1, ((2, 4), (6, 7)))
    assert (state.pending, state.delivered, state.quarantined, state.expired) == (5, 4, 1, 0)
    await reader.settle(Answer(((1, 1), (5, 5))))
    assert (reader.state().position, reader.state().settled) == (8, ())


@pytest.mark.invariant("I5")
async def test_settling_twice_or_beyond_the_head_changes_nothing(opened: Opener) -> None:
    spool = await opened()
    reader = await spool.reader("history")
    await spool.append([makers.batch(n) for n in range(3)])
    for _ in range(2):
        await reader.settle(Answer(((1, 2), (2, 2)), (Refusal(Offset(1), "late"),)))
    await reader.settle(Answer(((0, 0), (9, 20), (-5, -1)), (Refusal(Offset(40), "not there"),)))
    state = reader.state()
    assert (state.position, state.pending, state.delivered, state.quarantined) == (3, 1, 2, 0)
    assert await spool.append([makers.batch()]) == 4
    assert reader.state().pending == 2


async def test_readers_do_not_disturb_one_another(opened: Opener) -> None:
    spool = await opened()
    one, two = await spool.reader("one"), await spool.reader("two")
    await spool.append([makers.batch(n) for n in range(5)])
    await one.settle(Answer(((1, 5),)))
    assert one.state().pending == 0
    assert two.state().pending == 5
    assert len(await two.read(1, 10, LOTS)) == 5


async def test_a_gap_that_names_a_reader_goes_to_it_alone(opened: Opener) -> None:
    spool = await opened()
    one, two = await spool.reader("one"), await spool.reader("two")
    await spool.append([makers.batch(), makers.gap("two"), makers.batch(3), makers.gap()])
    seen = await one.read(1, 10, LOTS)
    assert [record.offset for record in seen] == [1, 3, 4]
    await one.settle(answer_for(seen))
    assert (one.state().position, one.state().pending, one.state().delivered) == (5, 0, 3)
    assert [record.offset for record in await two.read(1, 10, LOTS)] == [1, 2, 3, 4]
    assert two.state().pending == 4


async def test_wait_returns_with_the_next_record_only(opened: Opener) -> None:
    spool = await opened()
    reader = await spool.reader("history")
    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(reader.wait(1))
        await spool.append([makers.batch()])
        await asyncio.sleep(0.01)
        assert not waiting.done()
        await spool.append([makers.batch()])
    await reader.wait(1)


async def test_a_cancelled_wait_leaves_nothing_behind(opened: Opener) -> None:
    spool = await opened()
    reader = await spool.reader("history")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await reader.wait(0)
    await spool.append([makers.batch()])
    assert spool._waiters == []


async def test_the_listener_sees_every_record_once_and_in_order(opened: Opener) -> None:
    seen: list[Record] = []

    def listen(records: Sequence[Record]) -> None:
        seen.extend(records)

    spool = await opened(listen)
    async with asyncio.TaskGroup() as group:
        for n in range(30):
            group.create_task(spool.append([makers.batch(n)]))
    assert [record.offset for record in seen] == list(range(1, 31))


async def test_a_reader_that_keeps_up_gets_the_very_objects(opened: Opener) -> None:
    spool = await opened()
    reader = await spool.reader("history")
    item = makers.batch()
    await spool.append([item])
    assert (await reader.read(1, 1, LOTS))[0].item is item


async def test_when_samples_of_each_device_last_came_and_its_plan_are_known(opened: Opener) -> None:
    spool = await opened()
    other = makers.plan("cnc-02", 4)
    await spool.append([makers.batch(7, 9), makers.batch(3, 2, other), makers.batch(0, 1)])
    assert spool.last_received() == {
        "press-01": makers.START + 7_500,
        "cnc-02": makers.START + 3_500,
    }
    assert spool.plans() == {"press-01": makers.PLAN, "cnc-02": other}


@pytest.mark.invariant("I8")
async def test_one_bad_item_keeps_only_its_own_call_out(opened: Opener) -> None:
    spool = await opened()
    if isinstance(spool, MemorySpool):
        pytest.skip("memory keeps whatever it gets")
    results: list[object] = []

    async def add(items: list[Any]) -> None:
        try:
            results.append(await spool.append(items))
        except (ValueError, TypeError) as error:
            results.append(type(error))

    async with asyncio.TaskGroup() as group:
        group.create_task(add([makers.batch()]))
        group.create_task(add([makers.batch(), makers.batch(0, 3, values=[1, object(), 2])]))
        group.create_task(add([makers.usage()]))
    assert results == [1, TypeError, 2]


async def test_a_forgotten_reader_begins_anew(opened: Opener) -> None:
    spool = await opened()
    reader = await spool.reader("old")
    await spool.append([makers.batch()])
    await reader.settle(Answer(((1, 1),)))
    await spool.forget_reader("old")
    assert (await spool.reader("old")).state().pending == 1


async def test_a_closed_spool_says_so(opened: Opener) -> None:
    spool = await opened()
    reader = await spool.reader("history")
    await spool.close()
    with pytest.raises(SpoolUnavailable):
        await spool.append([makers.batch()])
    with pytest.raises(SpoolUnavailable):
        await reader.wait(5)


async def test_a_cancelled_append_is_wholly_there_or_wholly_absent(opened: Opener) -> None:
    spool = await opened()
    for n in range(10):
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0.0005 * n):
                while True:
                    await spool.append([makers.batch(1), makers.batch(2), makers.batch(3)])
    await spool.append([makers.usage()])
    assert (spool.head() - 1) % 3 == 0
