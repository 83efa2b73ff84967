"""Rows of recent samples: what an append stores, cheap to write, rewritten as chunks later."""

from __future__ import annotations

import struct
from typing import Any, NamedTuple

import numpy as np
import zstandard
from numpy.typing import NDArray

from gateway.history.chunk import ChunkError, dump_objects, load_objects
from gateway.history.samples import Samples

_VERSION = 1
_HEAD = struct.Struct("<BcBI")  # version, kind of values, 1 with status column, count
_COMPRESSOR = zstandard.ZstdCompressor(level=1, write_checksum=True)
_DTYPES = {b"f": np.float64, b"i": np.int64, b"u": np.uint64, b"b": np.bool_}


class RecentRow(NamedTuple):
    """Samples of many series; low and high are the earliest and latest source time."""

    low: int
    high: int
    size: int
    body: bytes


def encode(samples: Samples) -> RecentRow:
    """Give the row for at least one sample; columns keep their order."""
    times = samples.times
    steps = times.copy()
    np.subtract(times[1:], times[:-1], out=steps[1:])
    ranks = samples.ranks.copy()
    np.subtract(samples.ranks[1:], samples.ranks[:-1], out=ranks[1:])
    has_status = bool(samples.status.any())
    kind = samples.values.dtype.kind.encode()
    head = _HEAD.pack(_VERSION, kind, has_status, len(samples))
    parts = [head, samples.keys.tobytes(), steps.tobytes(), ranks.tobytes()]
    if has_status:
        parts.append(samples.status.tobytes())
    if kind == b"O":
        parts.append(dump_objects(samples.values.tolist()))
    else:
        parts.append(samples.values.tobytes())
    body = _COMPRESSOR.compress(b"".join(parts))
    return RecentRow(int(times.min()), int(times.max()), len(samples), body)


def decode(body: bytes) -> Samples:
    """Give the samples of a row.

    Raises:
        ChunkError: the bytes are damaged.
    """
    try:
        plain = memoryview(zstandard.decompress(body))
        version, kind, has_status, count = _HEAD.unpack_from(plain)
        if version != _VERSION:
            raise ChunkError(f"version {version}")
        columns = _Columns(plain, count)
        keys = columns.take(np.int32)
        times = np.cumsum(columns.take(np.int64))
        ranks = np.cumsum(columns.take(np.int64))
        status = columns.take(np.uint32) if has_status else np.zeros(count, np.uint32)
        values = (
            np.fromiter(load_objects(columns.rest()), dtype=object, count=count)
            if kind == b"O"
            else columns.take(_DTYPES[kind])
        )
    except (struct.error, zstandard.ZstdError, ValueError, KeyError) as error:
        raise ChunkError(str(error)) from error
    return Samples(keys, times, ranks, status, values)


class _Columns:
    """Takes columns off the front of a buffer."""

    def __init__(self, plain: memoryview, count: int) -> None:
        self._plain, self._count, self._place = plain, count, _HEAD.size

    def take(self, dtype: Any) -> NDArray[Any]:
        column = np.frombuffer(self._plain, dtype, self._count, self._place)
        self._place += column.nbytes
        return column

    def rest(self) -> bytes:
        return bytes(self._plain[self._place :])
