"""A small HTTP/1 server of which every byte, delay and cut can be ordered; no framework's kindness.

It reads requests as a common web server does: keep-alive, `Expect: 100-continue`, chunked bodies,
HTTP/1.0. Percent signs and bytes beyond ASCII in a request target are left to the handler.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import struct
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus

from simulators.listening import stop_listening

HEAD_BYTES_MAX = 64 * 1024
BODY_BYTES_MAX = 1024 * 1024
IDLE_S_MAX = 300.0
RESET = struct.pack(
    "hh" if sys.platform == "win32" else "ii", 1, 0
)  # linger, for no time: closing sends RST


@dataclass(frozen=True, slots=True)
class Request:
    """One request; header names in lower case, `query` as it came."""

    method: str
    path: str
    query: bytes
    headers: dict[str, str]
    body: bytes
    peer: str
    keep: bool
    version: str = "HTTP/1.1"

    @property
    def content_type(self) -> str:
        """The type without its parameters, in lower case, "" for none."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


@dataclass(frozen=True, slots=True)
class Reply:
    """What is said, and how: after `wait_s`, a byte every `step_s`, or a reset instead."""

    body: bytes = b""
    content_type: str = "text/html;charset=UTF-8"
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    wait_s: float = 0.0
    step_s: float = 0.0
    cut: bool = False


Handler = Callable[[Request], Awaitable[Reply]]


class UnreadableRequest(ValueError):
    """What came is not HTTP as this server reads it."""


class SmallHttp:
    """Listens and asks `handler` for the reply to each request, in order on each connection."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self._server: asyncio.Server | None = None
        self._open: dict[asyncio.StreamWriter, asyncio.Event] = {}
        self._closing = asyncio.Event()

    async def start(self, host: str, port: int, tls: ssl.SSLContext | None = None) -> int:
        """Listen; port 0 takes a free one. Gives the port."""
        self._server = await asyncio.start_server(
            self._serve, host, port, ssl=tls, limit=HEAD_BYTES_MAX
        )
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Stop listening, cut what is open and wait until it has ended."""
        if self._server is not None:
            await stop_listening(self._server)
        self._closing.set()
        open_now = list(self._open.items())
        for writer, _ in open_now:
            writer.transport.abort()
        for _, ended in open_now:
            await ended.wait()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ended = self._open[writer] = asyncio.Event()
        try:
            while not self._closing.is_set() and await self._one(reader, writer):
                pass
        except (OSError, EOFError, TimeoutError, asyncio.LimitOverrunError):
            pass  # a caller that went away, or says nothing, gets nothing
        finally:
            writer.close()
            self._open.pop(writer, None)
            ended.set()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        try:
            async with asyncio.timeout(IDLE_S_MAX):
                request = await _read(reader, writer)
        except UnreadableRequest as error:
            writer.write(_head(Reply(str(error).encode(), status=400), keep=False))
            return False
        reply = await self._handler(request)
        await self._pause(reply.wait_s)
        if reply.cut:
            _reset(writer)
            return False
        await self._write(writer, reply, request.keep)
        return request.keep

    async def _write(self, writer: asyncio.StreamWriter, reply: Reply, keep: bool) -> None:
        head = _head(reply, keep)
        if not reply.step_s:
            writer.write(head + reply.body)
            await writer.drain()
            return
        writer.write(head)
        for place in range(len(reply.body)):
            writer.write(reply.body[place : place + 1])
            await writer.drain()
            await self._pause(reply.step_s)

    async def _pause(self, span_s: float) -> None:
        if span_s > 0:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(span_s):
                    await self._closing.wait()


@asynccontextmanager
async def listening(
    handler: Handler, host: str = "127.0.0.1", port: int = 0, tls: ssl.SSLContext | None = None
) -> AsyncIterator[str]:
    """Listen within the context; gives the base address."""
    server = SmallHttp(handler)
    bound = await server.start(host, port, tls)
    try:
        yield f"{'http' if tls is None else 'https'}://{host}:{bound}"
    finally:
        await server.stop()


def port_of(url: str) -> int:
    """Give the port of a base address."""
    return int(url.rsplit(":", 1)[1])


async def _read(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Request:
    head = (await reader.readuntil(b"\r\n\r\n")).lstrip(b"\r\n")
    first, *lines = head[:-4].split(b"\r\n")
    method, _, rest = first.partition(b" ")
    target, _, version = rest.rpartition(b" ")
    if not method.isalpha() or version not in {b"HTTP/1.0", b"HTTP/1.1"}:
        raise UnreadableRequest("not a request line")
    headers = _headers(lines)
    body = await _body(reader, writer, headers)
    path, _, query = target.partition(b"?")
    wish = headers.get("connection", "").lower()
    return Request(
        method.decode().upper(),
        path.decode("latin-1"),
        query,
        headers,
        body,
        str((writer.get_extra_info("peername") or ("",))[0]),
        version == b"HTTP/1.1" and wish != "close",
        version.decode(),
    )


def _headers(lines: list[bytes]) -> dict[str, str]:
    headers = {}
    for line in lines:
        name, colon, value = line.decode("latin-1").partition(":")
        if not colon:
            raise UnreadableRequest("not a header line")
        headers[name.strip().lower()] = value.strip()
    return headers


async def _body(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, headers: dict[str, str]
) -> bytes:
    if headers.get("expect", "").lower() == "100-continue":
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    if headers.get("transfer-encoding", "").lower() == "chunked":
        return await _chunks(reader)
    length = _size(headers.get("content-length", "0"), 10)
    return await reader.readexactly(length)


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    body = b""
    while True:
        line = await reader.readuntil(b"\r\n")
        size = _size(line.partition(b";")[0].strip().decode("latin-1"), 16)
        body += (await reader.readexactly(size + 2))[:-2]
        _size(f"{len(body)}", 10)
        if size == 0:
            return body


def _size(text: str, base: int) -> int:
    try:
        size = int(text, base)
    except ValueError as error:
        raise UnreadableRequest("not a length") from error
    if not 0 <= size <= BODY_BYTES_MAX:
        raise UnreadableRequest(f"at most {BODY_BYTES_MAX} bytes")
    return size


def _head(reply: Reply, keep: bool) -> bytes:
    headers = (
        ("Content-Type", reply.content_type),
        ("Content-Length", str(len(reply.body))),
        *reply.headers,
        ("Connection", "keep-alive" if keep else "close"),
    )
    lines = [f"HTTP/1.1 {reply.status} {HTTPStatus(reply.status).phrase}"]
    lines += [f"{name}: {value}" for name, value in headers if value]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def _reset(writer: asyncio.StreamWriter) -> None:
    wire = writer.get_extra_info("socket")
    if wire is not None:
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    writer.transport.abort()
