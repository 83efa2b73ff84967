"""A connection that is kept, and opened again after a failure; blocking."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Any

from gateway.core.errors import SourceUnavailable
from gateway.usage.config import DatabaseIntakeConfig
from gateway.usage.intakes.databases.driver import Connection, Driver, Target
from gateway.usage.intakes.databases.statements import (
    Row,
    Statement,
    Statements,
    WriteBack,
    described,
)

FAILURES_MAX = 3
"""Rows in a row that could not be written, after which it is the database, not the rows."""


class Session:
    """The table of one intake.

    Every method raises SourceUnavailable when the database does not do what it should, and
    SourceRejected when a person has to act; the connection is closed then.
    """

    def __init__(self, config: DatabaseIntakeConfig, driver: Driver, target: Target) -> None:
        self._config = config
        self._driver = driver
        self._target = target
        self._connection: Connection | None = None
        self._statements: Statements | None = None

    def page(self, after: tuple[Any, Any] | None) -> list[Row]:
        """Read the next rows beyond (mark, key)."""
        statements = self._ready()
        try:
            rows = statements.rows(self._fetched(statements.page(after)))
            # Ends the transaction: an open one holds locks and old row versions.
            self._connected().rollback()
        except self._failures as error:
            raise self._failed(error) from error
        return rows

    def write_back(self, rows: Sequence[WriteBack]) -> list[tuple[WriteBack, str]]:
        """Write rows, each in its own transaction; give those that were refused, and why."""
        statements = self._ready()
        refused: list[tuple[WriteBack, str]] = []
        failures = 0
        for row in rows:
            try:
                self._execute(statements.write_back(row))
                self._connected().commit()
                failures = 0
            except self._failures as error:
                failures += 1
                if failures == FAILURES_MAX or not self._rolled_back():
                    raise self._failed(error) from error
                refused.append((row, _one_line(error)))
        return refused

    def close(self) -> None:
        """Close the connection; the next call opens one again."""
        connection, self._connection, self._statements = self._connection, None, None
        if connection is not None:
            with contextlib.suppress(*self._failures):
                connection.close()

    def _ready(self) -> Statements:
        if self._statements is not None:
            return self._statements
        try:
            self._connection = self._driver.connect(self._target)
            cursor = self._connection.cursor()
            cursor.execute(Statements.probe(self._config, self._driver))
            columns = described(cursor.description)
            cursor.fetchall()
            cursor.close()
            self._connection.rollback()
        except self._failures as error:
            raise self._failed(error) from error
        self._statements = Statements(self._config, self._driver, columns)
        return self._statements

    @property
    def _failures(self) -> tuple[type[Exception], ...]:
        """What a driver raises: its own errors, known once it was imported, and ValueError.

        That is what comes of text in no encoding and of dates that Python cannot hold.
        """
        return (*self._driver.errors, OSError, ValueError)

    def _connected(self) -> Connection:
        assert self._connection is not None
        return self._connection

    def _fetched(self, statement: Statement) -> Sequence[Sequence[Any]]:
        cursor = self._connected().cursor()
        cursor.execute(*statement)
        rows = cursor.fetchall()
        cursor.close()
        return rows

    def _execute(self, statement: Statement) -> None:
        cursor = self._connected().cursor()
        cursor.execute(*statement)
        cursor.close()

    def _rolled_back(self) -> bool:
        try:
            self._connected().rollback()
        except self._failures:
            return False
        return True

    def _failed(self, error: Exception) -> SourceUnavailable:
        self.close()
        return SourceUnavailable("database", f"{type(error).__name__}: {_one_line(error)}")


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:300]
