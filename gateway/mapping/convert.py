"""Conversions of whole columns. A value that cannot be converted is marked, never raised (I2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gateway.core.types import Column, Signals, Value
from gateway.mapping.plain import text_of

Mask = NDArray[np.bool_]
EXACT_MAX = 2.0**53
"""Up to it a double holds every whole number."""

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


def as_array(values: Column, *, mixed: bool) -> NDArray[Any] | None:
    """Give a column as an array where not a bit is lost by that; None where it has to stay a list.

    `mixed` lets whole numbers and fractions share an array, as JSON mixes 23 and 23.5.
    """
    if isinstance(values, np.ndarray):
        return values
    kinds = set(map(type, values))
    if len(kinds) == 1 and kinds <= {int, float, bool}:
        return _integers(values) if kinds == {int} else np.array(values)
    if not mixed or not kinds <= {int, float}:
        return None
    try:
        doubles = np.array(values, np.float64)
    except OverflowError:
        return None
    return None if (np.abs(doubles) > EXACT_MAX).any() else doubles


def _integers(values: Sequence[Value]) -> NDArray[Any] | None:
    try:
        return np.array(values, np.int64)
    except OverflowError:
        return None


class Numbers:
    """A column as doubles, as `integers` where it came as such, and which ones are `ok`."""

    __slots__ = ("doubles", "integers", "ok")

    def __init__(self, values: NDArray[Any]) -> None:
        self.doubles: NDArray[np.float64] = values.astype(np.float64)
        self.ok: Mask = np.ones(len(values), np.bool_)
        self.integers: NDArray[Any] | None = None
        if values.dtype.kind in "iub":
            self.integers = values.astype(np.int8) if values.dtype.kind == "b" else values


def to_type(numbers: Numbers, value_type: str) -> tuple[NDArray[Any], Mask]:
    """Convert to a numeric type; the mask says which values fit.

    Fractions are rounded to the nearest whole number (halves to the even one). Integers are taken
    as they came, so that 64 bits survive.
    """
    dtype = DTYPES[value_type]
    if issubclass(dtype, np.floating):
        with np.errstate(over="ignore"):
            converted = numbers.doubles.astype(dtype)
        return converted, numbers.ok & (np.isfinite(converted) | ~np.isfinite(numbers.doubles))
    if numbers.integers is not None and dtype is not np.bool_:
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
    info = np.iinfo(dtype)  # type: ignore[type-var]  # bool is handled above
    return float(info.min), float(2.0 ** (info.bits - (info.kind == "i")))


def _integers_to(
    integers: NDArray[Any], dtype: type[np.generic], ok: Mask
) -> tuple[NDArray[Any], Mask]:
    info, own = np.iinfo(dtype), np.iinfo(integers.dtype)  # type: ignore[type-var]  # bool is handled above
    if info.min <= own.min and own.max <= info.max:
        return integers.astype(dtype), ok
    fits = ok & (integers >= max(info.min, own.min)) & (integers <= min(info.max, own.max))
    return np.where(fits, integers, integers.dtype.type(0)).astype(dtype), fits


def to_text(values: NDArray[Any]) -> list[Value]:
    """Convert to text as a person would write it."""
    return [text_of(item) for item in values.tolist()]


def to_names(
    numbers: Numbers, signals: Signals, tables: Sequence[Mapping[int | float, Value] | None]
) -> tuple[list[Value], Mask]:
    """Look up what stands for each whole number; one for which nothing does cannot be converted."""
    source = numbers.integers if numbers.integers is not None else numbers.doubles
    names: list[Value] = [
        (tables[signal] or {}).get(number) if fine else None
        for signal, number, fine in zip(
            signals.tolist(), source.tolist(), numbers.ok.tolist(), strict=True
        )
    ]
    return names, np.array([name is not None for name in names], np.bool_)


def same(converted: NDArray[Any] | list[Value], raw: NDArray[Any]) -> bool:
    """Whether a conversion changed no value at all."""
    if not isinstance(converted, np.ndarray):
        return False
    if raw.dtype.kind in "iu" and converted.dtype.kind == "f":
        with np.errstate(invalid="ignore"):
            back = converted.astype(raw.dtype)
        # Beyond 2^53 the way back may saturate to the same integer: compare as numbers too.
        return bool(np.array_equal(back, raw) and np.array_equal(back.astype(float), converted))
    return bool(np.array_equal(converted, raw, equal_nan=raw.dtype.kind == "f"))
