"""Converted as declared, raw kept exactly where something changed, nothing ever raised."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.records import Batch
from gateway.core.signals import PlanTable, Signal
from gateway.core.types import (
    BAD,
    BAD_TYPE_MISMATCH,
    UNCERTAIN,
    UNCERTAIN_OUT_OF_RANGE,
    UnixNs,
)
from gateway.mapping import mapper as mapper_module
from gateway.mapping.mapper import Mapper
from gateway.mapping.rules import Rule

COUNT = 8


def signal(index: int) -> Signal:
    return Signal(index, "press-01", f"n{index}", f"s{index}", "a", "b", "c", "O", "d", f"e{index}")


TABLE = PlanTable("press-01", tuple(signal(index) for index in range(COUNT)))


def batch(values: Any, signals: list[int] | None = None, status: list[int] | None = None) -> Batch:
    places = list(range(len(values))) if signals is None else signals
    return Batch(
        TABLE,
        np.array(places, np.int32),
        np.arange(len(values), dtype=np.int64) * 1000,
        values,
        UnixNs(1),
        None if status is None else np.array(status, np.uint32),
    )


def one(rule: Rule, value: Any, status: int = 0) -> tuple[Any, int, Any]:
    """Give value, status and raw of one sample through one rule, by every path there is."""
    array = np.array([value])
    numeric = array.ndim == 1 and array.dtype.kind in "iufb"
    results = []
    for form in [array, [value]] if numeric else [[value]]:
        for small in (0, 100):
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(mapper_module, "SMALL", small)
                parts = Mapper({0: rule}, TABLE).map(batch(form, [0], [status]))
            results.append(sample(parts[0]))
    assert all(repr(result) == repr(results[0]) for result in results)
    return results[0]


def sample(part: Batch, place: int = 0) -> tuple[Any, int, Any]:
    def plain(column: Any) -> Any:
        return column[place].item() if isinstance(column, np.ndarray) else column[place]

    status = 0 if part.status is None else int(part.status[place])
    value = None if status & BAD else plain(part.values)
    return value, status, None if part.raw is None else plain(part.raw)


def test_a_batch_without_rules_passes_untouched() -> None:
    same = batch(np.ones(3), [1, 2, 3])
    assert Mapper({0: Rule(scale=2.0)}, TABLE).map(same)[0] is same
    assert Mapper({}, TABLE).map(same)[0] is same


@pytest.mark.parametrize(
    ("rule", "raw", "value"),
    [
        (Rule(scale=0.1), 1799, 1799 * 0.1),
        (Rule(scale=2.0, offset=-40.0), 10.5, -19.0),
        (Rule(scale=0.1), "17", 17 * 0.1),
        (Rule(scale=0.1), True, 0.1),
        (Rule(expression="value / 1000"), 2500, 2.5),
        (Rule(expression="value if value > 10 else 0"), 5, 0.0),
        (Rule(expression="bit(value, 3)"), 8, 1.0),
        (Rule(bit=3), 8, True),
        (Rule(bit=3), 7, False),
        (Rule(bit=0), 9.0, True),
        (Rule(bit=63), -1, True),
        (Rule(values=((0, "stop"), (1, "run"))), 1, "run"),
        (Rule(values=((0, "stop"), (1, "run"))), 1.0, "run"),
        (Rule(values=((0, "stop"), (1, "run"))), True, "run"),
        (Rule(values=((0, "closed"), (1, "open"))), "1", "open"),
        (Rule(bit=1, values=((0, "closed"), (1, "open"))), 2, "open"),
        (Rule(value_type="xs:short"), 3.6, 4),
        (Rule(value_type="xs:short"), "12", 12),
        (Rule(value_type="xs:string"), 5, "5"),
        (Rule(value_type="xs:string"), True, "true"),
        (Rule(value_type="xs:boolean"), "true", True),
        (Rule(scale=0.5, value_type="xs:int"), 9, 4),
        (Rule(scale=0.5, value_type="xs:string"), 9, "4.5"),
    ],
)
@pytest.mark.invariant("I2")
def test_a_value_is_converted_and_raw_is_kept(rule: Rule, raw: Any, value: Any) -> None:
    assert one(rule, raw) == (value, 0, raw)
    assert type(one(rule, raw)[0]) is type(value)


@pytest.mark.parametrize(
    ("rule", "raw"),
    [
        (Rule(value_type="xs:double"), 2.5),
        (Rule(value_type="xs:double"), 5),
        (Rule(value_type="xs:string"), "a"),
        (Rule(value_type="xs:long"), 2**62 + 1),
        (Rule(value_type="xs:boolean"), True),
        (Rule(low=0, high=10), 5),
        (Rule(deadband=1.0), 5.5),
    ],
)
def test_where_nothing_changed_there_is_no_raw(rule: Rule, raw: Any) -> None:
    value, status, kept = one(rule, raw)
    assert (value, status, kept) == (raw, 0, None)


def test_a_number_that_loses_digits_keeps_its_raw() -> None:
    assert one(Rule(value_type="xs:double"), 2**60 + 1) == (float(2**60), 0, 2**60 + 1)
    assert one(Rule(value_type="xs:float"), 0.1)[2] == 0.1


@pytest.mark.parametrize(
    ("rule", "raw"),
    [
        (Rule(scale=0.1), "much"),
        (Rule(scale=0.1), None),
        (Rule(scale=0.1), [1, 2]),
        (Rule(scale=0.1), {"@type": "x"}),
        (Rule(scale=1e308), 1e308),
        (Rule(expression="1 / value"), 0),
        (Rule(expression="value ** 0.5"), -1),
        (Rule(expression="bit(value, 0)"), 0.5),
        (Rule(values=((0, "stop"),)), 7),
        (Rule(values=((0, "stop"),)), 0.5),
        (Rule(bit=3), 2.5),
        (Rule(bit=3), "x"),
        (Rule(value_type="xs:byte"), 128),
        (Rule(value_type="xs:unsignedInt"), -1),
        (Rule(value_type="xs:long"), 2**63),
        (Rule(value_type="xs:long"), 1e30),
        (Rule(scale=0.1), 10**400),
        (Rule(expression="value / 2"), 10**400),
        (Rule(value_type="xs:double"), 10**400),
        (Rule(value_type="xs:int"), math.nan),
        (Rule(value_type="xs:boolean"), 2),
        (Rule(value_type="xs:float"), 1e300),
        (Rule(value_type="xs:string"), b"\x00"),
        (Rule(value_type="xs:double"), "1_000"),
        (Rule(value_type="xs:double"), "9" * 100_000),
    ],
)
@pytest.mark.invariant("I2")
def test_what_cannot_be_converted_is_marked_and_keeps_its_raw(rule: Rule, raw: Any) -> None:
    value, status, kept = one(rule, raw)
    assert (value, status) == (None, BAD_TYPE_MISMATCH)
    assert kept == raw or (isinstance(raw, float) and math.isnan(raw))


@pytest.mark.invariant("I2")
def test_a_bad_sample_keeps_its_status() -> None:
    for rule in (
        Rule(scale=0.1),
        Rule(values=((0, "a"),)),
        Rule(value_type="xs:byte"),
        Rule(low=9),
    ):
        assert one(rule, 300, 0x80310000)[1] == 0x80310000


def test_outside_the_range_a_value_is_kept_and_marked() -> None:
    mapper = Mapper({0: Rule(scale=0.1, low=0, high=10)}, TABLE)
    (part,) = mapper.map(batch(np.array([50, 101, -1, 100]), [0] * 4, [0, 0, UNCERTAIN, 0]))
    assert part.status is not None
    assert part.status.tolist() == [0, UNCERTAIN_OUT_OF_RANGE, UNCERTAIN, 0]
    assert part.values.tolist() == pytest.approx([5.0, 10.1, -0.1, 10.0])  # type: ignore[union-attr]
    assert one(Rule(low=0, high=10), math.nan)[1] == 0


def test_a_mixed_batch_is_split_by_what_comes_out() -> None:
    rules = {0: Rule(scale=0.1), 1: Rule(values=((1, "run"),)), 2: Rule(expression="value + 1")}
    parts = Mapper(rules, TABLE).map(batch(np.array([10, 1, 5, 7]), [0, 1, 2, 3]))
    by_first = {int(part.signals[0]): part for part in parts}
    assert by_first[0].signals.tolist() == [0, 2]
    assert isinstance(by_first[0].values, np.ndarray)
    assert by_first[0].values.tolist() == [1.0, 6.0]
    assert by_first[0].raw is not None
    assert list(by_first[0].raw) == [10, 5]
    assert by_first[1].values == ["run"]
    assert (by_first[3].values.tolist(), by_first[3].raw) == ([7], None)  # type: ignore[union-attr]
    assert by_first[3].times.tolist() == [3000]


def test_the_input_is_never_changed() -> None:
    values, status = np.array([1, 300]), np.array([0, 0], np.uint32)
    given_batch = Batch(TABLE, np.array([0, 0], np.int32), np.zeros(2, np.int64), values,
                        UnixNs(0), status)  # fmt: skip
    Mapper({0: Rule(value_type="xs:byte", high=10)}, TABLE).map(given_batch)
    assert values.tolist() == [1, 300]
    assert status.tolist() == [0, 0]


def through(mapper: Mapper, values: list[Any], status: list[int] | None = None) -> list[Any]:
    kept: list[Any] = []
    for part in mapper.map(batch(np.array(values), [0] * len(values), status)):
        kept += list(part.values)
    return kept


def test_a_deadband_compares_with_the_last_one_kept() -> None:
    mapper = Mapper({0: Rule(deadband=0.5)}, TABLE)
    assert through(mapper, [1.0, 1.4, 1.5, 1.6, 2.1, 2.0]) == [1.0, 1.6]
    assert through(mapper, [2.0]) == []
    assert through(mapper, [2.2]) == [2.2]
    assert mapper.mapped_away == 5


def test_a_change_of_status_passes_a_deadband() -> None:
    mapper = Mapper({0: Rule(deadband=5.0)}, TABLE)
    assert len(through(mapper, [1.0, 1.0, 1.0], [0, UNCERTAIN, UNCERTAIN])) == 2
    assert len(through(mapper, [1.0, 1.0], [BAD, 0])) == 2
    assert len(through(mapper, [math.nan, math.inf, math.inf])) == 3


def test_after_a_new_connection_the_first_value_passes() -> None:
    mapper = Mapper({0: Rule(deadband=5.0)}, TABLE)
    assert through(mapper, [1.0]) == [1.0]
    assert through(mapper, [1.0]) == []
    mapper.forget()
    assert through(mapper, [1.0]) == [1.0]


@given(st.lists(st.tuples(st.integers(0, 3), st.floats(-10, 10)), min_size=1, max_size=40))
def test_a_deadband_keeps_the_same_samples_however_they_are_cut(
    samples: list[tuple[int, float]],
) -> None:
    rules = {0: Rule(deadband=1.0), 1: Rule(deadband=3.0), 2: Rule(scale=1.5, deadband=2.0)}

    def kept(size: int) -> dict[int, list[float]]:
        mapper, found = Mapper(rules, TABLE), dict[int, list[float]]()
        for start in range(0, len(samples), size):
            part = samples[start : start + size]
            values = np.array([value for _, value in part])
            for out in mapper.map(batch(values, [index for index, _ in part])):
                for index, value in zip(out.signals.tolist(), list(out.values), strict=True):
                    found.setdefault(index, []).append(float(value))
        total = sum(map(len, found.values()))
        assert total + mapper.mapped_away == len(samples)
        return found

    assert kept(1) == kept(7) == kept(100)


anything = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.just(10**400), st.floats(),
    st.text(max_size=8),
    st.binary(max_size=4), st.lists(st.integers(), max_size=3), st.just({"@type": "x"}),
)  # fmt: skip
any_rule = st.one_of(
    st.builds(Rule, scale=st.floats(-1e9, 1e9), offset=st.floats(-1e9, 1e9)),
    st.builds(Rule, expression=st.sampled_from(["value / 2", "1 / value", "bit(value, 3)",
                                                "value & 7", "max(value, 0) ** 2"])),
    st.builds(Rule, bit=st.integers(0, 63)),
    st.builds(Rule, values=st.just(((0, "stop"), (1, "run")))),
    st.builds(Rule, value_type=st.sampled_from(["xs:boolean", "xs:byte", "xs:unsignedLong",
                                                "xs:long", "xs:float", "xs:double", "xs:string"]),
              scale=st.sampled_from([1.0, 0.1]), low=st.none() | st.just(0.0)),
    st.builds(Rule, low=st.just(-1.0), high=st.just(1.0), deadband=st.none() | st.just(0.5)),
)  # fmt: skip


@given(
    rules=st.dictionaries(st.integers(0, COUNT - 1), any_rule, max_size=COUNT),
    samples=st.lists(
        st.tuples(st.integers(0, COUNT - 1), anything, st.sampled_from([0, UNCERTAIN, BAD])),
        min_size=1,
        max_size=20,
    ),
)
@pytest.mark.invariant("I2")
def test_no_value_makes_the_mapper_raise_and_none_is_lost(
    rules: dict[int, Rule], samples: list[tuple[int, Any, int]]
) -> None:
    mapper = Mapper(rules, TABLE)
    values = [value for _, value, _ in samples]
    parts = mapper.map(batch(values, [s[0] for s in samples], [s[2] for s in samples]))
    assert sum(map(len, parts)) + mapper.mapped_away == len(samples)
    for part in parts:
        for place in range(len(part)):
            index, stamp = int(part.signals[place]), int(part.times[place]) // 1000
            assert samples[stamp][0] == index
            value, status, raw = sample(part, place)
            if part.raw is not None:
                assert repr(raw) == repr(samples[stamp][1]) or raw == samples[stamp][1]
            elif status & BAD == 0:
                said = samples[stamp][1]
                assert value == said or (value != value and said != said)


@given(
    rules=st.dictionaries(st.integers(0, COUNT - 1), any_rule, max_size=COUNT),
    column=st.one_of(
        st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=12).map(np.array),
        st.lists(st.floats(width=64), min_size=1, max_size=12).map(np.array),
        st.lists(st.booleans(), min_size=1, max_size=12).map(np.array),
        st.lists(st.integers(0, 2**64 - 1), min_size=1, max_size=12).map(
            lambda numbers: np.array(numbers, np.uint64)
        ),
        st.lists(st.integers(-(2**64), 2**64), min_size=1, max_size=12),
        st.lists(st.integers(-(2**54), 2**54) | st.floats(), min_size=1, max_size=12),
        st.lists(st.booleans() | st.floats(), min_size=1, max_size=12),
    ),
    data=st.data(),
)
def test_small_batches_give_what_large_ones_give(
    rules: dict[int, Rule], column: Any, data: st.DataObject
) -> None:
    size = len(column)
    signals = data.draw(st.lists(st.integers(0, COUNT - 1), min_size=size, max_size=size))
    outcomes = []
    for small in (0, 100):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(mapper_module, "SMALL", small)
            parts = Mapper(rules, TABLE).map(batch(column, signals))
        outcomes.append(
            sorted(
                (int(stamp), repr(sample(part, place)), type(part.values).__name__)
                for part in parts
                for place, stamp in enumerate(part.times.tolist())
            )
        )
    assert outcomes[0] == outcomes[1]
