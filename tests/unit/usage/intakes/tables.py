"""A solution's table in SQLite or PostgreSQL, and the intake that polls it."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from gateway.core.clock import Clock
from gateway.core.types import UnixNs
from gateway.usage.config import Columns, DatabaseIntakeConfig
from gateway.usage.intakes.database import DatabaseIntake
from gateway.usage.model import Attempt, Move, Raw, State
from gateway.usage.ports import UsageIntake
from tests.unit.usage.intakes.parts import AT

COLUMNS = Columns(
    {
        "logDt": "LOG_DT",
        "useSe": "USE_SE",
        "sysUser": "SYS_USER",
        "conectIp": "CONECT_IP",
        "dataUsgqty": "DATA_USGQTY",
    }
)
CREATE = """
CREATE TABLE USAGE_LOG (
  ID {key}, LOG_DT VARCHAR(23), USE_SE VARCHAR(10), SYS_USER VARCHAR(60), CONECT_IP VARCHAR(30),
  DATA_USGQTY INTEGER, SEND_YN CHAR(1) DEFAULT 'N', RESULT_CD VARCHAR(10), SEND_DT {time})
"""
Written = tuple[str, str | None, str | None]


def table_config(url: str, **changes: Any) -> DatabaseIntakeConfig:
    settings: dict[str, Any] = {
        "name": "mes",
        "url": url,
        "table": "USAGE_LOG",
        "key_column": "ID",
        "columns": COLUMNS,
        "flag": "SEND_YN",
        "code_column": "RESULT_CD",
        "time_column": "SEND_DT",
        "every_s": 0.05,
        **changes,
    }
    return DatabaseIntakeConfig(**settings)


class SqliteTable:
    """A file of a solution."""

    mark = "?"

    def __init__(self, path: Path, *, key: str = "INTEGER PRIMARY KEY") -> None:
        self.path = path
        self.connection = sqlite3.connect(path, isolation_level=None)
        self.connection.execute(CREATE.format(key=key, time="VARCHAR(23)"))

    @property
    def url(self) -> str:
        return f"sqlite:{self.path}"

    def execute(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        return self.connection.execute(sql, tuple(values)).fetchall()

    def add(self, *keys: Any, user: str = "kim", at: str | None = "2026-11-26 09:00:00") -> None:
        for key in keys:
            marks = ",".join([self.mark] * 6)
            self.execute(
                "INSERT INTO USAGE_LOG (ID, LOG_DT, USE_SE, SYS_USER, CONECT_IP, DATA_USGQTY)"
                f" VALUES ({marks})",
                (key, at, "DO6001", user, "10.0.0.1", 5),
            )

    def rows(self) -> dict[Any, Written]:
        """Give (flag, code, time) by key."""
        found = self.execute("SELECT ID, SEND_YN, RESULT_CD, SEND_DT FROM USAGE_LOG ORDER BY ID")
        return {row[0]: (row[1], row[2], None if row[3] is None else str(row[3])) for row in found}

    @property
    def flags(self) -> dict[Any, str]:
        return {key: row[0] for key, row in self.rows().items()}

    def close(self) -> None:
        self.connection.close()


def database_intake(
    config: DatabaseIntakeConfig, intake: UsageIntake, clock: Clock, folder: Path
) -> DatabaseIntake:
    return DatabaseIntake(config, intake, clock, folder)


def move(event: str, state: State, code: str = "", answered: str = "") -> Move:
    attempt = Attempt(AT, {}, code, answered=answered) if code else None
    return Move(event, state, UnixNs(AT), attempt=attempt)


def raw_of_row(key: Any) -> Raw:
    fields: Mapping[str, str | None] = {}
    return Raw("database:mes", AT, fields, f"mes:{key}")
