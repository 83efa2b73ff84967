"""Runs the HTTP side inside the gateway's own loop; collection never depends on it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import socket
from collections.abc import Generator, Sequence

import h11
import uvicorn
from starlette.routing import BaseRoute
from uvicorn.protocols.http.h11_impl import H11Protocol

from gateway.api.app import make_app
from gateway.api.guard import LOOPBACK_NAMES, is_loopback
from gateway.api.ports import Listening, Ports
from gateway.api.runfile import RunFile, remove_run_file, write_run_file
from gateway.api.users import Authenticator, UsersError, UsersFile
from gateway.ops.account_metrics import AccountMetrics
from gateway.ops.events import api as events
from gateway.ops.scope import scope

HEADER_DEADLINE_S = 10.0
KEEP_ALIVE_S = 30
CONNECTIONS_MAX = 200
HEADER_BYTES_MAX = 16 * 1024
GRACE_S = 3
BACKLOG = 128
BIND_AGAIN_S = 10.0
USERS_AGAIN_S = 2.0
DATE_EVERY_S = 1.0


class DeadlineProtocol(H11Protocol):
    """Closes a connection that does not finish its request's head in time."""

    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # the library's own is narrower
        super().connection_made(transport)
        self._arm()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.conn.their_state is h11.IDLE and self.conn.trailing_data[0]:
            self._arm()
        else:
            self._disarm()

    def connection_lost(self, exc: Exception | None) -> None:
        self._disarm()
        super().connection_lost(exc)

    def _arm(self) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(HEADER_DEADLINE_S, self.transport.abort)

    def _disarm(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Leave signals to the gateway."""
        yield

    async def main_loop(self) -> None:
        """Renew the Date header; the library looks ten times a second whether it is to end, which
        costs an idle gateway more than everything else. Ours ends by cancellation.
        """
        while True:
            if await self.on_tick(0):
                return
            await asyncio.sleep(DATE_EVERY_S)


class ApiServer:
    """The HTTP side of one gateway.

    Args:
        ports: what the routes use.
        listening: where, and who may call.
        extra: further routes, such as pages for people.
    """

    def __init__(self, ports: Ports, listening: Listening, extra: Sequence[BaseRoute] = ()) -> None:
        self._ports = ports
        self._board = ports.board
        self._listen = listening.listen
        self._host, self._port = parse_listen(listening.listen)
        self._users = None if listening.users_file is None else UsersFile(listening.users_file)
        self._folder = listening.folder
        self._hosts = listening.hosts
        self._origins = listening.origins
        self._extra = extra
        self._token = secrets.token_urlsafe(32)
        self.started = asyncio.Event()
        self.url = ""

    async def run(self) -> None:
        """Serve until cancelled.

        A taken port or a listen address that needs users is told in the log and in
        `health.api_note`, and tried again every ten seconds; it never ends the gateway.
        Cancel: answers what is being answered for up to 3 s, then closes.
        """
        gauges = AccountMetrics(self._board.readers, self._board.accounts)
        registry = scope().registry
        registry.register(gauges)
        try:
            await self._serve(await self._bound())
        finally:
            registry.unregister(gauges)

    async def _bound(self) -> socket.socket:
        while True:
            reason = self._not_allowed()
            if not reason:
                try:
                    if self._users is not None:
                        self._users.read()
                    return _socket(self._host, self._port)
                except UsersError as error:
                    reason = str(error)
                except OSError as error:
                    reason = " ".join(filter(None, [error.strerror, error.filename]))
            self._board.health.api_note = f"{self._listen}: {reason}"
            events.api_refused(self._listen, reason)
            await self._board.clock.sleep(BIND_AGAIN_S)

    def _not_allowed(self) -> str:
        if self._users is not None or is_loopback(self._host):
            return ""
        return "without users only a loopback address is served; add one with `gateway users add`"

    async def _serve(self, bound: socket.socket) -> None:
        known = None if self._users is None else self._users.users
        authenticator = Authenticator(known, self._token, self._board.clock)
        server = _Server(self._config(authenticator))
        run_file = self._opened(bound)
        try:
            async with asyncio.TaskGroup() as group:
                helpers = [
                    group.create_task(self._board.keep_rates()),
                    group.create_task(self._follow_users(authenticator)),
                ]
                try:
                    await server.serve(sockets=[bound])
                finally:
                    for helper in helpers:
                        helper.cancel()
                    await self._close(server, bound)
        finally:
            if self._folder is not None:
                remove_run_file(self._folder, run_file)
            self.started.clear()
            events.api_stopped(self.url)

    async def _follow_users(self, authenticator: Authenticator) -> None:
        while self._users is not None:
            await self._board.clock.sleep(USERS_AGAIN_S)
            try:
                if self._users.read():
                    authenticator.replace(self._users.users)
                    events.users_changed(len(self._users.users))
            except (UsersError, OSError) as error:
                events.users_refused(str(error))  # those who were known stay

    def _opened(self, bound: socket.socket) -> RunFile:
        host = f"[{self._host}]" if ":" in self._host else self._host
        host = "127.0.0.1" if host in {"0.0.0.0", "[::]"} else host
        self.url = f"http://{host}:{bound.getsockname()[1]}"
        run_file = RunFile(os.getpid(), self.url, self._token)
        self._board.health.api_note = ""
        if self._folder is not None:
            try:
                write_run_file(self._folder, run_file)
            except OSError as error:
                self._board.health.api_note = f"run.json: {error.strerror or error}"
                events.api_refused("run.json", f"{error.strerror or error}")
        events.api_started(self.url)
        self.started.set()
        return run_file

    @staticmethod
    async def _close(server: _Server, bound: socket.socket) -> None:
        if server.started:
            await server.shutdown(sockets=[bound])
        bound.close()

    def _config(self, authenticator: Authenticator) -> uvicorn.Config:
        hosts = {*LOOPBACK_NAMES, self._host, *self._hosts} if self._closed_hosts() else set()
        app = make_app(
            self._ports,
            authenticator,
            hosts=hosts,
            origins=self._origins,
            extra=self._extra,
        )
        return uvicorn.Config(
            app,
            http=DeadlineProtocol,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=KEEP_ALIVE_S,
            timeout_graceful_shutdown=GRACE_S,
            limit_concurrency=CONNECTIONS_MAX,
            h11_max_incomplete_event_size=HEADER_BYTES_MAX,
        )

    def _closed_hosts(self) -> bool:
        """A page of another site must not reach us through a name of its own (DNS rebinding)."""
        return self._users is None or bool(self._hosts)


def parse_listen(listen: str) -> tuple[str, int]:
    """Read `host:port` or `[v6]:port`."""
    host, _, port = listen.rpartition(":")
    return host.strip("[]") or "127.0.0.1", int(port)


def _socket(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if os.name == "posix":
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # Accepted sockets inherit it; without it every answer waits 40 ms for a delayed ack.
        bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        bound.bind((host, port))
        bound.listen(BACKLOG)
    except OSError:
        bound.close()
        raise
    bound.setblocking(False)
    return bound
