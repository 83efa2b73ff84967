"""The connection of a line: a TCP connection with either framing, or a serial port."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from importlib import import_module
from types import ModuleType
from typing import cast

from adapters.modbus.config import ModbusSource, SerialPort
from adapters.modbus.frames import (
    FRAME_MAX,
    NUMBER_END,
    Frame,
    MismatchError,
    Request,
    RtuFrame,
    TcpFrame,
)
from adapters.modbus.reasons import (
    CLOSED,
    MISMATCH,
    NO_SERIAL,
    PORT_DENIED,
    PORT_FAILED,
    PORT_MISSING,
    UNKNOWN_HOST,
    UNREACHABLE,
)
from gateway.core.errors import SourceRejected, SourceUnavailable

CLOSE_S = 1.0
LIBRARY = "serialx"


class Receiver(asyncio.Protocol):
    """What came and was not taken. Never more than two frames: what sends more is no unit."""

    def __init__(self) -> None:
        self.received = bytearray()
        self.open = True
        self.transport: asyncio.Transport | None = None
        self._wake = asyncio.Event()
        self._closed = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self.received += data
        if len(self.received) > 2 * FRAME_MAX and self.transport is not None:
            self.transport.abort()
        self._wake.set()

    def connection_lost(self, _error: Exception | None) -> None:
        self.open = False
        self._closed.set()
        self._wake.set()

    async def more(self) -> None:
        """Wait until something comes.

        Raises:
            SourceUnavailable: the other side has closed.
        Cancel: nothing is lost.
        """
        if not self.open:
            raise SourceUnavailable(CLOSED)
        self._wake.clear()
        await self._wake.wait()

    async def closed(self) -> None:
        """Wait until it is closed."""
        await self._closed.wait()


class ModbusWire:
    """An open connection; see `gateway.core.polling.Wire`."""

    def __init__(self, receiver: Receiver, framing: str, numbers: Iterator[int]) -> None:
        assert receiver.transport is not None
        self._receiver = receiver
        self._transport = receiver.transport
        self.numbered = framing == "tcp"
        """Whether an answer repeats a number, so that a late one shows itself."""
        self._numbers = numbers

    @property
    def usable(self) -> bool:
        """Tell whether it is open and nothing came that nobody asked for."""
        return self._receiver.open and not self._receiver.received

    async def close(self) -> None:
        """See `gateway.core.polling.Wire`."""
        self._transport.abort()
        try:
            async with asyncio.timeout(CLOSE_S):
                await self._receiver.closed()
        except TimeoutError:
            pass  # a port that hangs is left to its driver; nobody reads it

    async def exchange(self, unit: int, request: Request) -> bytes:
        """Send one request and give the data of its answer. The caller bounds the time.

        Raises:
            ExceptionAnswer: the unit said no; the wire stays in step.
            SourceUnavailable: closed, or what came is not the answer: close the wire.
        Cancel: as after a time-out, the answer may still come: close the wire.
        """
        received = self._receiver.received
        if not self.usable:
            raise SourceUnavailable(MISMATCH if self._receiver.open else CLOSED, received.hex())
        frame = self._frame(unit, request)
        self._transport.write(frame.wire)
        try:
            while frame.missing(received):
                await self._receiver.more()
        except MismatchError as error:
            raise SourceUnavailable(MISMATCH, str(error)) from error
        answer = bytes(received)
        received.clear()
        return frame.data(answer)

    def _frame(self, unit: int, request: Request) -> Frame:
        if not self.numbered:
            return RtuFrame(unit, request)
        return TcpFrame(next(self._numbers) % NUMBER_END, unit, request)


async def open_wire(source: ModbusSource, numbers: Iterator[int]) -> ModbusWire:
    """Open what a source is reached by. The caller bounds the time.

    Args:
        numbers: of transactions. They go on from one connection to the next: some gateways hand a
            late answer to whoever is connected then.

    Raises:
        SourceUnavailable: nobody answers there, or the port is not there.
        SourceRejected: a person must act: rights on the port, a package.
    Cancel: nothing stays open.
    """
    if source.serial is not None:
        return await _open_port(source.serial, numbers)
    loop, place = asyncio.get_running_loop(), f"{source.host}:{source.port}"
    try:
        _, receiver = await loop.create_connection(Receiver, source.host, source.port)
    except socket.gaierror as error:
        raise SourceUnavailable(UNKNOWN_HOST, source.host) from error
    except OSError as error:
        raise SourceUnavailable(UNREACHABLE, place) from error
    return ModbusWire(receiver, source.framing, numbers)


async def _open_port(port: SerialPort, numbers: Iterator[int]) -> ModbusWire:
    library, loop = _library(port.port), asyncio.get_running_loop()
    try:
        _, receiver = await library.create_serial_connection(
            loop,
            Receiver,
            port.port,
            baudrate=port.baud,
            parity=port.parity,
            stopbits=port.stop,
        )
    except FileNotFoundError as error:
        raise SourceUnavailable(PORT_MISSING, port.port) from error
    except PermissionError as error:
        raise SourceRejected(PORT_DENIED, port.port) from error
    except (OSError, ValueError, library.SerialException) as error:
        raise SourceUnavailable(PORT_FAILED, port.port) from error
    return ModbusWire(receiver, "rtu", numbers)


def _library(port: str) -> ModuleType:
    """Import what opens serial ports; only those who have one need the package."""
    try:
        return import_module(LIBRARY)
    except ImportError as error:
        raise SourceRejected(NO_SERIAL, port) from error
