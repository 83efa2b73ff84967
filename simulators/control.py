"""A control channel for tests and the demo: `POST /fault {...}`, `GET /state`; loopback only."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

from simulators.listening import stop_listening

Handler = Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]
State = Callable[[], dict[str, Any]]
BODY_BYTES_MAX = 64 * 1024
HEADER_LINES_MAX = 50
REQUEST_S_MAX = 120.0


class BadRequest(Exception):
    """The request cannot be understood; the text goes back to the caller."""


class Control:
    """One tiny HTTP server; a handler gives the answer's JSON object or raises BadRequest."""

    def __init__(self, fault: Handler, state: State) -> None:
        self._fault = fault
        self._state = state
        self._server: asyncio.Server | None = None
        self.port = 0

    async def start(self, port: int) -> None:
        """Listen on 127.0.0.1; port 0 takes a free one."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Stop listening."""
        if self._server is not None:
            await stop_listening(self._server)
            await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(REQUEST_S_MAX):
                code, body = await self._answer(reader)
                writer.write(_response(code, body))
                await writer.drain()
        except (OSError, TimeoutError, asyncio.IncompleteReadError, ValueError):
            pass  # a caller that went away or speaks something else gets nothing
        finally:
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader) -> tuple[str, dict[str, Any]]:
        method, path, length = await _head(reader)
        if (method, path) == ("GET", "/state"):
            return "200 OK", self._state()
        if (method, path) != ("POST", "/fault"):
            return "404 Not Found", {"error": "POST /fault or GET /state"}
        if length > BODY_BYTES_MAX:
            return "413 Content Too Large", {"error": f"at most {BODY_BYTES_MAX} bytes"}
        try:
            order = json.loads(await reader.readexactly(length) or b"{}")
            if not isinstance(order, dict):
                raise BadRequest("a JSON object is needed")
            return "200 OK", await self._fault(order)
        except (BadRequest, ValueError) as error:
            return "400 Bad Request", {"error": str(error)}


async def _head(reader: asyncio.StreamReader) -> tuple[str, str, int]:
    method, path, _ = (await reader.readline()).decode("latin-1").split(maxsplit=2)
    length = 0
    for _line in range(HEADER_LINES_MAX):
        name, _, value = (await reader.readline()).decode("latin-1").partition(":")
        if not value:
            break
        if name.strip().lower() == "content-length":
            length = int(value)
    return method, path, length


def _response(code: str, body: dict[str, Any]) -> bytes:
    content = json.dumps(body, ensure_ascii=False).encode()
    head = (
        f"HTTP/1.1 {code}\r\nContent-Type: application/json; charset=utf-8\r\n"
        f"Content-Length: {len(content)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode("latin-1") + content


def seconds(order: dict[str, Any], key: str, default: float) -> float:
    """Read a time in seconds out of an order, written as a number or as `20s` or `500ms`."""
    value = order.get(key, default)
    if isinstance(value, str):
        unit, factor = ("ms", 0.001) if value.endswith("ms") else ("s", 1.0)
        value = float(value.removesuffix(unit)) * factor
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= 86400:
        raise BadRequest(f"{key}: a time such as 2.5 or 20s is needed")
    return float(value)
