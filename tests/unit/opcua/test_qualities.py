"""A signal whose values are bad is told, however it got there, and never twice."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from adapters.opcua.library import ua
from adapters.opcua.qualities import Qualities
from gateway.core.records import Batch
from gateway.core.types import UnixNs
from tests.services.opcua_peer import plan

GOOD, OVERFLOW = 0, 0x0480
BAD_SENSOR = ua.StatusCodes.BadSensorFailure
WAITING = ua.StatusCodes.BadWaitingForInitialData
OLD = ua.StatusCodes.UncertainLastUsableValue
UNSURE = ua.StatusCodes.UncertainSubNormal
PLAN = plan(["A", "B", "C"])


def batch(*rows: tuple[int, int], plain: bool = False) -> Batch:
    signals = np.array([signal for signal, _ in rows], np.int32)
    status: Any = None if plain else np.array([code for _, code in rows], np.uint32)
    times = np.zeros(len(rows), np.int64)
    return Batch(PLAN, signals, times, np.zeros(len(rows)), UnixNs(0), status)


def told(*batches: Batch) -> list[tuple[int, int]]:
    seen: list[tuple[int, int]] = []
    Qualities(PLAN, lambda signal, code: seen.append((signal, code))).follow(batches)
    return seen


def test_a_bad_status_is_told_once_and_taken_back_by_a_good_value() -> None:
    assert told(batch((0, WAITING), (1, GOOD)), batch((0, WAITING))) == [(0, WAITING)]
    assert told(batch((0, BAD_SENSOR)), batch((0, GOOD))) == [(0, BAD_SENSOR), (0, 0)]
    assert told(batch((0, BAD_SENSOR)), batch((0, GOOD), plain=True))[-1] == (0, 0)


def test_the_last_value_in_a_batch_counts_and_info_bits_do_not() -> None:
    assert told(batch((2, BAD_SENSOR), (2, GOOD))) in ([], [(2, 0)])
    assert told(batch((2, GOOD), (2, BAD_SENSOR | OVERFLOW))) == [(2, BAD_SENSOR)]
    assert told(batch((1, OVERFLOW))) == []


def test_an_uncertain_value_is_told_only_where_it_is_older_than_it_looks() -> None:
    assert told(batch((0, OLD), (1, UNSURE))) == [(0, OLD)]


@given(
    st.lists(
        st.lists(st.tuples(st.integers(0, 2), st.sampled_from([GOOD, BAD_SENSOR, OLD, UNSURE]))),
        max_size=6,
    )
)
def test_what_is_told_last_is_what_came_last(rows: list[list[tuple[int, int]]]) -> None:
    seen: dict[int, int] = {}
    qualities = Qualities(PLAN, lambda signal, code: seen.update({signal: code}))
    newest: dict[int, int] = {}
    for part in rows:
        qualities.follow([batch(*part)])
        newest.update({signal: 0 if code == UNSURE else code for signal, code in part})
        assert {s: seen.get(s, 0) for s in range(3)} == {s: newest.get(s, 0) for s in range(3)}
