"""Expressions: whatever is written is refused with a place or computed; nothing escapes."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.mapping.compile import compile_expression
from gateway.mapping.expression import DEPTH_MAX, Expression, ExpressionError, parse


def parsed(text: str) -> Expression | ExpressionError:
    try:
        return parse(text)
    except ExpressionError as error:
        return error


@given(
    st.text(max_size=80)
    | st.text("value()+-*/%<>=!&|^~ ifelsandort.0123456789e_[]'\"\\\n,:@", max_size=60)
)
def test_any_text_is_refused_with_a_place_or_computed(text: str) -> None:
    expression = parsed(text)
    if isinstance(expression, ExpressionError):
        assert 0 <= expression.column <= len(text)
        assert expression.width >= 1
        return
    result = compile_expression(expression)(np.array([0.0, 1.5, -7.0, math.inf, math.nan]), None)
    assert result.dtype == np.float64
    assert len(result) == 5


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('true')", "value.__class__", "value[0]", "lambda: value",
        "[value for value in value]", "(value := 1)", "'a' * value", "value if 1 else",
        "min(*value)", "max(value, key=abs)", "value @ value", "value is value", "value in (1,)",
        "eval(value)", "9 ** 9 ** 9 * value", "value << 64", "value ** 17", "1 << value",
        "bit(value, value)", "bit(value, 64)", "round(value, -1)", "min(value)", "None", "...",
        "value and yield value", "await value", "value; value", "value\x00", "1j * value",
        "True.real + value", "(" * 200 + "value" + ")" * 200, "-" * 400 + "value",
    ],
)  # fmt: skip
def test_what_is_not_arithmetic_is_refused(text: str) -> None:
    with pytest.raises(ExpressionError):
        parse(text)


def numbers(depth: int) -> st.SearchStrategy[str]:
    leaf = st.sampled_from(["value", "2", "0.5", "10", "-3", "1e3", "True"])
    if depth == 0:
        return leaf
    inner = numbers(depth - 1)
    return st.one_of(
        leaf,
        st.tuples(inner, st.sampled_from(["+", "-", "*", "/", "//", "%"]), inner).map(
            lambda t: f"({t[0]} {t[1]} {t[2]})"
        ),
        inner.map(lambda a: f"abs({a})"),
        inner.map(lambda a: f"(-{a})"),
        inner.map(lambda a: f"(({a}) ** 2)"),
        inner.map(lambda a: f"round({a}, 2)"),
        st.tuples(inner, inner).map(lambda t: f"min({t[0]}, {t[1]})"),
        st.tuples(inner, inner, inner).map(lambda t: f"max({t[0]}, {t[1]}, {t[2]})"),
        st.tuples(inner, st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), inner, inner).map(
            lambda t: f"({t[3]} if {t[0]} {t[1]} {t[2]} else value)"
        ),
        st.tuples(inner, inner).map(lambda t: f"(value < {t[0]} and not {t[1]} > 1 or value == 2)"),
    )


@given(text=numbers(3), values=st.lists(st.integers(-1000, 1000), min_size=1, max_size=5))
def test_a_column_gives_what_python_gives_for_each_value(text: str, values: list[int]) -> None:
    expression = parsed(text)
    if isinstance(expression, ExpressionError):
        assert expression.problem in {"unused", "deep", "long"}
        return
    column = np.array(values, np.int64)
    results = compile_expression(expression)(column.astype(np.float64), column)
    code = compile(text, "expression", "eval")
    for value, result in zip(values, results.tolist(), strict=True):
        expected = by_python(code, float(value))
        if expected is None or not math.isfinite(expected) or abs(expected) > 1e15:
            continue
        assert result == pytest.approx(expected, rel=1e-9, abs=1e-9)


def by_python(code: object, value: float) -> float | None:
    """Python is the oracle where it has an answer; it stops where a column goes on with NaN."""
    names = {"abs": abs, "min": min, "max": max, "round": round, "__builtins__": {}}
    try:
        return float(eval(code, names, {"value": value}))  # type: ignore[arg-type]
    except (ZeroDivisionError, OverflowError, ValueError):
        return None


@given(
    value=st.integers(-(2**63), 2**63 - 1),
    other=st.integers(0, 2**31),
    operator=st.sampled_from(["&", "|", "^"]),
    place=st.integers(0, 63),
)
def test_bits_of_64_bit_words_are_exact(value: int, other: int, operator: str, place: int) -> None:
    column = np.array([value], np.int64)
    doubles = column.astype(np.float64)
    bit = compile_expression(parse(f"bit(value, {place})"))(doubles, column)
    assert bit.tolist() == [value >> place & 1]
    both = compile_expression(parse(f"value {operator} {other}"))(doubles, column)
    assert both.tolist() == [float(eval(f"{value} {operator} {other}"))]
    unsigned = np.array([value % 2**64], np.uint64)
    bit = compile_expression(parse(f"bit(value, {place})"))(unsigned.astype(float), unsigned)
    assert bit.tolist() == [value % 2**64 >> place & 1]


def test_the_deepest_allowed_expression_computes() -> None:
    text = "-" * DEPTH_MAX + "value"
    assert compile_expression(parse(text))(np.array([2.0]), None).tolist() == [2.0]
