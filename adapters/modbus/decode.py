"""Answers into columns.

The bytes of all values of a kind are picked with one index, in the order that makes them
big-endian, and looked at as numbers of that kind: no value is an object of its own. Strings are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from adapters.modbus.config import ModbusItem
from adapters.modbus.planner import Block
from adapters.modbus.registers import BIT_TABLES, size_of, string_size
from gateway.core.types import BAD, Column, Signals, Statuses

Bytes = NDArray[np.uint8]
NUMBERS = {
    "int16": ">i2",
    "uint16": ">u2",
    "int32": ">i4",
    "uint32": ">u4",
    "float32": ">f4",
    "int64": ">i8",
    "uint64": ">u8",
    "float64": ">f8",
    "bcd16": ">u2",
    "bcd32": ">u4",
    "bool": ">u2",
}
"""What stands in the registers; a bool of a register is whether it is other than 0."""
PADDING = "\0 \t\r\n"
"""What fills the rest of a string."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Values of one kind: parallel columns, `status` None where all are Good."""

    signals: Signals
    values: Column
    status: Statuses | None = None


def byte_places(address: int, size: int, order: str) -> list[int]:
    """Give where the bytes of a value are, most significant first.

    Args:
        address: of its first byte; order: of its bytes as they come, A the most significant.
    """
    swapped = order in {"BA", "BADC", "DCBA"}
    words = range(0, size, 2)
    if order in {"CDAB", "DCBA"}:
        words = words[::-1]
    pair = (1, 0) if swapped else (0, 1)
    return [address + word + byte for word in words for byte in pair]


class BlockDecoder:
    """Decodes the answers to one block."""

    def __init__(self, block: Block) -> None:
        self._readers: list[Callable[[Bytes], Columns]] = []
        if block.table in BIT_TABLES:
            self._readers.append(_bits(block))
            return
        kinds: dict[str, list[ModbusItem]] = {}
        for item in block.items:
            kind = "string" if string_size(item.type) else item.type
            kinds.setdefault(kind, []).append(item)
        for kind, items in kinds.items():
            make = _strings if kind == "string" else _numbers
            self._readers.append(make(block, items))

    def decode(self, data: bytes) -> list[Columns]:
        """Give the values in the data of an answer: one set of columns for each kind."""
        taken = np.frombuffer(data, np.uint8)
        return [read(taken) for read in self._readers]


def _indices(items: Sequence[ModbusItem]) -> Signals:
    return np.array([item.index for item in items], np.int32)


def _bits(block: Block) -> Callable[[Bytes], Columns]:
    signals = _indices(block.items)
    places = np.array([item.address - block.address for item in block.items])

    def read(data: Bytes) -> Columns:
        bits = np.unpackbits(data, bitorder="little")
        return Columns(signals, bits[places].astype(np.bool_))

    return read


def _numbers(block: Block, items: Sequence[ModbusItem]) -> Callable[[Bytes], Columns]:
    kind, signals = items[0].type, _indices(items)
    dtype = np.dtype(NUMBERS[kind])
    places = np.array(
        [
            byte_places(2 * (item.address - block.address), dtype.itemsize, item.order)
            for item in items
        ]
    )
    finish = {"bool": _truth, "bcd16": _decimal, "bcd32": _decimal}.get(kind, _plain)

    def read(data: Bytes) -> Columns:
        numbers = data[places].view(dtype).ravel().astype(dtype.newbyteorder("="))
        return finish(signals, numbers)

    return read


def _plain(signals: Signals, numbers: NDArray[Any]) -> Columns:
    return Columns(signals, numbers)


def _truth(signals: Signals, numbers: NDArray[Any]) -> Columns:
    return Columns(signals, numbers != 0)


def _decimal(signals: Signals, numbers: NDArray[Any]) -> Columns:
    """Read packed decimal digits; where one is above 9 there is no number."""
    total, wrong = np.zeros_like(numbers), np.zeros(len(numbers), np.bool_)
    for shift in range(8 * numbers.itemsize - 4, -4, -4):
        digit = numbers >> shift & 0xF
        wrong |= digit > 9
        total = total * 10 + digit
    return _marked(signals, total, wrong)


def _marked(signals: Signals, values: NDArray[Any], wrong: NDArray[np.bool_]) -> Columns:
    if not wrong.any():
        return Columns(signals, values)
    values[wrong] = 0  # a value that is Bad has none
    return Columns(signals, values, np.where(wrong, np.uint32(BAD_DATA), np.uint32(0)))


BAD_DATA = 0x80620000
"""BadDataEncodingInvalid: the registers hold no number, no text of this type."""
assert BAD_DATA & BAD


def _strings(block: Block, items: Sequence[ModbusItem]) -> Callable[[Bytes], Columns]:
    signals = _indices(items)
    picks = []
    for item in items:
        start = 2 * (item.address - block.address)
        places = byte_places(start, size_of(item.type), item.order)[: string_size(item.type)]
        picks.append((np.array(places), item.encoding))

    def read(data: Bytes) -> Columns:
        texts = [_text(data[places].tobytes(), encoding) for places, encoding in picks]
        wrong = np.array([text is None for text in texts], np.bool_)
        if not wrong.any():
            return Columns(signals, list(texts))
        status = np.where(wrong, np.uint32(BAD_DATA), np.uint32(0))
        return Columns(signals, list(texts), status)

    return read


def _text(data: bytes, encoding: str) -> str | None:
    """Read a text: up to its first NUL, without the blanks around; None where it is none."""
    try:
        return data.decode(encoding).partition("\0")[0].strip(PADDING)
    except UnicodeDecodeError:
        return None
