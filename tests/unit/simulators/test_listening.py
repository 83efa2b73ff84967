"""A simulator that stops while somebody connects leaves nothing open behind."""

from __future__ import annotations

import asyncio
import gc
import socket
from contextlib import suppress

import pytest

from simulators.listening import stop_listening


@pytest.mark.parametrize("turns", range(5))
async def test_a_connection_that_was_just_taken_is_made_before_the_port_is_closed(
    turns: int,
) -> None:
    made: list[asyncio.BaseTransport] = []

    class Kept(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            made.append(transport)

    server = await asyncio.get_running_loop().create_server(Kept, "127.0.0.1", 0)
    with socket.create_connection(server.sockets[0].getsockname()) as client:
        for _ in range(turns):
            await asyncio.sleep(0)
        await stop_listening(server)
        for transport in made:
            assert isinstance(transport, asyncio.Transport)
            transport.abort()
        await asyncio.sleep(0)
        gc.collect()  # what was left half made says so now
        client.settimeout(20)
        with suppress(ConnectionResetError):
            assert client.recv(1) == b""
