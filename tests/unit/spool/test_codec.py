"""What comes out of a record is bit by bit what went in, and damage is noticed."""

from __future__ import annotations

import contextlib
import math
from collections import OrderedDict
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.core.records import Batch
from gateway.core.types import UnixNs
from gateway.spool.codec import DamagedRecord, Decoder, Encoder, frame
from gateway.spool.msgpack import DEPTH_MAX, packb, unpackb
from tests.unit.spool import makers

DTYPES = ("?", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f4", "f8")
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(1 << 200), 1 << 200)
    | st.floats()
    | st.text(st.characters(exclude_categories=()))
    | st.binary(max_size=40)
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=5), inner, max_size=5)
    ),
    max_leaves=20,
)


def round_trip(item: Any, table: Any = makers.PLAN) -> Any:
    row = frame(7, Encoder().encode(item), 1, None)
    return Decoder().decode(row, table)


@pytest.mark.parametrize("length", [0, 1, 20, 33, 1_000])
@pytest.mark.parametrize("dtype", DTYPES)
def test_every_number_type_survives(dtype: str, length: int) -> None:
    values = np.random.default_rng(1).integers(0, 256, length * 8, np.uint8)
    column = values[: length * np.dtype(dtype).itemsize].view(dtype)
    column = column.astype(np.uint8).astype(bool) if dtype == "?" else column
    item = makers.batch(5, length, values=column)
    assert makers.same(round_trip(item), item)


@pytest.mark.invariant("I2")
def test_every_optional_column_survives() -> None:
    count = 50
    item = makers.batch(
        0, count, raw=np.arange(count, dtype=np.int16),
        status=np.full(count, 0x80740000, np.uint32),
        server_times=makers.START + np.arange(count) * 1_000 + 17, received_time=True,
    )  # fmt: skip
    assert makers.same(round_trip(item), item)


@given(st.lists(st.integers(-(1 << 63), (1 << 63) - 1), min_size=1, max_size=60))
def test_every_time_survives(times: list[int]) -> None:
    base = makers.batch(0, len(times))
    item = Batch(base.plan, base.signals, np.array(times, np.int64), base.values, UnixNs(-1))
    assert makers.same(round_trip(item), item)


@settings(max_examples=150)
@given(st.lists(VALUES, min_size=1, max_size=12))
def test_every_mixed_value_survives(values: list[Any]) -> None:
    item = makers.batch(0, len(values), values=values)
    assert makers.same(round_trip(item), item)


@given(VALUES)
def test_msgpack_gives_back_what_it_took(value: Any) -> None:
    assert repr(unpackb(packb(value))) == repr(value)


@given(st.binary(max_size=60))
def test_foreign_bytes_raise_value_errors_only(data: bytes) -> None:
    with contextlib.suppress(ValueError, TypeError):
        unpackb(data)


def test_special_floats_stay_what_they_are() -> None:
    values = [math.nan, math.inf, -math.inf, -0.0, 5e-324, 1.0, 1, True]
    result = round_trip(makers.batch(0, len(values), values=values))
    assert repr(result.values) == repr(values)


def test_numpy_values_and_tuples_inside_a_list_become_plain() -> None:
    values = [np.float32(0.5), (1, 2), OrderedDict(a=np.int64(3)), np.array([1, 2])]
    result = round_trip(makers.batch(0, 4, values=values))
    assert result.values == [0.5, [1, 2], {"a": 3}, [1, 2]]


def test_a_big_endian_or_strided_array_survives() -> None:
    values = np.arange(40, dtype=">i4")[::2]
    result = round_trip(makers.batch(0, 20, values=values))
    assert result.values.tolist() == values.tolist()


@pytest.mark.parametrize(
    "item",
    [makers.gap(), makers.gap("history"), makers.usage(), makers.rejected(), makers.audit()],
    ids=lambda item: type(item).__name__,
)
def test_every_other_item_survives(item: Any) -> None:
    assert round_trip(item) == item


def test_a_gap_without_plan_survives() -> None:
    item = makers.gap(table=None)
    assert round_trip(item, None) == item


def test_a_value_nested_too_deep_is_refused() -> None:
    value: Any = 1
    for _ in range(DEPTH_MAX + 2):
        value = [value]
    with pytest.raises(ValueError, match="nests deeper"):
        packb(value)


def test_columns_of_different_length_are_refused() -> None:
    item = makers.batch(0, 3, values=np.zeros(4))
    with pytest.raises(ValueError, match="differ in length"):
        Encoder().encode(item)


@pytest.mark.parametrize("count", [3, 500])
def test_every_flipped_bit_of_a_row_is_noticed(count: int) -> None:
    row = frame(7, Encoder().encode(makers.batch(0, count)), 1, "history")
    changes: list[dict[str, Any]] = [
        {"offset": 8}, {"kind": 2}, {"plan": 2}, {"samples": row.samples + 1}, {"at": row.at ^ 1},
        {"reader": None}, {"reader": "historz"}, {"body": row.body[:-1]}, {"body": row.body[:3]},
    ]  # fmt: skip
    for place in range(0, len(row.body), max(1, len(row.body) // 97)):
        flipped = bytearray(row.body)
        flipped[place] ^= 0x10
        changes.append({"body": bytes(flipped)})
    for change in changes:
        with pytest.raises(DamagedRecord):
            Decoder().decode(row._replace(**change), makers.PLAN)


def test_a_flipped_flag_is_noticed() -> None:
    row = frame(7, Encoder().encode(makers.batch(0, 500)), 1, None)
    for bit in range(8):
        flipped = bytearray(row.body)
        flipped[1] ^= 1 << bit
        with pytest.raises(DamagedRecord):
            Decoder().decode(row._replace(body=bytes(flipped)), makers.PLAN)
