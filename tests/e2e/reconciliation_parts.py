"""A machine that counts, and records as a platform keeps them, for the tests of the comparison."""

from __future__ import annotations

from typing import Any

from gateway.demo.reconciliation import Reconciliation
from gateway.demo.samples import PLAIN_FROM
from simulators.truth import encode, kind_of

S = 1_000_000_000
START = 1_795_000_000 * S
SIGNALS = (0, 1, 2)
PLAIN = PLAIN_FROM
COUNT = 20


def at(counter: int) -> int:
    return START + counter * S


def reconciliation(**more: Any) -> Reconciliation:
    names = {("line", f"t{number}"): number for number in SIGNALS}
    made = Reconciliation({**names, ("press", "Temp"): PLAIN}, **more)
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


def complete(made: Reconciliation) -> None:
    made.add_record("e", samples(1, range(1, COUNT + 1)))
    made.add_record("e", plain(2, range(1, COUNT + 1)))


def with_hole(*, edges: dict[str, int] | None = None, **gap_changes: Any) -> Reconciliation:
    made = reconciliation(edges=edges)
    made.add_record("e", samples(1, range(1, 8)))
    made.add_record("e", gap(2, 8, 12, **gap_changes))
    made.add_record("e", samples(3, range(13, COUNT + 1)))
    made.add_record("e", plain(4, range(1, COUNT + 1)))
    return made
