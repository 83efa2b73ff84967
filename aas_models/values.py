"""Values as AAS JSON tokens, and the columns that hold the newest value of each slot.

A token is what value-only JSON carries: a number, true or false, or a quoted text. NaN and the
infinities are quoted (`"NaN"`, `"INF"`, `"-INF"`), as XSD writes them. The normal form quotes every
token. Source: AAS Part 1 §5.3.12 (value types), Part 2 §11.4.2 (value-only serialization).
"""

from __future__ import annotations

import base64
import json
import math
import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from gateway.core.signals import XS_FLOATS, XS_INTEGERS
from gateway.core.types import Column, Value

_NOT_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot carry; Part 1 allows no such character in a value."""

Slots = NDArray[np.intp]


def without_control_characters(text: str) -> str:
    """Put a mark in the place of what XML cannot carry."""
    return _NOT_XML.sub("\ufffd", text)


def _text_token(text: str) -> bytes:
    return orjson.dumps(without_control_characters(text))


def _float_token(value: Any) -> bytes | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    number = float(value)
    if math.isfinite(number):
        return orjson.dumps(number)
    return b'"NaN"' if math.isnan(number) else b'"INF"' if number > 0 else b'"-INF"'


def _integer_token(value: Any) -> bytes | None:
    if isinstance(value, float) and value.is_integer():
        return str(int(value)).encode()
    return str(int(value)).encode() if isinstance(value, int) else None


def _boolean_token(value: Any) -> bytes | None:
    if isinstance(value, bool | int | float) and value in (0, 1):
        return b"true" if value else b"false"
    return None


def _other_token(value: Any) -> bytes | None:
    if isinstance(value, str):
        return _text_token(value)
    if isinstance(value, bytes | bytearray | memoryview):
        return b'"' + base64.b64encode(bytes(value)) + b'"'
    return _text_token(json.dumps(value, ensure_ascii=False, default=_json_default))


def _json_default(value: Any) -> Any:
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    if isinstance(value, bytes | bytearray | memoryview):
        return {"b64": base64.b64encode(bytes(value)).decode()}
    return str(value)


def token_maker(value_type: str | None) -> Callable[[Any], bytes | None]:
    """Give the function that writes values of an XSD type; it gives None for what does not fit."""
    if value_type in XS_FLOATS:
        return _float_token
    if value_type in XS_INTEGERS or value_type in _MORE_INTEGERS:
        return _integer_token
    return _boolean_token if value_type == "xs:boolean" else _other_token


_MORE_INTEGERS = frozenset(
    {
        "xs:nonNegativeInteger",
        "xs:positiveInteger",
        "xs:nonPositiveInteger",
        "xs:negativeInteger",
    }
)


def token_of(value: Value, value_type: str | None) -> bytes | None:
    """Write one value; None where there is none or where it does not fit the type."""
    return None if value is None else token_maker(value_type)(value)


def lexical(token: bytes) -> str:
    """Give the XSD text of a token."""
    return str(orjson.loads(token)) if token[:1] == b'"' else token.decode()


def static_token(text: str, value_type: str) -> bytes:
    """Write the XSD text of a property that never changes, in value-only form."""
    if value_type == "xs:boolean" and text in {"true", "1", "false", "0"}:
        return b"true" if text in {"true", "1"} else b"false"
    numeric = value_type in XS_FLOATS or value_type in XS_INTEGERS or value_type == "xs:decimal"
    if numeric and re.fullmatch(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?", text):
        return text.encode()
    return orjson.dumps(text)


OTHERS, FLOATS, INTEGERS = range(3)
_CODES: dict[Callable[[Any], bytes | None], int] = {_float_token: FLOATS, _integer_token: INTEGERS}


class Writers:
    """How the values of each slot are written."""

    def __init__(self, value_types: Sequence[str | None]) -> None:
        self.makers = [token_maker(value_type) for value_type in value_types]
        self.codes = np.array([_CODES.get(maker, OTHERS) for maker in self.makers], np.uint8)

    def change(self, slot: int, value_type: str | None) -> None:
        """Write a slot as another type from now on."""
        self.makers[slot] = token_maker(value_type)
        self.codes[slot] = _CODES.get(self.makers[slot], OTHERS)


NOTHING, BOOLEAN, INTEGER, UNSIGNED, FLOAT32, FLOAT64, OBJECT = range(7)
_KINDS = {"b": BOOLEAN, "i": INTEGER, "u": INTEGER, "f": FLOAT64}


class ValueColumns:
    """The newest value of each slot in typed arrays, so that a batch is a few array operations."""

    def __init__(self, size: int) -> None:
        self.kinds = np.zeros(size, np.uint8)
        self.integers = np.zeros(size, np.int64)
        self.unsigned = np.zeros(size, np.uint64)
        self.floats = np.zeros(size, np.float64)
        self.objects: list[Any] = [None] * size

    def put(self, slots: Slots, values: Column) -> None:
        """Store a column; where a slot comes twice, the last value stays."""
        if not isinstance(values, np.ndarray) or values.dtype.kind not in _KINDS:
            self._put_objects(slots, list(values))
            return
        kind = _KINDS[values.dtype.kind]
        if kind == FLOAT64:
            self.floats[slots] = values
            kind = FLOAT32 if values.dtype == np.float32 else FLOAT64
        elif values.dtype == np.uint64:
            self.unsigned[slots] = values
            kind = UNSIGNED
        else:
            self.integers[slots] = values
        self.kinds[slots] = kind

    def _put_objects(self, slots: Slots, values: Sequence[Any]) -> None:
        objects = self.objects
        for slot, value in zip(slots.tolist(), values, strict=True):
            objects[slot] = value
        self.kinds[slots] = OBJECT

    def clear(self, slots: Slots) -> None:
        """Let these slots have no value."""
        self.kinds[slots] = NOTHING

    def get(self, slot: int) -> Value:
        """Give the value of a slot, None when there is none."""
        match int(self.kinds[slot]):
            case 0:
                return None
            case 1:
                return bool(self.integers[slot])
            case 2:
                return int(self.integers[slot])
            case 3:
                return int(self.unsigned[slot])
            case 4:
                return float(str(np.float32(self.floats[slot])))  # 0.1, not 0.10000000149
            case 5:
                return float(self.floats[slot])
            case _:
                value: Value = self.objects[slot]
                return value

    def take_over(self, old: ValueColumns, to: Slots, source: Slots) -> None:
        """Copy slots of another set of columns."""
        for name in ("kinds", "integers", "unsigned", "floats"):
            getattr(self, name)[to] = getattr(old, name)[source]
        for new, before in zip(to.tolist(), source.tolist(), strict=True):
            self.objects[new] = old.objects[before]

    def tokens(self, slots: Slots, writers: Writers) -> list[bytes]:
        """Write the values of slots as tokens, b"" where there is none."""
        kinds, codes = self.kinds[slots], writers.codes[slots]
        out: list[bytes] = [b""] * len(slots)
        rest = kinds != NOTHING
        for kind, code, column in self._fast():
            fits = np.flatnonzero((kinds == kind) & (codes == code))
            if len(fits) == len(slots):
                return self._numbers(column(slots))
            if len(fits):
                for place, token in zip(
                    fits.tolist(), self._numbers(column(slots[fits])), strict=True
                ):
                    out[place] = token
                rest[fits] = False
        for place in np.flatnonzero(rest).tolist():
            slot = int(slots[place])
            value = self.get(slot)
            if value is not None:
                out[place] = writers.makers[slot](value) or b""
        return out

    def _fast(self) -> tuple[tuple[int, int, Callable[[Slots], NDArray[Any]]], ...]:
        return (
            (FLOAT64, FLOATS, lambda at: self.floats[at]),
            (FLOAT32, FLOATS, lambda at: self.floats[at].astype(np.float32)),
            (INTEGER, INTEGERS, lambda at: self.integers[at]),
            (UNSIGNED, INTEGERS, lambda at: self.unsigned[at]),
        )

    @staticmethod
    def _numbers(values: NDArray[Any]) -> list[bytes]:
        if not len(values):
            return []
        text = orjson.dumps(np.ascontiguousarray(values), option=orjson.OPT_SERIALIZE_NUMPY)
        tokens = text[1:-1].split(b",")
        if values.dtype.kind == "f":
            for place in np.flatnonzero(~np.isfinite(values)).tolist():
                tokens[place] = _float_token(float(values[place])) or b""
        return tokens
