"""The three statements of a database intake, built from checked names; values are parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gateway.core.errors import SourceRejected
from gateway.usage.config import DatabaseIntakeConfig
from gateway.usage.intakes.databases.driver import Driver
from gateway.usage.intakes.databases.filters import filter_sql, tokens_of
from gateway.usage.intakes.databases.names import ColumnNames, table_sql

Statement = tuple[str, tuple[Any, ...]]


def check_config(config: DatabaseIntakeConfig, driver: Driver) -> None:
    """Refuse what cannot be meant, before anything connects.

    Raises:
        ValueError: a name or filter is none, or it is not said which rows are new.
    """
    table_sql(config.table, driver)
    tokens_of(config.where)
    if not (config.flag or config.watermark):
        raise ValueError("flag or watermark: one of them says which rows are new")
    if config.flag and config.watermark and not config.read_only:
        raise ValueError(
            "flag and watermark together: only with read_only, for both say what is new"
        )
    if not 1 <= config.rows_max <= 10_000:
        raise ValueError("rows_max: between 1 and 10000")


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its key, its place in the order of reading, and its mapped columns."""

    key: Any
    mark: Any
    values: Mapping[str | int, Any]


@dataclass(frozen=True, slots=True)
class WriteBack:
    """What is written into one row, where it is still pending. `at` is Korean time."""

    key: Any
    flag: str
    code: str
    at: str


class _Parameters:
    """Collects values and gives their marks."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver
        self.values: list[Any] = []

    def __call__(self, value: Any) -> str:
        self.values.append(self._driver.parameter(value))
        return self._driver.placeholder(len(self.values))


class Statements:
    """For one table as it is now.

    Args:
        config: checked by `check_config`.
        driver: its dialect.
        described: the table's columns as (name, type), see `probe`.

    Raises:
        SourceRejected: a configured column is not there.
    """

    def __init__(
        self,
        config: DatabaseIntakeConfig,
        driver: Driver,
        described: Sequence[tuple[str, Any]],
    ) -> None:
        self._config = config
        self._driver = driver
        self._table = table_sql(config.table, driver)
        self._names = ColumnNames([name for name, _ in described], driver)
        self._types = dict(described)
        self._wanted = list(dict.fromkeys(config.columns.fields.values()))
        self._key = self._names.sql(config.key_column)
        self._mark = self._names.sql(config.watermark or config.key_column)
        for column in (config.flag, config.code_column, config.time_column, *self._wanted):
            if column != "":
                self._names.sql(column)

    @staticmethod
    def probe(config: DatabaseIntakeConfig, driver: Driver) -> str:
        """Give a statement without rows whose description names the table's columns."""
        return f"SELECT * FROM {table_sql(config.table, driver)} WHERE 1 = 0"  # noqa: S608 - checked

    def page(self, after: tuple[Any, Any] | None) -> Statement:
        """Select the rows beyond (mark, key), in that order; None is the beginning."""
        parameter = _Parameters(self._driver)
        conditions = []
        if self._config.flag:
            conditions.append(self._is_pending(parameter))
        if self._config.watermark:
            conditions.append(f"{self._mark} IS NOT NULL")
        if after is not None:
            conditions.append(self._beyond(after, parameter))
        if self._config.where.strip():
            tokens = tokens_of(self._config.where)
            conditions.append(f"({filter_sql(tokens, self._names, parameter)})")
        # Aliases: Oracle's outer SELECT must not meet one name twice.
        chosen = [self._key, self._mark, *(self._names.sql(each) for each in self._wanted)]
        columns = ", ".join(f"{sql} AS c{number}" for number, sql in enumerate(chosen))
        where = " AND ".join(conditions) or "1 = 1"
        order = f"{self._mark}, {self._key}" if self._config.watermark else self._key
        rest = f"FROM {self._table} WHERE {where} ORDER BY {order}"
        return self._driver.limited(columns, rest, self._config.rows_max), tuple(parameter.values)

    def rows(self, fetched: Sequence[Sequence[Any]]) -> list[Row]:
        """Give the rows of a page."""
        return [
            Row(cells[0], cells[1], dict(zip(self._wanted, cells[2:], strict=True)))
            for cells in fetched
        ]

    def write_back(self, row: WriteBack) -> Statement:
        """Update one row if it is still pending: doing it twice changes nothing."""
        config, parameter = self._config, _Parameters(self._driver)
        changes = [f"{self._names.sql(config.flag)} = {parameter(row.flag)}"]
        if config.code_column:
            changes.append(f"{self._names.sql(config.code_column)} = {parameter(row.code or None)}")
        if config.time_column:
            kind = self._types[self._names.find(config.time_column)]
            moment = self._driver.moment(row.at, kind)
            changes.append(f"{self._names.sql(config.time_column)} = {parameter(moment)}")
        key = f"{self._key} = {parameter(row.key)}"
        sql = f"UPDATE {self._table} SET {', '.join(changes)} WHERE {key}"  # noqa: S608 - checked
        return f"{sql} AND {self._is_pending(parameter)}", tuple(parameter.values)

    def _is_pending(self, parameter: _Parameters) -> str:
        flag = self._names.sql(self._config.flag)
        if not self._config.pending:
            return f"{flag} IS NULL"
        return f"{flag} = {parameter(self._config.pending)}"

    def _beyond(self, after: tuple[Any, Any], parameter: _Parameters) -> str:
        mark, key = after
        if not self._config.watermark:
            return f"{self._key} > {parameter(key)}"
        later = f"{self._mark} > {parameter(mark)}"
        same = f"{self._mark} = {parameter(mark)} AND {self._key} > {parameter(key)}"
        return f"({later} OR ({same}))"


def described(description: Any) -> list[tuple[str, Any]]:
    """Give (name, type) of the columns that a cursor describes.

    Raises:
        SourceRejected: the database described nothing.
    """
    if not description:
        raise SourceRejected("table-unreadable", "it has no columns")
    return [(str(column[0]), column[1]) for column in description]
