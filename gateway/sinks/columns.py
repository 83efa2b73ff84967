"""Columns of a batch as JSON arrays, whole arrays at once.

NaN, Infinity and -Infinity become these words, a Bad sample becomes null, bytes become
`{"b64": ...}`, integers keep every digit. Source: platform interface, version 1, §2.
"""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from gateway.core.types import BAD, BAD_TYPE_MISMATCH, Column, Statuses

Mask = NDArray[np.bool_]
PLAIN_TYPES = frozenset({str, int, bool, type(None)})
"""What a JSON writer takes as it is; a float may be NaN, everything else needs a look."""
_ARRAYS = orjson.OPT_SERIALIZE_NUMPY


def array_json(values: NDArray[Any]) -> bytes:
    """Give a number array as JSON; what is not finite becomes null."""
    if not values.flags.c_contiguous or not values.dtype.isnative:
        values = np.ascontiguousarray(values, dtype=values.dtype.newbyteorder("="))
    return orjson.dumps(values, option=_ARRAYS)


def bad_places(status: Statuses | None) -> Mask | None:
    """Tell which samples have no value; None when all have one."""
    if status is None:
        return None
    bad = status >= BAD
    return bad if bad.any() else None


def raw_missing(status: Statuses | None) -> Mask | None:
    """Tell where the machine said nothing; what could not be converted was said all the same."""
    bad = bad_places(status)
    if bad is None or status is None:
        return None
    missing = bad & (status != BAD_TYPE_MISMATCH)
    return missing if missing.any() else None


def column_json(values: Column, missing: Mask | None) -> bytes:
    """Give a column as a JSON array with null where it is missing.

    Raises:
        TypeError, ValueError: a value that no JSON can say.
    """
    if isinstance(values, np.ndarray):
        return _numbers(values, missing)
    return _anything(values, missing)


def status_json(status: Statuses | None, length: int) -> bytes:
    """Give status codes; None is Good everywhere."""
    if status is None:
        return b"[" + b"0," * (length - 1) + b"0]"
    return array_json(status)


def _numbers(values: NDArray[Any], missing: Mask | None) -> bytes:
    text = array_json(values)
    words: Mask | None = None
    if values.dtype.kind == "f":
        finite = np.isfinite(values)
        words = None if finite.all() else ~finite
    if words is None and missing is None:
        return text
    # Rewriting single tokens of the finished text keeps the shortest digits of every other number.
    tokens = text[1:-1].split(b",")
    if words is not None:
        for place in np.flatnonzero(words):
            tokens[place] = _word(float(values[place]))
    if missing is not None:
        for place in np.flatnonzero(missing):
            tokens[place] = b"null"
    return b"[" + b",".join(tokens) + b"]"


def _word(value: float) -> bytes:
    if math.isnan(value):
        return b'"NaN"'
    return b'"Infinity"' if value > 0 else b'"-Infinity"'


def _anything(values: list[Any], missing: Mask | None) -> bytes:
    if missing is not None:
        values = [
            None if gone else value for value, gone in zip(values, missing.tolist(), strict=True)
        ]
    if not set(map(type, values)) <= PLAIN_TYPES:
        values = [sendable(value) for value in values]
    return json_bytes(values)


def sendable(value: Any) -> Any:
    """Give a value in the words of the platform interface."""
    match value:
        case None | bool() | int() | str():
            return value
        case float():
            return value if math.isfinite(value) else _word(value).decode().strip('"')
        case bytes() | bytearray():
            return {"b64": base64.b64encode(value).decode()}
        case Mapping():
            return {str(key): sendable(entry) for key, entry in value.items()}
        case np.generic() | np.ndarray():
            return _from_array(np.asarray(value))
        case Sequence():
            return [sendable(entry) for entry in value]
    raise TypeError(f"no JSON for {type(value).__name__}")


def _from_array(array: NDArray[Any]) -> Any:
    """Give an array of any shape; float32 keeps its own shortest digits."""
    if array.ndim > 1:
        return [_from_array(part) for part in array]
    entries = json.loads(_numbers(array.reshape(-1), None))
    return entries if array.ndim else entries[0]


def json_bytes(value: Any) -> bytes:
    """Write JSON; integers beyond 64 bits and broken surrogates take the slow, exact way."""
    try:
        return orjson.dumps(value)
    except TypeError:
        return json.dumps(value, separators=(",", ":"), allow_nan=False).encode()
