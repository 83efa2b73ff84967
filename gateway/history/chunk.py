"""Chunks: a run of one key's samples, sorted, as compressed columns.

Every column becomes integers: first value, then differences less their minimum, in as few bytes
as the largest needs, bytes of equal weight beside one another, zstd over all. A column that grows
evenly takes no bytes at all. Doubles that are decimal numbers of few places are stored as scaled
integers (checked bit by bit); others are XORed with the one before.
"""

from __future__ import annotations

import base64
import json
import struct
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import zstandard
from numpy.typing import NDArray

from gateway.history.samples import Samples

Ints = NDArray[np.int64]

CHUNK_SAMPLES_MAX = 8_192
"""More samples of one key are stored as several chunks: bounds what one read decodes."""

HOLE_NS = 3_600 * 10**9
"""A longer silence ends a chunk: while a backlog fills it, newer chunks need not be rewritten."""

CHUNK_LEVEL = 1
_VERSION = 1
_HEAD = struct.Struct("<BcBII")  # version, kind of values, scale or mode, time unit, count
_COLUMN = struct.Struct("<qqB")  # first value, base of the differences, bytes for each
_UNITS = (1_000_000, 100, 1)
"""Time steps tried: milliseconds, the 100 ns of OPC UA (Part 6 §5.2.2.5), nanoseconds."""
_SCALES = (1.0, 10.0, 100.0, 1_000.0, 100_000.0)
_XOR = 255
_EXACT_MAX = 2.0**52
_WIDTHS = np.array([0xFF, 0xFFFF, 0xFFFFFFFF], np.uint64)
_WIDTH_BYTES = (1, 2, 4, 8)
_DTYPES: dict[int, np.dtype[Any]] = {
    1: np.dtype("<u1"),
    2: np.dtype("<u2"),
    4: np.dtype("<u4"),
    8: np.dtype("<u8"),
}

_compressor = zstandard.ZstdCompressor(level=CHUNK_LEVEL, write_checksum=True)


class ChunkError(Exception):
    """The bytes are not a chunk; the disk or another program damaged them."""


class Chunk(NamedTuple):
    """What is stored of one run of samples; start and end are its first and last time."""

    key: int
    start: int
    end: int
    size: int
    body: bytes


class _IntColumn:
    """One column of many groups, prepared with whole-array operations."""

    def __init__(self, column: Ints, starts: NDArray[np.intp], counts: NDArray[np.intp]) -> None:
        steps = np.empty_like(column)
        np.subtract(column[1:], column[:-1], out=steps[1:])
        follows = np.minimum(starts + 1, len(column) - 1)
        steps[starts] = np.where(counts > 1, steps[follows], 0)
        base = np.minimum.reduceat(steps, starts)
        self.residuals = (steps - np.repeat(base, counts)).view(np.uint64)
        largest = np.maximum.reduceat(self.residuals, starts)
        places = np.searchsorted(_WIDTHS, largest)
        self.widths = [
            0 if top == 0 else _WIDTH_BYTES[place]
            for top, place in zip(largest.tolist(), places.tolist(), strict=True)
        ]
        self.firsts = column[starts].tolist()
        self.bases = base.tolist()

    def bytes_of(self, group: int, start: int, end: int) -> bytes:
        width = self.widths[group]
        head = _COLUMN.pack(self.firsts[group], self.bases[group], width)
        if width == 0:
            return head
        return head + _shuffled(self.residuals[start:end].astype(_DTYPES[width]))


def _shuffled(column: NDArray[Any]) -> bytes:
    width = column.dtype.itemsize
    if width == 1:
        return column.tobytes()
    return column.view(np.uint8).reshape(-1, width).T.tobytes()


def _unshuffled(body: memoryview, width: int, count: int) -> NDArray[Any]:
    flat = np.frombuffer(body, np.uint8, width * count)
    beside: NDArray[Any] = np.ascontiguousarray(flat.reshape(width, count).T)
    return beside.view(_DTYPES[width]).reshape(-1)


def encode(samples: Samples) -> Iterator[Chunk]:
    """Give the chunks of samples that are in order (see `in_order`), key by key."""
    if not len(samples):
        return
    starts, ends = runs(samples)
    counts = ends - starts
    units = _time_units(samples.times, starts)
    scaled = samples.times // np.repeat(units, counts)
    times = _IntColumn(scaled, starts, counts)
    ranks = _IntColumn(samples.ranks, starts, counts)
    status = _IntColumn(samples.status.astype(np.int64), starts, counts)
    values = _values(samples.values, starts, counts)
    keys, firsts, lasts = (
        column.tolist()
        for column in (samples.keys[starts], samples.times[starts], samples.times[ends - 1])
    )
    unit_list = units.tolist()
    for group, (start, end) in enumerate(zip(starts.tolist(), ends.tolist(), strict=True)):
        kind, mode, value_bytes = values(group, start, end)
        columns = (
            times.bytes_of(group, start, end),
            ranks.bytes_of(group, start, end),
            status.bytes_of(group, start, end),
            value_bytes,
        )
        head = _HEAD.pack(_VERSION, kind, mode, unit_list[group], end - start)
        # The head lies inside the frame, so that the frame's checksum covers it too.
        body = _compressor.compress(b"".join((head, *columns)))
        yield Chunk(keys[group], firsts[group], lasts[group], end - start, body)


