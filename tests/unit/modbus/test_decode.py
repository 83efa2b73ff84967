"""Values: every type in every order, as struct packs them, wherever they stand in a block."""

from __future__ import annotations

import struct
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from adapters.modbus.config import ModbusItem
from adapters.modbus.decode import BAD_DATA, BlockDecoder
from adapters.modbus.planner import Block, plan_blocks
from adapters.modbus.registers import SIZES, orders_for
from tests.unit.modbus.support import item, source_of

CODES = {
    "int16": "h", "uint16": "H", "int32": "i", "uint32": "I", "float32": "f",
    "int64": "q", "uint64": "Q", "float64": "d",
}  # fmt: skip
BITS = {"h": 16, "H": 16, "i": 32, "I": 32, "q": 64, "Q": 64}


def arranged(big: bytes, order: str) -> bytes:
    """Put big-endian bytes into an order, word by word and byte by byte."""
    words = [big[place : place + 2] for place in range(0, len(big), 2)]
    if order in {"CDAB", "DCBA"}:
        words.reverse()
    if order in {"BADC", "DCBA", "BA"}:
        words = [word[::-1] for word in words]
    return b"".join(words)


def decoded(block: Block, data: bytes) -> dict[int, Any]:
    found: dict[int, Any] = {}
    for columns in BlockDecoder(block).decode(data):
        values = columns.values if isinstance(columns.values, list) else columns.values.tolist()
        status = [0] * len(values) if columns.status is None else columns.status.tolist()
        for index, value, code in zip(columns.signals.tolist(), values, status, strict=True):
            found[index] = None if code else value
    return found


@st.composite
def numbers(draw: st.DrawFn) -> tuple[list[ModbusItem], bytes, dict[int, Any]]:
    """Draw values with holes between, the registers that hold them, and what is meant."""
    items, data, meant = [], b"", {}
    for index in range(draw(st.integers(1, 12))):
        kind = draw(st.sampled_from(list(CODES)))
        order, code = draw(st.sampled_from(orders_for(kind))), CODES[kind]
        if code in "fd":
            value: Any = draw(st.floats(width=32 if code == "f" else 64, allow_nan=False))
        else:
            signed = code.islower()
            bits = BITS[code]
            low = -(2 ** (bits - 1)) if signed else 0
            value = draw(st.integers(low, low + 2**bits - 1))
        data += bytes(2 * draw(st.integers(0, 3)))
        items.append(item(index, "holding", 1000 + len(data) // 2, kind, order=order))
        data += arranged(struct.pack(f">{code}", value), order)
        meant[index] = value
    return items, data, meant


@given(numbers())
def test_every_number_comes_out_as_it_was_packed(
    drawn: tuple[list[ModbusItem], bytes, dict[int, Any]],
) -> None:
    items, data, meant = drawn
    block = Block("holding", 1000, len(data) // 2, 1.0, tuple(items))
    assert decoded(block, data) == meant


@pytest.mark.parametrize("kind", list(CODES))
def test_columns_have_the_type_of_the_tag(kind: str) -> None:
    (block,) = plan_blocks(source_of([item(0, "holding", 0, kind, order=orders_for(kind)[0])]))
    (columns,) = BlockDecoder(block).decode(bytes(SIZES[kind]))
    assert isinstance(columns.values, np.ndarray)
    assert columns.values.dtype == np.dtype(kind)
    assert columns.values.dtype.isnative


@given(st.integers(0, 99_999_999), st.sampled_from(orders_for("bcd32")))
def test_packed_decimals_are_read_digit_by_digit(number: int, order: str) -> None:
    block = Block("holding", 0, 2, 1.0, (item(0, "holding", 0, "bcd32", order=order),))
    assert decoded(block, arranged(bytes.fromhex(f"{number:08d}"), order)) == {0: number}


def test_what_is_no_decimal_is_bad_and_its_neighbour_is_not() -> None:
    items = (item(0, "holding", 0, "bcd16"), item(1, "holding", 1, "bcd16"))
    block = Block("holding", 0, 2, 1.0, items)
    assert decoded(block, bytes.fromhex("12a41234")) == {0: None, 1: 1234}
    (columns,) = BlockDecoder(block).decode(bytes.fromhex("12a41234"))
    assert columns.status is not None
    assert columns.status.tolist() == [BAD_DATA, 0]


@given(st.binary(min_size=40, max_size=40), st.lists(st.integers(0, 312), min_size=1, unique=True))
def test_bits_are_counted_from_the_lowest_of_the_first_byte(data: bytes, places: list[int]) -> None:
    items = tuple(item(index, "coil", 5 + place, "bool") for index, place in enumerate(places))
    block = Block("coil", 5, 313, 1.0, items)
    meant = {index: bool(data[place // 8] >> place % 8 & 1) for index, place in enumerate(places)}
    assert decoded(block, data) == meant


def test_a_bool_of_a_register_is_whether_it_is_other_than_0() -> None:
    items = (item(0, "holding", 0, "bool"), item(1, "holding", 1, "bool"))
    assert decoded(Block("holding", 0, 2, 1.0, items), bytes.fromhex("00000100")) == {
        0: False,
        1: True,
    }


TEXTS = [
    (b"PM5560\0\0", "AB", "ascii", "PM5560"),
    (b"MP5565\0 ", "BA", "ascii", "PM5556"),
    (b"PM  \r\n\0x", "AB", "utf-8", "PM"),
    ("용접기".encode("cp949") + b"\0\0", "AB", "cp949", "용접기"),
    (b"\xff\xfe\xfd\xfc\xfb\xfa\xf9\xf8", "AB", "utf-8", None),
]


@pytest.mark.parametrize(("data", "order", "encoding", "meant"), TEXTS)
def test_texts_end_at_their_padding(
    data: bytes, order: str, encoding: str, meant: str | None
) -> None:
    each = item(0, "holding", 0, "string(8)", order=order, encoding=encoding)
    assert decoded(Block("holding", 0, 4, 1.0, (each,)), data) == {0: meant}


def test_a_text_of_odd_length_leaves_the_last_byte_out() -> None:
    each = item(0, "holding", 0, "string(3)")
    assert decoded(Block("holding", 0, 2, 1.0, (each,)), b"abcd") == {0: "abc"}
