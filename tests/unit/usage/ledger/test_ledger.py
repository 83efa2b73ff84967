"""The ledger keeps what it was told, once, and says where everything stands."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from gateway.core.errors import LedgerUnavailable
from gateway.spool.codec import Encoder
from gateway.usage.ledger.ledger import SqliteLedger
from gateway.usage.ledger.verify import verify
from gateway.usage.model import Raw, State, Today
from gateway.usage.ports import Ledger
from tests.unit.usage.ledger import makers

OPEN = (State.QUEUED, State.SENDING, State.DEFERRED, State.BLOCKED)


async def test_what_was_appended_waits_oldest_first_also_after_a_restart(tmp_path: Path) -> None:
    ledger: Ledger = await makers.opened(tmp_path)
    taken = await ledger.append([("mes", makers.event(number)) for number in (5, 1, 3)])
    assert [each.state for each in taken] == [State.QUEUED] * 3
    assert not any(each.known for each in taken)
    await ledger.close()
    ledger = await makers.opened(tmp_path)
    waiting = await ledger.waiting("mes", *OPEN)
    assert [each.amount for each in waiting] == [1, 3, 5]
    assert [each.id for each in waiting] == [taken[1].id, taken[2].id, taken[0].id]
    assert waiting[0].user == "u-0001"
    assert await ledger.waiting("erp", *OPEN) == []
    await ledger.close()


async def test_an_event_read_again_is_known_and_one_without_a_source_id_never(
    tmp_path: Path,
) -> None:
    ledger = await makers.opened(tmp_path)
    first, second = await ledger.append(
        [("mes", makers.event(1, source="row-1")), ("mes", makers.event(1, source="row-1"))]
    )
    assert (first.known, second.known, second.id) == (False, True, first.id)
    await ledger.move([makers.moved(first.id, State.DELIVERED, "AP1002")])
    (again,) = await ledger.append([("mes", makers.event(1, source="row-1"))])
    assert (again.id, again.state, again.known) == (first.id, State.DELIVERED, True)
    (other,) = await ledger.append([("mes", makers.event(1, source="row-1", sysUser="lee"))])
    twins = await ledger.append([("mes", makers.event(2)), ("mes", makers.event(2))])
    assert not other.known
    assert len({each.id for each in twins}) == 2
    await ledger.close()


async def test_an_unfit_event_is_quarantined_and_known_when_read_again(tmp_path: Path) -> None:
    ledger = await makers.opened(tmp_path)
    (taken,) = await ledger.append([("mes", makers.unfit(1, source="a"))])
    (again,) = await ledger.append([("mes", makers.unfit(1, source="a"))])
    assert taken.state is State.QUARANTINED
    assert (again.known, again.state) == (True, State.QUARANTINED)
    assert await ledger.waiting("mes", *OPEN, State.QUARANTINED) == []
    came = await ledger.raw(taken.id)
    assert came is not None
    assert came.fields["useSe"] == ""
    await ledger.close()


async def test_raw_gives_back_what_came_in_without_the_key(tmp_path: Path) -> None:
    ledger = await makers.opened(tmp_path)
    came = makers.raw(1, source="x", crtfcKey=makers.KEY, sysUser="김철수\udc80\x00")
    entry = makers.event(1)
    (taken,) = await ledger.append([("mes", type(entry)(entry.at, entry.log_dt, entry.use_se,
                                     entry.user, entry.address, entry.amount, came))])  # fmt: skip
    found = await ledger.raw(taken.id)
    assert isinstance(found, Raw)
    expected = {name: value for name, value in came.fields.items() if name != "crtfcKey"}
    assert dict(found.fields) == expected
    assert (found.received, found.source_id, found.peer) == (came.received, "x", "192.168.0.7")
    assert dict(found.extra) == {"path": "/x"}
    assert await ledger.raw("nobody-1") is None
    await ledger.close()


async def test_today_counts_requests_and_stored_records_of_the_day(tmp_path: Path) -> None:
    ledger = await makers.opened(tmp_path)
    taken = await ledger.append([("mes", makers.event(number)) for number in range(5)])
    ids = [each.id for each in taken]
    for name, state, code in (
        (ids[0], State.DELIVERED, "AP1002"),
        (ids[1], State.DEFERRED, "AP1029"),
        (ids[2], State.TEST_OK, "AP1028"),
    ):
        await ledger.move([makers.moved(name, State.SENDING)])
        await ledger.move([makers.moved(name, state, code)])
    await ledger.move([makers.moved(ids[3], State.SENDING)])
    today = await ledger.today("mes", makers.DAY)
    assert (today.requests, today.stored, today.last_code) == (4, 1, "AP1028")
    assert today.last_stored == f"{makers.DAY} 10:00:00.500"
    assert today.users == {"u-0000"}
    await ledger.move([makers.moved(ids[3], State.DELIVERED_PRESUMED, "AP1029", 3)])
    await ledger.close()
    ledger = await makers.opened(tmp_path)
    today = await ledger.today("mes", makers.DAY)
    assert (today.requests, today.stored) == (4, 2)
    assert today.users == {"u-0000", "u-0003"}
    assert await ledger.today("erp", makers.DAY) == Today(makers.DAY)
    waiting = await ledger.waiting("mes", State.DEFERRED)
    assert [each.attempts for each in waiting] == [1]
    await ledger.close()


async def test_a_record_counts_on_the_day_of_the_services_stamp(tmp_path: Path) -> None:
    ledger = await makers.opened(tmp_path)
    (taken,) = await ledger.append([("mes", makers.event(1))])
    stamp = "2026-11-27 00:00:02.000"
    await ledger.move([makers.moved(taken.id, State.DELIVERED, "AP1002", answered=stamp)])
    assert (await ledger.today("mes", makers.DAY)).stored == 0
    assert (await ledger.today("mes", "2026-11-27")).stored == 1
    await ledger.close()


async def test_a_retry_without_a_second_sending_is_a_second_request(tmp_path: Path) -> None:
    ledger = await makers.opened(tmp_path)
    (taken,) = await ledger.append([("mes", makers.event(1))])
    await ledger.move([makers.moved(taken.id, State.SENDING)])
    await ledger.move([makers.moved(taken.id, State.SENDING, "AP1010")])
    await ledger.move([makers.moved(taken.id, State.DELIVERED, "AP1002")])
    assert (await ledger.today("mes", makers.DAY)).requests == 2
    await ledger.close()


async def test_what_was_sending_stays_so_over_a_restart(tmp_path: Path) -> None:
    ledger = await makers.opened(tmp_path)
    (taken,) = await ledger.append([("mes", makers.event(1))])
    await ledger.move([makers.moved(taken.id, State.SENDING)])
    await ledger.close()
    ledger = await makers.opened(tmp_path)
    waiting = await ledger.waiting("mes", State.SENDING)
    assert [(each.id, each.attempts) for each in waiting] == [(taken.id, 1)]
    await ledger.close()


async def test_wait_returns_for_its_delivery_only_and_once_for_each_news(tmp_path: Path) -> None:
    ledger = await makers.opened(tmp_path)
    await ledger.append([("mes", makers.event(1, source="a"))])
    await asyncio.wait_for(ledger.wait("mes"), 10)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(ledger.wait("mes"), 0.05)
    await ledger.append([("mes", makers.event(1, source="a")), ("erp", makers.event(2))])
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(ledger.wait("mes"), 0.05)
    await asyncio.wait_for(ledger.wait("erp"), 10)
    await ledger.close()


async def test_a_second_ledger_on_a_folder_is_refused(tmp_path: Path) -> None:
    ledger = await makers.opened(tmp_path)
    with pytest.raises(LedgerUnavailable, match="locked"):
        await makers.opened(tmp_path)
    await ledger.close()
    again = await makers.opened(tmp_path)
    await again.close()


async def test_a_call_that_cannot_be_kept_stores_nothing_and_stops_nobody(tmp_path: Path) -> None:
    ledger = await makers.opened(tmp_path)
    good = makers.event(1)
    huge = type(good)(good.at, good.log_dt, good.use_se, good.user, good.address, 1 << 70, good.raw)
    with pytest.raises(ValueError, match="64 bits"):
        await ledger.append([("mes", good), ("mes", huge)])
    await ledger.append([("mes", good)])
    assert len(await ledger.waiting("mes", State.QUEUED)) == 1
    await ledger.close()
    with pytest.raises(LedgerUnavailable):
        await ledger.append([("mes", good)])


async def test_a_newer_file_is_left_alone(tmp_path: Path) -> None:
    import apsw

    await makers.filled(tmp_path)
    connection = apsw.Connection(str(tmp_path / "ledger.db"))
    connection.pragma("user_version", 99)
    connection.close()
    with pytest.raises(LedgerUnavailable, match="newer"):
        await makers.opened(tmp_path)
    assert not list(tmp_path.glob("*.damaged"))


async def test_the_outbox_gets_every_row_in_order_and_remembers(tmp_path: Path) -> None:
    await makers.filled(tmp_path)
    ledger = await makers.opened(tmp_path)
    assert await ledger.outbox() == 5
    rows = await ledger.rows_after(0, 1_000)
    assert [row.seq for row in rows] == list(range(1, len(rows) + 1))
    assert {row.kind for row in rows} == {"opened", "event", "unfit", "move", "erase"}
    assert [row.seq for row in await ledger.rows_after(3, 2)] == [4, 5]
    assert rows[1].personal is not None
    assert rows[1].personal["person"] == "kim.0"
    await ledger.outbox_done(9)
    await ledger.append([("mes", makers.event(77))])
    await asyncio.wait_for(ledger.wait_rows(), 10)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(ledger.wait_rows(), 0.05)
    await ledger.close()
    ledger = await makers.opened(tmp_path)
    assert await ledger.outbox() == 9
    await ledger.close()


async def test_records_for_the_platform_say_every_state_and_no_name(tmp_path: Path) -> None:
    ids = await makers.filled(tmp_path)
    ledger = await makers.opened(tmp_path)
    await ledger.move([makers.moved("ffffff-3", State.DELIVERED, "AP1002")])
    found = await ledger.records_after(0, 1_000)
    rows = await ledger.rows_after(0, 1_000)
    await ledger.close()
    assert [seq for seq, _ in found] == [row.seq for row in rows]
    assert [record.extra["hash"] for _, record in found] == [row.hash.hex() for row in rows]
    mine = [record for _, record in found if record.ledger == ids[0]]
    assert [record.extra["state"] for record in mine] == ["queued", "sending", "delivered"]
    assert {(each.user, each.event, each.at) for each in mine} == {
        ("u-0000", "DO6001", makers.event(0).at)
    }
    assert (mine[2].extra["code"], mine[2].extra["kind"]) == ("AP1002", "move")
    assert {each.user for _, each in found if each.ledger == ids[7]} == {""}
    assert "kim" not in repr(found)
    Encoder().encode(mine[2])


async def test_a_move_of_an_unknown_event_is_kept_and_changes_nothing(tmp_path: Path) -> None:
    ledger = await makers.opened(tmp_path)
    await ledger.move([makers.moved("ffffff-3", State.DELIVERED, "AP1002")])
    assert (await ledger.today("mes", makers.DAY)).stored == 0
    assert len(await ledger.rows_after(0, 9)) == 2
    await ledger.close()
    assert verify(tmp_path).problems == []


async def test_appends_of_many_callers_share_commits(tmp_path: Path) -> None:
    ledger = await SqliteLedger.open(tmp_path, clock=makers.StillClock(), commit_window_s=0.02)
    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(ledger.append([("mes", makers.event(number))]))
            for number in range(2_000)
        ]
    ids = {task.result()[0].id for task in tasks}
    assert len(ids) == 2_000
    assert len(await ledger.waiting("mes", State.QUEUED)) == 2_000
    await ledger.close()
    assert verify(tmp_path).problems == []
