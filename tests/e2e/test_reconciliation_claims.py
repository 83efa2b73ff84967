"""Times that machines claim, and messages that nobody can read, in the comparison."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from gateway.demo.reconciliation import Reconciliation
from simulators.truth import encode, kind_of
from tests.e2e.reconciliation_parts import (
    COUNT,
    S,
    at,
    complete,
    gap,
    reconciliation,
    samples,
)


def claiming(claimed: int | None, stored: int, status: int = 0, **names: Any) -> Reconciliation:
    made = Reconciliation({("line", "t0"): 0}, **names)
    made.add_plan("line", {"signals": [{"device": "line", "name": "t0"}]})
    made.add_truth({"time": at(5), "claimed": claimed, "counter": 1, "runs": [[0, 0]]})
    value = encode(0, 1, kind_of(0))
    made.add_record(
        "e",
        {
            "offset": 1,
            "kind": "samples",
            "plan": "line",
            "received": at(5),
            "signals": [0],
            "times": [stored],
            "values": [value],
            "status": [status],
        },
    )
    return made


IN_2105 = 4_260_211_200 * S
DOUBTED = 0x40000000


@pytest.mark.parametrize(
    ("claimed", "stored", "status", "wrong"),
    [
        (IN_2105, IN_2105, DOUBTED, 0),
        (IN_2105, IN_2105, 0, 1),
        (IN_2105, at(5), 0, 1),
        (IN_2105, at(5), DOUBTED, 1),
        (7, 7, DOUBTED, 0),
        (7, 7, 0, 1),
        (at(5), at(5), 0, 0),
        (at(5), at(5), DOUBTED, 1),
        (at(5), at(6), 0, 1),
        (at(-3000), at(-3000), 0, 0),
        (at(-3000), at(-3000), DOUBTED, 0),
        (None, at(5), 0, 0),
        (-11_644_473_600 * S, at(5), 0, 0),
        (-11_644_473_600 * S, -(2**63) + 8, DOUBTED, 0),
        (-11_644_473_600 * S, -(2**63) + 8, 0, 1),
    ],
)
def test_a_time_is_stored_as_it_was_claimed_and_doubted_where_it_cannot_be_right(
    claimed: int | None, stored: int, status: int, wrong: int
) -> None:
    assert claiming(claimed, stored, status).result(None).wrong == wrong


def test_a_missing_sample_is_explained_by_its_true_time_whatever_its_clock_says() -> None:
    for start, end, unexplained in ((4, 6, 0), (7, 9, 1)):
        made = Reconciliation({("line", "t0"): 0})
        made.add_plan("line", {"signals": [{"device": "line", "name": "t0"}]})
        made.add_truth({"time": at(5), "claimed": at(8), "counter": 1, "runs": [[0, 0]]})
        made.add_record("e", gap(1, start, end))
        assert made.result(None).unexplained == unexplained


def test_where_times_of_receipt_are_taken_the_claimed_one_stands_beside_them() -> None:
    made = claiming(IN_2105, at(5), receive=["line"])
    assert made.result(None).wrong == 1
    made = claiming(IN_2105, IN_2105, receive=["line"])
    assert made.result(None).wrong == 0, "nothing of a claimed time is doubted there"


def test_order_is_that_of_what_was_said_though_a_clock_runs_backwards() -> None:
    made = Reconciliation({("line", "t0"): 0})
    made.add_plan("line", {"signals": [{"device": "line", "name": "t0"}]})
    for counter in (1, 2, 3):
        line = {"time": at(counter), "claimed": at(-counter), "counter": counter}
        made.add_truth({**line, "runs": [[0, 0]]})
        record = {**samples(counter, range(counter, counter + 1)), "times": [at(-counter)]}
        record |= {name: record[name][:1] for name in ("signals", "values", "status")}
        made.add_record("e", record)
    result = made.result(None)
    assert result.ok, result
    assert result.disorder == 0


def test_what_cannot_be_read_is_explained_by_a_record_of_its_own_and_by_nothing_else() -> None:
    head = b'{"ts": 17'
    made = reconciliation()
    complete(made)
    line = {"time": at(COUNT + 1), "counter": COUNT + 1, "runs": [[1, 1]]}
    made.add_truth({"attempt": 1, **line, "unreadable": base64.b64encode(head).decode()})
    made.add_truth({"acks": [1], "sent": [at(COUNT + 1)], "at": at(COUNT + 1)})
    assert made.result([]).unexplained == 1
    made.add_rejected("press", head)
    made.add_rejected("line", head[:-1])
    assert made.result([]).unexplained == 1
    made.add_rejected("line", head)
    result = made.result([])
    assert result.ok, result
    assert (result.missing, result.explained, result.unreadable) == (1, 1, 1)


def test_a_message_that_waited_for_its_broker_is_missed_when_the_broker_had_it() -> None:
    for start, end, unexplained in ((1, 4, 1), (8, 9, 0)):
        made = reconciliation()
        complete(made)
        line = {"time": at(2), "counter": COUNT + 1, "runs": [[1, 1]]}
        made.add_truth({"attempt": 1, **line})
        made.add_truth({"acks": [1], "sent": [at(8)], "at": at(9)})
        made.add_record("e", gap(7, start, end))
        assert made.result(None).unexplained == unexplained


def test_what_a_machine_sends_twice_by_itself_is_no_duplicate() -> None:
    made = reconciliation()
    line = {"time": at(30), "counter": 30, "runs": [[1, 1]], "again": True}
    made.add_truth({"attempt": 1, **line})
    complete(made)
    arrived = {"signals": [1], "times": [at(30)], "values": [encode(1, 30, "Int64")]}
    for offset in (7, 8):
        made.add_record("e", samples(offset, range(1, 2), **arrived))
    result = made.result([])
    assert (result.duplicates, result.repeated) == (0, 1)
