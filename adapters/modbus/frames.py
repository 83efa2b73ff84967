"""Modbus on the wire, sans I/O: requests, frames, and what a right answer looks like.

Sources: MODBUS Application Protocol V1.1b3 (function codes, limits, exceptions); MODBUS Messaging
on TCP/IP V1.0b (MBAP header); MODBUS over Serial Line V1.02 (RTU, CRC).

Two framings carry the same PDU (function code and data). MBAP has a transaction number, which the
answer repeats; RTU has a checksum and no number, so that an answer which comes too late looks like
the answer to the next equal request. What is done about that stands in `outstanding.py`.

An answer is judged byte by byte while it comes: the first one that does not fit ends it.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

READ_COILS, READ_DISCRETE, READ_HOLDING, READ_INPUT = 1, 2, 3, 4
WRITE_COIL, WRITE_REGISTER, WRITE_COILS, WRITE_REGISTERS = 5, 6, 15, 16
FAILED = 0x80
"""Set in the function code of an exception."""
ADDRESS_MAX = 0xFFFF
READ_BITS_MAX, READ_REGISTERS_MAX = 2000, 125
WRITE_BITS_MAX, WRITE_REGISTERS_MAX = 1968, 123
NUMBER_END = 0x10000
"""Transaction numbers are below it."""
FRAME_MAX = 260
"""Longest frame of either framing."""
COIL_ON, COIL_OFF = 0xFF00, 0x0000

_MBAP = struct.Struct(">HHHB")
_TWO = struct.Struct(">BHH")


class MismatchError(Exception):
    """An answer that does not belong to the request; the connection cannot be used any longer."""


class ExceptionAnswer(Exception):
    """The unit answered that it will not; `code` says why (V1.1b3 §7)."""

    def __init__(self, code: int) -> None:
        super().__init__(f"exception {code}")
        self.code = code


@dataclass(frozen=True, slots=True)
class Request:
    """One request: its PDU, and what its answer has to be.

    Behind the function code the answer has `head`, then `size` bytes of data.
    """

    pdu: bytes
    head: bytes
    size: int

    @property
    def function(self) -> int:
        """Its function code."""
        return self.pdu[0]

    @property
    def shape(self) -> bytes:
        """All that tells its answer from that of another request of the same unit."""
        return self.pdu[:1] + self.head


def read_request(function: int, address: int, count: int) -> Request:
    """Ask for `count` registers or bits from `address` on (function codes 1 to 4)."""
    bits = function in {READ_COILS, READ_DISCRETE}
    most = READ_BITS_MAX if bits else READ_REGISTERS_MAX
    assert 1 <= count <= most, count
    assert 0 <= address <= address + count - 1 <= ADDRESS_MAX, address
    size = (count + 7) // 8 if bits else 2 * count
    return Request(_TWO.pack(function, address, count), bytes([size]), size)


def write_coil(address: int, on: bool) -> Request:
    """Set one coil (function code 5)."""
    pdu = _TWO.pack(WRITE_COIL, address, COIL_ON if on else COIL_OFF)
    return Request(pdu, pdu[1:], 0)


def write_register(address: int, value: int) -> Request:
    """Set one holding register to an unsigned 16-bit value (function code 6)."""
    pdu = _TWO.pack(WRITE_REGISTER, address, value)
    return Request(pdu, pdu[1:], 0)


def write_coils(address: int, values: Sequence[bool]) -> Request:
    """Set several coils (function code 15)."""
    assert 1 <= len(values) <= WRITE_BITS_MAX
    packed = bytearray((len(values) + 7) // 8)
    for place, on in enumerate(values):
        packed[place // 8] |= on << place % 8
    head = _TWO.pack(WRITE_COILS, address, len(values))
    return Request(head + bytes([len(packed)]) + bytes(packed), head[1:], 0)


def write_registers(address: int, values: Sequence[int]) -> Request:
    """Set several holding registers to unsigned 16-bit values (function code 16)."""
    assert 1 <= len(values) <= WRITE_REGISTERS_MAX
    head = _TWO.pack(WRITE_REGISTERS, address, len(values))
    data = struct.pack(f">{len(values)}H", *values)
    return Request(head + bytes([len(data)]) + data, head[1:], 0)


def _crc_table() -> tuple[int, ...]:
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (0xA001 if byte & 1 else 0)  # noqa: PLW2901 - bit by bit
        table.append(byte)
    return tuple(table)


_CRC = _crc_table()


def crc16(data: bytes) -> bytes:
    """Compute the checksum of a frame on a serial line, low byte first."""
    crc = 0xFFFF
    for byte in data:
        crc = crc >> 8 ^ _CRC[(crc ^ byte) & 0xFF]
    return crc.to_bytes(2, "little")


class Frame(Protocol):
    """One request in its framing, waiting for its answer."""

    wire: bytes
    """What is sent."""

    def missing(self, received: bytes | bytearray) -> int:
        """Count the bytes that still have to come; 0 when the answer is whole.

        Raises:
            MismatchError: what came is not the beginning of the answer, or more than it.
        """

    def data(self, received: bytes | bytearray) -> bytes:
        """Take the data out of a whole answer.

        Raises:
            ExceptionAnswer: the unit said no.
        """


class TcpFrame:
    """A request in MBAP framing."""

    def __init__(self, number: int, unit: int, request: Request) -> None:
        self.wire = _MBAP.pack(number, 0, len(request.pdu) + 1, unit) + request.pdu
        self._request = request
        self._fixed = self.wire[:4]

    def missing(self, received: bytes | bytearray) -> int:
        """See `Frame`. MBAP says its length, which has to be that of the PDU that follows."""
        _expect("transaction", received[:2], self._fixed[:2])
        _expect("protocol", received[2:4], self._fixed[2:4])
        _expect("unit", received[6:7], self.wire[6:7])
        if len(received) < _MBAP.size + 1:
            return _MBAP.size + 1 - len(received)
        size = _pdu_size(self._request, received[_MBAP.size :])
        _expect("length", received[4:6], (size + 1).to_bytes(2, "big"))
        return _rest(received, _MBAP.size + size)

    def data(self, received: bytes | bytearray) -> bytes:
        """See `Frame`."""
        return _data(self._request, received[_MBAP.size :])


class RtuFrame:
    """A request in RTU framing, on a serial line or over a TCP connection."""

    def __init__(self, unit: int, request: Request) -> None:
        body = bytes([unit]) + request.pdu
        self.wire = body + crc16(body)
        self._request = request

    def missing(self, received: bytes | bytearray) -> int:
        """See `Frame`."""
        _expect("unit", received[:1], self.wire[:1])
        if len(received) < 2:
            return 2 - len(received)
        size = 1 + _pdu_size(self._request, received[1:])
        rest = _rest(received, size + 2)
        if not rest:
            _expect("checksum", received[size:], crc16(bytes(received[:size])))
        return rest

    def data(self, received: bytes | bytearray) -> bytes:
        """See `Frame`."""
        return _data(self._request, received[1:-2])


def _expect(what: str, found: bytes | bytearray, wanted: bytes) -> None:
    """Compare what is there yet of a field."""
    if found != wanted[: len(found)]:
        raise MismatchError(f"{what} {found.hex()} != {wanted.hex()}")


def _pdu_size(request: Request, pdu: bytes | bytearray) -> int:
    """Tell how long the PDU will be, by its function code; its head has to be right."""
    if pdu[0] == request.function | FAILED:
        return 2
    _expect("function", pdu[:1], request.pdu[:1])
    _expect("count", pdu[1 : 1 + len(request.head)], request.head)
    return 1 + len(request.head) + request.size


def _rest(received: bytes | bytearray, size: int) -> int:
    if len(received) > size:
        raise MismatchError(f"length {len(received)} != {size}")
    return size - len(received)


def _data(request: Request, pdu: bytes | bytearray) -> bytes:
    if pdu[0] & FAILED:
        raise ExceptionAnswer(pdu[1])
    return bytes(pdu[1 + len(request.head) :])
