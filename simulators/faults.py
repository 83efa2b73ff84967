"""A TCP proxy that does to a connection what networks do.

    python -m simulators.faults --target 127.0.0.1:4840 --port 14840 --control-port 14841

In a test: `async with FaultProxy("127.0.0.1", port) as proxy: ...; proxy.set(Mode.BLACK_HOLE)`.
`POST /fault {"mode": ...}` takes the modes below with `for` (seconds, then back to `pass`),
`delay`, `rate` (bytes a second), `after` (bytes) and `chance` (of a corrupted block).
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import socket
import struct
import time
from dataclasses import dataclass
from enum import StrEnum
from random import Random
from typing import Any, Self

from simulators.control import BadRequest, Control, seconds
from simulators.listening import stop_listening
from simulators.stopping import stop_event

BLOCK_BYTES = 16 * 1024
CONNECT_S = 5.0
_LINGER_NONE = struct.pack("ii", 1, 0)


class Mode(StrEnum):
    """What happens to bytes; `cut` and `half-close` happen once, to what is connected."""

    PASS = "pass"  # noqa: S105 - not a password
    BLACK_HOLE = "black-hole"
    """Connections are accepted and stay open; nothing comes through in either direction."""
    DELAY = "delay"
    THROTTLE = "throttle"
    TRUNCATE = "truncate"
    """After so many bytes towards the client the connection ends."""
    CORRUPT = "corrupt"
    """Single bits flip."""
    REFUSE = "refuse"
    """New connections are reset at once; old ones go on."""
    CUT = "cut"
    """Everything connected is reset (RST)."""
    HALF_CLOSE = "half-close"
    """The client sees the end of the stream and may still send."""


@dataclass(slots=True)
class Shape:
    """The present mode and its numbers."""

    mode: Mode = Mode.PASS
    delay_s: float = 0.5
    rate: float = 1200.0
    after: int = 100
    chance: float = 0.1


class Pair:
    """One client's connection and ours to the target."""

    def __init__(self, proxy: FaultProxy, client: asyncio.StreamWriter) -> None:
        self.proxy, self.client = proxy, client
        self.target: asyncio.StreamWriter | None = None
        self.to_client = 0

    async def run(self, reader: asyncio.StreamReader) -> None:
        """Carry bytes until one side ends."""
        async with asyncio.timeout(CONNECT_S):
            back, self.target = await asyncio.open_connection(*self.proxy.target)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._carry(reader, self.target, towards_client=False))
            group.create_task(self._carry(back, self.client, towards_client=True))

    async def _carry(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, towards_client: bool
    ) -> None:
        with contextlib.suppress(OSError):
            while block := await reader.read(BLOCK_BYTES):
                await self.proxy.opened.wait()
                block = await self._shaped(block, towards_client=towards_client)
                writer.write(block)
                await writer.drain()
            await self.proxy.opened.wait()
            if writer.can_write_eof():
                writer.write_eof()

    async def _shaped(self, block: bytes, *, towards_client: bool) -> bytes:
        shape = self.proxy.shape
        if shape.mode is Mode.DELAY:
            await asyncio.sleep(shape.delay_s)
        elif shape.mode is Mode.THROTTLE:
            await asyncio.sleep(len(block) / shape.rate)
        elif shape.mode is Mode.CORRUPT and self.proxy.random.random() < shape.chance:
            place = self.proxy.random.randrange(len(block))
            block = block[:place] + bytes((block[place] ^ 1,)) + block[place + 1 :]
        elif shape.mode is Mode.TRUNCATE and towards_client:
            left = max(0, shape.after - self.to_client)
            self.to_client += len(block)
            if len(block) > left:
                self.client.write(block[:left])
                self.close()
                raise ConnectionAbortedError
        return block

    def reset(self) -> None:
        """End both sides with RST."""
        for writer in (self.client, self.target):
            if writer is not None:
                sock = writer.get_extra_info("socket")
                if sock is not None:
                    with contextlib.suppress(OSError):  # it may be closed already
                        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NONE)
                writer.transport.abort()

    def close(self) -> None:
        for writer in (self.client, self.target):
            if writer is not None:
                writer.close()


class FaultProxy:
    """Listens on 127.0.0.1:`port` (0 takes a free one) and speaks to one target."""

    def __init__(self, host: str, target_port: int, *, port: int = 0, seed: int = 1) -> None:
        self.target = (host, target_port)
        self.port = port
        self.shape = Shape()
        self.random = Random(seed)
        self.opened = asyncio.Event()
        self.opened.set()
        self.accepted = 0
        self._pairs: set[Pair] = set()
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Stop listening and reset what is connected."""
        if self._server is not None:
            await stop_listening(self._server)
        self.opened.set()
        for pair in list(self._pairs):
            pair.reset()
        while self._pairs:  # noqa: ASYNC110 - each pair's own task leaves the set
            await asyncio.sleep(0.01)

    def set(self, mode: Mode, **numbers: float) -> None:
        """Enter a mode; `delay_s`, `rate`, `after`, `chance` as in Shape."""
        if mode is Mode.CUT:
            for pair in list(self._pairs):
                pair.reset()
            return
        if mode is Mode.HALF_CLOSE:
            for pair in self._pairs:
                pair.client.write_eof()
            return
        self.shape = Shape(mode, **numbers)  # type: ignore[arg-type]  # all but one are numbers
        if mode is Mode.BLACK_HOLE:
            self.opened.clear()
        else:
            self.opened.set()

    @property
    def connections(self) -> int:
        """The number of living connections."""
        return len(self._pairs)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        pair = Pair(self, writer)
        self.accepted += 1
        if self.shape.mode is Mode.REFUSE:
            pair.reset()
            return
        self._pairs.add(pair)
        try:
            await pair.run(reader)
        except (OSError, TimeoutError):
            pair.reset()  # the target is not there: the client sees a reset
        finally:
            self._pairs.discard(pair)
            pair.close()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()


async def run(options: argparse.Namespace) -> None:
    """Serve until SIGTERM or SIGINT."""
    host, _, port = options.target.rpartition(":")
    proxy = FaultProxy(host, int(port), port=options.port)
    await proxy.start()

    async def order(order: dict[str, Any]) -> dict[str, Any]:
        began = time.time_ns()
        try:
            mode = Mode(order.get("mode", ""))
        except ValueError:
            raise BadRequest(f"mode: one of {', '.join(Mode)}") from None
        names = {"delay": "delay_s", "rate": "rate", "after": "after", "chance": "chance"}
        proxy.set(mode, **{names[key]: order[key] for key in names.keys() & order.keys()})
        if "for" in order:
            await asyncio.sleep(seconds(order, "for", 5.0))
            proxy.set(Mode.PASS)
        return {"mode": mode, "from": began, "to": time.time_ns()}

    def state() -> dict[str, Any]:
        return {"mode": proxy.shape.mode, "connections": proxy.connections}

    control = Control(order, state)
    await control.start(options.control_port)
    stop = stop_event()
    ready = {"ready": "faults", "port": proxy.port, "control": control.port, "pid": os.getpid()}
    print(json.dumps(ready), flush=True)
    await stop.wait()
    await control.stop()
    await proxy.stop()


def main() -> None:
    parser = argparse.ArgumentParser(prog="simulators.faults", description=__doc__)
    parser.add_argument("--target", required=True, help="host:port")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--control-port", type=int, default=0)
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(run(parser.parse_args()))


if __name__ == "__main__":
    main()
