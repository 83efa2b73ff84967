"""One OPC UA value out of its binary form, for everything that is not a run of equal scalars.

Source: OPC UA Part 6 §5.2. What comes out is what the product stores: bool, int, float, str, bytes,
a list, a mapping with `@type`, or None. A value is first measured (`skip_variant`), so that one
that cannot be read never takes its neighbours with it.
"""

from __future__ import annotations

import base64
import struct
import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from gateway.core.types import Value

DEPTH_MAX = 100
"""Nesting that a reader has to bear. Source: Part 6 §5.1.5."""
ARRAY_MAX = 1_000_000
"""Elements of one value; beyond it the value is refused, not the message."""
STRING, DATE_TIME, GUID, BYTE_STRING, XML = 12, 13, 14, 15, 16
NODE_ID, EXPANDED_NODE_ID, STATUS_CODE, QUALIFIED_NAME, LOCALIZED_TEXT = 17, 18, 19, 20, 21
EXTENSION_OBJECT, DATA_VALUE, VARIANT, DIAGNOSTIC_INFO = 22, 23, 24, 25
SCALARS: Mapping[int, str] = {
    1: "?", 2: "b", 3: "B", 4: "h", 5: "H", 6: "i", 7: "I", 8: "q", 9: "Q", 10: "f", 11: "d",
}  # fmt: skip
_STRUCTS = {kind: struct.Struct(f"<{code}") for kind, code in SCALARS.items()}
_INT32 = struct.Struct("<i")
_UINT16 = struct.Struct("<H")
_UINT32 = struct.Struct("<I")
_INT64 = struct.Struct("<q")
_FIXED = {**{kind: item.size for kind, item in _STRUCTS.items()}, 0: 0, 13: 8, 14: 16, 19: 4}
_FILETIME_ZERO = datetime(1601, 1, 1, tzinfo=UTC)
_TICKS_PER_SECOND = 10_000_000
_TICKS_END = 2_650_467_744_000_000_000
"""10000-01-01 in 100 ns since 1601: from here on a time means 'never'. Source: Part 6 §5.2.2.5."""


class DecodeError(ValueError):
    """The bytes are not what the specification says; the text names what was expected."""


class Structures(Protocol):
    """Reads the body of a structure by the description that its server gave."""

    def read(self, type_id: str, body: bytes) -> Value:
        """Give the structure; raises DecodeError."""

    def namespace(self, index: int) -> str | None:
        """Give the URI of a namespace index of this connection."""


def _length(data: bytes, pos: int) -> tuple[int, int]:
    count = _INT32.unpack_from(data, pos)[0]
    return max(count, 0), pos + 4


def skip_bytes(data: bytes, pos: int) -> int:
    count, pos = _length(data, pos)
    if pos + count > len(data):
        raise DecodeError("a string is longer than its message")
    return pos + count


def _skip_node_id(data: bytes, pos: int) -> int:
    encoding = data[pos]
    match encoding & 0x3F:
        case 0:
            pos += 2
        case 1:
            pos += 4
        case 2:
            pos += 7
        case 3 | 5:
            pos = skip_bytes(data, pos + 3)
        case 4:
            pos += 19
        case kind:
            raise DecodeError(f"unknown node id form {kind}")
    if encoding & 0x80:
        pos = skip_bytes(data, pos)
    return pos + 4 if encoding & 0x40 else pos


def _skip_localized_text(data: bytes, pos: int) -> int:
    mask, pos = data[pos], pos + 1
    for bit in (1, 2):
        if mask & bit:
            pos = skip_bytes(data, pos)
    return pos


def skip_extension_object(data: bytes, pos: int) -> int:
    pos = _skip_node_id(data, pos)
    encoding, pos = data[pos], pos + 1
    return skip_bytes(data, pos) if encoding else pos


