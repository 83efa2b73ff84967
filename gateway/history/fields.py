"""The type of an InfluxDB field and single values in it."""

from __future__ import annotations

import base64
import math
from enum import IntEnum
from typing import Any

import orjson

from gateway.core.signals import XS_FLOATS, XS_INTEGERS
from gateway.history.samples import INT64_MAX

SHOWN_MAX = 60
_INT64_MIN = -(2**63)
_FLOAT_INT_MAX = 2**53
_MORE_INTEGERS = frozenset(
    f"xs:{name}"
    for name in ("positiveInteger", "nonNegativeInteger", "negativeInteger", "nonPositiveInteger")
)
_WORDS = {math.inf: "Infinity", -math.inf: "-Infinity"}


class FieldType(IntEnum):
    """What InfluxDB fixes with the first value of a field; AS_IS where the plan names no type."""

    AS_IS = 0
    FLOAT = 1
    INTEGER = 2
    BOOLEAN = 3
    STRING = 4


class TypeRefused(ValueError):
    """The value does not fit the field's type without loss; the text shows the value."""


class Special(ValueError):
    """The value is valid and the field's type cannot hold it: it is stored as text beside it."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


def plan_type(value_type: str | None) -> FieldType:
    """Give the field type of an XSD type: everything but numbers and booleans is text."""
    if value_type is None:
        return FieldType.AS_IS
    if value_type in XS_FLOATS:
        return FieldType.FLOAT
    if value_type in XS_INTEGERS or value_type in _MORE_INTEGERS:
        return FieldType.INTEGER
    return FieldType.BOOLEAN if value_type == "xs:boolean" else FieldType.STRING


def field_text(field_type: FieldType, value: Any) -> bytes:
    """Give a value as the line protocol writes it.

    Raises:
        TypeRefused, Special: see there.
    """
    match field_type:
        case FieldType.FLOAT:
            return _float_text(value)
        case FieldType.INTEGER:
            return _integer_text(value)
        case FieldType.BOOLEAN:
            return _boolean_text(value)
        case FieldType.STRING:
            return quoted(plain_text(value))
        case FieldType.AS_IS:
            return field_text(_type_of(value), value)


def _type_of(value: Any) -> FieldType:
    if isinstance(value, bool):
        return FieldType.BOOLEAN
    if isinstance(value, int):
        return FieldType.INTEGER
    return FieldType.FLOAT if isinstance(value, float) else FieldType.STRING


def _float_text(value: Any) -> bytes:
    if not isinstance(value, int | float):
        raise TypeRefused(_shown(value))
    if isinstance(value, float):
        if not math.isfinite(value):
            raise Special(_WORDS.get(value, "NaN"))
        return repr(value).encode()
    if abs(value) > _FLOAT_INT_MAX:
        raise TypeRefused(_shown(value))
    return b"%d" % int(value)


def _integer_text(value: Any) -> bytes:
    if not isinstance(value, int | float):
        raise TypeRefused(_shown(value))
    if isinstance(value, float):
        if not math.isfinite(value):
            raise Special(_WORDS.get(value, "NaN"))
        if value != int(value):
            raise TypeRefused(_shown(value))
    whole = int(value)
    if not _INT64_MIN <= whole <= INT64_MAX:
        raise Special(str(whole))
    return b"%di" % whole


def _boolean_text(value: Any) -> bytes:
    if not isinstance(value, int | float) or value not in {0, 1}:
        raise TypeRefused(_shown(value))
    return b"true" if value else b"false"


def plain_text(value: Any) -> str:
    """Give any value as text: strings as they are, bytes as base64, the rest as JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, bytes | bytearray):
        return base64.b64encode(value).decode()
    try:
        return orjson.dumps(value, default=_plain).decode()
    except TypeError:  # integers beyond 64 bits, lone surrogates
        return str(value)


def _plain(value: Any) -> Any:
    if isinstance(value, bytes | bytearray):
        return {"b64": base64.b64encode(value).decode()}
    return value.tolist() if hasattr(value, "tolist") else str(value)


def quoted(text: str) -> bytes:
    """Give a string field: quotes and backslashes escaped. Source: line protocol reference."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'.encode(errors="replace")


def _shown(value: Any) -> str:
    text = plain_text(value)
    return text if len(text) <= SHOWN_MAX else f"{text[:SHOWN_MAX]}..."
