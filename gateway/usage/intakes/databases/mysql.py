"""MySQL and MariaDB through PyMySQL."""

from __future__ import annotations

import contextlib
from typing import Any, ClassVar

from gateway.usage.intakes.databases.driver import (
    CONNECT_S,
    STATEMENT_S,
    Connection,
    Driver,
    Target,
    imported,
)

PORT = 3306
PACKAGE = "pymysql==1.2.4"
_LIMITS = (
    f"SET SESSION max_execution_time = {STATEMENT_S * 1_000}",  # MySQL, milliseconds
    f"SET SESSION max_statement_time = {STATEMENT_S}",  # MariaDB, seconds
    f"SET SESSION innodb_lock_wait_timeout = {STATEMENT_S}",
)


class MySql(Driver):
    """The server converts text to UTF-8 from whatever a table is in."""

    scheme: ClassVar[str] = "mysql"
    quotes: ClassVar[tuple[str, str]] = ("`", "`")

    def connect(self, target: Target) -> Connection:
        pymysql = imported("pymysql", PACKAGE)
        self.errors = (pymysql.MySQLError,)
        connection: Any = pymysql.connect(
            host=target.host,
            port=target.port or PORT,
            database=target.database,
            user=target.user or None,
            password=target.password,
            charset="utf8mb4",
            connect_timeout=CONNECT_S,
            read_timeout=2 * STATEMENT_S,
            write_timeout=2 * STATEMENT_S,
        )
        with connection.cursor() as cursor:
            for limit in _LIMITS:
                with contextlib.suppress(pymysql.MySQLError):  # each server knows one of the two
                    cursor.execute(limit)
            if target.read_only:
                cursor.execute("SET SESSION TRANSACTION READ ONLY")
        return connection  # type: ignore[no-any-return]  # the library has no types
