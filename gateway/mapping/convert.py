"""Conversions of whole columns. A value that cannot be converted is marked, never raised (I2)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gateway.core.types import Column, Signals, Value

Mask = NDArray[np.bool_]

DTYPES: Mapping[str, type[np.generic]] = {
    "xs:boolean": np.bool_,
    "xs:byte": np.int8,
    "xs:short": np.int16,
    "xs:int": np.int32,
    "xs:long": np.int64,
    "xs:unsignedByte": np.uint8,
    "xs:unsignedShort": np.uint16,
    "xs:unsignedInt": np.uint32,
    "xs:unsignedLong": np.uint64,
    "xs:float": np.float32,
    "xs:double": np.float64,
}
TRUTH = {"true": 1.0, "false": 0.0}
TEXT_MAX = 64
"""No number is written longer than this."""


class Numbers:
    """A column as doubles, as `integers` where every value was whole, and which ones are `ok`."""

    __slots__ = ("doubles", "integers", "ok")

    def __init__(self, values: Column, *, truth: bool = False) -> None:
        self.integers: NDArray[Any] | None = None
        if isinstance(values, np.ndarray):
            self._from_array(values)
        elif {int, float, bool}.issuperset(map(type, values)):
            self._from_numbers(values)
        else:
            self._one_by_one(values, truth=truth)

    def _from_array(self, values: NDArray[Any]) -> None:
        self.doubles: NDArray[np.float64] = values.astype(np.float64)
        self.ok: Mask = np.ones(len(values), np.bool_)
        if values.dtype.kind in "iub":
            self.integers = values.astype(np.int8) if values.dtype.kind == "b" else values

    def _from_numbers(self, values: Sequence[Value]) -> None:
        try:
            array = np.array(values)
            if array.dtype.kind not in "iufb":
                raise OverflowError
        except OverflowError:
            self._one_by_one(values, truth=False)
        else:
            self._from_array(array)

    def _one_by_one(self, values: Sequence[Value], *, truth: bool) -> None:
        found = [_number(value, truth=truth) for value in values]
        self.ok = np.array([number is not None for number in found], np.bool_)
        self.doubles = np.array([number or 0.0 for number in found], np.float64)


def _number(value: Value, *, truth: bool) -> float | None:
    """Give a number that a single value stands for; digits in a text count."""
    try:
        match value:
            case bool() | int() | float():
                return float(value)
            case str() if truth and value.strip().lower() in TRUTH:
                return TRUTH[value.strip().lower()]
            case str() if len(value) <= TEXT_MAX and "_" not in value:
                number = float(value)
                return number if math.isfinite(number) else None
    except (ValueError, OverflowError):
        pass
    return None


def to_type(numbers: Numbers, exact: bool, value_type: str) -> tuple[NDArray[Any], Mask]:
    """Convert to a numeric type; the mask says which values fit.

    Fractions are rounded to the nearest whole number (halves to the even one). `exact` takes the
    integers as they came, so that 64 bits survive.
    """
    dtype = DTYPES[value_type]
    if issubclass(dtype, np.floating):
        with np.errstate(over="ignore"):
            converted = numbers.doubles.astype(dtype)
        return converted, numbers.ok & (np.isfinite(converted) | ~np.isfinite(numbers.doubles))
    if exact and numbers.integers is not None and dtype is not np.bool_:
        return _integers_to(numbers.integers, dtype, numbers.ok)
    rounded = np.rint(numbers.doubles) if dtype is not np.bool_ else numbers.doubles
    low, high = _limits(dtype)
    with np.errstate(invalid="ignore"):
        fits = numbers.ok & (rounded >= low) & (rounded < high)
    if dtype is np.bool_:
        fits &= (rounded == 0.0) | (rounded == 1.0)
    return np.where(fits, rounded, 0.0).astype(dtype), fits


def _limits(dtype: type[np.generic]) -> tuple[float, float]:
    """Give the lowest value and the first one above the highest, both exact as doubles."""
    if dtype is np.bool_:
        return 0.0, 2.0
    info = np.iinfo(dtype)  # type: ignore[type-var]
    return float(info.min), float(2.0 ** (info.bits - (info.kind == "i")))


def _integers_to(
    integers: NDArray[Any], dtype: type[np.generic], ok: Mask
) -> tuple[NDArray[Any], Mask]:
    info, own = np.iinfo(dtype), np.iinfo(integers.dtype)  # type: ignore[type-var]
    if info.min <= own.min and own.max <= info.max:
        return integers.astype(dtype), ok
    fits = ok & (integers >= max(info.min, own.min)) & (integers <= min(info.max, own.max))
    return np.where(fits, integers, integers.dtype.type(0)).astype(dtype), fits


def to_text(values: Column) -> tuple[list[Value], Mask]:
    """Convert to text as a person would write it; structures and arrays cannot be."""
    items: Sequence[Value] = values.tolist() if isinstance(values, np.ndarray) else values
    texts: list[Value] = [_text(item) for item in items]
    return texts, np.array([text is not None for text in texts], np.bool_)


def _text(value: Value) -> str | None:
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case int() | float():
            return str(value)
    return None


def to_names(
    numbers: Numbers, signals: Signals, tables: Sequence[Mapping[int, str] | None]
) -> tuple[list[Value], Mask]:
    """Look up the text for each whole number; a number without a text cannot be converted."""
    source = numbers.integers if numbers.integers is not None else numbers.doubles
    names: list[Value] = [
        (tables[signal] or {}).get(number) if fine else None
        for signal, number, fine in zip(
            signals.tolist(), source.tolist(), numbers.ok.tolist(), strict=True
        )
    ]
    return names, np.array([name is not None for name in names], np.bool_)


def same(converted: Column, raw: Column) -> bool:
    """Whether a conversion changed no value at all."""
    if not isinstance(converted, np.ndarray):
        return isinstance(raw, list) and converted == raw
    if not isinstance(raw, np.ndarray):
        return bool(converted.tolist() == raw)
    if raw.dtype.kind in "iu" and converted.dtype.kind == "f":
        with np.errstate(invalid="ignore"):
            converted = converted.astype(raw.dtype)
    return bool(np.array_equal(converted, raw, equal_nan=raw.dtype.kind == "f"))
