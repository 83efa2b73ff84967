"""A wire between an adapter and its machine that can be cut."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from simulators.listening import stop_listening

CHUNK = 65_536


class Relay:
    """Listens on a free port of loopback and hands everything on."""

    def __init__(self, port: int) -> None:
        self._to = port
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._away = False
        self.port = 0

    async def start(self) -> None:
        """Listen."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    def cut(self) -> None:
        """End all connections without a word."""
        for writer in self._writers:
            writer.transport.abort()

    def away(self) -> None:
        """Cut, and hang up on whoever comes: a line makes a second try of its own."""
        self._away = True
        self.cut()

    def back(self) -> None:
        """Hand on again."""
        self._away = False

    async def stop(self) -> None:
        """Listen no more."""
        assert self._server is not None
        await stop_listening(self._server)
        self.cut()
        await asyncio.sleep(0)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._away:
            writer.transport.abort()
            return
        up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self._to)
        ours = {writer, up_writer}
        self._writers |= ours
        await asyncio.gather(self._pipe(reader, up_writer), self._pipe(up_reader, writer))
        self._writers -= ours

    async def _pipe(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while chunk := await reader.read(CHUNK):
                writer.write(chunk)
                await writer.drain()
        writer.close()


@asynccontextmanager
async def relay_to(port: int) -> AsyncIterator[Relay]:
    """Run a relay for a block."""
    made = Relay(port)
    await made.start()
    try:
        yield made
    finally:
        await made.stop()
