"""JSON paths."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.mqtt.paths import (
    EVERY,
    MISSING_ERRORS,
    Steps,
    getter,
    levels_of,
    many,
    parse_path,
    readings_of,
)

DOCUMENT = {"a": {"b": [{"c": 1}, {"c": 2}]}, "온도": 21.5, "x y": {"q'": True}, "n": None}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("$", DOCUMENT),
        ("$.a.b[0].c", 1),
        ("$.a.b[-1].c", 2),
        ("$.온도", 21.5),
        ("$['온도']", 21.5),
        ('$["x y"]["q\'"]', True),
        ("$.n", None),
    ],
)
def test_a_path_finds_its_value(path: str, value: Any) -> None:
    assert getter(parse_path(path))(DOCUMENT) == value


@pytest.mark.parametrize("path", ["$.b", "$.a.b[2]", "$.a[0]", "$.온도[0]", "$.n.x", "$.a.b.c"])
def test_a_path_that_is_not_there_is_missing(path: str) -> None:
    with pytest.raises(MISSING_ERRORS):
        getter(parse_path(path))(DOCUMENT)


def test_an_index_into_a_text_is_missing_and_no_character() -> None:
    with pytest.raises(MISSING_ERRORS):
        getter(parse_path("$.s[0]"))({"s": "abc"})


@pytest.mark.parametrize(
    "path", ["", "a.b", "$a", "$.", "$..a", "$.a[", "$.a[x]", "$['a", "$.a b["]
)
def test_what_is_no_path_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="path"):
        parse_path(path)


def test_a_path_has_a_longest_length() -> None:
    with pytest.raises(ValueError, match="path"):
        parse_path("$" + ".a" * 33)


def test_every_reading_of_nested_arrays_is_reached_in_order() -> None:
    levels, rest = levels_of(parse_path("$.a[*].b[*].c"))
    assert levels == (("a", EVERY), ("b", EVERY))
    document = {"a": [{"b": [{"c": 1}, {"c": 2}]}, {"b": []}, {"b": [{"c": 3}]}]}
    outer, inner = map(readings_of, levels)
    assert [getter(rest)(one) for block in outer(document) for one in inner(block)] == [1, 2, 3]


@given(st.dictionaries(st.text(min_size=1, max_size=5), st.integers(), min_size=1, max_size=6))
def test_many_paths_at_once_give_what_each_gives_alone(document: dict[str, int]) -> None:
    paths: list[Steps] = [(key,) for key in document]
    assert many(paths)(document) == tuple(getter(path)(document) for path in paths)
