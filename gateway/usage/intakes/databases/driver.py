"""What differs between databases; the drivers' modules fill it in."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any, ClassVar, Protocol
from urllib.parse import unquote, urlsplit

from gateway.core.errors import SourceRejected

CONNECT_S = 10
STATEMENT_S = 15
"""A statement that takes longer is given up, so that the table is not held for others."""
SQLITE = "sqlite"


class Cursor(Protocol):
    """The part of DB-API 2.0 (PEP 249) that is used."""

    description: Any
    rowcount: int

    def execute(self, sql: str, parameters: tuple[Any, ...] = ..., /) -> Any: ...

    def fetchall(self) -> Sequence[Sequence[Any]]: ...

    def close(self) -> None: ...


class Connection(Protocol):
    """The same of a connection."""

    def cursor(self) -> Cursor: ...

    def commit(self) -> None: ...

    def rollback(self) -> None: ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Target:
    """Where a database is and as whom; `database` is a file for SQLite."""

    scheme: str
    host: str
    port: int | None
    database: str
    user: str
    password: str = field(repr=False)
    read_only: bool = False


class Driver:
    """One kind of database: how to connect, and how its SQL differs."""

    scheme: ClassVar[str]
    quotes: ClassVar[tuple[str, str]] = ('"', '"')
    errors: tuple[type[Exception], ...] = ()
    """What the driver raises; known once it was imported."""

    def connect(self, target: Target) -> Connection:
        """Open a connection with time limits. Raises one of `errors`, or OSError."""
        raise NotImplementedError

    def placeholder(self, number: int) -> str:  # noqa: ARG002 - the interface has it
        """Give the mark of parameter `number`, from 1."""
        return "%s"

    def limited(self, columns: str, rest: str, limit: int) -> str:
        """Give a SELECT of at most `limit` rows."""
        return f"SELECT {columns} {rest} LIMIT {limit:d}"

    def parameter(self, value: Any) -> Any:
        """Give a value as the driver takes it."""
        return value

    def moment(self, text: str, column_type: Any) -> Any:  # noqa: ARG002 - the interface has it
        """Give a time (`yyyy-MM-dd HH:mm:ss.SSS`) as a parameter for a column of this type."""
        return text

    def quoted(self, name: str) -> str:
        """Quote a name that was checked."""
        start, end = self.quotes
        assert start not in name
        assert end not in name
        return f"{start}{name}{end}"


def target_of(url: str, user: str, password: str, *, read_only: bool) -> Target:
    """Read `postgresql://host:port/database` or `sqlite:FILE`.

    Raises:
        ValueError: it is none, or holds a password.
    """
    scheme, colon, rest = url.partition(":")
    if not colon:
        raise ValueError("url: a database is written as scheme://host:port/name or sqlite:FILE")
    if scheme == SQLITE:
        path = rest[2:] if rest.startswith("///") else rest.removeprefix("//")
        return Target(SQLITE, "", None, path, "", "", read_only)
    parts = urlsplit(url)
    if parts.password:
        raise ValueError("url: a password does not belong here; use `password: !secret NAME`")
    database = unquote(parts.path.lstrip("/"))
    if not parts.hostname or not database:
        raise ValueError("url: host and database are needed, such as mysql://10.0.0.5:3306/mes")
    name = user or unquote(parts.username or "")
    return Target(scheme, parts.hostname, parts.port, database, name, password, read_only)


def imported(module: str, package: str) -> ModuleType:
    """Import a driver when it is needed.

    Raises:
        SourceRejected: it is not installed; the text names the command.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        extra = "factory-telemetry-gateway[usage-databases]"
        raise SourceRejected(
            "driver-missing",
            f'{module} 드라이버가 없습니다. 설치: pip install "{package}" (또는 "{extra}") / '
            f'driver {module} is not installed: pip install "{package}" (or "{extra}")',
        ) from error