def skip_diagnostic_info(data: bytes, pos: int, depth: int = 0) -> int:
    """Give the place after a DiagnosticInfo."""
    _check_depth(depth)
    mask, pos = data[pos], pos + 1
    pos += 4 * (mask & 0x0F).bit_count()
    if mask & 0x10:
        pos = skip_bytes(data, pos)
    if mask & 0x20:
        pos += 4
    return skip_diagnostic_info(data, pos, depth + 1) if mask & 0x40 else pos


def skip_data_value(data: bytes, pos: int, depth: int = 0) -> int:
    """Give the place after a DataValue."""
    _check_depth(depth)
    mask, pos = data[pos], pos + 1
    if mask & 0x01:
        pos = skip_variant(data, pos, depth + 1)
    for bit, size in ((0x02, 4), (0x04, 8), (0x10, 2), (0x08, 8), (0x20, 2)):
        if mask & bit:
            pos += size
    return pos


def _check_depth(depth: int) -> None:
    if depth > DEPTH_MAX:
        raise DecodeError(f"a value is nested deeper than {DEPTH_MAX}")


def _skip_one(kind: int, data: bytes, pos: int, depth: int) -> int:
    size = _FIXED.get(kind)
    if size is not None:
        return pos + size
    match kind:
        case 17 | 18:
            return _skip_node_id(data, pos)
        case 20:
            return skip_bytes(data, pos + 2)
        case 21:
            return _skip_localized_text(data, pos)
        case 22:
            return skip_extension_object(data, pos)
        case 23:
            return skip_data_value(data, pos, depth)
        case 24:
            return skip_variant(data, pos, depth)
        case 25:
            return skip_diagnostic_info(data, pos, depth)
        case _:  # strings, and the reserved types, which are read as ByteString
            return skip_bytes(data, pos)


def skip_variant(data: bytes, pos: int, depth: int = 0) -> int:
    """Give the place after a Variant without reading it.

    Raises DecodeError, IndexError or struct.error where the bytes end too early.
    """
    _check_depth(depth)
    encoding, pos = data[pos], pos + 1
    kind = encoding & 0x3F
    if not encoding & 0x80:
        pos = _skip_one(kind, data, pos, depth + 1)
    else:
        count, pos = _length(data, pos)
        size = _FIXED.get(kind)
        if size is not None:
            pos += count * size
        else:
            for _ in range(count):
                pos = _skip_one(kind, data, pos, depth + 1)
                if pos > len(data):
                    raise DecodeError("an array is longer than its message")
    if encoding & 0x40:
        count, pos = _length(data, pos)
        pos += 4 * count
    if pos > len(data):
        raise DecodeError("a value is longer than its message")
    return pos


