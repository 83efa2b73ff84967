"""Oracle Database (12.1 and newer) through python-oracledb in thin mode: no client to install."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from gateway.usage.intakes.databases.driver import (
    CONNECT_S,
    STATEMENT_S,
    Connection,
    Driver,
    Target,
    imported,
)

PORT = 1521
PACKAGE = "oracledb==26.1.0"


class Oracle(Driver):
    """Names without quotes are upper case there; the database of a URL is the service name."""

    scheme: ClassVar[str] = "oracle"
    _times: tuple[Any, ...] = ()

    def connect(self, target: Target) -> Connection:
        oracledb = imported("oracledb", PACKAGE)
        self.errors = (oracledb.Error,)
        self._times = (
            oracledb.DB_TYPE_DATE,
            oracledb.DB_TYPE_TIMESTAMP,
            oracledb.DB_TYPE_TIMESTAMP_TZ,
            oracledb.DB_TYPE_TIMESTAMP_LTZ,
        )
        connection: Any = oracledb.connect(
            host=target.host,
            port=target.port or PORT,
            service_name=target.database,
            user=target.user or None,
            password=target.password or None,
            tcp_connect_timeout=CONNECT_S,
        )
        connection.call_timeout = STATEMENT_S * 1_000
        return connection  # type: ignore[no-any-return]  # the library has no types

    def placeholder(self, number: int) -> str:
        return f":{number}"

    def limited(self, columns: str, rest: str, limit: int) -> str:
        # Works before FETCH FIRST was there, too.
        inner = f"SELECT {columns} {rest}"
        return f"SELECT * FROM ({inner}) WHERE ROWNUM <= {limit:d}"  # noqa: S608 - checked names

    def moment(self, text: str, column_type: Any) -> Any:
        # Text would be read by the session's date format, which is the site's.
        return datetime.fromisoformat(text) if column_type in self._times else text
