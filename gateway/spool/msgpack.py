"""MessagePack for the few places where values of any type are kept.

Source: MessagePack specification, 2017-08-09. Two application types are ours: `INTEGER` for
integers beyond 64 bits (two's complement, big-endian) and `TEXT` for text with lone surrogates. All
that `gateway.core.types.Value` allows survives unchanged, except that tuples come back as lists.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

INTEGER = 1
TEXT = 2
DEPTH_MAX = 128
"""Deeper values are refused: a value of a machine is never that deep, an attack is."""

_FLOAT = struct.Struct(">Bd")
_FIXED: dict[int, struct.Struct] = {
    0xCA: struct.Struct(">f"),
    0xCB: struct.Struct(">d"),
    0xCC: struct.Struct(">B"),
    0xCD: struct.Struct(">H"),
    0xCE: struct.Struct(">I"),
    0xCF: struct.Struct(">Q"),
    0xD0: struct.Struct(">b"),
    0xD1: struct.Struct(">h"),
    0xD2: struct.Struct(">i"),
    0xD3: struct.Struct(">q"),
}
_UNSIGNED = ((0xCC, 1), (0xCD, 2), (0xCE, 4), (0xCF, 8))
_SIGNED = ((0xD0, 1), (0xD1, 2), (0xD2, 4), (0xD3, 8))


def packb(value: Any) -> bytes:
    """Give the bytes of a value.

    Raises:
        TypeError: something no machine can say.
        ValueError: deeper than `DEPTH_MAX`.
    """
    out = bytearray()
    _pack(value, out, 0)
    return bytes(out)


def _pack(value: Any, out: bytearray, depth: int) -> None:
    if depth > DEPTH_MAX:
        raise ValueError(f"a value nests deeper than {DEPTH_MAX}")
    kind = type(value)
    if value is None:
        out.append(0xC0)
    elif kind is bool:
        out.append(0xC3 if value else 0xC2)
    elif kind is int:
        _pack_int(value, out)
    elif kind is float:
        out += _FLOAT.pack(0xCB, value)
    elif kind is str:
        _pack_text(value, out)
    else:
        _pack_other(value, out, depth)


def _pack_other(value: Any, out: bytearray, depth: int) -> None:
    match value:
        case bytes() | bytearray() | memoryview():
            _pack_length(len(value), out, 0, 0, (0xC4, 0xC5, 0xC6))
            out += value
        case Mapping():
            _pack_length(len(value), out, 0x80, 16, (None, 0xDE, 0xDF))
            for key, entry in value.items():
                _pack(key, out, depth + 1)
                _pack(entry, out, depth + 1)
        case str():
            _pack_text(str(value), out)
        case Sequence():
            _pack_length(len(value), out, 0x90, 16, (None, 0xDC, 0xDD))
            for entry in value:
                _pack(entry, out, depth + 1)
        case np.ndarray() | np.generic():
            _pack(value.tolist(), out, depth + 1)
        case int():
            _pack_int(int(value), out)
        case float():
            out += _FLOAT.pack(0xCB, value)
        case _:
            raise TypeError(f"a value of type {type(value).__name__} cannot be kept")


def _pack_int(value: int, out: bytearray) -> None:
    if -32 <= value < 128:
        out.append(value & 0xFF)
        return
    for code, size in _UNSIGNED if value >= 0 else _SIGNED:
        try:
            data = value.to_bytes(size, "big", signed=value < 0)
        except OverflowError:
            continue
        out.append(code)
        out += data
        return
    data = value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True)
    _pack_ext(INTEGER, data, out)


def _pack_text(value: str, out: bytearray) -> None:
    try:
        data = value.encode()
    except UnicodeEncodeError:
        _pack_ext(TEXT, value.encode("utf-8", "surrogatepass"), out)
        return
    _pack_length(len(data), out, 0xA0, 32, (0xD9, 0xDA, 0xDB))
    out += data


def _pack_ext(kind: int, data: bytes, out: bytearray) -> None:
    _pack_length(len(data), out, 0, 0, (0xC7, 0xC8, 0xC9))
    out.append(kind)
    out += data


def _pack_length(
    length: int,
    out: bytearray,
    small: int,
    small_limit: int,
    codes: tuple[int | None, int, int],
) -> None:
    if length < small_limit:
        out.append(small | length)
    elif codes[0] is not None and length < 1 << 8:
        out += bytes((codes[0], length))
    elif length < 1 << 16:
        out += struct.pack(">BH", codes[1], length)
    else:
        out += struct.pack(">BI", codes[2], length)


def unpackb(data: bytes | memoryview) -> Any:
    """Give the value that `packb` wrote.

    Raises:
        ValueError: the bytes are not one whole value.
    """
    view = bytes(data)
    try:
        value, end = _unpack(view, 0, 0)
    except (IndexError, struct.error) as error:
        raise ValueError("the bytes end inside a value") from error
    if end != len(view):
        raise ValueError("bytes follow the value")
    return value


def _unpack(data: bytes, at: int, depth: int) -> tuple[Any, int]:
    if depth > DEPTH_MAX + 1:
        raise ValueError(f"a value nests deeper than {DEPTH_MAX}")
    code = data[at]
    if code < 0x80:
        return code, at + 1
    if code >= 0xE0:
        return code - 256, at + 1
    if code < 0x90:
        return _unpack_map(data, at + 1, code & 0x0F, depth)
    if code < 0xA0:
        return _unpack_list(data, at + 1, code & 0x0F, depth)
    if code < 0xC0:
        return _unpack_text(data, at + 1, code & 0x1F)
    if code in _CONSTANTS:
        return _CONSTANTS[code], at + 1
    if code in _FIXED:
        form = _FIXED[code]
        return form.unpack_from(data, at + 1)[0], at + 1 + form.size
    return _unpack_long(data, at, code, depth)


def _unpack_long(data: bytes, at: int, code: int, depth: int) -> tuple[Any, int]:
    if code not in _LENGTHS:
        raise ValueError(f"unknown type byte {code:#x}")
    size, reader = _LENGTHS[code]
    length = int.from_bytes(_slice(data, at + 1, size), "big")
    return reader(data, at + 1 + size, length, depth)


def _slice(data: bytes, at: int, length: int) -> bytes:
    if at + length > len(data):
        raise ValueError("the bytes end inside a value")
    return data[at : at + length]


def _unpack_text(data: bytes, at: int, length: int, _depth: int = 0) -> tuple[str, int]:
    return _slice(data, at, length).decode(), at + length


def _unpack_bytes(data: bytes, at: int, length: int, _depth: int) -> tuple[bytes, int]:
    return _slice(data, at, length), at + length


def _unpack_ext(data: bytes, at: int, length: int, _depth: int) -> tuple[Any, int]:
    body = _slice(data, at + 1, length)
    if data[at] == INTEGER:
        return int.from_bytes(body, "big", signed=True), at + 1 + length
    if data[at] == TEXT:
        return body.decode("utf-8", "surrogatepass"), at + 1 + length
    raise ValueError(f"unknown application type {data[at]}")


def _unpack_list(data: bytes, at: int, length: int, depth: int) -> tuple[list[Any], int]:
    entries = []
    for _ in range(length):
        entry, at = _unpack(data, at, depth + 1)
        entries.append(entry)
    return entries, at


def _unpack_map(data: bytes, at: int, length: int, depth: int) -> tuple[dict[Any, Any], int]:
    entries = {}
    for _ in range(length):
        key, at = _unpack(data, at, depth + 1)
        entries[key], at = _unpack(data, at, depth + 1)
    return entries, at


_CONSTANTS: dict[int, Any] = {0xC0: None, 0xC2: False, 0xC3: True}
_Unpacker = Callable[[bytes, int, int, int], tuple[Any, int]]
_LENGTHS: dict[int, tuple[int, _Unpacker]] = {
    0xC4: (1, _unpack_bytes),
    0xC5: (2, _unpack_bytes),
    0xC6: (4, _unpack_bytes),
    0xC7: (1, _unpack_ext),
    0xC8: (2, _unpack_ext),
    0xC9: (4, _unpack_ext),
    0xD9: (1, _unpack_text),
    0xDA: (2, _unpack_text),
    0xDB: (4, _unpack_text),
    0xDC: (2, _unpack_list),
    0xDD: (4, _unpack_list),
    0xDE: (2, _unpack_map),
    0xDF: (4, _unpack_map),
}
