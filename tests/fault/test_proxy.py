"""The fault proxy does to connections what it says, and nothing while it passes."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from simulators.faults import FaultProxy, Mode
from simulators.listening import stop_listening

WAIT_S = 60.0
SHORT_S = 0.3


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    writer.close()


@pytest.fixture
async def target() -> AsyncIterator[int]:
    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1]
    await stop_listening(server)
    await server.wait_closed()


@pytest.fixture
async def proxy(target: int) -> AsyncIterator[FaultProxy]:
    async with FaultProxy("127.0.0.1", target) as running:
        yield running


class Line:
    """A client through the proxy."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    @classmethod
    async def open(cls, proxy: FaultProxy) -> Line:
        return cls(*await asyncio.open_connection("127.0.0.1", proxy.port))

    async def say(self, data: bytes) -> bytes:
        self.writer.write(data)
        await self.writer.drain()
        async with asyncio.timeout(WAIT_S):
            return await self.reader.readexactly(len(data))

    async def close(self) -> None:
        self.writer.close()
        with contextlib.suppress(OSError):
            await self.writer.wait_closed()


@pytest.fixture
async def line(proxy: FaultProxy) -> AsyncIterator[Line]:
    opened = await Line.open(proxy)
    assert await opened.say(b"hello") == b"hello"
    yield opened
    await opened.close()


async def test_it_passes_everything_unchanged(line: Line) -> None:
    data = bytes(range(256)) * 1000
    assert await line.say(data) == data


async def test_cut_resets_what_is_connected(proxy: FaultProxy, line: Line) -> None:
    proxy.set(Mode.CUT)
    with pytest.raises(ConnectionResetError):
        async with asyncio.timeout(WAIT_S):
            await line.reader.readexactly(1)
    other = await Line.open(proxy)
    assert await other.say(b"new") == b"new"
    await other.close()


async def test_a_black_hole_swallows_and_gives_everything_back_when_it_ends(
    proxy: FaultProxy, line: Line
) -> None:
    proxy.set(Mode.BLACK_HOLE)
    line.writer.write(b"kept")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(SHORT_S):
            await line.reader.readexactly(1)
    proxy.set(Mode.PASS)
    async with asyncio.timeout(WAIT_S):
        assert await line.reader.readexactly(4) == b"kept"


async def test_delay_holds_each_block_back(proxy: FaultProxy, line: Line) -> None:
    proxy.set(Mode.DELAY, delay_s=0.2)
    began = asyncio.get_running_loop().time()
    assert await line.say(b"slow") == b"slow"
    assert asyncio.get_running_loop().time() - began >= 0.4


async def test_throttle_takes_as_long_as_the_rate_says(proxy: FaultProxy, line: Line) -> None:
    proxy.set(Mode.THROTTLE, rate=5000)
    began = asyncio.get_running_loop().time()
    await line.say(b"x" * 1000)
    assert asyncio.get_running_loop().time() - began >= 0.4


async def test_truncate_ends_in_the_middle(proxy: FaultProxy, target: int) -> None:
    proxy.set(Mode.TRUNCATE, after=3)
    opened = await Line.open(proxy)
    opened.writer.write(b"abcdef")
    async with asyncio.timeout(WAIT_S):
        assert await opened.reader.read() == b"abc"
    await opened.close()


async def test_corrupt_flips_bits_and_keeps_the_length(proxy: FaultProxy, line: Line) -> None:
    proxy.set(Mode.CORRUPT, chance=1.0)
    data = b"x" * 100
    said = await line.say(data)
    assert said != data
    assert len(said) == len(data)


async def test_half_close_ends_one_direction_only(proxy: FaultProxy, line: Line) -> None:
    proxy.set(Mode.HALF_CLOSE)
    async with asyncio.timeout(WAIT_S):
        assert await line.reader.read() == b""
    line.writer.write(b"still sending")
    await line.writer.drain()


async def test_refuse_resets_new_connections_only(proxy: FaultProxy, line: Line) -> None:
    proxy.set(Mode.REFUSE)
    with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
        await (await Line.open(proxy)).say(b"x")
    assert await line.say(b"old") == b"old"


async def test_a_target_that_is_not_there_is_a_reset() -> None:
    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    await stop_listening(server)
    await server.wait_closed()
    async with FaultProxy("127.0.0.1", port) as proxy:
        opened = await Line.open(proxy)
        with pytest.raises(ConnectionResetError):
            async with asyncio.timeout(WAIT_S):
                await opened.reader.readexactly(1)


async def test_connections_end_with_the_client(proxy: FaultProxy) -> None:
    opened = await Line.open(proxy)
    await opened.say(b"x")
    assert proxy.connections == 1
    await opened.close()
    async with asyncio.timeout(WAIT_S):
        while proxy.connections:
            await asyncio.sleep(0.01)
