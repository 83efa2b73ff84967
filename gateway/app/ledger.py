"""Compares what machines said with what the platform has: nothing may be missing without a reason.

Produced samples come from truth logs (simulators/README.md), delivered ones from the platform's
records. A sample is known by its signal and a key: the counter inside the value where the machine
puts one there, else the source time. So a lost, changed or wrongly attributed value shows itself.
"""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

PLAIN_FROM = 100_000
"""Signal numbers from here on carry plain values; below, values carry their number and counter."""
KINDS = ("Double", "Int64", "String")
INT_COUNTER_BITS = 40
DOUBLE_COUNTER_BITS = 33
EXAMPLES_MAX = 10
FLOAT32_MAX = 3.4e38
ALL_TIME = (-(2**63), 2**63 - 1)
OFFSET_SHIFT = 20
EPOCH_SHIFT = 56
"""A row's place in one 63-bit number: epoch, 36 bits of offset, 20 of place in the record."""
Ints = NDArray[np.int64]
Source = tuple[str, str]
"""Device and name of a signal at the platform."""


@dataclass(frozen=True, slots=True)
class Window:
    """A time in which something was broken on purpose, ns UTC."""

    start: int
    end: int
    kind: str


@dataclass(slots=True)
class Result:
    """What the comparison found; all counts are samples but `gaps` and `gaps_outside`."""

    produced: int = 0
    delivered: int = 0
    """Different samples at the platform that the machines really said."""
    missing: int = 0
    explained: int = 0
    """Missing and covered by a gap record."""
    unexplained: int = 0
    duplicates: int = 0
    """The same record twice, or the same sample again without a fault to excuse it."""
    repeated: int = 0
    """The same source sample again around a fault: sent again, or read again on subscribing."""
    wrong: int = 0
    """A value under a signal or a time that is not its own, or one that nobody ever said."""
    disorder: int = 0
    """Samples of a signal that came after a later one."""
    gaps: int = 0
    gaps_outside: int = 0
    """Gap records that reach beyond every fault; they explain nothing."""
    examples: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Say whether the promise was kept."""
        bad = self.unexplained + self.duplicates + self.wrong + self.gaps_outside
        return not bad and self.delivered > 0

    def note(self, text: str) -> None:
        """Keep an example for people."""
        if len(self.examples) < EXAMPLES_MAX:
            self.examples.append(text)


class _Produced:
    """One signal's samples in the order in which they were said; `values` of plain ones only."""

    def __init__(self) -> None:
        self.keys = array("q")
        self.times = array("q")
        self.demanded = bytearray()
        self.values: list[Any] = []

    def add(self, key: int, time: int, value: Any, *, demanded: bool, plain: bool) -> int:
        self.keys.append(key)
        self.times.append(time)
        self.demanded.append(demanded)
        if plain:
            self.values.append(value)
        return len(self.keys) - 1


class _Delivered:
    """One signal's rows at the platform; `order` is epoch, offset and place in one number."""

    def __init__(self) -> None:
        self.order = array("q")
        self.keys = array("q")
        self.received = array("q")
        self.empty = bytearray()
        self.values: list[Any] = []

    def add(self, order: int, key: int, received: int, value: Any, *, plain: bool) -> None:
        self.order.append(order)
        self.keys.append(key)
        self.received.append(received)
        self.empty.append(value is None)
        if plain:
            self.values.append(value)


@dataclass(frozen=True, slots=True)
class _Gap:
    device: str
    signals: frozenset[int] | None
    start: int
    end: int
    reason: str


def decode(signal: int, value: Any) -> tuple[int, int] | None:
    """Give the signal and counter inside an encoded value; None when it is none of this type."""
    kind = KINDS[signal % len(KINDS)]
    if kind == "String":
        number, _, counter = value.partition(":") if isinstance(value, str) else ("", "", "")
        whole = number.isdecimal() and counter.isdecimal()
        return (int(number), int(counter)) if whole else None
    whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
    if isinstance(value, bool) or not whole:
        return None
    bits = INT_COUNTER_BITS if kind == "Int64" else DOUBLE_COUNTER_BITS
    return int(value) >> bits, int(value) & ((1 << bits) - 1)


