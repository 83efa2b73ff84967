"""Notices a broker that went silent although the connection looks open."""

from __future__ import annotations

from adapters.mqtt.connection import Connection
from gateway.core.clock import Clock
from gateway.core.errors import SourceUnavailable


async def watch(connection: Connection, keepalive_s: float, clock: Clock) -> None:
    """Ping after half a keep-alive of silence, end the connection after a whole one.

    A half-open connection is found within one keep-alive after its last byte. Returns when the
    connection has ended. Cancel: returns at once.
    """
    pinged = 0.0
    while connection.error is None:
        now = clock.monotonic()
        if connection.held:
            connection.last_received = now  # we do not listen, so nobody is silent
        quiet_since = connection.last_received
        if now - quiet_since >= keepalive_s:
            detail = f"no byte for {now - quiet_since:.1f} s"
            connection.fail(SourceUnavailable("half-open", detail))
            return
        last = max(min(quiet_since, connection.last_sent), pinged)
        if now - last >= keepalive_s / 2:
            connection.ping()
            pinged = last = now
        ends = (last + keepalive_s / 2, quiet_since + keepalive_s)
        await clock.sleep(max(min(ends) - now, 0.01))
