"""Microsoft SQL Server through pymssql (FreeTDS)."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from gateway.usage.intakes.databases.driver import (
    CONNECT_S,
    STATEMENT_S,
    Connection,
    Driver,
    Target,
    imported,
)

PORT = 1433
PACKAGE = "pymssql==2.4.6"


class MsSql(Driver):
    """Reads what is committed and waits for locks a limited time; `NOLOCK` would read rows that
    are then rolled back.
    """

    scheme: ClassVar[str] = "mssql"
    quotes: ClassVar[tuple[str, str]] = ("[", "]")

    def connect(self, target: Target) -> Connection:
        pymssql = imported("pymssql", PACKAGE)
        self.errors = (pymssql.Error,)
        connection: Any = pymssql.connect(
            server=target.host,
            port=str(target.port or PORT),
            database=target.database,
            user=target.user or None,
            password=target.password or None,
            charset="UTF-8",
            login_timeout=CONNECT_S,
            timeout=STATEMENT_S,
            appname="factory-telemetry-gateway",
            read_only=target.read_only,
        )
        cursor = connection.cursor()
        # Times are written as text, year first; some languages of logins would read day first.
        cursor.execute(f"SET LOCK_TIMEOUT {STATEMENT_S * 1_000}; SET DATEFORMAT ymd")
        connection.commit()
        return connection  # type: ignore[no-any-return]  # the library has no types

    def limited(self, columns: str, rest: str, limit: int) -> str:
        return f"SELECT TOP ({limit:d}) {columns} {rest}"

    def parameter(self, value: Any) -> Any:
        return str(value) if isinstance(value, uuid.UUID) else value