class Ledger:
    """Takes truth lines and platform records in any portions; `result` compares what there is."""

    def __init__(self, signals: Mapping[Source, int]) -> None:
        self._signals = dict(signals)
        self._device = {number: device for (device, _), number in signals.items()}
        self._produced: dict[int, _Produced] = defaultdict(_Produced)
        self._delivered: dict[int, _Delivered] = defaultdict(_Delivered)
        self._attempts: dict[int, list[tuple[int, int]]] = {}
        self._epochs: dict[str, int] = {}
        self._offsets: set[tuple[int, int]] = set()
        self._gaps: list[_Gap] = []
        self._plans: dict[str, list[int | None]] = {}
        self._same_record = 0
        self._wrong = Result()

    def add_truth(self, line: Mapping[str, Any]) -> None:
        """Take one line of a truth log."""
        for number in line.get("acks", ()):
            for signal, place in self._attempts.pop(number, ()):
                self._produced[signal].demanded[place] = True
        if "time" not in line:
            return
        demanded = "attempt" not in line
        added = [
            (signal, self._add_said(signal, key, line["time"], value, demanded=demanded))
            for signal, key, value in _said(line)
            if signal in self._device
        ]
        if not demanded:
            self._attempts[line["attempt"]] = added

    def _add_said(self, signal: int, key: int, time: int, value: Any, *, demanded: bool) -> int:
        plain = signal >= PLAIN_FROM
        return self._produced[signal].add(key, time, value, demanded=demanded, plain=plain)

    def add_plan(self, digest: str, body: Mapping[str, Any]) -> None:
        """Take a plan as the platform keeps it."""
        self._plans[digest] = [
            self._signals.get((entry["device"], entry["name"])) for entry in body["signals"]
        ]

    def add_record(self, epoch: str, record: Mapping[str, Any]) -> None:
        """Take one record that the platform accepted; its plan must be there."""
        number = self._epochs.setdefault(epoch, len(self._epochs))
        name = (number, record["offset"])
        if name in self._offsets:
            self._same_record += len(record.get("signals") or ()) or 1
            return
        self._offsets.add(name)
        if record["kind"] == "samples":
            self._add_samples(number, record)
        elif record["kind"] == "gap":
            self._gaps.append(self._gap(record))

    def _add_samples(self, epoch: int, record: Mapping[str, Any]) -> None:
        plan = self._plans[record["plan"]]
        offset, received = record["offset"], record["received"]
        columns = zip(record["signals"], record["times"], record["values"], strict=True)
        for place, (index, time, value) in enumerate(columns):
            signal = plan[index]
            if signal is None:
                continue
            key = self._key(signal, time, value)
            if key is None:
                continue
            order = epoch << EPOCH_SHIFT | offset << OFFSET_SHIFT | place
            plain = signal >= PLAIN_FROM
            self._delivered[signal].add(order, key, received, value, plain=plain)

    def _key(self, signal: int, time: int, value: Any) -> int | None:
        if signal >= PLAIN_FROM or value is None:
            return time
        inside = decode(signal, value)
        if inside is None or inside[0] != signal:
            self._wrong.wrong += 1
            self._wrong.note(f"signal {signal} at {time} has {value!r}")
            return None
        return inside[1]

    def _gap(self, record: Mapping[str, Any]) -> _Gap:
        named = record.get("signals")
        plan = self._plans.get(record.get("plan") or "")
        signals = None
        if named is not None:
            known = plan or self._newest_plan(record["device"])
            signals = frozenset(n for index in named if (n := known[index]) is not None)
        return _Gap(record["device"], signals, record["from"], record["to"], record["reason"])

    def _newest_plan(self, device: str) -> list[int | None]:
        for plan in reversed(list(self._plans.values())):
            if any(number is not None and self._device[number] == device for number in plan):
                return plan
        return []

    def shown(self, source: Source, value: Any) -> str:
        """Give a value as people read it: of an encoded one, its counter."""
        inside = decode(self._signals[source], value) if self._encoded(source) else None
        if inside is not None:
            return f"#{inside[1]}"
        return f"{value:.1f}" if isinstance(value, float) else str(value)

    def _encoded(self, source: Source) -> bool:
        return self._signals.get(source, PLAIN_FROM) < PLAIN_FROM

    def result(
        self,
        faults: Sequence[Window] | None = None,
        *,
        slack_ns: int = 0,
        span: tuple[int, int] = ALL_TIME,
    ) -> Result:
        """Compare. With `faults` gap records may only lie in them, widened by `slack_ns`.

        Only samples said in `span` (ns UTC, inclusive) are demanded and counted: before it nobody
        was listening yet, after it they are still on their way.
        """
        spans = None if faults is None else _merged(faults, slack_ns)
        found = Result(wrong=self._wrong.wrong, examples=list(self._wrong.examples))
        found.duplicates, found.gaps = self._same_record, len(self._gaps)
        gaps = [gap for gap in self._gaps if self._inside(gap, spans, found)]
        for signal in sorted(self._produced.keys() | self._delivered.keys()):
            self._compare(signal, gaps, spans, span, found)
        found.unexplained = found.missing - found.explained
        return found

    def _inside(self, gap: _Gap, spans: Ints | None, found: Result) -> bool:
        if spans is None or bool(np.any((spans[:, 0] <= gap.start) & (gap.end <= spans[:, 1]))):
            return True
        found.gaps_outside += 1
        found.note(f"gap of {gap.device} {gap.start}..{gap.end} ({gap.reason}) outside all faults")
        return False

    def _compare(
        self,
        signal: int,
        gaps: Sequence[_Gap],
        spans: Ints | None,
        span: tuple[int, int],
        found: Result,
    ) -> None:
        said, rows = self._produced[signal], self._delivered[signal]
        keys = np.array(said.keys, np.int64)
        said_at = np.array(said.times, np.int64)
        counted = (span[0] <= said_at) & (said_at <= span[1])
        demanded = np.array(said.demanded, bool) & counted
        found.produced += int(demanded.sum())
        ranks = self._ranks(signal, keys, said, rows, found)
        seen = np.zeros(len(keys), bool)
        seen[ranks[:, 0]] = True
        found.delivered += int((seen & counted).sum())
        _count_again(ranks, spans, found)
        missing = demanded & ~seen
        times = said_at[missing]
        covered = _covered(times, self._device.get(signal, ""), signal, gaps)
        found.missing += len(times)
        found.explained += int(covered.sum())
        for time in times[~covered][:2]:
            found.note(f"signal {signal} misses its sample of {time}")

    def _ranks(
        self, signal: int, keys: Ints, said: _Produced, rows: _Delivered, found: Result
    ) -> Ints:
        """Give (place among the produced, receive time) of each real row, in record order."""
        order = np.argsort(np.array(rows.order, np.int64), kind="stable")
        arrived = np.array(rows.keys, np.int64)[order]
        received = np.array(rows.received, np.int64)[order]
        by_key = np.argsort(keys, kind="stable")
        at = np.searchsorted(keys[by_key], arrived)
        known = at < len(keys)
        known[known] = keys[by_key][at[known]] == arrived[known]
        ranks = np.full(len(arrived), -1, np.int64)
        ranks[known] = by_key[at[known]]
        if signal >= PLAIN_FROM:
            known &= _equal(said.values, [rows.values[row] for row in order], ranks)
        unsaid = ~known & ~np.array(rows.empty, bool)[order]
        found.wrong += int(unsaid.sum())
        for key in arrived[unsaid][:2]:
            found.note(f"signal {signal}: nobody ever said its sample {key}")
        return np.stack([ranks[known], received[known]], axis=1)


