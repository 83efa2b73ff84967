"""One client's connection: requests in turn, each answered before the next is read."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable

from gateway.core.clock import Clock
from gateway.ops.events import usage_receiver as events
from gateway.usage.receiver import pages
from gateway.usage.receiver.head import HttpError, Request
from gateway.usage.receiver.health import ReceiverHealth
from gateway.usage.receiver.http1 import RequestReader
from gateway.usage.receiver.replies import Reply, answer_bytes

READ_BYTES = 16 * 1024
HANDSHAKE_S = 10.0
IDLE_S = 30.0
"""How long a connection may wait for its next request."""
FRESH_S = 2.0
"""A new connection is not sent away for another one before its first request had time to come."""
REQUEST_S = 10.0
"""From the first byte of a request to its last, however slowly they come."""
QUIET_S = 1.0
"""Pause after which a 1.0 body without a length that looks whole is taken as whole."""
WRITE_S = 10.0
LINGER_S = 1.0
LINGER_BYTES_MAX = 256 * 1024
REQUESTS_MAX = 1_000
"""Then the connection is closed, so that no client stays for ever."""
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"

Answer = Callable[[Request, str], Awaitable[Reply]]


class Connection:
    """A client. Ends quietly when the client goes, is too slow, or writes no HTTP.

    Args:
        raw: the accepted socket; closed when `run` ends, or by `drop` where it never ran.
        context: with it TLS is spoken.
    """

    def __init__(
        self,
        raw: socket.socket,
        peer: str,
        context: ssl.SSLContext | None,
        answer: Answer,
        clock: Clock,
        health: ReceiverHealth,
    ) -> None:
        self.peer = peer
        self.stopping = False
        self._raw: socket.socket | None = raw
        self._context = context
        self._answer = answer
        self._clock = clock
        self._health = health
        self.idle_since: float | None = None
        self._answered = 0
        self._requests = RequestReader()
        self._reader: asyncio.StreamReader
        self._writer: asyncio.StreamWriter

    def leave(self) -> None:
        """End at once."""
        self.idle_since = None
        self._writer.transport.abort()

    def drop(self) -> None:
        """Close the socket of a connection that never ran."""
        raw, self._raw = self._raw, None
        if raw is not None:
            raw.close()

    async def run(self, *, refuse: Reply | None = None) -> None:
        """Serve until the client goes; with `refuse` only say that.

        Cancel: the connection is cut; a record whose answer did not leave stays in the ledger.
        """
        if not await self._opened():
            return
        try:
            if refuse is None:
                await self._exchanges()
            else:
                await self._say(refuse, keep_alive=False)
            await self._close()
        except (OSError, TimeoutError) as error:
            # The client is gone or does not read: nobody is left to tell.
            if isinstance(error, TimeoutError):
                events.client_slow(self.peer, "does-not-read")
        finally:
            self._writer.transport.abort()

    async def _opened(self) -> bool:
        loop, raw = asyncio.get_running_loop(), self._raw
        assert raw is not None
        self._reader = asyncio.StreamReader(READ_BYTES, loop)
        protocol = asyncio.StreamReaderProtocol(self._reader, loop=loop)
        self._raw = None
        opened = False
        try:
            async with asyncio.timeout(HANDSHAKE_S + 1):
                transport, _ = await loop.connect_accepted_socket(
                    lambda: protocol,
                    raw,
                    ssl=self._context,
                    ssl_handshake_timeout=HANDSHAKE_S if self._context else None,
                    ssl_shutdown_timeout=LINGER_S if self._context else None,
                )
            opened = True
        except (OSError, TimeoutError) as error:
            self._tls_failed(error)
            return False
        finally:
            if not opened:
                raw.close()
        self._writer = asyncio.StreamWriter(transport, protocol, self._reader, loop)
        return True

    def _tls_failed(self, error: Exception) -> None:
        reason = getattr(error, "reason", None) or type(error).__name__
        self._health.failed(f"tls {reason}", self.peer, self._clock.now())
        events.tls_failed(self.peer, str(reason))

    async def _exchanges(self) -> None:
        while self._answered < REQUESTS_MAX:
            try:
                request = await self._next()
            except HttpError as error:
                self._health.failed(error.reason, self.peer, self._clock.now())
                events.request_refused(self.peer, error.reason)
                await self._say(pages.broken(error.status, error.reason), keep_alive=False)
                return
            if request is None:
                return
            reply = await self._answer(request, self.peer)
            self._answered += 1
            more = self._answered < REQUESTS_MAX and not self.stopping
            stays = request.keep_alive and more
            await self._say(reply, keep_alive=stays, head_only=request.method == "HEAD")
            if not stays:
                return

    async def _next(self) -> Request | None:
        """Give the next request, None when there will be none.

        Raises:
            HttpError: what came is none, or not all of it in time.
        """
        if self._requests.idle and (self.stopping or not await self._first_bytes()):
            return None
        try:
            async with asyncio.timeout(REQUEST_S):
                return await self._whole()
        except TimeoutError:
            status = 411 if self._requests.until_close else 408
            raise HttpError(status, "too-slow") from None

    async def _first_bytes(self) -> bool:
        fresh_s = 0.0 if self._answered else FRESH_S
        self.idle_since = self._clock.monotonic() + fresh_s
        try:
            async with asyncio.timeout(IDLE_S):
                data = await self._reader.read(READ_BYTES)
        except TimeoutError:
            return False
        finally:
            self.idle_since = None
        self._requests.feed(data)
        return bool(data)

    async def _whole(self) -> Request | None:
        while (request := self._requests.next_request()) is None:
            if self._requests.wants_continue and not self._writer.is_closing():
                self._writer.write(CONTINUE)
                self._requests.continued()
            data = await self._read()
            if data:
                self._requests.feed(data)
            else:
                self._requests.feed_eof()
                return self._requests.next_request()
        return request

    async def _read(self) -> bytes:
        """Give what comes next, nothing at the end, or where a pause is the end."""
        if not self._requests.until_close:
            return await self._reader.read(READ_BYTES)
        try:
            async with asyncio.timeout(QUIET_S):
                return await self._reader.read(READ_BYTES)
        except TimeoutError:
            if self._requests.settles():
                return b""
        return await self._reader.read(READ_BYTES)

    async def _say(self, reply: Reply, *, keep_alive: bool, head_only: bool = False) -> None:
        if self._writer.is_closing():
            raise ConnectionResetError
        async with asyncio.timeout(WRITE_S):
            self._writer.write(
                answer_bytes(reply, self._clock.now(), keep_alive=keep_alive, head_only=head_only)
            )
            await self._writer.drain()

    async def _close(self) -> None:
        """Close so that the answer arrives: bytes left unread would make it a reset."""
        if self._writer.is_closing():
            return
        if self._context is None:
            self._writer.write_eof()
            await self._linger()
        self._writer.close()
        async with asyncio.timeout(2 * LINGER_S):
            await self._writer.wait_closed()

    async def _linger(self) -> None:
        seen = 0
        try:
            async with asyncio.timeout(LINGER_S):
                while seen < LINGER_BYTES_MAX and (data := await self._reader.read(READ_BYTES)):
                    seen += len(data)
        except TimeoutError:
            return
