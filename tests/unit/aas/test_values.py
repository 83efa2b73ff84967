from __future__ import annotations

import math
from typing import Any

import numpy as np
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aas_models.values import ValueColumns, Writers, lexical, token_of


@pytest.mark.parametrize(
    ("value", "value_type", "token"),
    [
        (1.5, "xs:double", b"1.5"),
        (5, "xs:double", b"5.0"),
        (math.nan, "xs:double", b'"NaN"'),
        (math.inf, "xs:double", b'"INF"'),
        (-math.inf, "xs:float", b'"-INF"'),
        (2**64, "xs:integer", b"18446744073709551616"),
        (-7, "xs:long", b"-7"),
        (3.0, "xs:int", b"3"),
        (True, "xs:boolean", b"true"),
        (0, "xs:boolean", b"false"),
        ("가동", "xs:string", '"가동"'.encode()),
        (b"\x00\xff", "xs:base64Binary", b'"AP8="'),
        ([1, 2], "xs:string", b'"[1, 2]"'),
        ({"@type": "Pos", "x": 1}, "xs:string", b'"{\\"@type\\": \\"Pos\\", \\"x\\": 1}"'),
    ],
)
def test_a_value_is_written_as_its_type_says(value: Any, value_type: str, token: bytes) -> None:
    assert token_of(value, value_type) == token


@pytest.mark.parametrize(
    ("value", "value_type"),
    [
        ("abc", "xs:double"), (True, "xs:double"), (1.5, "xs:int"), ("1", "xs:int"),
        (2, "xs:boolean"), ("true", "xs:boolean"), (None, "xs:string"), (math.nan, "xs:int"),
    ],
)  # fmt: skip
def test_a_value_that_does_not_fit_its_type_is_absent_never_bent(
    value: Any, value_type: str
) -> None:
    assert token_of(value, value_type) is None


def test_characters_that_xml_cannot_carry_are_replaced() -> None:
    assert token_of("a\x00b\ud800c\tä", "xs:string") == '"a\ufffdb\ufffdc\\tä"'.encode()


@settings(deadline=None)
@given(st.text())
def test_any_text_is_valid_json(text: str) -> None:
    token = token_of(text, "xs:string")
    assert token is not None
    assert isinstance(orjson.loads(token), str)


def test_tokens_give_back_their_xsd_text() -> None:
    assert lexical(b'"NaN"') == "NaN"
    assert lexical(b"1.5") == "1.5"
    assert lexical(b"true") == "true"


DTYPES = ["bool", "int8", "int64", "uint8", "uint64", "float32", "float64"]


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_column_gives_back_what_was_put(dtype: str) -> None:
    columns = ValueColumns(4)
    values = np.array([1, 0, 1], dtype)
    columns.put(np.array([1, 2, 3]), values)
    assert [columns.get(slot) for slot in range(4)] == [None, *values.tolist()]


def test_the_largest_integers_stay_exact() -> None:
    columns = ValueColumns(2)
    columns.put(np.array([0]), np.array([2**64 - 1], np.uint64))
    columns.put(np.array([1]), np.array([-(2**63)], np.int64))
    writers = Writers(["xs:unsignedLong", "xs:long"])
    tokens = columns.tokens(np.array([0, 1]), writers)
    assert tokens == [b"18446744073709551615", b"-9223372036854775808"]


def test_where_a_slot_comes_twice_in_a_batch_the_last_value_stays() -> None:
    columns = ValueColumns(2)
    columns.put(np.array([1, 0, 1]), np.array([1.0, 5.0, 2.0]))
    assert columns.get(1) == 2.0
    columns.put(np.array([1, 1]), ["a", "b"])
    assert columns.get(1) == "b"


def test_a_32_bit_float_is_written_as_short_as_it_is() -> None:
    columns = ValueColumns(3)
    columns.put(np.arange(3), np.array([0.1, 2.7, np.inf], np.float32))
    assert columns.get(0) == 0.1
    tokens = columns.tokens(np.arange(3), Writers(["xs:float"] * 3))
    assert tokens == [b"0.1", b"2.7", b'"INF"']


VALUES = st.one_of(
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(),
    st.text(max_size=5),
    st.none(),
)


@settings(deadline=None)
@given(
    st.lists(st.tuples(VALUES, st.sampled_from(["xs:double", "xs:long", "xs:string"])), max_size=9)
)
def test_writing_by_the_column_equals_writing_one_by_one(
    given: list[tuple[Any, str]],
) -> None:
    columns = ValueColumns(len(given))
    for slot, (value, _) in enumerate(given):
        fits = isinstance(value, float | int) and not isinstance(value, bool)
        column: Any = np.array([value]) if fits else [value]
        columns.put(np.array([slot]), column)
    tokens = columns.tokens(np.arange(len(given)), Writers([kind for _, kind in given]))
    assert tokens == [token_of(value, kind) or b"" for value, kind in given]
