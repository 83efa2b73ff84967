"""Tables that are polled and written back, on SQLite."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.core.clock import SystemClock
from gateway.core.errors import SourceRejected
from gateway.usage.config import Columns
from gateway.usage.intakes import database as module
from gateway.usage.intakes.database import DatabaseIntake
from gateway.usage.intakes.databases import driver
from gateway.usage.intakes.databases.driver import imported, target_of
from gateway.usage.intakes.row_outcomes import korean_time
from gateway.usage.intakes.writebacks import WriteBacks
from gateway.usage.model import State
from tests.unit.usage.intakes.parts import AT, MemoryIntake, StillClock
from tests.unit.usage.intakes.tables import (
    COLUMNS,
    SqliteTable,
    move,
    raw_of_row,
    table_config,
)


@pytest.fixture
def table(tmp_path: Path) -> Iterator[SqliteTable]:
    made = SqliteTable(tmp_path / "한글 이름.db")
    yield made
    made.close()


class Poll:
    """An intake over a table."""

    def __init__(self, table: SqliteTable, folder: Path, **changes: Any) -> None:
        self.table, self.folder, self.changes = table, folder, changes
        self.intake = MemoryIntake()
        self.clock = StillClock()
        self.database = self._made()

    def start(self) -> None:
        self.database._session.close()
        self.database = self._made()

    def _made(self) -> DatabaseIntake:
        config = table_config(self.table.url, **self.changes)
        return DatabaseIntake(config, self.intake, self.clock, self.folder / "data")

    async def poll(self) -> float:
        return await self.database.poll()

    async def end(self, key: Any, state: State, code: str = "", answered: str = "") -> None:
        raw = raw_of_row(key)
        await self.database.outcome("e", raw, move("e", state, code, answered))

    async def write(self) -> float | None:
        return await self.database.write_back()

    @property
    def keys(self) -> list[str]:
        return [raw.source_id.removeprefix("mes:") for raw in self.intake.events]


@pytest.fixture
def polls(table: SqliteTable, tmp_path: Path) -> Iterator[Any]:
    made: list[Poll] = []

    def make(**changes: Any) -> Poll:
        made.append(Poll(table, tmp_path, **changes))
        return made[-1]

    yield make
    for each in made:
        each.database._session.close()


async def test_pending_rows_are_taken_once(table: SqliteTable, polls: Any) -> None:
    poll = polls()
    table.add(1, 2, user="김철수")
    await poll.poll()
    await poll.poll()
    table.add(3)
    await poll.poll()
    assert poll.keys == ["1", "2", "3"]
    assert poll.intake.again == 0
    raw = poll.intake.events[0]
    assert raw.intake == "database:mes"
    assert dict(raw.fields) == {
        "logDt": "2026-11-26 09:00:00", "useSe": "DO6001", "sysUser": "김철수",
        "conectIp": "10.0.0.1", "dataUsgqty": "5",
    }  # fmt: skip
    assert table.flags == {1: "N", 2: "N", 3: "N"}, "accepted is not stored"


@pytest.mark.parametrize(
    ("state", "code", "flag"),
    [
        (State.DELIVERED, "AP1002", "Y"),
        (State.DELIVERED_PRESUMED, "AP1029", "Y"),
        (State.TEST_OK, "AP1028", "Y"),
        (State.QUARANTINED, "AP1014", "F"),
        (State.SAMPLED_OUT, "", "S"),
        (State.EXPIRED_MIDNIGHT, "", "E"),
    ],
)
async def test_a_row_is_written_back_as_what_became_of_it(
    table: SqliteTable, polls: Any, state: State, code: str, flag: str
) -> None:
    poll = polls()
    table.add(1, 2)
    await poll.poll()
    await poll.end(1, state, code)
    assert await poll.write() is None
    assert table.rows() == {1: (flag, code or None, korean_time(AT)), 2: ("N", None, None)}


@pytest.mark.parametrize("state", [State.SENDING, State.DEFERRED, State.BLOCKED])
async def test_an_open_event_leaves_its_row_pending(
    table: SqliteTable, polls: Any, state: State
) -> None:
    poll = polls()
    table.add(1)
    await poll.poll()
    await poll.end(1, state, "AP1029")
    await poll.write()
    assert table.flags == {1: "N"}


async def test_the_time_written_is_the_services_own_stamp_where_it_gave_one(
    table: SqliteTable, polls: Any
) -> None:
    poll = polls()
    table.add(1)
    await poll.poll()
    await poll.end(1, State.DELIVERED, "AP1002", "2026-11-26 09:00:05.123")
    await poll.write()
    assert table.rows() == {1: ("Y", "AP1002", "2026-11-26 09:00:05.123")}


async def test_a_row_that_nobody_can_send_is_failed_at_once(table: SqliteTable, polls: Any) -> None:
    poll = polls()
    table.add(1, at=None)
    table.add(2)
    await poll.poll()
    await poll.write()
    assert table.rows()[1] == ("F", "AP1012", korean_time(AT))
    assert table.flags[2] == "N"


async def test_after_a_restart_ended_rows_are_written_back(table: SqliteTable, polls: Any) -> None:
    poll = polls()
    table.add(1, 2, 3)
    await poll.poll()
    ids = [taken.id for taken in poll.intake.known.values()]
    poll.intake.ended = {ids[0]: (State.DELIVERED, "AP1002"), ids[1]: (State.SAMPLED_OUT, "")}
    poll.start()
    await poll.poll()
    await poll.write()
    assert table.rows() == {
        1: ("Y", "AP1002", korean_time(AT)), 2: ("S", None, korean_time(AT)), 3: ("N", None, None),
    }  # fmt: skip
    assert poll.keys == ["1", "2", "3"]


async def test_an_outcome_that_was_missed_is_found_later(table: SqliteTable, polls: Any) -> None:
    poll = polls()
    table.add(1)
    await poll.poll()
    (taken,) = poll.intake.known.values()
    poll.intake.ended = {taken.id: (State.DELIVERED, "AP1002")}
    await poll.poll()
    assert not poll.database._due
    poll.clock.time += int((module.RECHECK_S + 1) * 1e9)
    await poll.poll()
    await poll.write()
    assert table.flags == {1: "Y"}


async def test_a_row_that_the_solution_changed_itself_is_left_alone(
    table: SqliteTable, polls: Any
) -> None:
    poll = polls()
    table.add(1)
    await poll.poll()
    table.execute("UPDATE USAGE_LOG SET SEND_YN = 'X'")
    await poll.end(1, State.DELIVERED, "AP1002")
    assert await poll.write() is None
    assert table.rows() == {1: ("X", None, None)}


async def test_one_row_that_cannot_be_written_stops_no_other(
    table: SqliteTable, polls: Any
) -> None:
    table.execute(
        "CREATE TRIGGER t BEFORE UPDATE ON USAGE_LOG WHEN NEW.ID = 1 BEGIN"
        " SELECT RAISE(ABORT, 'no'); END"
    )
    poll = polls()
    table.add(1, 2)
    await poll.poll()
    await poll.end(1, State.DELIVERED, "AP1002")
    await poll.end(2, State.DELIVERED, "AP1002")
    assert await poll.write() is not None, "it is tried again"
    assert table.flags == {1: "N", 2: "Y"}
    table.execute("DROP TRIGGER t")
    assert await poll.write() is None
    assert table.flags == {1: "Y", 2: "Y"}


async def test_a_locked_database_is_waited_for(
    table: SqliteTable, polls: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.usage.intakes.databases.sqlite.STATEMENT_S", 0.1)
    poll = polls()
    table.add(1)
    await poll.poll()
    await poll.end(1, State.DELIVERED, "AP1002")
    table.execute("BEGIN EXCLUSIVE")
    assert await poll.write() is not None
    table.execute("ROLLBACK")
    assert await poll.write() is None
    assert table.flags == {1: "Y"}


async def test_many_pending_rows_are_read_in_pages_and_polls(
    table: SqliteTable, polls: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PAGES_MAX", 2)
    poll = polls(rows_max=3)
    table.add(*range(1, 12))
    await poll.poll()
    assert len(poll.keys) == 6
    await poll.poll()
    assert poll.keys == [str(key) for key in range(1, 12)]
    table.add(0, 12)
    await poll.poll()
    await poll.poll()
    await poll.poll()
    assert min(poll.keys, key=int) == "0", "a lower key is found when reading begins again"
    assert "12" in poll.keys
    assert poll.intake.again == 0


async def test_text_keys_need_no_order_of_arrival(tmp_path: Path) -> None:
    table = SqliteTable(tmp_path / "t.db", key="VARCHAR(36) PRIMARY KEY")
    poll = Poll(table, tmp_path)
    table.add("m", "z")
    await poll.poll()
    table.add("a'; DROP TABLE USAGE_LOG; --")
    await poll.poll()
    await poll.end("a'; DROP TABLE USAGE_LOG; --", State.DELIVERED, "AP1002")
    await poll.write()
    assert sorted(poll.keys) == ["a'; DROP TABLE USAGE_LOG; --", "m", "z"]
    assert table.flags["a'; DROP TABLE USAGE_LOG; --"] == "Y"
    poll.database._session.close()
    table.close()


async def test_what_the_ledger_did_not_take_is_read_again(table: SqliteTable, polls: Any) -> None:
    poll = polls()
    table.add(1)
    poll.intake.down = True
    assert await poll.poll() > 0.05
    poll.intake.down = False
    await poll.poll()
    assert poll.keys == ["1"]


async def test_read_only_never_writes(table: SqliteTable, polls: Any) -> None:
    poll = polls(read_only=True)
    table.add(1)
    await poll.poll()
    await poll.end(1, State.DELIVERED, "AP1002")
    await poll.write()
    assert poll.keys == ["1"]
    assert table.flags == {1: "N"}
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        poll.database._session._connection.cursor().execute("DELETE FROM USAGE_LOG")


async def test_a_pending_row_may_be_null(table: SqliteTable, polls: Any) -> None:
    poll = polls(pending="")
    table.add(1)
    table.execute("UPDATE USAGE_LOG SET SEND_YN = NULL")
    table.add(2)
    await poll.poll()
    assert poll.keys == ["1"]


async def test_a_filter_narrows_what_is_read(table: SqliteTable, polls: Any) -> None:
    poll = polls(where="sys_user <> 'batch' AND (data_usgqty >= 5 OR RESULT_CD IS NOT NULL)")
    table.add(1)
    table.add(2, user="batch")
    await poll.poll()
    assert poll.keys == ["1"]


async def test_cp949_bytes_are_read_whatever_the_database_takes_them_for(
    table: SqliteTable, polls: Any
) -> None:
    table.add(1)
    table.execute("UPDATE USAGE_LOG SET SYS_USER = CAST(? AS TEXT)", ("김철수".encode("cp949"),))
    poll = polls()
    await poll.poll()
    assert poll.intake.users == ["김철수"]
    table.execute(
        "UPDATE USAGE_LOG SET SYS_USER = ?", ("이영희".encode("cp949").decode("latin-1"),)
    )
    poll = polls(encoding="cp949")
    await poll.poll()
    assert poll.intake.users == ["이영희"]


async def test_columns_by_number_and_a_constant(table: SqliteTable, polls: Any) -> None:
    poll = polls(columns=Columns({"logDt": 1, "sysUser": 3}, {"useSe": "DO6003"}))
    table.add(1)
    await poll.poll()
    assert dict(poll.intake.events[0].fields) == {
        "logDt": "2026-11-26 09:00:00", "sysUser": "kim", "useSe": "DO6003",
    }  # fmt: skip


async def test_an_outcome_that_comes_before_the_receipt_is_not_missed(
    table: SqliteTable, polls: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    poll = polls()
    table.add(1)
    take = poll.intake.take

    async def quick(raws: Any) -> Any:
        answers = await take(raws)
        await poll.end(1, State.DELIVERED, "AP1002")
        return answers

    monkeypatch.setattr(poll.intake, "take", quick)
    await poll.poll()
    await poll.write()
    assert table.flags == {1: "Y"}


# -- watermark ----------------------------------------------------------------------------------


async def test_with_a_watermark_rows_beyond_it_are_read_once(
    table: SqliteTable, polls: Any
) -> None:
    poll = polls(flag="", code_column="", time_column="", watermark="ID")
    table.add(1, 2)
    await poll.poll()
    table.add(3)
    await poll.poll()
    assert poll.keys == ["1", "2", "3"]
    assert table.flags == {1: "N", 2: "N", 3: "N"}


async def test_a_watermark_survives_a_restart_and_late_commits_are_seen(
    table: SqliteTable, polls: Any
) -> None:
    poll = polls(flag="", watermark="LOG_DT")
    table.add(1, at="2026-11-26 09:00:00")
    table.add(3, at="2026-11-26 09:00:02")
    await poll.poll()
    table.add(2, at="2026-11-26 09:00:01")
    poll.clock.time += 10**9
    await poll.poll()
    assert poll.keys == ["1", "3", "2"]
    poll.clock.time += 200 * 10**9
    await poll.poll()
    poll.start()
    table.add(4, at="2026-11-26 09:00:02")
    table.add(5, at="2026-11-26 08:00:00")
    await poll.poll()
    assert poll.keys == ["1", "3", "2", "4"]
    assert poll.intake.again == 0, "the place was kept"


async def test_many_rows_of_one_time_are_all_read(table: SqliteTable, polls: Any) -> None:
    poll = polls(flag="", watermark="LOG_DT", rows_max=2)
    table.add(*range(1, 8))
    await poll.poll()
    assert poll.keys == [str(key) for key in range(1, 8)]


# -- configuration ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changes",
    [
        {"table": "USAGE_LOG; DROP TABLE X"},
        {"table": "USAGE_LOG WHERE 1=1 --"},
        {"table": "a.b.c.d.e"},
        {"table": '"a"b"'},
        {"table": ""},
        {"where": "1=1; DROP TABLE X"},
        {"where": "ID IN (SELECT 1)) OR (1=1"},
        {"where": "ID = 1 -- x"},
        {"where": "sleep(5)"},
        {"where": "ID = 1) OR (1 = 1"},
        {"where": "ID = 'unfinished"},
        {"where": "ID, 1"},
        {"flag": ""},
        {"flag": "SEND_YN", "watermark": "ID"},
        {"rows_max": 0},
        {"columns": Columns({})},
        {"url": "postgresql://u:hidden-word@host/db"},
        {"url": "db2://host/db"},
        {"url": "mysql://host"},
        {"url": "nothing"},
    ],
)
def test_what_cannot_be_meant_is_refused_before_anything_connects(
    tmp_path: Path, changes: dict[str, Any]
) -> None:
    config = table_config(**{"url": "sqlite:x.db", **changes})
    with pytest.raises(ValueError, match=r"table|where|flag|rows_max|columns|url") as error:
        DatabaseIntake(config, MemoryIntake(), StillClock(), tmp_path)
    assert "hidden-word" not in str(error.value)


async def test_a_column_that_is_not_there_needs_a_person_and_is_tried_again(
    table: SqliteTable, polls: Any, caplog: pytest.LogCaptureFixture
) -> None:
    poll = polls(columns=Columns({**COLUMNS.fields, "sysUser": "USER_ID"}))
    table.add(1)
    await poll.poll()
    assert "usage_intake_needs_person" in caplog.text
    table.execute("ALTER TABLE USAGE_LOG ADD COLUMN USER_ID VARCHAR(10)")
    await poll.poll()
    assert poll.keys == ["1"]


async def test_a_missing_file_is_not_made(tmp_path: Path) -> None:
    config = table_config(f"sqlite:{tmp_path / 'none.db'}")
    await DatabaseIntake(config, MemoryIntake(), StillClock(), tmp_path).poll()
    assert not (tmp_path / "none.db").exists()


def test_a_missing_driver_names_the_command_in_both_languages() -> None:
    with pytest.raises(SourceRejected) as error:
        imported("no_such_driver_module", "psycopg[binary]==3.3.9")
    assert 'pip install "psycopg[binary]==3.3.9"' in error.value.detail
    assert "드라이버가 없습니다" in error.value.detail


def test_urls() -> None:
    def parts(url: str, user: str = "") -> tuple[Any, ...]:
        target = target_of(url, user, "p", read_only=False)
        return target.host, target.port, target.database, target.user

    assert parts("postgresql://me@db:5433/mes") == ("db", 5433, "mes", "me")
    assert parts("mysql://[::1]/mes", "you") == ("::1", None, "mes", "you")
    assert parts("sqlite:C:/data/mes.db")[2] == "C:/data/mes.db"
    assert parts("sqlite:///srv/mes.db")[2] == "/srv/mes.db"
    assert "p'" not in repr(target_of("mysql://h/d", "u", "p", read_only=False))


# -- running ------------------------------------------------------------------------------------


async def test_a_running_intake_writes_back_by_itself_and_ends_when_cancelled(
    table: SqliteTable, tmp_path: Path
) -> None:
    intake = MemoryIntake()
    database = DatabaseIntake(table_config(table.url), intake, SystemClock(), tmp_path / "data")
    hook = WriteBacks([database])
    table.add(1)
    task = asyncio.create_task(database.run())
    async with asyncio.timeout(20):
        while not intake.events:
            await asyncio.sleep(0.01)
        await hook.outcome("e0", intake.events[0], move("e0", State.DELIVERED, "AP1002"))
        while table.flags != {1: "Y"}:
            await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.wait([task], timeout=10)
    assert task.cancelled()
    assert database._session._connection is None


async def test_a_hung_driver_costs_its_own_intake_only(
    table: SqliteTable, polls: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    import threading

    release = threading.Event()
    monkeypatch.setattr(module, "ANSWER_S", 0.05)
    poll = polls()
    page = poll.database._session.page

    def hung(after: Any) -> Any:
        release.wait(20)
        return page(after)

    monkeypatch.setattr(poll.database._session, "page", hung)
    table.add(1)
    assert await poll.poll() > 0.05
    assert await poll.poll() > 0.05, "the thread is still busy; no second one is started"
    release.set()
    monkeypatch.setattr(module, "ANSWER_S", 20)
    await poll.poll()
    assert poll.keys == ["1"]


assert driver.STATEMENT_S < module.ANSWER_S
