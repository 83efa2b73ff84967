"""SQLite through the standard library; a missing file is an error, never a new database."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import quote

from gateway.usage.intakes.databases.driver import SQLITE, STATEMENT_S, Connection, Driver, Target
from gateway.usage.intakes.mapping import decoded_bytes

STEPS = 10_000
"""Steps of SQLite's machine between two looks at the time."""


class Sqlite(Driver):
    """Text is UTF-8, or cp949 where an old program wrote its bytes as they were."""

    scheme: ClassVar[str] = SQLITE
    errors: tuple[type[Exception], ...] = (sqlite3.Error,)

    def connect(self, target: Target) -> Connection:
        path = quote(Path(target.database).resolve().as_posix(), safe="/:")
        mode = "ro" if target.read_only else "rw"
        prefix = "" if path.startswith("/") else "/"
        connection = sqlite3.connect(
            f"file:{prefix}{path}?mode={mode}",
            uri=True,
            timeout=STATEMENT_S / 3,
            # One piece of work at a time, on whichever thread.
            check_same_thread=False,
        )
        connection.text_factory = decoded_bytes
        return _Limited(connection)

    def placeholder(self, number: int) -> str:  # noqa: ARG002 - the interface has it
        return "?"


class _Limited:
    """A connection each of whose statements has a limited time."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._until = 0.0
        connection.set_progress_handler(lambda: time.monotonic() > self._until, STEPS)

    def cursor(self) -> Any:
        self._until = time.monotonic() + STATEMENT_S
        return self._connection.cursor()

    def commit(self) -> None:
        self._until = time.monotonic() + STATEMENT_S
        self._connection.commit()

    def rollback(self) -> None:
        self._connection.rollback()

    def close(self) -> None:
        self._connection.close()
