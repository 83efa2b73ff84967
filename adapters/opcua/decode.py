"""Monitored item notifications as columns: runs of equal items are read as one array.

A server answers items in the order in which they were created; they are created sorted by type, so
most of a notification is one run of (client handle, DataValue) rows of the same size. A run ends
where the encoding mask or the variant type differs. Short runs are read row by row with prepared
structs, and only what has no fixed size goes through `variants`.

Source: OPC UA Part 4 §7.25.2 (DataChangeNotification), Part 6 §5.2.2.16 (Variant) and §5.2.2.17.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from adapters.opcua.variants import (
    DATE_TIME,
    SCALARS,
    STRING,
    DecodeError,
    ValueReader,
    skip_variant,
    time_text,
)
from gateway.core.types import Value

RUN_MIN = 8
"""Rows from which an array beats a prepared struct: see tests/bench/opcua_decode_bench.py."""
BAD_DECODING_ERROR = 0x80070000
HAS_VALUE, HAS_STATUS, HAS_SOURCE, HAS_SERVER = 0x01, 0x02, 0x04, 0x08
HAS_SOURCE_PICO, HAS_SERVER_PICO = 0x10, 0x20
LIST = "list"
"""The kind of a column that is no NumPy array."""
_ROW_HEAD = struct.Struct("<IB")
_INT32 = struct.Struct("<i")
_STATUS = struct.Struct("<I")
_TICKS = struct.Struct("<q")
_KINDS = {kind: np.dtype(code).name for kind, code in SCALARS.items()}


@dataclass(slots=True)
class Column:
    """Rows of one kind in order of arrival; times in 100 ns since 1601, 0 where there is none.

    `rows` are the places of the rows in the notification.
    """

    kind: str
    rows: NDArray[np.int64]
    handles: NDArray[np.uint32]
    values: NDArray[Any] | list[Value]
    status: NDArray[np.uint32] | None
    source: NDArray[np.int64] | None
    server: NDArray[np.int64] | None


@dataclass(slots=True)
class _Layout:
    """Where the parts of a row stand for one (mask, variant type)."""

    kind: str
    key: int
    row: struct.Struct
    dtype: np.dtype[Any]
    value: int | None
    status: int | None
    source: int | None
    server: int | None


@dataclass(slots=True)
class _Open:
    """Rows that came one by one."""

    rows: list[int] = field(default_factory=list)
    handles: list[int] = field(default_factory=list)
    values: list[Any] = field(default_factory=list)
    status: list[int] = field(default_factory=list)
    source: list[int] = field(default_factory=list)
    server: list[int] = field(default_factory=list)

    def add(self, row: int, handle: int, value: Any, status: int, source: int, server: int) -> None:
        self.rows.append(row)
        self.handles.append(handle)
        self.values.append(value)
        self.status.append(status)
        self.source.append(source)
        self.server.append(server)

    def column(self, kind: str) -> Column:
        source = np.array(self.source, dtype=np.int64) if any(self.source) else None
        server = np.array(self.server, dtype=np.int64) if any(self.server) else None
        status = np.array(self.status, dtype=np.uint32) if any(self.status) else None
        return Column(
            kind,
            np.array(self.rows, dtype=np.int64),
            np.array(self.handles, dtype=np.uint32),
            self.values if kind == LIST else np.array(self.values, dtype=kind),
            status,
            source,
            server,
        )


def _make_layout(mask: int, kind: int) -> _Layout | None:
    if kind not in SCALARS and mask & HAS_VALUE:
        return None
    names, codes = ["handle", "key"], ["u4", "u2"]
    text = "<IH"
    if mask & HAS_VALUE:
        code = SCALARS[kind]
        names.append("value")
        codes.append("u1" if code == "?" else np.dtype(code).str)
        text += code
    else:
        codes[1], text = "u1", "<IB"
    for bit, name, code, letter in (
        (HAS_STATUS, "status", "u4", "I"),
        (HAS_SOURCE, "source", "i8", "q"),
        (HAS_SOURCE_PICO, "source_pico", "u2", "H"),
        (HAS_SERVER, "server", "i8", "q"),
        (HAS_SERVER_PICO, "server_pico", "u2", "H"),
    ):
        if mask & bit:
            names.append(name)
            codes.append(code)
            text += letter
    place = {name: index for index, name in enumerate(names)}
    little = [f"<{code.lstrip('<|')}" for code in codes]
    return _Layout(
        _KINDS[kind] if mask & HAS_VALUE else LIST,
        mask | kind << 8 if mask & HAS_VALUE else mask,
        struct.Struct(text),
        np.dtype(list(zip(names, little, strict=True))),
        place.get("value"),
        place.get("status"),
        place.get("source"),
        place.get("server"),
    )


class _Layouts(dict[int, _Layout | None]):
    """Made when first met; at most 64 masks x 64 types."""

    def __missing__(self, key: int) -> _Layout | None:
        layout = self[key] = _make_layout(key & 0xFF, key >> 8)
        return layout


_LAYOUTS = _Layouts()


class ItemReader:
    """Reads the items of one notification; made for each, keeps what is half done."""

    def __init__(self, data: bytes, reader: ValueReader) -> None:
        self._data = data
        self._reader = reader
        self._done: dict[str, list[Column]] = {}
        self._open: dict[str, _Open] = {}
        self.undecoded: list[tuple[int, str]] = []
        """Client handle and reason of values that could not be read."""

    def read(self, pos: int, count: int) -> tuple[list[list[Column]], int]:
        """Give the columns of each kind, and the place after the last item.

        Raises DecodeError when the frame itself makes no sense; a value that cannot be read inside
        a sound frame becomes BadDecodingError and leaves its neighbours alone.
        """
        try:
            pos = self._rows(pos, count)
        except (IndexError, struct.error, ValueError) as error:
            raise DecodeError(f"item notifications end too early: {error}") from error
        for kind in list(self._open):
            self._close(kind)
        return list(self._done.values()), pos

    def _rows(self, pos: int, count: int) -> int:
        data, row = self._data, 0
        while row < count:
            mask = data[pos + 4]
            key = mask | data[pos + 5] << 8 if mask & HAS_VALUE else mask
            layout = _LAYOUTS[key]
            if layout is None:
                pos = self._odd(row, pos)
                row += 1
                continue
            size = layout.row.size
            taken = self._run(layout, row, pos, count) if self._is_run(key, pos, size) else 0
            if not taken:
                self._single(layout, row, pos)
                taken = 1
            row += taken
            pos += taken * size
        return pos

    def _is_run(self, key: int, pos: int, size: int) -> bool:
        """Look at the next row and at the last of the shortest run worth an array."""
        data, last = self._data, pos + (RUN_MIN - 1) * size
        return (
            key > 0xFF
            and last + 6 <= len(data)
            and data[pos + size + 4] | data[pos + size + 5] << 8 == key
            and data[last + 4] | data[last + 5] << 8 == key
        )

    def _run(self, layout: _Layout, row: int, pos: int, count: int) -> int:
        room = min(count - row, (len(self._data) - pos) // layout.row.size)
        table = np.frombuffer(self._data, layout.dtype, room, pos)
        differs = table["key"] != layout.key
        first = int(differs.argmax())
        taken = first if differs[first] else room
        if taken < RUN_MIN:
            return 0
        table = table[:taken]
        self._close(layout.kind)
        self._done.setdefault(layout.kind, []).append(_run_column(layout, table, row))
        return taken

    def _single(self, layout: _Layout, row: int, pos: int) -> None:
        parts = layout.row.unpack_from(self._data, pos)
        self._adder(layout.kind).add(
            row,
            parts[0],
            None if layout.value is None else parts[layout.value],
            0 if layout.status is None else parts[layout.status],
            0 if layout.source is None else parts[layout.source],
            0 if layout.server is None else parts[layout.server],
        )

    def _odd(self, row: int, pos: int) -> int:
        """Read one item whose value has no fixed size."""
        data = self._data
        handle, mask = _ROW_HEAD.unpack_from(data, pos)
        value, decoded, pos = self._value(handle, pos + 5)
        status = source = server = 0
        if mask & HAS_STATUS:
            status, pos = _STATUS.unpack_from(data, pos)[0], pos + 4
        if mask & HAS_SOURCE:
            source, pos = _TICKS.unpack_from(data, pos)[0], pos + 8
        pos += 2 if mask & HAS_SOURCE_PICO else 0
        if mask & HAS_SERVER:
            server, pos = _TICKS.unpack_from(data, pos)[0], pos + 8
        pos += 2 if mask & HAS_SERVER_PICO else 0
        if pos > len(data):  # picoseconds are passed over unread
            raise DecodeError("an item is longer than its message")
        self._adder(LIST).add(
            row, handle, value, status if decoded else BAD_DECODING_ERROR, source, server
        )
        return pos

    def _value(self, handle: int, pos: int) -> tuple[Value, bool, int]:
        data, encoding = self._data, self._data[pos]
        if encoding == STRING:
            count = _INT32.unpack_from(data, pos + 1)[0]
            end = pos + 5 + max(count, 0)
            if end > len(data):
                raise DecodeError("a string is longer than its message")
            return self._reader.text(data, pos + 1)[0], True, end
        if encoding == DATE_TIME:
            return time_text(_TICKS.unpack_from(data, pos + 1)[0]), True, pos + 9
        end = skip_variant(data, pos)
        try:
            return self._reader.variant(data[pos:end], 0)[0], True, end
        except (ValueError, LookupError, struct.error, OverflowError, RecursionError) as error:
            self.undecoded.append((handle, str(error)))
            return None, False, end

    def _adder(self, kind: str) -> _Open:
        found = self._open.get(kind)
        if found is None:
            found = self._open[kind] = _Open()
        return found

    def _close(self, kind: str) -> None:
        rows = self._open.pop(kind, None)
        if rows is not None:
            self._done.setdefault(kind, []).append(rows.column(kind))


def _run_column(layout: _Layout, table: NDArray[Any], row: int) -> Column:
    values = table["value"]
    return Column(
        layout.kind,
        np.arange(row, row + len(table)),
        table["handle"],
        values != 0 if layout.kind == "bool" else np.ascontiguousarray(values),
        None if layout.status is None else table["status"],
        None if layout.source is None else table["source"],
        None if layout.server is None else table["server"],
    )
