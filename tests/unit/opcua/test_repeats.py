"""What is a repeat after a cut: the same time, status and value, as the first of its signal."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from adapters.opcua.repeats import WAITING_MAX, Repeats
from gateway.core.records import Batch
from gateway.core.types import UnixNs
from tests.services.opcua_peer import plan

PLAN = plan(["a", "b", "c"])
TIME = 1_800_000_000_000_000_000
BAD = 0x80020000


def batch(values: Any, signals: list[int] | None = None, **more: Any) -> Batch:
    count = len(values)
    places = np.array(signals or range(count), np.int32)
    facts: dict[str, Any] = {"times": np.full(count, TIME), "received": UnixNs(TIME), **more}
    return Batch(PLAN, places, values=values, **facts)


def after(stored: Batch, *then: Batch) -> list[Batch]:
    """Give what is left of the batches that a resumed session brings."""
    repeats = Repeats(PLAN)
    repeats.begin(PLAN, resumed=False)
    repeats.note_durable(repeats.without([stored]), 1)
    repeats.begin(PLAN, resumed=True)
    return [left for one in then for left in repeats.without([one])]


def status(code: int) -> Any:
    return np.array([code], np.uint32)


@pytest.mark.parametrize(
    "value",
    [
        np.array([1.5]), np.array([math.nan]), np.array([7], np.int64), np.array([True]),
        ["가동"], [None], [[1.0, math.nan]], [{"@type": "P", "x": [math.nan]}], [b"\x00"],
    ],
)  # fmt: skip
def test_the_same_again_is_dropped_whatever_its_type(value: Any) -> None:
    assert after(batch(value), batch(value)) == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (np.array([1.5]), np.array([2.5])),
        (np.array([0.0]), np.array([-0.0])),
        (np.array([1], np.int64), np.array([1.0])),
        (np.array([1], np.int32), np.array([1], np.int64)),
        (np.array([1.0]), ["1.0"]),
        ([True], [1]),
        ([[1.0, 2.0]], [[1.0]]),
        ([{"x": 1}], [{"x": 2}]),
    ],
)
def test_another_value_at_the_same_time_is_news(one: Any, other: Any) -> None:
    (left,) = after(batch(one), batch(other))
    assert len(left) == 1


def test_another_status_is_news_and_the_same_bad_one_is_not() -> None:
    value = np.array([1.0])
    bad = batch(value, status=status(BAD))
    assert after(bad, bad) == []
    assert len(after(batch(value), bad)) == 1
    assert len(after(bad, batch(value))) == 1


def test_a_sample_without_a_time_of_its_own_is_always_kept() -> None:
    one = batch(np.array([1.0]), received_time=True)
    assert len(after(one, one)) == 1


def test_only_the_first_sample_of_a_signal_can_be_a_repeat() -> None:
    one = batch(np.array([1.0]))
    (left,) = after(one, batch(np.array([3.0, 1.0]), [0, 0]))
    assert list(left.values) == [3.0, 1.0]
    assert [list(left.values) for left in after(one, one, one)] == [[1.0]]


def test_a_new_subscription_repeats_nothing() -> None:
    repeats = Repeats(PLAN)
    repeats.begin(PLAN, resumed=False)
    one = batch(np.array([1.0]))
    repeats.note_durable([one], 1)
    repeats.begin(PLAN, resumed=False)
    assert repeats.without([one]) == [one]


def test_the_newest_of_many_batches_counts() -> None:
    repeats = Repeats(PLAN)
    for number in range(3 * WAITING_MAX):
        signals = [number % 3] * (1 + number % 5)
        repeats.note_durable([batch(np.full(len(signals), float(number)), signals)], number)
    repeats.begin(PLAN, resumed=True)
    last = 3 * WAITING_MAX - 1
    newest = {number % 3: float(number) for number in range(last - 2, last + 1)}
    values = np.array([newest[signal] for signal in range(3)])
    assert repeats.without([batch(values)]) == []
    assert repeats.newest([])[0].tolist() == [newest[signal] for signal in range(3)]


def test_signals_that_moved_to_another_place_are_found_by_their_source() -> None:
    repeats = Repeats(PLAN)
    repeats.note_durable([batch(np.array([1.0, 2.0, 3.0]))], 1)
    other = plan(["c", "new", "a"])
    repeats.begin(other, resumed=True)
    values = batch(np.array([3.0, 0.0, 1.0]))
    moved = Batch(other, values.signals, values.times, values.values, values.received)
    (left,) = repeats.without([moved])
    assert left.signals.tolist() == [1]