def time_text(ticks: int) -> str:
    """Write 100 ns since 1601 as ISO 8601; the two ends of the scale mean 'none' and 'never'."""
    if ticks <= 0:
        return "0001-01-01T00:00:00Z"
    if ticks >= _TICKS_END:
        return "9999-12-31T23:59:59Z"
    seconds, rest = divmod(ticks, _TICKS_PER_SECOND)
    text = (_FILETIME_ZERO + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{text}.{rest:07d}".rstrip("0").rstrip(".") + "Z"


def _null(_: bytes, pos: int) -> tuple[Value, int]:
    return None, pos


def _date_time(data: bytes, pos: int) -> tuple[Value, int]:
    return time_text(_INT64.unpack_from(data, pos)[0]), pos + 8


def _guid(data: bytes, pos: int) -> tuple[Value, int]:
    return str(uuid.UUID(bytes_le=data[pos : pos + 16])), pos + 16


def _status(data: bytes, pos: int) -> tuple[Value, int]:
    return int(_UINT32.unpack_from(data, pos)[0]), pos + 4


class ValueReader:
    """Reads values of one connection, whose namespaces and structures it knows."""

    def __init__(self, structures: Structures) -> None:
        self._structures = structures
        self._others: dict[int, Callable[[bytes, int], tuple[Value, int]]] = {
            0: _null,
            STRING: self.text,
            DATE_TIME: _date_time,
            GUID: _guid,
            BYTE_STRING: self.octets,
            XML: self.text,
            NODE_ID: self.node_id,
            EXPANDED_NODE_ID: self.node_id,
            STATUS_CODE: _status,
            QUALIFIED_NAME: self._qualified_name,
            LOCALIZED_TEXT: self._localized_text,
            EXTENSION_OBJECT: self.extension_object,
            DATA_VALUE: self._data_value,
            VARIANT: self.variant,
            DIAGNOSTIC_INFO: self._diagnostic_info,
        }

    def variant(self, data: bytes, pos: int) -> tuple[Value, int]:
        """Give the value at `pos` and the place after it."""
        encoding, pos = data[pos], pos + 1
        kind = encoding & 0x3F
        if not encoding & 0x80:
            return self.one(kind, data, pos)
        count = _INT32.unpack_from(data, pos)[0]
        values, pos = self.array(kind, data, pos)
        if not encoding & 0x40:
            return (None if count < 0 else values), pos
        dims, pos = self.array(6, data, pos)
        return _shaped(values, [int(size) for size in dims]), pos

    def array(self, kind: int, data: bytes, pos: int) -> tuple[list[Any], int]:
        """Read a count and that many elements."""
        count, pos = _length(data, pos)
        if count > ARRAY_MAX:
            raise DecodeError(f"an array of {count} elements")
        if kind in SCALARS:
            item = struct.Struct(f"<{count}{SCALARS[kind]}")
            return list(item.unpack_from(data, pos)), pos + item.size
        values: list[Value] = []
        for _ in range(count):
            value, pos = self.one(kind, data, pos)
            values.append(value)
        return values, pos

    def one(self, kind: int, data: bytes, pos: int) -> tuple[Value, int]:
        """Read one element of a built-in type. Source: Part 6 §5.1.2, table 1."""
        scalar = _STRUCTS.get(kind)
        if scalar is not None:
            return scalar.unpack_from(data, pos)[0], pos + scalar.size
        return self._others.get(kind, self.octets)(data, pos)

    def octets(self, data: bytes, pos: int) -> tuple[bytes | None, int]:
        """Read a ByteString; None is one that says it is null."""
        count = _INT32.unpack_from(data, pos)[0]
        end = skip_bytes(data, pos)
        return (None if count < 0 else data[pos + 4 : end]), end

    def text(self, data: bytes, pos: int) -> tuple[Value, int]:
        """Read a String. Bytes that are not UTF-8 stay bytes, so that nothing is altered."""
        raw, pos = self.octets(data, pos)
        if raw is None:
            return None, pos
        try:
            return raw.decode(), pos
        except UnicodeDecodeError:
            return raw, pos

    def node_id(self, data: bytes, pos: int) -> tuple[str, int]:
        """Read a (Expanded)NodeId as text with the namespace URI instead of its index."""
        encoding, end = data[pos], _skip_node_id(data, pos)
        form = encoding & 0x3F
        index, identifier = self._identifier(form, data, pos + 1)
        uri = self._structures.namespace(index) if index else None
        if encoding & 0x80:
            place = end - (4 if encoding & 0x40 else 0)
            start = _skip_node_id(bytes((form,)) + data[pos + 1 : place], 0) + pos
            uri = str(self.text(data, start)[0])
        prefix = f"nsu={uri};" if uri else f"ns={index};" if index else ""
        if encoding & 0x40:
            prefix = f"svr={_UINT32.unpack_from(data, end - 4)[0]};{prefix}"
        return prefix + identifier, end

    def _identifier(self, form: int, data: bytes, pos: int) -> tuple[int, str]:
        match form:
            case 0:
                return 0, f"i={data[pos]}"
            case 1:
                return data[pos], f"i={_UINT16.unpack_from(data, pos + 1)[0]}"
        index = _UINT16.unpack_from(data, pos)[0]
        match form:
            case 2:
                return index, f"i={_UINT32.unpack_from(data, pos + 2)[0]}"
            case 3:
                return index, f"s={_shown(self.text(data, pos + 2)[0])}"
            case 4:
                return index, f"g={uuid.UUID(bytes_le=data[pos + 2 : pos + 18])}"
            case _:
                raw = self.octets(data, pos + 2)[0] or b""
                return index, f"b={base64.b64encode(raw).decode()}"

    def _qualified_name(self, data: bytes, pos: int) -> tuple[Value, int]:
        index = _UINT16.unpack_from(data, pos)[0]
        name, pos = self.text(data, pos + 2)
        return (f"{index}:{_shown(name)}" if index else name), pos

    def _localized_text(self, data: bytes, pos: int) -> tuple[Value, int]:
        mask, pos = data[pos], pos + 1
        if mask & 1:
            pos = skip_bytes(data, pos)
        return self.text(data, pos) if mask & 2 else (None, pos)

    def extension_object(self, data: bytes, pos: int) -> tuple[Value, int]:
        """Read a structure by its server's description; unknown ones keep their body."""
        type_id, pos = self.node_id(data, pos)
        encoding, pos = data[pos], pos + 1
        if not encoding:
            return (None if type_id == "i=0" else {"@type": type_id}), pos
        body, pos = self.octets(data, pos)
        if encoding != 1:
            return {"@type": type_id, "body": jsonable(body)}, pos
        return self._structures.read(type_id, body or b""), pos

    def _data_value(self, data: bytes, pos: int) -> tuple[Value, int]:
        mask, pos = data[pos], pos + 1
        found: dict[str, Any] = {"@type": "DataValue", "value": None, "status": 0}
        if mask & 0x01:
            value, pos = self.variant(data, pos)
            found["value"] = jsonable(value)
        if mask & 0x02:
            found["status"], pos = _UINT32.unpack_from(data, pos)[0], pos + 4
        if mask & 0x04:
            found["time"], pos = time_text(_INT64.unpack_from(data, pos)[0]), pos + 8
        for bit, size in ((0x10, 2), (0x08, 8), (0x20, 2)):
            pos += size if mask & bit else 0
        return found, pos

    def _diagnostic_info(self, data: bytes, pos: int) -> tuple[Value, int]:
        mask, pos = data[pos], pos + 1
        found: dict[str, Any] = {"@type": "DiagnosticInfo"}
        # Bit and wire order differ: source Part 6 §5.2.2.12.
        for bit, name in ((1, "symbolicId"), (2, "namespaceUri"), (8, "locale"), (4, "text")):
            if mask & bit:
                found[name], pos = _INT32.unpack_from(data, pos)[0], pos + 4
        if mask & 0x10:
            found["info"], pos = self.text(data, pos)
        if mask & 0x20:
            found["status"], pos = _UINT32.unpack_from(data, pos)[0], pos + 4
        if mask & 0x40:
            found["inner"], pos = self._diagnostic_info(data, pos)
        return found, pos


def _shaped(values: list[Any], dims: Sequence[int]) -> Value:
    """Nest a flat matrix by its dimensions; sizes that do not fit leave it flat."""
    total = 1
    for size in dims:
        total *= max(size, 0)
    if len(dims) < 2 or total != len(values) or total == 0:
        return values
    for size in reversed(dims[1:]):
        values = [values[place : place + size] for place in range(0, len(values), size)]
    return values


def _shown(text: Value) -> str:
    return text.decode(errors="backslashreplace") if isinstance(text, bytes) else str(text)


def jsonable(value: Value) -> Any:
    """Give a value as it may stand inside a structure: bytes become `{"b64": ...}`."""
    if isinstance(value, bytes):
        return {"b64": base64.b64encode(value).decode()}
    if isinstance(value, list | tuple):
        return [jsonable(entry) for entry in value]
    if isinstance(value, Mapping):
        return {name: jsonable(entry) for name, entry in value.items()}
    return value
