"""What differs between databases: SQL, and the arguments that the real drivers take."""

from __future__ import annotations

import importlib.util
import re
import socket
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.core.errors import SourceRejected, SourceUnavailable
from gateway.usage.intakes.databases.driver import target_of
from gateway.usage.intakes.databases.filters import filter_sql, tokens_of
from gateway.usage.intakes.databases.names import ColumnNames, table_sql
from gateway.usage.intakes.databases.opening import driver_for
from gateway.usage.intakes.databases.session import Session
from gateway.usage.intakes.databases.statements import Statements, WriteBack
from tests.services.postgres import missing
from tests.unit.usage.intakes.tables import table_config

NAMES = ("ID", "LOG_DT", "USE_SE", "SYS_USER", "CONECT_IP", "DATA_USGQTY", "SEND_YN", "RESULT_CD", "SEND_DT")  # fmt: skip  # noqa: E501
DRIVERS = {
    "postgresql": "psycopg", "mysql": "pymysql", "mssql": "pymssql", "oracle": "oracledb",
}  # fmt: skip


def statements(scheme: str, **changes: Any) -> Statements:
    config = table_config(f"{scheme}://h/d", **changes)
    return Statements(config, driver_for(scheme), [(name, None) for name in NAMES])


@pytest.mark.parametrize(
    ("scheme", "page"),
    [
        ("postgresql", 'SELECT "ID" AS c0, .* WHERE "SEND_YN" = %s .*ORDER BY "ID" LIMIT 500'),
        ("mysql", "SELECT `ID` AS c0, .* WHERE `SEND_YN` = %s .*ORDER BY `ID` LIMIT 500"),
        ("mssql", r"SELECT TOP \(500\) \[ID\] AS c0, .* WHERE \[SEND_YN\] = %s .*ORDER BY \[ID\]"),
        ("oracle", r'SELECT \* FROM \(SELECT "ID" AS c0, .*"SEND_YN" = :1 AND "ID" > :2 .*\) WHERE ROWNUM <= 500'),  # noqa: E501
        ("sqlite", r'SELECT "ID" AS c0, .* WHERE "SEND_YN" = \? AND .*ORDER BY "ID" LIMIT 500'),
    ],
)  # fmt: skip
def test_a_page_in_every_dialect(scheme: str, page: str) -> None:
    sql, values = statements(scheme).page((7, 7))
    assert re.fullmatch(page, sql)
    assert values == ("N", 7)


def test_a_write_back_in_oracle_gives_times_as_times() -> None:
    driver = driver_for("oracle")
    driver._times = ("DATE",)  # type: ignore[attr-defined]
    described = [(name, "DATE" if name == "SEND_DT" else None) for name in NAMES]
    made = Statements(table_config("oracle://h/d"), driver, described)
    sql, values = made.write_back(WriteBack(1, "Y", "AP1002", "2026-11-26 10:00:00.123"))
    assert sql == (
        'UPDATE USAGE_LOG SET "SEND_YN" = :1, "RESULT_CD" = :2, "SEND_DT" = :3'
        ' WHERE "ID" = :4 AND "SEND_YN" = :5'
    )
    assert values == ("Y", "AP1002", datetime(2026, 11, 26, 10, 0, 0, 123_000), 1, "N")


@pytest.mark.parametrize("scheme", DRIVERS)
def test_the_real_driver_takes_our_arguments_and_a_refusal_is_unavailable(scheme: str) -> None:
    if importlib.util.find_spec(DRIVERS[scheme]) is None:
        missing(f"{DRIVERS[scheme]} is not installed (the extra usage-databases)")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # not listening: refused at once
        url = f"{scheme}://127.0.0.1:{taken.getsockname()[1]}/mes"
        for read_only in (False, True):
            target = target_of(url, "user", "hidden-word", read_only=read_only)
            session = Session(table_config(url), driver_for(scheme), target)
            with pytest.raises(SourceUnavailable) as error:
                session.page(None)
            assert "TypeError" not in str(error.value)
            assert "hidden-word" not in str(error.value)


def test_tables() -> None:
    driver = driver_for("mssql")
    assert table_sql("dbo.USAGE_LOG", driver) == "dbo.USAGE_LOG"
    assert table_sql("사용로그", driver) == "사용로그"
    assert table_sql('"Mes"."My Log"', driver) == "[Mes].[My Log]"
    assert table_sql("[Mes].`x`", driver) == "[Mes].[x]"
    assert table_sql("TB$LOG#1", driver) == "[TB$LOG#1]"


@settings(deadline=None)
@given(st.text(max_size=30))
def test_no_table_name_smuggles_anything(text: str) -> None:
    driver = driver_for("postgresql")
    try:
        sql = table_sql(text, driver)
    except ValueError:
        return
    assert re.fullmatch(r'(?:[^\W\d]\w*|"[^"\x00;\']+")(?:\.(?:[^\W\d]\w*|"[^"\x00;\']+"))*', sql)


@settings(deadline=None)
@given(
    st.lists(
        st.sampled_from(["ID", "'a;--'", "5", "=", "AND", "(", ")", ",", "IN", "1.5", "SYS_USER"]),
        max_size=12,
    ),
    st.text(max_size=8),
)
def test_no_filter_smuggles_anything(tokens: list[str], text: str) -> None:
    columns = ColumnNames(NAMES, driver_for("sqlite"))
    values: list[Any] = []

    def parameter(value: Any) -> str:
        values.append(value)
        return "?"

    try:
        sql = filter_sql(tokens_of(" ".join([*tokens, text])), columns, parameter)
    except (ValueError, SourceRejected):
        return
    assert re.fullmatch(
        r'(?:"[A-Z_]+"|\?|<=|>=|<>|!=|[=<>(),]|AND|OR|NOT|IN|IS|NULL|LIKE|BETWEEN| )*', sql
    )


def test_a_filter_is_built_again_with_parameters() -> None:
    columns = ColumnNames(NAMES, driver_for("postgresql"))
    values: list[Any] = []

    def parameter(value: Any) -> str:
        values.append(value)
        return "%s"

    text = "use_se in ('DO6001', 'it''s') and NOT (\"ID\" between 1 and 2.5) or sys_user is null"
    assert filter_sql(tokens_of(text), columns, parameter) == (
        '"USE_SE" IN ( %s , %s ) AND NOT ( "ID" BETWEEN %s AND %s ) OR "SYS_USER" IS NULL'
    )
    assert values == ["DO6001", "it's", 1, 2.5]


def test_columns_are_found_to_the_letter_first() -> None:
    columns = ColumnNames(["Id", "ID", "user"], driver_for("postgresql"))
    assert columns.sql("ID") == '"ID"'
    assert columns.sql('"Id"') == '"Id"'
    assert columns.sql("USER") == '"user"'
    for unknown in ("id", "none", 3, -1):
        with pytest.raises(SourceRejected):
            columns.find(unknown)
