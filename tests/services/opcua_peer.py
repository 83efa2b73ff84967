"""What the OPC UA tests share: an intake that records, a source, a proxy that cuts and listens."""

from __future__ import annotations

import asyncio
import contextlib
import struct
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from adapters.opcua.adapter import OpcUaAdapter
from adapters.opcua.config import OpcUaItem, OpcUaSource
from adapters.opcua.timeline import Memory
from gateway.core.clock import SystemClock
from gateway.core.errors import SourceError
from gateway.core.records import Batch, Gap, Rejected
from gateway.core.signals import PlanTable, Signal
from gateway.core.types import UnixNs
from gateway.ops.health import DeviceHealth
from simulators.listening import stop_listening
from tests.services.node_opcua import URI

WAIT_S = 60.0


class Recorder:
    """An intake that keeps everything; `gate` holds deliveries back like a slow disk."""

    def __init__(self, last: int | None = None) -> None:
        self.items: list[Batch | Gap | Rejected] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.waiting = 0
        self.last = last

    async def deliver(self, items: Sequence[Batch | Gap | Rejected]) -> None:
        self.waiting += 1
        try:
            await self.gate.wait()
        finally:
            self.waiting -= 1
        self.items.extend(items)

    def last_received(self) -> UnixNs | None:
        return None if self.last is None else UnixNs(self.last)

    @property
    def gaps(self) -> list[Gap]:
        return [item for item in self.items if isinstance(item, Gap)]

    @property
    def batches(self) -> list[Batch]:
        return [item for item in self.items if isinstance(item, Batch)]

    def samples(self, name: str) -> list[tuple[Any, int, int]]:
        """Give (value, time, status) of one signal in order of arrival."""
        found = []
        for batch in self.batches:
            for place, signal in enumerate(batch.signals):
                if batch.plan.signals[signal].name == name:
                    status = 0 if batch.status is None else int(batch.status[place])
                    found.append((batch.values[place], int(batch.times[place]), status))
        return found

    def values(self, name: str) -> list[Any]:
        return [value for value, _, _ in self.samples(name)]

    def count(self) -> int:
        return sum(len(batch) for batch in self.batches)


def plan(names: Sequence[str], device: str = "press") -> PlanTable:
    return PlanTable(
        device,
        tuple(
            Signal(i, device, name, name, "aas", "asset", "sm", "OperationalData", "", f"e{i}")
            for i, name in enumerate(names)
        ),
    )


def source(url: str, folder: Path, names: Sequence[str], **changes: Any) -> OpcUaSource:
    """Give a source whose signals are nodes `s=<name>` of the test server; unsafe unless said."""
    sampling, queue = changes.pop("sampling_s", 0.0), changes.pop("queue", 1000)
    addresses = changes.pop("addresses", [f"nsu={URI};s={name}" for name in names])
    settings: dict[str, Any] = {
        "device": "press",
        "url": url,
        "plan": plan(names),
        "items": tuple(
            OpcUaItem(i, address, sampling, queue) for i, address in enumerate(addresses)
        ),
        "publishing_s": 0.1,
        "keepalive_s": 1.0,
        "lifetime_s": 20.0,
        "unsafe": True,
        "trust_folder": folder / "trust",
        **changes,
    }
    return OpcUaSource(**settings)


class Running:
    """An adapter that is kept running, like the runner does, but without long waits."""

    def __init__(self, made: OpcUaSource, intake: Recorder, memory: Memory | None = None) -> None:
        self.source = made
        self.intake = intake
        self.health = DeviceHealth(made.device, len(made.items))
        self.memory = memory or Memory()
        self.adapter = OpcUaAdapter(made, self.health, SystemClock(), self.memory)
        self.errors: list[SourceError] = []

    async def loop(self) -> None:
        while True:
            try:
                await self.adapter.run(self.intake)
            except SourceError as error:
                self.errors.append(error)
                await asyncio.sleep(0.1)

    async def until(self, what: Callable[[], Any], timeout: float = WAIT_S) -> None:
        """Wait until `what` holds."""
        try:
            async with asyncio.timeout(timeout):
                while not what():
                    await asyncio.sleep(0.02)
        except TimeoutError:
            shown = [str(error) for error in self.errors[-3:]]
            raise AssertionError(f"waited in vain; errors {shown}; health {self.health}") from None

    @property
    def up(self) -> bool:
        return self.health.connects > 0


