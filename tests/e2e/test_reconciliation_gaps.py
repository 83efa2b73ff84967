"""A gap that declares missing what was delivered is found, and no other is called a phantom."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.demo.reconciliation import Reconciliation, Window
from simulators.truth import encode, kind_of
from tests.e2e.reconciliation_parts import (
    COUNT,
    SIGNALS,
    START,
    S,
    at,
    complete,
    gap,
    plain,
    reconciliation,
    samples,
    with_hole,
)


def spoken(pace: int = S // 10, count: int = 200, **names: Any) -> Reconciliation:
    """Give a reconciliation whose machine speaks ten times a second, without a pause; 20 s."""
    made = Reconciliation({("line", f"t{number}"): number for number in SIGNALS}, **names)
    plan = [{"device": "line", "name": f"t{number}"} for number in SIGNALS]
    made.add_plan("line", {"signals": plan})
    for counter in range(count):
        made.add_truth({"time": START + counter * pace, "counter": counter, "runs": [[0, 2]]})
    return made


def heard(made: Reconciliation, counters: range, offset: int, pace: int = S // 10) -> None:
    record = samples(offset, counters)
    record["times"] = [START + c * pace for c in counters for _ in SIGNALS]
    made.add_record("e", record)


def test_a_gap_around_what_is_missing_is_no_phantom_though_its_edges_arrived() -> None:
    made = spoken()
    heard(made, range(80), 1)
    made.add_record("e", gap(2, 7, 13))
    heard(made, range(120, 200), 3)
    result = made.result([Window(at(8), at(12), "kill")], slack_ns=S)
    assert result.ok, result
    assert (result.missing, result.explained, result.phantom) == (120, 120, 0)


def test_a_gap_in_which_everything_arrived_is_a_phantom() -> None:
    made = spoken()
    heard(made, range(200), 1)
    made.add_record("e", gap(2, 8, 10))
    result = made.result([Window(at(8), at(12), "kill")])
    assert (result.phantom, result.missing, result.gaps_outside) == (1, 0, 0)
    assert not result.ok
    assert any("nothing is missing" in text for text in result.examples)


def test_a_gap_over_a_silent_machine_is_no_phantom() -> None:
    made = spoken(pace=S)
    heard(made, range(200), 1, pace=S)
    made.add_record("e", gap(2, 8, 10))
    assert made.result([Window(at(8), at(12), "kill")]).ok


def test_a_sample_deep_inside_a_gap_that_arrived_makes_it_a_phantom() -> None:
    made = spoken()
    heard(made, range(20), 1)
    heard(made, range(100, 101), 2)
    made.add_record("e", gap(3, 2, 18))
    heard(made, range(180, 200), 4)
    window = [Window(at(2), at(18), "kill")]
    assert made.result(window).phantom == 1
    assert made.result(window, edge_ns=9 * S).phantom == 0


@pytest.mark.parametrize(
    ("ahead_s", "reason", "lost", "phantom"),
    [
        (0, "overflow", True, 0),
        (0, "overflow", False, 1),
        (7200, "overflow", True, 0),
        (7200, "overflow", False, 1),
        (7200, "disconnected", True, 1),
    ],
)
def test_an_overflow_may_lie_anywhere_in_its_window_where_something_is_missing_there(
    ahead_s: int, reason: str, lost: bool, phantom: int
) -> None:
    made = Reconciliation({("line", "t0"): 0})
    made.add_plan("line", {"signals": [{"device": "line", "name": "t0"}]})
    for counter in range(200):
        now = START + counter * (S // 10)
        line = {"time": now, "claimed": now + ahead_s * S, "counter": counter}
        made.add_truth({**line, "runs": [[0, 0]]})
    arrived = [c for c in range(200) if not (lost and 20 <= c < 50)]
    times = [START + c * (S // 10) + ahead_s * S for c in arrived]
    values = [encode(0, c, kind_of(0)) for c in arrived]
    status = [0x40000000 if ahead_s else 0] * len(arrived)
    columns = {"signals": [0] * len(arrived), "times": times, "values": values, "status": status}
    made.add_record("e", {**samples(1, range(1)), **columns})
    made.add_record("e", gap(2, 1, 19, reason=reason, plan="line"))
    result = made.result([Window(START, at(20), "stall")])
    assert result.phantom == phantom, result
    assert result.wrong == 0


def test_a_gap_of_other_signals_is_no_phantom() -> None:
    made = spoken()
    record = samples(1, range(200))
    record["times"] = [START + c * (S // 10) for c in range(200) for _ in SIGNALS]
    kept = [place for place, index in enumerate(record["signals"]) if index != 2]
    for column in ("signals", "times", "values", "status"):
        record[column] = [record[column][place] for place in kept]
    made.add_record("e", record)
    window = [Window(START, START + 20 * S, "kill")]
    made.add_record("e", gap(2, 0, 20, signals=[2]))
    assert made.result(window).phantom == 0
    made.add_record("e", gap(3, 0, 20, signals=[1, 2]))
    assert made.result(window).phantom == 1


def test_the_value_that_a_machine_still_shows_after_an_outage_makes_no_phantom() -> None:
    made = reconciliation()
    made.add_record("e", samples(1, range(1, 3)))
    made.add_record("e", samples(2, range(10, 11)))
    made.add_record("e", plain(3, range(1, COUNT + 1)))
    made.add_record("e", gap(4, 2, 10, to=at(14) - 1))
    made.add_record("e", gap(5, 14, COUNT))
    window = [Window(at(2), at(COUNT), "kill")]
    assert made.result(window).phantom == 1, "the machine said more before the gap ends"
    quiet = Reconciliation({("line", "t0"): 0})
    quiet.add_plan("line", {"signals": [{"device": "line", "name": "t0"}]})
    for counter in (1, 2, 3):
        quiet.add_truth({"time": at(counter * 5), "counter": counter, "runs": [[0, 0]]})
    for offset, counter in ((1, 1), (3, 3)):
        record = samples(offset, range(counter, counter + 1))
        record |= {name: record[name][:1] for name in ("signals", "times", "values", "status")}
        quiet.add_record("e", {**record, "times": [at(counter * 5)]})
    quiet.add_record("e", gap(2, 6, 22))
    result = quiet.result([Window(at(5), at(22), "kill")])
    assert result.ok, result
    assert (result.missing, result.phantom) == (1, 0)


def test_what_came_as_a_last_usable_value_makes_no_phantom() -> None:
    for status, phantom in ((0x40900000, 0), (0, 1)):
        made = spoken()
        heard(made, range(20), 1)
        record = samples(2, range(100, 101))
        record |= {"times": [START + 10 * S] * 3, "status": [status] * 3}
        made.add_record("e", record)
        made.add_record("e", gap(3, 2, 18))
        heard(made, range(180, 200), 4)
        assert made.result([Window(at(2), at(18), "kill")]).phantom == phantom


def test_a_count_of_what_arrived_is_a_phantom() -> None:
    """As when a quota gives up what is under way: delivered, and declared missing."""
    made = reconciliation()
    complete(made)
    made.add_record("e", gap(5, 8, 9, count=6, reason="quota"))
    window = [Window(at(7), at(12), "outage")]
    result = made.result(window)
    assert result.phantom == 1
    assert not result.ok


def test_each_missing_sample_is_counted_for_one_gap_only() -> None:
    made = with_hole(count=15)
    window = [Window(at(8), at(12), "kill")]
    assert made.result(window).phantom == 0
    made.add_record("e", gap(9, 8, 12, count=1))
    assert made.result(window).phantom == 1
    assert with_hole(count=16).result(window).phantom == 1


def test_a_device_of_which_less_is_known_may_have_wider_gaps() -> None:
    for edges, phantom in (({}, 1), ({"line": 9 * S}, 0)):
        made = spoken(edges=edges)
        heard(made, range(20), 1)
        heard(made, range(100, 101), 2)
        made.add_record("e", gap(3, 2, 18))
        heard(made, range(180, 200), 4)
        assert made.result([Window(at(2), at(18), "kill")]).phantom == phantom
