"""Stops to listen without leaving a connection half made."""

from __future__ import annotations

import asyncio
from contextlib import suppress

TURNS = 3
"""Of the loop, until a connection that was just taken has its protocol."""


async def stop_listening(server: asyncio.Server) -> None:
    """Take no more connections, let those that were taken be made, and close the port.

    A server of Python 3.11 that is closed between taking a connection and making its transport
    leaves a socket behind that nobody closes. Their protocols are the caller's to end.
    """
    loop = asyncio.get_running_loop()
    with suppress(NotImplementedError):  # the loop of Windows has no such readers, nor the gap
        for socket in server.sockets:
            loop.remove_reader(socket.fileno())
    for _ in range(TURNS):
        await asyncio.sleep(0)
    server.close()