def runs(samples: Samples) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Give start and end places of what becomes one chunk each, of samples in order."""
    keys, times = samples.keys, samples.times
    cuts = (keys[1:] != keys[:-1]) | (times[1:] - times[:-1] > HOLE_NS)
    starts = np.concatenate(([0], np.flatnonzero(cuts) + 1))
    ends = np.append(starts[1:], len(keys))
    if int((ends - starts).max()) <= CHUNK_SAMPLES_MAX:
        return starts, ends
    pieces = [
        np.arange(start, end, CHUNK_SAMPLES_MAX) for start, end in zip(starts, ends, strict=True)
    ]
    starts = np.concatenate(pieces)
    return starts, np.append(starts[1:], len(keys))


def _time_units(times: Ints, starts: NDArray[np.intp]) -> Ints:
    units = np.ones(len(starts), np.int64)
    open_groups = np.ones(len(starts), bool)
    for unit in _UNITS[:-1]:
        whole = ~np.logical_or.reduceat(times % unit != 0, starts)
        units[whole & open_groups] = unit
        open_groups &= ~whole
        if not open_groups.any():
            break
    return units


def _values(column: NDArray[Any], starts: NDArray[np.intp], counts: NDArray[np.intp]) -> Any:
    kind = column.dtype.kind
    if kind == "O":
        return lambda _group, start, end: (b"O", 0, dump_objects(column[start:end].tolist()))
    if kind == "f":
        return _double_values(column, starts, counts)
    whole = column.view(np.int64) if kind in "iu" else column.astype(np.int64)
    ints = _IntColumn(whole, starts, counts)
    name = kind.encode()
    return lambda group, start, end: (name, 0, ints.bytes_of(group, start, end))


def _double_values(
    column: NDArray[np.float64], starts: NDArray[np.intp], counts: NDArray[np.intp]
) -> Any:
    scales, whole = _decimal(column, starts, counts)
    ints = _IntColumn(whole, starts, counts)
    bits = column.view(np.uint64)
    changed = bits.copy()
    np.bitwise_xor(bits[1:], bits[:-1], out=changed[1:])
    changed[starts] = bits[starts]

    def of_group(group: int, start: int, end: int) -> tuple[bytes, int, bytes]:
        scale = scales[group]
        if scale == _XOR:
            return b"f", _XOR, _shuffled(changed[start:end])
        return b"f", scale, ints.bytes_of(group, start, end)

    return of_group


def _decimal(
    column: NDArray[np.float64], starts: NDArray[np.intp], counts: NDArray[np.intp]
) -> tuple[list[int], Ints]:
    """Find for each group the smallest scale that makes all its values whole, else `_XOR`."""
    scales = np.full(len(starts), _XOR, np.uint8)
    whole = np.zeros(len(column), np.int64)
    bits = column.view(np.int64)
    with np.errstate(invalid="ignore", over="ignore"):
        for place, scale in enumerate(_SCALES):
            rounded = np.rint(column * scale) + 0.0  # -0.0 becomes 0.0 and so is found not exact
            exact = (rounded / scale).view(np.int64) == bits
            exact &= np.abs(rounded) < _EXACT_MAX
            found = np.logical_and.reduceat(exact, starts) & (scales == _XOR)
            if found.any():
                mask = np.repeat(found, counts)
                whole[mask] = rounded[mask].astype(np.int64)
                scales[found] = place
            if (scales != _XOR).all():
                break
    return scales.tolist(), whole


def decode(key: int, body: bytes) -> Samples:
    """Give the samples of a chunk.

    Raises:
        ChunkError: the bytes are damaged.
    """
    try:
        plain = memoryview(zstandard.decompress(body))
        version, kind, mode, unit, count = _HEAD.unpack_from(plain)
        if version != _VERSION:
            raise ChunkError(f"version {version}")
        times, place = _ints(plain, _HEAD.size, count)
        ranks, place = _ints(plain, place, count)
        status, place = _ints(plain, place, count)
        values = _decode_values(plain[place:], kind, mode, count)
    except (struct.error, zstandard.ZstdError, ValueError, KeyError) as error:
        raise ChunkError(str(error)) from error
    keys = np.full(count, key, np.int32)
    return Samples(keys, times * unit, ranks, status.astype(np.uint32), values)


def _ints(plain: memoryview, place: int, count: int) -> tuple[Ints, int]:
    first, base, width = _COLUMN.unpack_from(plain, place)
    place += _COLUMN.size
    if width == 0:
        return np.int64(first) + np.int64(base) * np.arange(count, dtype=np.int64), place
    steps = _unshuffled(plain[place:], width, count).astype(np.uint64).view(np.int64)
    steps += base
    steps[0] = first
    return np.cumsum(steps), place + width * count


def _decode_values(plain: memoryview, kind: bytes, mode: int, count: int) -> NDArray[Any]:
    if kind == b"O":
        return np.fromiter(load_objects(bytes(plain)), dtype=object, count=count)
    if kind == b"f" and mode == _XOR:
        return np.bitwise_xor.accumulate(_unshuffled(plain, 8, count)).view(np.float64)
    whole, _ = _ints(plain, 0, count)
    if kind == b"f":
        return whole / _SCALES[mode]
    if kind == b"b":
        return whole.astype(bool)
    return whole.view(np.uint64) if kind == b"u" else whole


def dump_objects(values: list[Any]) -> bytes:
    """Give strings, bytes, arrays and structures as JSON that `load_objects` reads back."""
    return json.dumps(values, ensure_ascii=False, separators=(",", ":"), default=_plain).encode(
        errors="surrogatepass"
    )


def load_objects(text: bytes) -> list[Any]:
    """Read what `dump_objects` wrote."""
    values: list[Any] = json.loads(text, object_hook=_restored)
    return values


def _plain(value: Any) -> Any:
    if isinstance(value, bytes | bytearray):
        return {"b64": base64.b64encode(value).decode()}
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    return str(value)


def _restored(found: dict[str, Any]) -> Any:
    if found.keys() == {"b64"}:
        return base64.b64decode(found["b64"])
    return found
