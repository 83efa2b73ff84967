"""Numbers and states that a machine writes as text."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.records import Batch
from gateway.core.signals import PlanTable, Signal
from gateway.core.types import BAD_TYPE_MISMATCH, UnixNs
from gateway.mapping.mapper import SMALL, Mapper
from gateway.mapping.rules import NumberForm, Rule
from gateway.mapping.written import reader

COMMA, POINT = NumberForm(",", ("bar",)), NumberForm(".", ("°C", "C"))
TABLE = PlanTable("d", (Signal(0, "d", "s", "", "", "", "", "", "", "s"),))


def mapped(rule: Rule, values: Any) -> Batch:
    count = len(values)
    times = np.arange(count, dtype=np.int64)
    batch = Batch(TABLE, np.zeros(count, np.int32), times, values, UnixNs(1))
    (made,) = Mapper({0: rule}, TABLE).map(batch)
    return made


def found(batch: Batch) -> list[Any]:
    """Give the values; None where one could not be converted."""
    values = batch.values.tolist() if isinstance(batch.values, np.ndarray) else batch.values
    bad = [False] * len(values) if batch.status is None else (batch.status != 0).tolist()
    return [None if wrong else value for value, wrong in zip(values, bad, strict=True)]


@pytest.mark.parametrize(
    ("form", "text", "number"),
    [
        (COMMA, "1.234,5", 1234.5), (COMMA, "1.234,5 bar", 1234.5), (COMMA, "12bar", 12),
        (COMMA, "-0,5 bar", -0.5), (COMMA, "1 234 567,8", 1234567.8), (COMMA, ",5", 0.5),
        (COMMA, "1.234", 1234), (COMMA, "1.234.567", 1234567), (COMMA, "1,5e3", 1500.0),
        (POINT, "1,234.5", 1234.5), (POINT, "23.5 °C", 23.5), (POINT, "23.5\u00a0°C", 23.5),
        (POINT, "\u221223.5", -23.5), (POINT, "+23.", 23.0), (POINT, "1'234.5", 1234.5),
        (POINT, " 7 C ", 7),
    ],
)  # fmt: skip
def test_a_number_is_read_as_it_is_declared(form: NumberForm, text: str, number: float) -> None:
    assert reader(form)(text) == number


@pytest.mark.parametrize(
    ("form", "text"),
    [
        (COMMA, "1,234.5"), (COMMA, "12 mbar"), (COMMA, "12 bar abs"), (COMMA, "1.23,4"),
        (COMMA, "12.34.567"), (COMMA, "1.234 567"), (COMMA, "bar"), (COMMA, ""), (COMMA, "1,2,3"),
        (POINT, "1.234,5"), (POINT, "23.5 °F"), (POINT, "12,34"), (POINT, "n/a"), (POINT, "1e999"),
        (POINT, "--5"), (POINT, "0x10"), (POINT, "1_000"), (POINT, "9" * 70),
    ],
)  # fmt: skip
def test_a_text_in_another_form_or_unit_is_no_number(form: NumberForm, text: str) -> None:
    assert reader(form)(text) is None


@given(st.text(st.sampled_from("0123456789.,+-e '°Cbar"), max_size=20))
def test_what_is_read_is_the_number_that_stands_there(text: str) -> None:
    number = reader(NumberForm(",", ()))(text)
    if number is not None:
        digits = [char for char in text.partition("e")[0] if char.isdigit()]
        plain = text.replace(".", "").replace(" ", "").replace("'", "").replace(",", ".")
        assert digits
        assert number == pytest.approx(float(plain))


def test_a_text_that_is_no_number_is_bad_keeps_its_raw_value_and_costs_no_neighbour() -> None:
    batch = mapped(Rule(number=COMMA), ["1.234,5 bar", "12 psi", 7.5])
    assert found(batch) == [1234.5, None, 7.5]
    assert batch.raw == ["1.234,5 bar", "12 psi", 7.5]
    assert batch.status is not None
    assert batch.status.tolist() == [0, BAD_TYPE_MISMATCH, 0]


@pytest.mark.parametrize(
    ("rule", "value"),
    [
        (Rule(number=COMMA, scale=2.0, offset=1.0), 25.0),
        (Rule(number=COMMA, expression="value / 4"), 3.0),
        (Rule(number=COMMA, bit=2), True),
        (Rule(number=COMMA, value_type="xs:int"), 12),
    ],
)
def test_what_follows_works_with_the_number(rule: Rule, value: Any) -> None:
    assert found(mapped(rule, ["12 bar"])) == [value]


ON_OFF = Rule(values=(("OFF", 0), ("ON", 1)))


def test_texts_become_the_numbers_that_are_declared() -> None:
    assert ON_OFF.result_type == "xs:long"
    assert found(mapped(ON_OFF, ["ON", "OFF", " on ", "Off", "STUCK"])) == [1, 0, 1, 0, None]


def test_korean_words_become_truth_or_other_words() -> None:
    door = Rule(values=(("닫힘", False), ("열림", True)))
    assert door.result_type == "xs:boolean"
    assert found(mapped(door, ["열림", "닫힘"])) == [True, False]
    named = Rule(values=(("AUTO", "run"), ("MAN", "setup")))
    assert (named.result_type, found(mapped(named, ["MAN", "AUTO"]))) == (
        "xs:string",
        ["setup", "run"],
    )


def test_a_word_as_it_is_written_counts_before_one_in_other_capitals() -> None:
    rule = Rule(values=(("ON", 1), ("on", 2)))
    assert found(mapped(rule, ["ON", "on"])) == [1, 2]


@pytest.mark.parametrize("count", [3, SMALL + 3])
def test_numbers_and_truth_are_looked_up_beside_words(count: int) -> None:
    rule = Rule(values=(("true", 10.5), ("false", 0.5), (7, 7.5)))
    assert found(mapped(rule, np.full(count, True))) == [10.5] * count
    assert found(mapped(rule, np.full(count, 7.0))) == [7.5] * count
    assert found(mapped(rule, [True, "FALSE", 7])) == [10.5, 0.5, 7.5]