@asynccontextmanager
async def running(
    made: OpcUaSource, intake: Recorder | None = None, memory: Memory | None = None
) -> AsyncIterator[Running]:
    """Run an adapter until the block ends; then it is cancelled and must be gone within 5 s."""
    run = Running(made, intake or Recorder(), memory)
    task = asyncio.create_task(run.loop())
    try:
        yield run
    finally:
        task.cancel()
        async with asyncio.timeout(5.0):
            with contextlib.suppress(asyncio.CancelledError):
                await task


class Proxy:
    """A TCP proxy on a free port. It records what the client sends and can cut or go silent."""

    def __init__(self, port: int) -> None:
        self._to = port
        self._server: asyncio.Server | None = None
        self._writers: list[asyncio.StreamWriter] = []
        self.port = 0
        self.open = True
        self.silent = False
        self.sent = bytearray()
        self.change: Callable[[bytes], bytes] | None = None
        """Applied to whole chunks that the server sends."""

    @property
    def url(self) -> str:
        return f"opc.tcp://127.0.0.1:{self.port}"

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    def cut(self, *, refuse: bool = False) -> None:
        """End all connections hard; with `refuse` take no new ones until `open` is set again."""
        self.open = not refuse
        for writer in self._writers:
            writer.transport.abort()
        self._writers = []

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self.open:
            writer.transport.abort()
            return
        try:
            up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self._to)
        except OSError:
            writer.transport.abort()
            return
        self._writers += [writer, up_writer]
        async with asyncio.TaskGroup() as group:
            group.create_task(self._pipe(reader, up_writer, up=True))
            group.create_task(self._pipe(up_reader, writer, up=False))

    async def _pipe(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, up: bool
    ) -> None:
        try:
            while True:
                head = await reader.readexactly(8)
                chunk = head + await reader.readexactly(struct.unpack("<I", head[4:])[0] - 8)
                if up:
                    self.sent += chunk
                elif self.change is not None:
                    chunk = self.change(chunk)
                while self.silent:
                    await asyncio.sleep(0.05)
                writer.write(chunk)
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            writer.transport.abort()

    def acknowledged(self) -> list[int]:
        """Give the sequence numbers that PublishRequests acknowledged (unprotected channels)."""
        found: list[int] = []
        pos = 0
        while pos + 8 <= len(self.sent):
            size = struct.unpack_from("<I", self.sent, pos + 4)[0]
            chunk = bytes(self.sent[pos : pos + size])
            pos += size
            if chunk[:3] == b"MSG" and chunk[24:28] == b"\x01\x00\x3a\x03":
                found += _acknowledgements(chunk)
        return found

    async def stop(self) -> None:
        self.silent = False
        self.cut(refuse=True)
        if self._server is not None:
            await stop_listening(self._server)


def _acknowledgements(chunk: bytes) -> list[int]:
    """Read the sequence numbers at the end of a PublishRequest."""
    token = {0: 2, 1: 4, 2: 7, 4: 19}.get(chunk[28])
    if token is None:
        token = 7 + struct.unpack_from("<i", chunk, 31)[0]
    # Token, then time, handle, diagnostics, a null audit id, timeout hint, a null header.
    start = 28 + token + 8 + 4 + 4 + 4 + 4 + 3
    count = struct.unpack_from("<i", chunk, start)[0]
    pairs = struct.iter_unpack("<II", chunk[start + 4 : start + 4 + 8 * count])
    return [sequence for _, sequence in pairs]


@asynccontextmanager
async def proxy_to(port: int) -> AsyncIterator[Proxy]:
    proxy = Proxy(port)
    await proxy.start()
    try:
        yield proxy
    finally:
        await proxy.stop()