def _equal(said: Sequence[Any], arrived: Sequence[Any], ranks: Ints) -> NDArray[np.bool_]:
    pairs = zip(ranks.tolist(), arrived, strict=True)
    return np.array([rank >= 0 and _same(said[rank], value) for rank, value in pairs], bool)


def _same(said: Any, arrived: Any) -> bool:
    """Compare; a 32-bit float is written with as few digits as it needs."""
    if said == arrived:
        return type(said) is not bool or type(arrived) is bool
    if not isinstance(said, float) or not isinstance(arrived, float):
        return False
    return abs(said) <= FLOAT32_MAX and said == float(np.float32(said)) == float(
        np.float32(arrived)
    )


def _said(line: Mapping[str, Any]) -> Iterable[tuple[int, int, Any]]:
    """Give signal, key and value of everything in a truth line."""
    bad = line.get("status", 0) != 0
    key = line["time"] if bad else line.get("counter", 0)
    for first, last in line.get("runs", ()):
        for signal in range(first, last + 1):
            yield signal, key, None
    for signal, value in line.get("values", ()):
        yield signal, line["time"], value


def _merged(faults: Sequence[Window], slack_ns: int) -> Ints:
    """Give the union of the windows as rows (start, end)."""
    spans: list[list[int]] = []
    for window in sorted(faults, key=lambda one: one.start):
        start, end = window.start - slack_ns, window.end + slack_ns
        if spans and start <= spans[-1][1]:
            spans[-1][1] = max(spans[-1][1], end)
        else:
            spans.append([start, end])
    return np.array(spans, np.int64).reshape(-1, 2)


def _count_again(ranks: Ints, spans: Ints | None, found: Result) -> None:
    """Count samples that came more than once, and those that came out of order."""
    _, first = np.unique(ranks[:, 0], return_index=True)
    again = np.ones(len(ranks), bool)
    again[first] = False
    received = ranks[again, 1]
    excused = np.ones(len(received), bool)
    if spans is not None:
        starts, ends = spans[:, 0, None], spans[:, 1, None]
        excused = ((starts <= received) & (received <= ends)).any(axis=0)
    found.repeated += int(excused.sum())
    found.duplicates += int((~excused).sum())
    fresh = ranks[~again, 0]
    found.disorder += int((fresh < np.maximum.accumulate(fresh)).sum()) if len(fresh) else 0


def _covered(times: Ints, device: str, signal: int, gaps: Sequence[_Gap]) -> NDArray[np.bool_]:
    covered = np.zeros(len(times), bool)
    for gap in gaps if len(times) else ():
        if gap.device == device and (gap.signals is None or signal in gap.signals):
            covered |= (gap.start <= times) & (times <= gap.end)
    return covered
