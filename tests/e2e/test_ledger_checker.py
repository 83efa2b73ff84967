"""The checker itself: each kind of failure, made on purpose, is found and counted once."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from gateway.app.ledger import Ledger, Window, _same
from gateway.app.ledger_samples import PLAIN_FROM, decode
from simulators.truth import DOUBLE_COUNTER_BITS, encode, kind_of

S = 1_000_000_000
START = 1_795_000_000 * S
SIGNALS = (0, 1, 2)
PLAIN = PLAIN_FROM
COUNT = 20


def at(counter: int) -> int:
    return START + counter * S


def ledger() -> Ledger:
    names = {("line", f"t{number}"): number for number in SIGNALS}
    made = Ledger({**names, ("press", "Temp"): PLAIN})
    line_plan = [{"device": "line", "name": f"t{number}"} for number in SIGNALS]
    made.add_plan("line", {"signals": line_plan})
    made.add_plan("press", {"signals": [{"device": "press", "name": "Temp"}]})
    for counter in range(1, COUNT + 1):
        made.add_truth({"time": at(counter), "counter": counter, "runs": [[0, 2]]})
        made.add_truth({"time": at(counter), "values": [[PLAIN, 20.5 + counter]]})
    return made


def samples(offset: int, counters: range, **changes: Any) -> dict[str, Any]:
    rows = [(number, counter) for counter in counters for number in SIGNALS]
    count = len(changes.get("signals", rows))
    return {
        "offset": offset,
        "kind": "samples",
        "plan": "line",
        "received": at(counters.start),
        "signals": [number for number, _ in rows],
        "times": [at(counter) for _, counter in rows],
        "values": [encode(number, counter, kind_of(number)) for number, counter in rows],
        "status": [0] * count,
        **changes,
    }


def plain(offset: int, counters: range, shift: float = 0.0) -> dict[str, Any]:
    return {
        "offset": offset,
        "kind": "samples",
        "plan": "press",
        "received": at(counters.start),
        "signals": [0] * len(counters),
        "times": [at(counter) for counter in counters],
        "values": [20.5 + counter + shift for counter in counters],
        "status": [0] * len(counters),
    }


def gap(offset: int, start: int, end: int, **changes: Any) -> dict[str, Any]:
    return {
        "offset": offset,
        "kind": "gap",
        "device": "line",
        "plan": "line",
        "signals": None,
        "from": at(start),
        "to": at(end),
        "reason": "gateway-down",
        "count": None,
        **changes,
    }


def complete(made: Ledger) -> None:
    made.add_record("e", samples(1, range(1, COUNT + 1)))
    made.add_record("e", plain(2, range(1, COUNT + 1)))


def test_a_complete_delivery_is_ok() -> None:
    made = ledger()
    complete(made)
    result = made.result([])
    assert result.ok
    assert (result.produced, result.delivered) == (COUNT * 4, COUNT * 4)
    assert (result.missing, result.repeated, result.disorder, result.gaps) == (0, 0, 0, 0)


def test_nothing_delivered_is_not_ok() -> None:
    result = ledger().result([])
    assert not result.ok
    assert result.unexplained == COUNT * 4


def test_a_lost_sample_without_a_gap_is_unexplained() -> None:
    made = ledger()
    made.add_record("e", samples(1, range(1, 10)))
    made.add_record("e", samples(2, range(11, COUNT + 1)))
    made.add_record("e", plain(3, range(1, COUNT + 1)))
    result = made.result([])
    assert (result.missing, result.unexplained) == (3, 3)
    assert not result.ok
    assert any("misses" in text for text in result.examples)


def test_a_lost_plain_sample_is_found_by_its_time() -> None:
    made = ledger()
    made.add_record("e", samples(1, range(1, COUNT + 1)))
    made.add_record("e", plain(2, range(2, COUNT + 1)))
    assert made.result([]).unexplained == 1


def with_hole(**gap_changes: Any) -> Ledger:
    made = ledger()
    made.add_record("e", samples(1, range(1, 8)))
    made.add_record("e", gap(2, 8, 12, **gap_changes))
    made.add_record("e", samples(3, range(13, COUNT + 1)))
    made.add_record("e", plain(4, range(1, COUNT + 1)))
    return made


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


def test_a_gap_without_any_loss_outside_a_fault_is_a_failure_too() -> None:
    made = ledger()
    complete(made)
    made.add_record("e", gap(9, 3, 4))
    assert not made.result([]).ok


def test_the_same_record_twice_is_a_duplicate() -> None:
    made = ledger()
    complete(made)
    made.add_record("e", samples(1, range(1, COUNT + 1)))
    assert made.result([]).duplicates == COUNT * 3


def test_the_same_sample_again_without_a_fault_is_a_duplicate() -> None:
    made = ledger()
    complete(made)
    made.add_record("e", samples(3, range(5, 6)))
    result = made.result([])
    assert (result.duplicates, result.repeated) == (3, 0)
    assert not result.ok


def test_the_same_sample_again_in_a_fault_is_repeated() -> None:
    made = ledger()
    complete(made)
    made.add_record("e", samples(3, range(5, 6)))
    result = made.result([Window(at(5), at(6), "restart")])
    assert (result.duplicates, result.repeated) == (0, 3)
    assert result.ok


def test_an_offset_of_another_epoch_is_another_record() -> None:
    made = ledger()
    made.add_record("a", samples(1, range(1, 11)))
    made.add_record("b", samples(1, range(11, COUNT + 1)))
    made.add_record("b", plain(2, range(1, COUNT + 1)))
    assert made.result([]).ok


def test_a_value_of_another_signal_is_wrong() -> None:
    made = ledger()
    complete(made)
    stolen = [encode(3, 5, "Double"), encode(4, 5, "Int64"), encode(5, 5, "String")]
    made.add_record("e", samples(3, range(5, 6), values=stolen))
    result = made.result(None)
    assert result.wrong == 3
    assert not result.ok


def test_swapped_signals_are_wrong_and_missing() -> None:
    made = ledger()
    swapped = samples(1, range(1, COUNT + 1))
    swapped["signals"] = [{0: 1, 1: 0, 2: 2}[index] for index in swapped["signals"]]
    made.add_record("e", swapped)
    made.add_record("e", plain(2, range(1, COUNT + 1)))
    result = made.result([])
    assert (result.wrong, result.unexplained) == (COUNT * 2, COUNT * 2)


def test_a_value_that_nobody_said_is_wrong() -> None:
    made = ledger()
    complete(made)
    made.add_record("e", samples(3, range(COUNT + 1, COUNT + 2)))
    assert made.result(None).wrong == 3


def test_a_changed_plain_value_is_wrong_and_missing() -> None:
    made = ledger()
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
    made = ledger()
    made.add_record("e", samples(1, range(1, COUNT)))
    made.add_record("e", samples(2, range(COUNT, COUNT + 1), values=[None] * 3))
    made.add_record("e", plain(3, range(1, COUNT + 1)))
    result = made.result([])
    assert (result.wrong, result.unexplained) == (0, 3)


def test_a_bad_status_that_the_machine_said_is_demanded() -> None:
    made = ledger()
    complete(made)
    late = at(COUNT + 1)
    made.add_truth({"time": late, "counter": 0, "runs": [[1, 1]], "status": 0x80000000})
    assert made.result([]).unexplained == 1
    bad = samples(7, range(1, 2), signals=[1], times=[late], values=[None], status=[0x80000000])
    made.add_record("e", bad)
    assert made.result([]).ok


def test_order_is_by_offset_and_a_sample_after_a_later_one_is_disorder() -> None:
    made = ledger()
    made.add_record("e", samples(5, range(11, COUNT + 1)))
    made.add_record("e", samples(1, range(1, 11)))
    made.add_record("e", plain(9, range(1, COUNT + 1)))
    assert made.result([]).disorder == 0
    made = ledger()
    made.add_record("e", samples(1, range(11, COUNT + 1)))
    made.add_record("e", samples(5, range(1, 11)))
    made.add_record("e", plain(9, range(1, COUNT + 1)))
    assert made.result([]).disorder == 30


def test_only_what_the_broker_acknowledged_is_demanded() -> None:
    made = ledger()
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
    made = ledger()
    complete(made)
    made.add_truth({"attempt": 1, "time": at(30), "counter": 30, "runs": [[1, 1]]})
    arrived = {"signals": [1], "times": [at(30)], "values": [encode(1, 30, "Int64")]}
    made.add_record("e", samples(7, range(1, 2), **arrived))
    assert made.result([]).wrong == 0


def test_only_what_was_said_in_the_span_is_demanded() -> None:
    made = ledger()
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


def spoken(pace: int = S // 10, count: int = 200) -> Ledger:
    """Give a ledger whose machine speaks ten times a second, without a pause; 20 s."""
    made = Ledger({("line", f"t{number}"): number for number in SIGNALS})
    plan = [{"device": "line", "name": f"t{number}"} for number in SIGNALS]
    made.add_plan("line", {"signals": plan})
    for counter in range(count):
        made.add_truth({"time": START + counter * pace, "counter": counter, "runs": [[0, 2]]})
    return made


def heard(made: Ledger, counters: range, offset: int, pace: int = S // 10) -> None:
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
        (0, "overflow", True, 1),
        (7200, "overflow", True, 0),
        (7200, "overflow", False, 1),
        (7200, "disconnected", True, 1),
    ],
)
def test_where_an_overflow_lies_is_known_only_by_a_clock_that_is_right(
    ahead_s: int, reason: str, lost: bool, phantom: int
) -> None:
    made = Ledger({("line", "t0"): 0})
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
    made = ledger()
    made.add_record("e", samples(1, range(1, 3)))
    made.add_record("e", samples(2, range(10, 11)))
    made.add_record("e", plain(3, range(1, COUNT + 1)))
    made.add_record("e", gap(4, 2, 10, to=at(14) - 1))
    made.add_record("e", gap(5, 14, COUNT))
    window = [Window(at(2), at(COUNT), "kill")]
    assert made.result(window).phantom == 1, "the machine said more before the gap ends"
    quiet = Ledger({("line", "t0"): 0})
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
    made = ledger()
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


def claiming(claimed: int | None, stored: int, status: int = 0, **names: Any) -> Ledger:
    made = Ledger({("line", "t0"): 0}, **names)
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
        made = Ledger({("line", "t0"): 0})
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
    made = Ledger({("line", "t0"): 0})
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
    made = ledger()
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
        made = ledger()
        complete(made)
        line = {"time": at(2), "counter": COUNT + 1, "runs": [[1, 1]]}
        made.add_truth({"attempt": 1, **line})
        made.add_truth({"acks": [1], "sent": [at(8)], "at": at(9)})
        made.add_record("e", gap(7, start, end))
        assert made.result(None).unexplained == unexplained


def test_what_a_machine_sends_twice_by_itself_is_no_duplicate() -> None:
    made = ledger()
    line = {"time": at(30), "counter": 30, "runs": [[1, 1]], "again": True}
    made.add_truth({"attempt": 1, **line})
    complete(made)
    arrived = {"signals": [1], "times": [at(30)], "values": [encode(1, 30, "Int64")]}
    for offset in (7, 8):
        made.add_record("e", samples(offset, range(1, 2), **arrived))
    result = made.result([])
    assert (result.duplicates, result.repeated) == (0, 1)
