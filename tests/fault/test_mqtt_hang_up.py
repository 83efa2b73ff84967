"""Brokers of MQTT 3.1.1 that do not say that they know no 5: they hang up, or answer nonsense."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from adapters.mqtt.memory import new_memory
from adapters.mqtt.packets import varint
from gateway.core.errors import SourceError, SourceUnavailable
from gateway.ops.health import DeviceHealth
from simulators.listening import stop_listening
from tests.unit.mqtt.support import MemoryIntake, Running, running, source_of

V311_WELCOME = b"\x20\x02\x00\x00"
V5_WELCOME = b"\x20\x03\x00\x00\x00"
HANGS_UP = b""


class OldBroker:
    """Answers CONNECT of 5 with some bytes and closes; welcomes CONNECT of 3.1.1."""

    def __init__(self, to_5: bytes, to_311: bytes = V311_WELCOME) -> None:
        self.to_5 = to_5
        self.to_311 = to_311
        self.levels: list[int] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            level = (await self._packet(reader))[6]
            self.levels.append(level)
            answer = self.to_5 if level == 5 else self.to_311
            writer.write(answer)
            if answer not in (V311_WELCOME, V5_WELCOME) or (level == 5 and answer == V311_WELCOME):
                return
            body = (await self._packet(reader))[:2] + (b"\x00" if level == 5 else b"") + b"\x01"
            writer.write(b"\x90" + varint(len(body)) + body)
            await reader.read()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _packet(self, reader: asyncio.StreamReader) -> bytes:
        head = await reader.readexactly(2)
        return await reader.readexactly(head[1])


@asynccontextmanager
async def old_broker(
    to_5: bytes, to_311: bytes = V311_WELCOME
) -> AsyncIterator[tuple[OldBroker, int]]:
    broker = OldBroker(to_5, to_311)
    server = await asyncio.start_server(broker.serve, "127.0.0.1", 0)
    try:
        yield broker, server.sockets[0].getsockname()[1]
    finally:
        await stop_listening(server)


@pytest.mark.parametrize(
    "to_5",
    [
        HANGS_UP,
        b"\x20\x02\x00\x01",  # refused: unacceptable protocol version
        b"\x20\x03\x00\x84\x00",
        V311_WELCOME,  # did not look at the level at all
        b"\x20\x00",
        b"\x20\x02\x02\x00",
        b"\x00\x00",
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
    ],
)
async def test_an_old_broker_is_found_however_it_answers(to_5: bytes) -> None:
    async with old_broker(to_5) as (broker, port):
        async with running(source_of({"n": ("t", "$.n")}, port=port)) as run:
            assert run.health.note.startswith("MQTT 3.1.1")
        assert broker.levels == [5, 4]


async def test_a_version_that_is_pinned_is_not_left() -> None:
    async with old_broker(HANGS_UP) as (broker, port):
        with pytest.raises(SourceUnavailable, match="no-answer-to-connect"):
            async with running(source_of({"n": ("t", "$.n")}, port=port, version=5)):
                pass
        assert broker.levels == [5]


async def test_who_hangs_up_on_both_is_no_broker_and_the_reason_says_so() -> None:
    async with old_broker(HANGS_UP, HANGS_UP) as (broker, port):
        with pytest.raises(SourceUnavailable) as refused:
            async with running(source_of({"n": ("t", "$.n")}, port=port)):
                pass
        assert broker.levels == [5, 4]
    assert (refused.value.reason, refused.value.detail) == ("no-answer-to-connect", "")


async def test_an_outage_of_a_broker_that_speaks_5_is_no_reason_to_leave_it() -> None:
    health = DeviceHealth("cell", 1)
    async with old_broker(V5_WELCOME) as (broker, port):
        source = source_of({"n": ("t", "$.n")}, port=port)
        memory = new_memory(source)
        async with running(source, health=health, memory=memory):
            pass
        broker.to_5 = HANGS_UP  # it is being restarted
        again = Running(source, MemoryIntake(), health, memory)
        await again.run()
        assert isinstance(again.error, SourceError)
        assert broker.levels == [5, 5]
        broker.to_5 = V5_WELCOME
        async with running(source, health=health, memory=memory) as run:
            assert run.health.note.startswith("MQTT 5")
        broker.to_5 = HANGS_UP  # it was replaced by an old one
        await Running(source, MemoryIntake(), health, memory).run()
        async with running(source, health=health, memory=memory) as run:
            assert run.health.note.startswith("MQTT 3.1.1")
