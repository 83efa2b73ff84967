"""Lines: types, escapes, qualities, layouts."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aas_models.environment import shell_id_short
from gateway.core.records import Batch
from gateway.core.signals import PlanTable
from gateway.core.types import BAD_TYPE_MISMATCH, UNCERTAIN_OUT_OF_RANGE
from gateway.history.interface import Series
from gateway.history.layout import id_short_of, place_of, series_at
from gateway.history.line_protocol import LineEncoder, Lines
from tests.unit.history.parts import DAY, T0, batch, plan_of

GOOD = "OperationalData,asset=press-01,quality=good Tag0"


def typed_plan(*types: str | None) -> PlanTable:
    signals = plan_of(len(types)).signals
    pairs = zip(signals, types, strict=True)
    return PlanTable("press-01", tuple(replace(one, value_type=kind) for one, kind in pairs))


def lines_of(value_type: str | None, values: Any, status: Any = None) -> Lines:
    size = len(values)
    item = batch([T0 + n for n in range(size)], values, status=status, plan=typed_plan(value_type))
    return LineEncoder("submodel").encode(item)


def texts(lines: Lines) -> list[str]:
    return [line.decode().removeprefix(GOOD).rsplit(" ", 1)[0] for line in lines.split()]


@pytest.mark.parametrize(
    ("value_type", "values", "expected"),
    [
        ("xs:double", np.array([20.0, -0.5, 1e300]), ["=20.0", "=-0.5", "=1e+300"]),
        ("xs:double", np.array([0.1], np.float32), ["=0.10000000149011612"]),
        ("xs:double", np.array([2**53, -5]), ["=9007199254740992", "=-5"]),
        ("xs:double", np.array([True]), ["=1"]),
        ("xs:long", np.array([5, -(2**63)]), ["=5i", "=-9223372036854775808i"]),
        ("xs:int", np.array([5.0, -6.0]), ["=5i", "=-6i"]),
        ("xs:int", np.array([True]), ["=1i"]),
        ("xs:unsignedLong", np.array([2**63], np.uint64), ['#special="9223372036854775808"']),
        ("xs:boolean", np.array([True, False]), ["=true", "=false"]),
        ("xs:boolean", np.array([1, 0], np.uint8), ["=true", "=false"]),
        ("xs:string", np.array([1.5]), ['="1.5"']),
        ("xs:string", ['a "b" \\', "가동", ""], ['="a \\"b\\" \\\\"', '="가동"', '=""']),
        ("xs:string", [b"\x00\x01", [1, 2]], ['="AAE="', '="[1,2]"']),
        ("xs:string", [{"@type": "P", "x": 1}], ['="{\\"@type\\":\\"P\\",\\"x\\":1}"']),
        (None, np.array([1.0]), ["=1.0"]),
        (None, np.array([1], np.uint8), ["=1i"]),
        (None, np.array([True]), ["=true"]),
        (None, [1, 1.5, True, "x"], ["=1i", "=1.5", "=true", '="x"']),
        ("xs:decimal", np.array([3]), ['="3"']),
    ],
)
def test_a_value_is_written_as_its_type_says(
    value_type: str | None, values: Any, expected: list[str]
) -> None:
    lines = lines_of(value_type, values)
    assert texts(lines) == expected
    assert lines.refused == []


def test_nan_and_infinities_stand_beside_as_words() -> None:
    lines = lines_of("xs:double", np.array([1.0, math.nan, math.inf, -math.inf]))
    words = ["=1.0", '#special="NaN"', '#special="Infinity"', '#special="-Infinity"']
    assert texts(lines) == words


@pytest.mark.parametrize(
    ("value_type", "values", "shown"),
    [
        ("xs:int", np.array([1.0, 2.5]), "2.5"),
        ("xs:double", np.array([1, 2**53 + 1]), str(2**53 + 1)),
        ("xs:double", ["n/a", 1.0], "n/a"),
        ("xs:boolean", np.array([1, 2]), "2"),
        ("xs:int", [None, 1], "null"),
    ],
)
def test_what_does_not_fit_is_refused_and_its_neighbour_written(
    value_type: str, values: Any, shown: str
) -> None:
    lines = lines_of(value_type, values)
    assert len(lines.split()) == 1
    assert len(lines.refused) == 1
    assert f"{shown} is not {value_type}" in lines.refused[0]
    assert lines.refused[0].startswith("tag0 at ")


def test_bad_samples_have_a_status_and_no_value() -> None:
    status = [0, BAD_TYPE_MISMATCH, UNCERTAIN_OUT_OF_RANGE]
    lines = lines_of("xs:double", np.array([1.0, 0.0, 3.0]), status)
    head = "OperationalData,asset=press-01,quality"
    assert lines.body().decode().split("\n") == [
        f"{head}=good Tag0=1.0 {T0}",
        f"{head}=uncertain Tag0=3.0 {T0 + 2}",
        f"{head}=bad Tag0#status={BAD_TYPE_MISMATCH}i {T0 + 1}",
        f"{head}=uncertain Tag0#status={UNCERTAIN_OUT_OF_RANGE}i {T0 + 2}",
    ]


def test_signals_of_different_types_share_one_array() -> None:
    plan = typed_plan("xs:double", "xs:int")
    item = batch([T0, T0 + 1, T0 + 2], np.array([1.0, 2.0, 3.5]), signals=[0, 1, 0], plan=plan)
    assert LineEncoder("submodel").encode(item).body().decode().split("\n") == [
        f"{GOOD}=1.0 {T0}",
        f"{GOOD}=3.5 {T0 + 2}",
        f"OperationalData,asset=press-01,quality=good Tag1=2i {T0 + 1}",
    ]


def test_the_mos_layout_has_no_quality_tag_on_good_points() -> None:
    item = batch([T0, T0], np.array([1.0, 2.0]), status=[0, UNCERTAIN_OUT_OF_RANGE])
    item = replace(item, plan=typed_plan("xs:double"))
    found = LineEncoder("mos").encode(item).body().decode().split("\n")
    field = r"ns\=2;s\=Press01.OperationalData.Tag0"
    assert found == [
        f"mos,host=press-01 {field}=1.0 {T0}",
        f"mos,host=press-01,quality=uncertain {field}=2.0 {T0}",
        f"mos,host=press-01,quality=uncertain {field}#status={UNCERTAIN_OUT_OF_RANGE}i {T0}",
    ]


NAMES = st.from_regex(r"[a-z0-9][a-z0-9-]{0,12}", fullmatch=True)
SHORTS = st.from_regex(r"[A-Za-z][A-Za-z0-9_]{0,8}[A-Za-z0-9_]", fullmatch=True)


@given(NAMES, SHORTS, SHORTS)
def test_a_series_is_found_where_it_is_stored(device: str, submodel: str, element: str) -> None:
    series = Series(device, submodel, f"{element}.{element}")
    for layout in ("submodel", "mos"):
        place = place_of(layout, series)
        found = series_at(layout, place.measurement, place.asset, place.field)
        assert found == series


@given(NAMES)
def test_the_shell_is_named_as_the_aas_side_names_it(device: str) -> None:
    assert id_short_of(device) == shell_id_short(device)


@given(st.text())
def test_any_text_stays_one_value(text: str) -> None:
    lines = lines_of("xs:string", [text])
    (line,) = lines.texts
    value = line.decode().removeprefix(GOOD + "=").rsplit(" ", 1)[0]
    inner = value[1:-1].replace('\\"', "").replace("\\\\", "")
    assert (value[0], value[-1]) == ('"', '"')
    assert '"' not in inner


def test_a_time_that_cannot_be_right_is_written_as_that_of_receipt() -> None:
    times = [T0 + 78 * 366 * DAY, T0 - 1, 0]
    item = batch(times, np.array([1.0, 2.0, 3.0]), received=T0, plan=typed_plan("xs:double"))
    lines = LineEncoder("submodel").encode(item).split()
    assert [int(line.rsplit(b" ")[-1]) for line in lines] == [T0, T0 - 1, T0 + 2]


def test_an_empty_batch_gives_no_lines() -> None:
    item = Batch(
        plan_of(1),
        np.array([], np.int32),
        np.array([], np.int64),
        np.array([], np.float64),
        T0,  # type: ignore[arg-type]
    )
    assert LineEncoder("submodel").encode(item).split() == []
