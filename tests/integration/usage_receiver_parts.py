"""A receiver that runs, and a client that writes bytes to its socket."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from gateway.usage.config import ReceiverConfig
from gateway.usage.ports import UsageIntake
from gateway.usage.receiver.server import Receiver
from tests.unit.usage.receiver.styles import ORIGIN
from tests.unit.usage.receiver.support import (
    FixedClock,
)

WAIT_S = 60.0
CONFIG = ReceiverConfig("127.0.0.1:0", origins=(ORIGIN,))


@dataclass
class Answer:
    """One HTTP answer."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass
class Client:
    """A program with a raw socket."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def answer(self) -> Answer:
        """Read one answer by its length."""
        async with asyncio.timeout(WAIT_S):
            head = await self.reader.readuntil(b"\r\n\r\n")
            first, *lines = head.decode("latin-1").split("\r\n")[:-2]
            pairs = (line.split(": ", 1) for line in lines)
            headers = {name.lower(): value for name, value in pairs}
            length = int(headers.get("content-length", "0"))
            body = await self.reader.readexactly(length)
        return Answer(int(first.split(" ")[1]), headers, body)

    async def ask(self, data: bytes) -> Answer:
        await self.send(data)
        return await self.answer()

    async def ended(self) -> bytes:
        """Give what comes until the receiver closes."""
        try:
            async with asyncio.timeout(WAIT_S):
                return await self.reader.read()
        except ConnectionError:
            return b""

    def close(self) -> None:
        self.writer.transport.abort()


@asynccontextmanager
async def client_of(url: str, context: ssl.SSLContext | None = None) -> AsyncIterator[Client]:
    host, _, port = url.rpartition("//")[2].rpartition(":")
    client = Client(*await asyncio.open_connection(host.strip("[]"), int(port), ssl=context))
    try:
        yield client
    finally:
        client.close()


async def ask(url: str, data: bytes, *, half_close: bool = False) -> Answer:
    """Send one request on a connection of its own."""
    async with client_of(url) as client:
        await client.send(data)
        if half_close:
            client.writer.write_eof()
        return await client.answer()


@asynccontextmanager
async def running(
    take: UsageIntake, *, limits: dict[str, int] | None = None, relay: Any = None, **config: Any
) -> AsyncIterator[Receiver]:
    """Run a receiver on free ports until the block ends."""
    receiver = Receiver(replace(CONFIG, **config), take, FixedClock(), relay, **(limits or {}))
    async with asyncio.TaskGroup() as group:
        task = group.create_task(receiver.run())
        try:
            async with asyncio.timeout(WAIT_S):
                await receiver.started.wait()
            yield receiver
        finally:
            task.cancel()


@asynccontextmanager
async def secured(
    take: UsageIntake, certificate: tuple[Path, Path], **config: Any
) -> AsyncIterator[Receiver]:
    config |= {"certificate": certificate[0], "private_key": certificate[1]}
    async with running(take, tls_listen="127.0.0.1:0", **config) as receiver:
        yield receiver


async def until(check: Any) -> None:
    """Wait for a condition."""
    async with asyncio.timeout(WAIT_S):
        while not check():
            await asyncio.sleep(0.005)
