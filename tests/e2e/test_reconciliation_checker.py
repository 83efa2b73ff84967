"""The checker itself: each kind of failure, made on purpose, is found and counted once."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.demo.reconciliation import Window, _same
from gateway.demo.samples import decode
from simulators.truth import DOUBLE_COUNTER_BITS, encode
from tests.e2e.reconciliation_parts import (
    COUNT,
    SIGNALS,
    S,
    at,
    complete,
    gap,
    plain,
    reconciliation,
    samples,
    with_hole,
)


def test_a_complete_delivery_is_ok() -> None:
    made = reconciliation()
    complete(made)
    result = made.result([])
    assert result.ok
    assert (result.produced, result.delivered) == (COUNT * 4, COUNT * 4)
    assert (result.missing, result.repeated, result.disorder, result.gaps) == (0, 0, 0, 0)


def test_nothing_delivered_is_not_ok() -> None:
    result = reconciliation().result([])
    assert not result.ok
    assert result.unexplained == COUNT * 4


def test_a_lost_sample_without_a_gap_is_unexplained() -> None:
    made = reconciliation()
    made.add_record("e", samples(1, range(1, 10)))
    made.add_record("e", samples(2, range(11, COUNT + 1)))
    made.add_record("e", plain(3, range(1, COUNT + 1)))
    result = made.result([])
    assert (result.missing, result.unexplained) == (3, 3)
    assert not result.ok
    assert any("misses" in text for text in result.examples)


def test_a_lost_plain_sample_is_found_by_its_time() -> None:
    made = reconciliation()
    made.add_record("e", samples(1, range(1, COUNT + 1)))
    made.add_record("e", plain(2, range(2, COUNT + 1)))
    assert made.result([]).unexplained == 1


def test_a_gap_explains_what_it_covers() -> None:
    result = with_hole().result([Window(at(8), at(12), "kill")])
    assert result.ok
    assert (result.missing, result.explained, result.unexplained, result.gaps) == (15, 15, 0, 1)


@pytest.mark.parametrize(
    ("changes", "unexplained"),
    [
        ({"to": at(11)}, 3),
        ({"from": at(9)}, 3),
        ({"signals": [0, 2]}, 5),
        ({"device": "press", "signals": None}, 15),
    ],
)
def test_a_gap_explains_nothing_else(changes: dict[str, Any], unexplained: int) -> None:
    assert with_hole(**changes).result(None).unexplained == unexplained


def test_a_gap_without_a_plan_is_read_by_the_devices_newest() -> None:
    assert with_hole(plan=None, signals=[1]).result(None).unexplained == 10


def test_a_gap_outside_every_fault_is_no_excuse() -> None:
    result = with_hole().result([Window(at(15), at(16), "kill")], slack_ns=2 * S)
    assert (result.gaps_outside, result.unexplained) == (1, 15)
    assert not result.ok


def test_a_gap_may_reach_as_far_as_the_slack() -> None:
    made = with_hole()
    assert made.result([Window(at(10), at(10), "kill")], slack_ns=2 * S).ok
    assert not made.result([Window(at(10), at(10), "kill")], slack_ns=S).ok


def test_a_gap_may_begin_earlier_where_less_is_known_of_a_machine() -> None:
    for edge, fine in ((4 * S, True), (3 * S, False)):
        made = with_hole(edges={"line": edge})
        outside = made.result([Window(at(12), at(15), "kill")]).gaps_outside
        assert (outside == 0) is fine


def test_a_gap_without_any_loss_outside_a_fault_is_a_failure_too() -> None:
    made = reconciliation()
    complete(made)
    made.add_record("e", gap(9, 3, 4))
    assert not made.result([]).ok


def test_the_same_record_twice_is_a_duplicate() -> None:
    made = reconciliation()
    complete(made)
    made.add_record("e", samples(1, range(1, COUNT + 1)))
    assert made.result([]).duplicates == COUNT * 3


def test_the_same_sample_again_without_a_fault_is_a_duplicate() -> None:
    made = reconciliation()
    complete(made)
    made.add_record("e", samples(3, range(5, 6)))
    result = made.result([])
    assert (result.duplicates, result.repeated) == (3, 0)
    assert not result.ok


def test_the_same_sample_again_in_a_fault_is_repeated() -> None:
    made = reconciliation()
    complete(made)
    made.add_record("e", samples(3, range(5, 6)))
    result = made.result([Window(at(5), at(6), "restart")])
    assert (result.duplicates, result.repeated) == (0, 3)
    assert result.ok


def test_an_offset_of_another_epoch_is_another_record() -> None:
    made = reconciliation()
    made.add_record("a", samples(1, range(1, 11)))
    made.add_record("b", samples(1, range(11, COUNT + 1)))
    made.add_record("b", plain(2, range(1, COUNT + 1)))
    assert made.result([]).ok


def test_a_value_of_another_signal_is_wrong() -> None:
    made = reconciliation()
    complete(made)
    stolen = [encode(3, 5, "Double"), encode(4, 5, "Int64"), encode(5, 5, "String")]
    made.add_record("e", samples(3, range(5, 6), values=stolen))
    result = made.result(None)
    assert result.wrong == 3
    assert not result.ok


def test_swapped_signals_are_wrong_and_missing() -> None:
    made = reconciliation()
    swapped = samples(1, range(1, COUNT + 1))
    swapped["signals"] = [{0: 1, 1: 0, 2: 2}[index] for index in swapped["signals"]]
    made.add_record("e", swapped)
    made.add_record("e", plain(2, range(1, COUNT + 1)))
    result = made.result([])
    assert (result.wrong, result.unexplained) == (COUNT * 2, COUNT * 2)


def test_a_value_that_nobody_said_is_wrong() -> None:
    made = reconciliation()
    complete(made)
    made.add_record("e", samples(3, range(COUNT + 1, COUNT + 2)))
    assert made.result(None).wrong == 3


def test_a_changed_plain_value_is_wrong_and_missing() -> None:
    made = reconciliation()
    made.add_record("e", samples(1, range(1, COUNT + 1)))
    made.add_record("e", plain(2, range(1, COUNT), shift=0.0))
    made.add_record("e", plain(3, range(COUNT, COUNT + 1), shift=0.1))
    result = made.result([])
    assert (result.wrong, result.unexplained) == (1, 1)


@pytest.mark.parametrize(
    ("said", "arrived", "same"),
    [
        (109.11000061035156, 109.11, True),
        (109.11000061035156, 109.12, False),
        (109.11, 109.11000061035156, False),
        (1e300, 1e300, True),
        (1e300, 1e299, False),
        (True, 1, False),
        (1, 1.0, True),
        ("run", "run", True),
        (1.0, None, False),
    ],
)
def test_plain_values_are_compared_as_the_machine_meant_them(
    said: Any, arrived: Any, same: bool
) -> None:
    assert _same(said, arrived) is same


def test_a_null_with_a_bad_status_is_no_value_and_replaces_none() -> None:
    made = reconciliation()
    made.add_record("e", samples(1, range(1, COUNT)))
    made.add_record("e", samples(2, range(COUNT, COUNT + 1), values=[None] * 3))
    made.add_record("e", plain(3, range(1, COUNT + 1)))
    result = made.result([])
    assert (result.wrong, result.unexplained) == (0, 3)


def test_a_bad_status_that_the_machine_said_is_demanded() -> None:
    made = reconciliation()
    complete(made)
    late = at(COUNT + 1)
    made.add_truth({"time": late, "counter": 0, "runs": [[1, 1]], "status": 0x80000000})
    assert made.result([]).unexplained == 1
    bad = samples(7, range(1, 2), signals=[1], times=[late], values=[None], status=[0x80000000])
    made.add_record("e", bad)
    assert made.result([]).ok


def test_order_is_by_offset_and_a_sample_after_a_later_one_is_disorder() -> None:
    made = reconciliation()
    made.add_record("e", samples(5, range(11, COUNT + 1)))
    made.add_record("e", samples(1, range(1, 11)))
    made.add_record("e", plain(9, range(1, COUNT + 1)))
    assert made.result([]).disorder == 0
    made = reconciliation()
    made.add_record("e", samples(1, range(11, COUNT + 1)))
    made.add_record("e", samples(5, range(1, 11)))
    made.add_record("e", plain(9, range(1, COUNT + 1)))
    assert made.result([]).disorder == 30


def test_only_what_the_broker_acknowledged_is_demanded() -> None:
    made = reconciliation()
    complete(made)
    line = {"time": at(COUNT + 1), "counter": COUNT + 1, "runs": [[1, 1]]}
    made.add_truth({"attempt": 1, **line})
    assert made.result([]).ok
    made.add_truth({"acks": [1]})
    assert made.result([]).unexplained == 1
    arrived = {"signals": [1], "times": [at(COUNT + 1)], "values": [encode(1, COUNT + 1, "Int64")]}
    made.add_record("e", samples(7, range(1, 2), **arrived))
    assert made.result([]).ok


def test_what_arrives_without_an_acknowledgement_is_not_wrong() -> None:
    made = reconciliation()
    complete(made)
    made.add_truth({"attempt": 1, "time": at(30), "counter": 30, "runs": [[1, 1]]})
    arrived = {"signals": [1], "times": [at(30)], "values": [encode(1, 30, "Int64")]}
    made.add_record("e", samples(7, range(1, 2), **arrived))
    assert made.result([]).wrong == 0


def test_only_what_was_said_in_the_span_is_demanded() -> None:
    made = reconciliation()
    made.add_record("e", samples(1, range(6, COUNT)))
    made.add_record("e", plain(2, range(4, COUNT + 1)))
    result = made.result([], span=(at(6), at(COUNT - 1)))
    assert result.ok
    assert (result.produced, result.delivered) == (14 * 4, 14 * 4)
    assert made.result([], span=(at(5), at(COUNT - 1))).unexplained == 3
    assert made.result([], span=(at(6), at(COUNT))).unexplained == 3


@pytest.mark.parametrize("value", [None, True, 1.5, "x", "1:", ":1", "-1:2", float("inf"), [1], {}])
@pytest.mark.parametrize("signal", SIGNALS)
def test_values_that_are_not_encoded_are_recognised(signal: int, value: Any) -> None:
    assert decode(signal, value) is None


def test_encoded_values_survive_a_double_and_an_integer_written_as_either() -> None:
    most = (1 << 20) - 1
    assert decode(most // 3 * 3, encode(most // 3 * 3, 7, "Double")) == (most // 3 * 3, 7)
    assert decode(0, (5 << DOUBLE_COUNTER_BITS) | 9) == (5, 9)
    assert decode(1, encode(1, 2**40 - 1, "Int64")) == (1, 2**40 - 1)
    assert decode(2, encode(2, 12, "String")) == (2, 12)
