"""The payload of a batch: its columns as bytes, times as differences.

Layout, little-endian: a head (`_HEAD`), then the columns present, each padded to 8 bytes: times,
values, raw, server times, status, signals. Times are differences from the first, server times
differences from the times, both as narrow as they fit. A list column is JSON where JSON keeps every
value exactly, MessagePack otherwise.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from math import isfinite
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from gateway.core.records import Batch
from gateway.core.signals import PlanTable
from gateway.core.types import Column, UnixNs
from gateway.spool.msgpack import packb, unpackb

_HEAD = struct.Struct("<IBBBBqqIIII")
_STATUS, _SERVER, _RAW, _RECEIVED_TIME = 1, 2, 4, 8
_DTYPES = tuple(
    np.dtype(name)
    for name in ("?", "<i1", "<u1", "<i2", "<u2", "<i4", "<u4", "<i8", "<u8", "<f4", "<f8")
)
_CODES: dict[np.dtype[Any], int] = {dtype: code for code, dtype in enumerate(_DTYPES)}
_JSON, _MSGPACK = 32, 33
_JSON_TYPES = frozenset((str, bool, int, type(None)))
_DELTAS: dict[int, np.dtype[Any]] = {
    1: np.dtype("<i1"),
    2: np.dtype("<i2"),
    4: np.dtype("<i4"),
    8: np.dtype("<i8"),
}
SMALL = 32
"""Up to this many samples whole times cost less than finding narrow differences (measured)."""

_INT64 = np.dtype("<i8")
_INT32 = np.dtype("<i4")
_PADDING = tuple(b"\0" * (-length % 8) for length in range(8))


def encode_batch(batch: Batch) -> bytes:
    """Give the payload of a batch.

    Raises:
        ValueError: columns of different length, or a value nested too deep.
        TypeError: a value no machine can say.
    """
    length = len(batch.signals)
    if len(batch.times) != length or len(batch.values) != length:
        raise ValueError("the columns of a batch differ in length")
    times = np.ascontiguousarray(batch.times, _INT64)
    base, time_width, time_bytes = _encode_times(times, length)
    value_code, value_bytes = _encode_column(batch.values)
    parts = [time_bytes, value_bytes]
    flags = _RECEIVED_TIME if batch.received_time else 0
    raw_code, raw_length, server_width = 0, 0, 0
    if batch.raw is not None:
        raw_code, raw_bytes = _encode_column(batch.raw)
        flags, raw_length = flags | _RAW, len(raw_bytes)
        _require(len(batch.raw) == length)
        parts.append(raw_bytes)
    if batch.server_times is not None:
        _require(len(batch.server_times) == length)
        server_width, server_bytes = _encode_differences(batch.server_times - times, length)
        flags |= _SERVER
        parts.append(server_bytes)
    if batch.status is not None:
        _require(len(batch.status) == length)
        flags |= _STATUS
        parts.append(batch.status.astype("<u4", copy=False).tobytes())
    parts.append(batch.signals.astype(signal_dtype(batch.plan), copy=False).tobytes())
    head = _HEAD.pack(
        length, flags, value_code, raw_code, time_width | server_width << 4,
        base, batch.received, len(value_bytes), raw_length, 0, 0,
    )  # fmt: skip
    return _join(head, parts)


def _require(same_length: bool) -> None:
    if not same_length:
        raise ValueError("the columns of a batch differ in length")


def _join(head: bytes, parts: Iterable[bytes]) -> bytes:
    chunks = [head]
    for part in parts:
        chunks.append(part)
        if len(part) & 7:
            chunks.append(_PADDING[len(part) & 7])
    return b"".join(chunks)


def signal_dtype(plan: PlanTable) -> np.dtype[Any]:
    """Give the narrowest type that holds every signal index of the plan."""
    count = len(plan.signals)
    return np.dtype("<u1" if count <= 1 << 8 else "<u2" if count <= 1 << 16 else "<i4")


def _encode_times(times: NDArray[np.int64], length: int) -> tuple[int, int, bytes]:
    if length <= SMALL:
        return 0, 8, times.tobytes()
    base = int(times[0])
    width, data = _encode_differences(times - base, length)
    return base, width, data


def _encode_differences(differences: NDArray[np.int64], length: int) -> tuple[int, bytes]:
    if length == 0:
        return 0, b""
    low, high = int(differences.min()), int(differences.max())
    if low == high == 0:
        return 0, b""
    reach = max(-low - 1, high)
    width = 1 if reach < 1 << 7 else 2 if reach < 1 << 15 else 4 if reach < 1 << 31 else 8
    return width, differences.astype(_DELTAS[width], copy=False).tobytes()


def _encode_column(column: Column) -> tuple[int, bytes]:
    if isinstance(column, np.ndarray):
        code = _CODES.get(column.dtype)
        if code is not None:
            return code, column.tobytes()
        narrow = column.dtype.newbyteorder("<")
        if narrow in _CODES:
            return _CODES[narrow], column.astype(narrow).tobytes()
        column = column.tolist()
    if _json_is_exact(column):
        try:
            return _JSON, orjson.dumps(column)
        except orjson.JSONEncodeError:  # lone surrogates, or integers beyond 64 bits
            pass
    return _MSGPACK, packb(column)


def _json_is_exact(column: Any) -> bool:
    types = set(map(type, column))
    if types <= _JSON_TYPES:
        return True
    if types <= _JSON_TYPES | {float}:
        return all(isfinite(value) for value in column if type(value) is float)
    return False


def decode_batch(payload: bytes, plan: PlanTable) -> Batch:
    """Give the batch of a payload; its arrays are read-only views.

    Raises:
        ValueError: the payload is damaged (the record's checksum says so first).
    """
    (
        length,
        flags,
        value_code,
        raw_code,
        widths,
        base,
        received,
        value_length,
        raw_length,
        _,
        _,
    ) = _HEAD.unpack_from(payload)
    at = _HEAD.size
    times, at = _decode_differences(payload, at, widths & 15, length)
    times = times + base if base else times
    values, at = _decode_column(payload, at, value_code, length, value_length)
    raw: Column | None = None
    server_times: NDArray[np.int64] | None = None
    status: NDArray[np.uint32] | None = None
    if flags & _RAW:
        raw, at = _decode_column(payload, at, raw_code, length, raw_length)
    if flags & _SERVER:
        differences, at = _decode_differences(payload, at, widths >> 4, length)
        server_times = times + differences
    if flags & _STATUS:
        status = np.frombuffer(payload, "<u4", length, at)
        at = _after(at, 4 * length)
    signals = np.frombuffer(payload, signal_dtype(plan), length, at).astype(_INT32)
    return Batch(
        plan, signals, times, values, UnixNs(received), status, server_times, raw,
        bool(flags & _RECEIVED_TIME),
    )  # fmt: skip


def _after(at: int, size: int) -> int:
    return at + size + (-size % 8)


def _decode_differences(
    payload: bytes, at: int, width: int, length: int
) -> tuple[NDArray[np.int64], int]:
    if width == 0:
        return np.zeros(length, _INT64), at
    column = np.frombuffer(payload, _DELTAS[width], length, at)
    return column.astype(_INT64, copy=False), _after(at, width * length)


def _decode_column(
    payload: bytes, at: int, code: int, length: int, size: int
) -> tuple[Column, int]:
    if code < len(_DTYPES):
        return np.frombuffer(payload, _DTYPES[code], length, at), _after(at, size)
    data = payload[at : at + size]
    values: list[Any] = orjson.loads(data) if code == _JSON else unpackb(data)
    return values, _after(at, size)
