"""From a source description to a connection that the broker has welcomed."""

from __future__ import annotations

import asyncio
import math
import socket
import ssl
from dataclasses import dataclass

from adapters.mqtt.answers import Welcome
from adapters.mqtt.config import MqttSource
from adapters.mqtt.connection import Connection
from adapters.mqtt.notes import printable
from adapters.mqtt.packets import EXPIRY_MAX_S, V5, V311, Hello
from adapters.mqtt.reasons import NO_CONNACK, UNSUPPORTED_VERSION, error_for, reason_name
from adapters.mqtt.tls import HANDSHAKE, error_of, tls_context
from gateway.core.clock import Clock
from gateway.core.errors import SourceError, SourceUnavailable

KEEPALIVE_MAX_S = 0xFFFF
RECEIVE_MAXIMUM_MAX = 0xFFFF
CLOSE_S = 2.0
"""Longest goodbye; an adapter ends within 5 s of its cancel."""
UNKNOWN_VERSION = reason_name(UNSUPPORTED_VERSION)
HANGS_UP = {NO_CONNACK, reason_name(0x81), reason_name(0x82)}
"""How brokers of 3.1.1 answer CONNECT of 5 that do not say what is wrong."""
VERSION_NAMES = {V311: "3.1.1", V5: "5"}


@dataclass(frozen=True, slots=True)
class Visit:
    """How to appear at the broker: as the gateway itself, or as a passing check."""

    client_id: str
    clean: bool
    session_expiry_s: float


def as_gateway(source: MqttSource) -> Visit:
    """Appear under the fixed id and find the session of last time."""
    return Visit(source.client_id, clean=False, session_expiry_s=source.session_expiry_s)


def as_check(source: MqttSource) -> Visit:
    """Appear beside a gateway that may be running: another id, and no session is left."""
    return Visit(f"{source.client_id}-check", clean=True, session_expiry_s=0)


async def open_connection(
    source: MqttSource, visit: Visit, clock: Clock, *, spoke_v5: bool = False
) -> tuple[Connection, Welcome]:
    """Connect with version 5, else 3.1.1 where the broker knows no other.

    A broker that knows no 5 says so, or hangs up, or answers what is no answer. With `spoke_v5`
    the last two are taken for the outage that they are then.

    Raises:
        SourceUnavailable: unreachable, too slow, or not now.
        SourceRejected: certificate, login, client id or protocol version.
    Cancel: nothing stays open.
    """
    if source.version is not None:
        return await _attempt(source, visit, clock, V5 if source.version == V5 else V311)
    try:
        return await _attempt(source, visit, clock, V5)
    except SourceError as error:
        known = error.reason == UNKNOWN_VERSION
        if not known and (spoke_v5 or error.reason not in HANGS_UP):
            raise
    return await _attempt(source, visit, clock, V311)


async def _attempt(
    source: MqttSource, visit: Visit, clock: Clock, version: int
) -> tuple[Connection, Welcome]:
    connection = Connection(_hello(source, visit, version), source.message_bytes_max, clock)
    try:
        async with asyncio.timeout(source.connect_timeout_s):
            await _dial(source, connection)
            welcome = await connection.welcome()
        if welcome.code:
            detail = " ".join(part for part in (_place(source), printable(welcome.text)) if part)
            connection.fail(error_for(welcome.code, detail))
        if connection.error is not None:
            raise connection.error
    except TimeoutError as error:
        await connection.close(CLOSE_S)
        raise SourceUnavailable("timeout", _place(source)) from error
    except (SourceError, asyncio.CancelledError):
        await connection.close(CLOSE_S)
        raise
    return connection, welcome


def _place(source: MqttSource) -> str:
    return f"{source.host}:{source.port}"


def _hello(source: MqttSource, visit: Visit, version: int) -> Hello:
    return Hello(
        version=version,
        client_id=visit.client_id,
        keepalive_s=min(max(1, math.ceil(source.keepalive_s)), KEEPALIVE_MAX_S),
        clean=visit.clean,
        session_expiry_s=min(int(visit.session_expiry_s), EXPIRY_MAX_S),
        receive_maximum=min(max(1, source.receive_maximum), RECEIVE_MAXIMUM_MAX),
        user=source.user,
        password=source.password,
    )


async def _dial(source: MqttSource, connection: Connection) -> None:
    context = tls_context(source) if source.tls else None
    loop, place = asyncio.get_running_loop(), _place(source)
    try:
        await loop.create_connection(lambda: connection, source.host, source.port, ssl=context)
    except ssl.SSLError as error:
        raise error_of(error, place) from error
    except socket.gaierror as error:
        raise SourceUnavailable("unknown-host", source.host) from error
    except OSError as error:
        cut = isinstance(error, ConnectionResetError | ConnectionAbortedError | BrokenPipeError)
        # Who closes a connection that had been made did not like how TLS begins.
        raise SourceUnavailable(HANDSHAKE if context and cut else "unreachable", place) from error
