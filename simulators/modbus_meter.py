"""A Modbus meter, or several behind one gateway or serial line, with faults. No product code.

`python -m simulators.modbus_meter --port 5020` serves unit 1: holding register n holds n, so that
every value says which register it is of; input register n holds n + 32768, coil n is on where n
has an odd number of ones, discrete input n where it has an even one.

Requests of all connections go through one queue: behind a gateway there is one wire, and its units
answer in their order. With `hands_on` an answer goes to whoever is connected when it is ready, as
serial servers do, and some gateways.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import struct
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Self

from simulators.listening import stop_listening

SIZE = 0x10000
FAILED = 0x80
ILLEGAL_FUNCTION, ILLEGAL_ADDRESS, ILLEGAL_VALUE = 1, 2, 3
GATEWAY_SILENT = 11
QUEUE_MAX = 1000
LOG_MAX = 100_000


@dataclass(frozen=True)
class Fault:
    """What goes wrong with one answer; with nothing set it is right."""

    delay_s: float = 0.0
    cut: int | None = None
    """So many bytes of the frame are sent, and no more."""
    number: int = 0
    """Added to the transaction number."""
    unit: int = 0
    count: int = 0
    """Added to the byte count, without more bytes."""
    exception: int = 0
    silent: bool = False
    surplus: bytes = b""
    close: bool = False


@dataclass
class Memory:
    """The registers of one unit; `missing` has tables and addresses that are not there."""

    holding: array[int] = field(default_factory=lambda: array("H", range(SIZE)))
    input: array[int] = field(default_factory=lambda: array("H", (n ^ 0x8000 for n in range(SIZE))))
    coil: bytearray = field(
        default_factory=lambda: bytearray(n.bit_count() & 1 for n in range(SIZE))
    )
    discrete: bytearray = field(
        default_factory=lambda: bytearray(1 - (n.bit_count() & 1) for n in range(SIZE))
    )
    missing: set[tuple[str, int]] = field(default_factory=set)
    registers_max: int = 125

    def answer(self, pdu: bytes) -> bytes:
        """Give the PDU of the answer."""
        function = pdu[0]
        if function in {1, 2}:
            return self._bits(pdu, "coil" if function == 1 else "discrete")
        if function in {3, 4}:
            return self._words(pdu, "holding" if function == 3 else "input")
        if function in {5, 6, 15, 16}:
            return self._write(pdu)
        return bytes([function | FAILED, ILLEGAL_FUNCTION])

    def _fits(self, table: str, address: int, count: int) -> bool:
        there = all((table, n) not in self.missing for n in range(address, address + count))
        return address + count <= SIZE and there

    def _bits(self, pdu: bytes, table: str) -> bytes:
        address, count = struct.unpack(">HH", pdu[1:5])
        if not 1 <= count <= 2000:
            return bytes([pdu[0] | FAILED, ILLEGAL_VALUE])
        if not self._fits(table, address, count):
            return bytes([pdu[0] | FAILED, ILLEGAL_ADDRESS])
        bits = self.coil if table == "coil" else self.discrete
        packed = bytearray((count + 7) // 8)
        for place in range(count):
            packed[place // 8] |= bits[address + place] << place % 8
        return bytes([pdu[0], len(packed)]) + bytes(packed)

    def _words(self, pdu: bytes, table: str) -> bytes:
        address, count = struct.unpack(">HH", pdu[1:5])
        if not 1 <= count <= self.registers_max:
            return bytes([pdu[0] | FAILED, ILLEGAL_VALUE])
        if not self._fits(table, address, count):
            return bytes([pdu[0] | FAILED, ILLEGAL_ADDRESS])
        words = self.holding if table == "holding" else self.input
        data = struct.pack(f">{count}H", *words[address : address + count])
        return bytes([pdu[0], len(data)]) + data

    def _write(self, pdu: bytes) -> bytes:
        function, address, count = pdu[0], *struct.unpack(">HH", pdu[1:5])
        many = function in {15, 16}
        table = "coil" if function in {5, 15} else "holding"
        if not self._fits(table, address, count if many else 1):
            return bytes([function | FAILED, ILLEGAL_ADDRESS])
        if function == 5:
            self.coil[address] = count == 0xFF00
        elif function == 6:
            self.holding[address] = count
        elif function == 15:
            for place in range(count):
                self.coil[address + place] = pdu[6 + place // 8] >> place % 8 & 1
        else:
            words = struct.unpack(f">{count}H", pdu[6 : 6 + 2 * count])
            self.holding[address : address + count] = array("H", words)
        return pdu[:5]


@dataclass(frozen=True)
class Asked:
    """One request as it came."""

    unit: int
    pdu: bytes
    number: int = 0


class Meter:
    """A server of one or more units. `fault` is asked for each request what goes wrong with it."""

    def __init__(
        self,
        units: dict[int, Memory] | None = None,
        *,
        rtu: bool = False,
        hands_on: bool = False,
        fault: Callable[[Asked], Fault] = lambda _: Fault(),
        gateway: bool = False,
        took_s: float = 0.0,
    ) -> None:
        self.units = {1: Memory()} if units is None else units
        self.fault = fault
        self.asked: list[Asked] = []
        self.connections = 0
        self.port = 0
        self._rtu = rtu
        self._hands_on = hands_on
        self._gateway = gateway
        self._took_s = took_s
        self._queue: asyncio.Queue[tuple[Asked, asyncio.StreamWriter]] = asyncio.Queue(QUEUE_MAX)
        self._current: asyncio.StreamWriter | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None
        self._group: asyncio.TaskGroup | None = None
        self._worker: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._group = asyncio.TaskGroup()
        await self._group.__aenter__()
        self._worker = self._group.create_task(self._work())
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.stop()
        assert self._worker is not None
        assert self._group is not None
        self._worker.cancel()
        await self._group.__aexit__(None, None, None)

    async def listen(self, port: int = 0) -> int:
        """Listen on loopback; gives the port."""
        self._server = await asyncio.start_server(self.serve, "127.0.0.1", port)
        self.port = int(self._server.sockets[0].getsockname()[1])
        return self.port

    async def stop(self) -> None:
        """Close the port and all connections."""
        if self._server is not None:
            await stop_listening(self._server)
        for writer in list(self._writers):
            writer.transport.abort()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection, or a serial line."""
        self.connections += 1
        self._current = writer
        self._writers.add(writer)
        try:
            while True:
                asked = await (self._rtu_request(reader) if self._rtu else tcp_request(reader))
                if len(self.asked) < LOG_MAX:
                    self.asked.append(asked)
                await self._queue.put((asked, writer))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _rtu_request(self, reader: asyncio.StreamReader) -> Asked:
        """Read one frame; one whose checksum is wrong is as if it had not come."""
        while True:
            head = await reader.readexactly(7)
            more = 1 if head[1] <= 6 else head[6] + 2
            frame = head + await reader.readexactly(more)
            if crc(frame[:-2]) == frame[-2:]:
                return Asked(frame[0], frame[1:-2])

    async def _work(self) -> None:
        while True:
            asked, writer = await self._queue.get()
            fault = self.fault(asked)
            await asyncio.sleep(self._took_s + fault.delay_s)
            frame = self._frame(asked, fault)
            target = self._current if self._hands_on else writer
            if frame is None or target is None or target.transport.is_closing():
                continue
            target.write(frame if fault.cut is None else frame[: fault.cut])
            if fault.close:
                target.close()

    def _frame(self, asked: Asked, fault: Fault) -> bytes | None:
        memory = self.units.get(asked.unit)
        if fault.silent or (memory is None and not self._gateway):
            return None
        if memory is None:
            pdu = bytes([asked.pdu[0] | FAILED, GATEWAY_SILENT])
        elif fault.exception:
            pdu = bytes([asked.pdu[0] | FAILED, fault.exception])
        else:
            pdu = memory.answer(asked.pdu)
        if fault.count and len(pdu) > 2:
            pdu = pdu[:1] + bytes([(pdu[1] + fault.count) % 256]) + pdu[2:]
        unit = (asked.unit + fault.unit) % 256
        if self._rtu:
            body = bytes([unit]) + pdu
            return body + crc(body) + fault.surplus
        number = (asked.number + fault.number) % SIZE
        return struct.pack(">HHHB", number, 0, len(pdu) + 1, unit) + pdu + fault.surplus


async def tcp_request(reader: asyncio.StreamReader) -> Asked:
    """Read one request in MBAP framing."""
    number, _, length, unit = struct.unpack(">HHHB", await reader.readexactly(7))
    return Asked(unit, await reader.readexactly(length - 1), number)


def crc(data: bytes) -> bytes:
    """Give the checksum of RTU, low byte first; written for reading, not for speed."""
    value = 0xFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ 0xA001 if value & 1 else value >> 1
    return struct.pack("<H", value)


async def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(description="A Modbus meter.")
    parser.add_argument("--port", type=int, default=5020)
    parser.add_argument("--rtu", action="store_true", help="RTU frames over TCP")
    chosen = parser.parse_args(arguments)
    async with Meter(rtu=chosen.rtu) as meter:
        await meter.listen(chosen.port)
        print(json.dumps({"ready": "modbus", "port": meter.port}), flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(main())
