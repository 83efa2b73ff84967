"""Which driver a URL's scheme means."""

from __future__ import annotations

from gateway.usage.intakes.databases.driver import Driver
from gateway.usage.intakes.databases.mssql import MsSql
from gateway.usage.intakes.databases.mysql import MySql
from gateway.usage.intakes.databases.oracle import Oracle
from gateway.usage.intakes.databases.postgresql import PostgreSql
from gateway.usage.intakes.databases.sqlite import Sqlite

_DRIVERS: dict[str, type[Driver]] = {
    "postgresql": PostgreSql,
    "postgres": PostgreSql,
    "mysql": MySql,
    "mariadb": MySql,
    "mssql": MsSql,
    "sqlserver": MsSql,
    "oracle": Oracle,
    "sqlite": Sqlite,
}


def driver_for(scheme: str) -> Driver:
    """Give the driver of a scheme; nothing is imported yet.

    Raises:
        ValueError: no such scheme.
    """
    kind = _DRIVERS.get(scheme)
    if kind is None:
        raise ValueError(f"url: {scheme}: is none of {', '.join(_DRIVERS)}")
    return kind()
