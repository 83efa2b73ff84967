"""The drop-in listener: HTTP and HTTPS, beside the gateway's own API and apart from it."""

from __future__ import annotations

import asyncio
import ipaddress
import os
import socket
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from gateway.core.clock import Clock
from gateway.ops.events import usage_receiver as events
from gateway.usage.config import ReceiverConfig
from gateway.usage.ports import UsageIntake
from gateway.usage.receiver import pages
from gateway.usage.receiver.admission import CONNECTIONS_MAX, PEER_CONNECTIONS_MAX, Admission
from gateway.usage.receiver.connection import Connection
from gateway.usage.receiver.endpoints import Endpoints, Relay
from gateway.usage.receiver.health import ReceiverHealth

BACKLOG = 256
BIND_AGAIN_S = 10.0
ACCEPT_AGAIN_S = 1.0
GRACE_S = 5.0


@dataclass(slots=True)
class _Listener:
    """One address. `url` is set while it listens."""

    listen: str
    certificate: Path | None = None
    private_key: Path | None = None
    url: str = ""

    @property
    def scheme(self) -> str:
        return "https" if self.certificate else "http"


class Receiver:
    """Takes usage logs as the log service would.

    Args:
        config: where to listen, how to answer.
        take: the intake; a request is answered after it returned.
        clock: for the times of receipt and of answers.
        relay: sends an event at once in the reply mode `relay`; see `endpoints.Relay`.
        connections_max: how many clients at once.
        peer_connections_max: how many of them from one address.
    """

    def __init__(
        self,
        config: ReceiverConfig,
        take: UsageIntake,
        clock: Clock,
        relay: Relay | None = None,
        *,
        connections_max: int = CONNECTIONS_MAX,
        peer_connections_max: int = PEER_CONNECTIONS_MAX,
    ) -> None:
        self.health = ReceiverHealth()
        self.started = asyncio.Event()
        self._clock = clock
        self._endpoints = Endpoints(config, take, clock, self.health, relay)
        self._admission = Admission(clock, connections_max, peer_connections_max)
        self._connections: set[Connection] = set()
        self._listeners = [_Listener(config.listen)] if config.listen else []
        if config.tls_listen:
            self._listeners.append(
                _Listener(config.tls_listen, config.certificate, config.private_key)
            )

    @property
    def url(self) -> str:
        """The address of the HTTP listener, with its real port, "" while it has none."""
        return self._url("http")

    @property
    def tls_url(self) -> str:
        """The address of the HTTPS listener, "" while it has none."""
        return self._url("https")

    async def run(self) -> NoReturn:
        """Serve until cancelled; `started` is set while every listener listens.

        A taken port or a certificate that cannot be read is told in the log and in `health.notes`
        and tried again every ten seconds; the other listener serves on.
        Cancel: no new requests; those that have come are answered for up to 5 s, then cut.
        """
        async with asyncio.TaskGroup() as group:
            listening = [
                group.create_task(self._listen(listener, group)) for listener in self._listeners
            ]
            try:
                while True:
                    await asyncio.Event().wait()
            finally:
                for task in listening:
                    task.cancel()
                for connection in self._connections:
                    connection.stopping = True
                await self._admission.empty(GRACE_S)

    async def _listen(self, listener: _Listener, group: asyncio.TaskGroup) -> None:
        bound, context = await self._bound(listener)
        try:
            listener.url = _url_of(listener.scheme, bound)
            self._tell_urls()
            events.receiver_started(listener.url)
            while True:
                await self._accept(listener, bound, context, group)
        finally:
            bound.close()
            events.receiver_stopped(listener.url)
            listener.url = ""
            self._tell_urls()

    async def _bound(self, listener: _Listener) -> tuple[socket.socket, ssl.SSLContext | None]:
        while True:
            try:
                context = _context(listener)
                bound = _socket(listener.listen)
            except (OSError, ValueError, OverflowError) as error:
                reason = _reason(error)
            else:
                self.health.notes.pop(listener.listen, None)
                return bound, context
            self.health.notes[listener.listen] = reason
            events.listen_refused(listener.listen, reason)
            await self._clock.sleep(BIND_AGAIN_S)

    async def _accept(
        self,
        listener: _Listener,
        bound: socket.socket,
        context: ssl.SSLContext | None,
        group: asyncio.TaskGroup,
    ) -> None:
        try:
            raw, address = await asyncio.get_running_loop().sock_accept(bound)
        except OSError as error:
            events.accept_failed(listener.listen, _reason(error))
            await self._clock.sleep(ACCEPT_AGAIN_S)
            return
        peer = peer_of(address)
        connection = Connection(
            raw, peer, context, self._endpoints.answer, self._clock, self.health
        )
        try:
            await self._admission.room()
        except asyncio.CancelledError:
            connection.drop()
            raise
        refuse = pages.busy() if self._admission.crowded(peer) else None
        self._admission.enter(connection)
        self._connections.add(connection)
        self.health.connections = len(self._admission)
        task = group.create_task(connection.run(refuse=refuse))
        task.add_done_callback(lambda _: self._left(connection))

    def _left(self, connection: Connection) -> None:
        connection.drop()
        self._connections.discard(connection)
        self._admission.left(connection)
        self.health.connections = len(self._admission)

    def _tell_urls(self) -> None:
        self.health.urls = [listener.url for listener in self._listeners if listener.url]
        if self._listeners and len(self.health.urls) == len(self._listeners):
            self.started.set()
        else:
            self.started.clear()

    def _url(self, scheme: str) -> str:
        return next((one.url for one in self._listeners if one.scheme == scheme), "")


def peer_of(address: tuple[object, ...]) -> str:
    """Give a client's address as text: IPv4 also where it came through IPv6, without a zone."""
    text = str(address[0]).partition("%")[0]
    try:
        parsed = ipaddress.ip_address(text)
    except ValueError:
        return text
    mapped = parsed.ipv4_mapped if isinstance(parsed, ipaddress.IPv6Address) else None
    return str(mapped or parsed)


def _context(listener: _Listener) -> ssl.SSLContext | None:
    """Give TLS 1.2 and 1.3; older programs of Windows speak 1.2, nothing needs less."""
    if listener.certificate is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(listener.certificate, listener.private_key)
    context.set_alpn_protocols(["http/1.1"])
    return context


def _socket(listen: str) -> socket.socket:
    host, _, port = listen.rpartition(":")
    host = host.strip("[]") or "127.0.0.1"
    bound = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    try:
        if os.name == "posix":
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if host == "::":
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        # Accepted sockets inherit it; without it every answer waits 40 ms for a delayed ack.
        bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        bound.bind((host, int(port)))
        bound.listen(BACKLOG)
    except (OSError, ValueError, OverflowError):
        bound.close()
        raise
    bound.setblocking(False)
    return bound


def _url_of(scheme: str, bound: socket.socket) -> str:
    host, port = bound.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


def _reason(error: Exception) -> str:
    if isinstance(error, OSError):
        return " ".join(str(part) for part in (error.strerror or error, error.filename) if part)
    return str(error)
