"""A solution's table with SEND_YN goes N → Y or F, with code and time: SQLite and PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from gateway.usage.config import Columns
from gateway.usage.intakes.database import DatabaseIntake
from gateway.usage.model import State
from tests.integration.usage_intake_parts import (
    CLOCK,
    Sender,
    intake_of,
    now_text,
    opened,
    running,
    until,
    waiting_users,
)
from tests.services.postgres import PASSWORD, USER, Postgres, postgres
from tests.unit.usage.intakes.parts import MemoryIntake, StillClock
from tests.unit.usage.intakes.tables import CREATE, SqliteTable, table_config

__all__ = ["postgres"]
pytestmark = pytest.mark.service


class PostgresTable(SqliteTable):
    """The same table in PostgreSQL; names in the configuration are upper case, there lower."""

    mark = "%s"

    def __init__(self, server: Postgres) -> None:
        self.server = server
        self.connection = server.connect()
        self.connection.execute("DROP TABLE IF EXISTS USAGE_LOG")
        self.connection.execute(CREATE.format(key="BIGINT PRIMARY KEY", time="TIMESTAMP"))

    @property
    def url(self) -> str:
        return self.server.url

    def execute(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        cursor = self.connection.execute(sql, values)
        return cursor.fetchall() if cursor.description else []


@pytest.fixture(params=["sqlite", "postgresql"])
def table(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SqliteTable]:
    if request.param == "sqlite":
        made = SqliteTable(tmp_path / "mes.db")
    else:
        made = PostgresTable(request.getfixturevalue("postgres"))
    yield made
    made.close()


def config_of(table: SqliteTable, /, **changes: Any) -> Any:
    return table_config(table.url, user=USER, password=PASSWORD, **changes)


async def test_send_yn_goes_from_n_to_y_or_f_with_code_and_time(
    table: SqliteTable, tmp_path: Path
) -> None:
    table.add(1, user="stored", at=now_text())
    table.add(2, user="refused", at=now_text())
    table.add(3, user="test", at=now_text())
    table.add(4, user="other", at=now_text())
    table.add(5, user="late", at=now_text())
    table.add(6, user="unreadable", at="no time")
    table.add(7, user="open", at=now_text())
    async with opened(tmp_path) as ledger:
        database = DatabaseIntake(config_of(table), intake_of(ledger), CLOCK, tmp_path / "data")
        sender = Sender(ledger, database)
        async with running(database.run):
            await until(lambda: table.flags[6] == "F")
            assert len(await waiting_users(ledger)) == 6
            assert "Y" not in table.flags.values(), "accepted by the gateway is not stored"
            await sender.end("stored", State.DELIVERED, "AP1002")
            await sender.end("refused", State.QUARANTINED, "AP1004")
            await sender.end("test", State.TEST_OK, "AP1028")
            await sender.end("other", State.SAMPLED_OUT)
            await sender.end("late", State.EXPIRED_MIDNIGHT)
            await until(lambda: "".join(table.flags.values()) == "YFYSEFN")
    rows = table.rows()
    stamp = "2026-11-26 10:00:00.123"
    assert (rows[1][1], (rows[1][2] or "")[:23]) == ("AP1002", stamp)
    assert (rows[2][1], rows[3][1], rows[6][1]) == ("AP1004", "AP1028", "AP1014")
    assert (rows[4][1], rows[5][1]) == (None, None)
    assert all(rows[key][2] for key in range(1, 7))
    assert rows[7] == ("N", None, None)


async def test_what_ended_while_nobody_was_told_is_written_back_after_a_restart(
    table: SqliteTable, tmp_path: Path
) -> None:
    for key in range(1, 4):
        table.add(key, user=f"user{key}", at=now_text())
    async with opened(tmp_path) as ledger:
        database = DatabaseIntake(config_of(table), intake_of(ledger), CLOCK, tmp_path / "data")
        await database.poll()
        sender = Sender(ledger, database)
        await sender.end("user1", State.DELIVERED, "AP1002", silent=True)
        await sender.end("user2", State.SAMPLED_OUT, silent=True)
        database._session.close()
    async with opened(tmp_path) as ledger:
        database = DatabaseIntake(config_of(table), intake_of(ledger), CLOCK, tmp_path / "data")
        async with running(database.run):
            await until(lambda: "".join(table.flags.values()) == "YSN")
        assert await waiting_users(ledger) == ["user3"], "nothing was stored twice"
    flag, code, at = table.rows()[1]
    assert (flag, code, (at or "")[:23]) == ("Y", "AP1002", "2026-11-26 10:00:00.123")


async def test_a_watermark_and_read_only_leave_the_table_as_it_is(
    table: SqliteTable, tmp_path: Path
) -> None:
    config = config_of(table, watermark="ID", flag="", read_only=True, rows_max=2)
    async with opened(tmp_path) as ledger:
        database = DatabaseIntake(config, intake_of(ledger), CLOCK, tmp_path / "data")
        for key in range(1, 6):
            table.add(key, user=f"user{key}", at=now_text())
        await database.poll()
        await Sender(ledger, database).end("user1", State.DELIVERED, "AP1002")
        await database.write_back()
        assert len(await waiting_users(ledger)) == 4
        database._session.close()
    assert set(table.flags.values()) == {"N"}


# -- PostgreSQL alone ---------------------------------------------------------------------------


async def test_a_database_that_restarts_is_found_again(postgres: Postgres, tmp_path: Path) -> None:
    table = PostgresTable(postgres)
    intake = MemoryIntake()
    database = DatabaseIntake(config_of(table), intake, CLOCK, tmp_path / "data")
    table.add(1)
    async with running(database.run):
        await until(lambda: intake.events)
        table.close()
        await asyncio.to_thread(postgres.stop, "immediate")
        await asyncio.to_thread(postgres.start)
        table.connection = postgres.connect()
        table.add(2)
        await until(lambda: len(intake.events) == 2)
    table.close()


async def test_a_locked_row_is_given_up_and_written_later(
    postgres: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.usage.intakes.databases.postgresql.STATEMENT_S", 1)
    table = PostgresTable(postgres)
    table.add(1, at=None)
    database = DatabaseIntake(config_of(table), MemoryIntake(), StillClock(), tmp_path / "data")
    await database.poll()
    table.execute("BEGIN")
    table.execute("SELECT * FROM USAGE_LOG FOR UPDATE")
    assert await database.write_back() is not None
    table.execute("COMMIT")
    assert await database.write_back() is None
    assert table.flags == {1: "F"}
    database._session.close()
    table.close()


async def test_exact_names_and_a_schema_are_written_in_quotes(
    postgres: Postgres, tmp_path: Path
) -> None:
    connection = postgres.connect()
    connection.execute('DROP SCHEMA IF EXISTS "Mes" CASCADE')
    connection.execute('CREATE SCHEMA "Mes"')
    connection.execute(
        'CREATE TABLE "Mes"."사용 로그" ("Id" UUID PRIMARY KEY, "user" TEXT, "시각" TIMESTAMPTZ,'
        " \"Flag\" TEXT DEFAULT 'N')"
    )
    key = "0b0e9a3e-9d1c-4a53-8f3a-3f4f1f5d9a10"
    connection.execute(
        f"""INSERT INTO "Mes"."사용 로그" VALUES ('{key}', '김철수', '2026-11-26 00:00:00Z')"""
    )
    config = table_config(
        postgres.url, user=USER, password=PASSWORD,
        table='"Mes"."사용 로그"', key_column="id", flag="flag",
        code_column="", time_column="", where="\"user\" LIKE '김%'",
        columns=Columns({"logDt": "시각", "sysUser": "user"}, {"useSe": "DO6001"}),
    )  # fmt: skip
    intake = MemoryIntake()
    database = DatabaseIntake(config, intake, StillClock(), tmp_path / "data")
    await database.poll()
    (raw,) = intake.events
    assert raw.source_id == f"mes:{key}"
    assert raw.fields["sysUser"] == "김철수", "a column, not the user of the database"
    assert str(raw.fields["logDt"]).startswith("2026-11-26 0")
    intake.ended = {"e0": (State.DELIVERED, "AP1002")}
    database._known.forget(raw.source_id)
    await database.poll()
    assert await database.write_back() is None
    (row,) = connection.execute('SELECT "Flag" FROM "Mes"."사용 로그"').fetchall()
    assert row[0] == "Y"
    database._session.close()
    connection.close()


async def test_a_read_only_session_cannot_write_in_postgresql(
    postgres: Postgres, tmp_path: Path
) -> None:
    table = PostgresTable(postgres)
    config = config_of(table, read_only=True)
    database = DatabaseIntake(config, MemoryIntake(), StillClock(), tmp_path / "data")
    await database.poll()
    cursor: Any = database._session._connected().cursor()
    with pytest.raises(database._session._driver.errors, match="read-only"):
        cursor.execute("DELETE FROM USAGE_LOG")
    database._session.close()
    table.close()
