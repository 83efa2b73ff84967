"""PostgreSQL through psycopg 3."""

from __future__ import annotations

from typing import Any, ClassVar

from gateway.usage.intakes.databases.driver import (
    CONNECT_S,
    STATEMENT_S,
    Connection,
    Driver,
    Target,
    imported,
)

PORT = 5432
PACKAGE = "psycopg[binary]==3.3.9"


class PostgreSql(Driver):
    """Names without quotes are lower case there; text of SQL_ASCII databases comes as bytes."""

    scheme: ClassVar[str] = "postgresql"

    def connect(self, target: Target) -> Connection:
        psycopg = imported("psycopg", PACKAGE)
        self.errors = (psycopg.Error,)
        limits = {
            "statement_timeout": STATEMENT_S * 1_000,
            "lock_timeout": STATEMENT_S * 1_000,
            "idle_in_transaction_session_timeout": 60_000,
            "default_transaction_read_only": "on" if target.read_only else "off",
        }
        connection: Any = psycopg.connect(
            host=target.host,
            port=target.port or PORT,
            dbname=target.database,
            user=target.user or None,
            password=target.password or None,
            connect_timeout=CONNECT_S,
            # A peer that went away without a word is noticed by the system, not by us.
            keepalives_idle=15,
            keepalives_interval=5,
            keepalives_count=3,
            tcp_user_timeout=2 * STATEMENT_S * 1_000,
            application_name="factory-telemetry-gateway",
            options=" ".join(f"-c {name}={value}" for name, value in limits.items()),
        )
        return connection  # type: ignore[no-any-return]  # the library has no types
