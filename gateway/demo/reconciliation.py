"""Compares what machines said with what the platform has: nothing may be missing without a reason.

Produced samples come from truth logs (simulators/README.md), delivered ones from the platform's
records. A sample is known by its signal and a key: the counter inside the value where the machine
puts one there, else the source time. So a lost, changed or wrongly attributed value shows itself.

Times that machines claim are held against what was stored, and never used to order or to explain
anything: order is that of offsets, and gaps are by this PC's clock, as the true times of production
are. gaps.py says when a gap explains a sample, and when it is a phantom.
"""

from __future__ import annotations

import base64
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gateway.demo.claims import last_usable, wrong_claims
from gateway.demo.gaps import EDGE_NS, Account, DeclaredGap, covered, phantoms
from gateway.demo.samples import (
    AGAIN,
    DEMANDED,
    PLAIN_FROM,
    Arrived,
    Bools,
    Ints,
    Match,
    Said,
    Stored,
    decode,
    samples_of,
)

EXAMPLES_MAX = 4
"""Of each kind of fault."""
EXAMPLES_OF_A_SIGNAL = 2
FLOAT32_MAX = 3.4e38
ALL_TIME = (-(2**63), 2**63 - 1)
OFFSET_SHIFT = 20
EPOCH_SHIFT = 56
"""A row's place in one 63-bit number: epoch, 36 bits of offset, 20 of place in the record."""
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
    """What the comparison found; all counts are samples but those of gap records."""

    produced: int = 0
    delivered: int = 0
    """Different samples at the platform that the machines really said."""
    missing: int = 0
    explained: int = 0
    """Missing and covered by a gap record, or unreadable and told so in a record of its own."""
    unexplained: int = 0
    duplicates: int = 0
    """The same record twice, or the same sample again without a fault to excuse it."""
    repeated: int = 0
    """The same source sample again around a fault: sent again, or read again on subscribing."""
    wrong: int = 0
    """A value under a signal or a time that is not its own, or one that nobody ever said; a time
    that cannot be right without a doubtful status, or a right one with it."""
    disorder: int = 0
    """Samples of a signal that came after a later one."""
    gaps: int = 0
    gaps_outside: int = 0
    """Gap records that reach beyond every fault; they explain nothing."""
    phantom: int = 0
    """Gap records that declare missing what was delivered."""
    unreadable: int = 0
    """Missing because the machine said what nobody can read; among the explained."""
    examples: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Say whether the promise was kept."""
        bad = self.unexplained + self.duplicates + self.wrong + self.gaps_outside + self.phantom
        return not bad and self.delivered > 0

    def note(self, kind: str, text: str) -> None:
        """Keep an example for people."""
        if sum(example.startswith(f"{kind}: ") for example in self.examples) < EXAMPLES_MAX:
            self.examples.append(f"{kind}: {text}")


class Reconciliation:
    """Takes truth lines and platform records in any portions; `result` compares what there is."""

    def __init__(
        self,
        signals: Mapping[Source, int],
        *,
        receive: Collection[str] = (),
        edges: Mapping[str, int] | None = None,
    ) -> None:
        """Make one.

        `receive` names the devices whose own times are not taken for the samples'. `edges` has
        how much wider than what is missing a gap may be (ns), for devices of which less is known.
        """
        self._signals = dict(signals)
        self._device = {number: device for (device, _), number in signals.items()}
        self._receive = frozenset(receive)
        self._edges = dict(edges or {})
        self._said: dict[int, Said] = defaultdict(Said)
        self._arrived: dict[int, Arrived] = defaultdict(Arrived)
        self._attempts: dict[int, list[tuple[int, int]]] = {}
        self._unreadable: dict[int, dict[int, bytes]] = defaultdict(dict)
        """By signal and place: the first bytes of messages that cannot be read."""
        self._rejected: set[tuple[str, bytes]] = set()
        self._epochs: dict[str, int] = {}
        self._offsets: set[tuple[int, int]] = set()
        self._gaps: list[DeclaredGap] = []
        self._plans: dict[str, list[int | None]] = {}
        self._same_record = 0
        self._wrong = Result()

    def add_truth(self, line: Mapping[str, Any]) -> None:
        """Take one line of a truth log."""
        if "acks" in line:
            self._taken(line)
        if "time" not in line:
            return
        demanded = "attempt" not in line
        added = [
            (each.signal, self._said[each.signal].add(each, line, demanded=demanded))
            for each in samples_of(line)
            if each.signal in self._device
        ]
        if not demanded:
            self._attempts[line["attempt"]] = added
        if "unreadable" in line:
            head = base64.b64decode(line["unreadable"])
            for signal, place in added:
                self._unreadable[signal][place] = head

    def _taken(self, line: Mapping[str, Any]) -> None:
        numbers = line["acks"]
        for number, sent in zip(numbers, line.get("sent", [None] * len(numbers)), strict=True):
            for signal, place in self._attempts.pop(number, ()):
                self._said[signal].taken(place, sent, line.get("at"))

    def add_rejected(self, device: str, head: bytes) -> None:
        """Take the record of a message that could not be read, with its first bytes."""
        self._rejected.add((device, head))

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
        before = epoch << EPOCH_SHIFT | record["offset"] << OFFSET_SHIFT
        received, times = record["received"], record["times"]
        claimed = record.get("server_times", times)
        columns = zip(
            record["signals"], times, claimed, record["values"], record["status"], strict=True
        )
        for place, (index, time, other, value, status) in enumerate(columns):
            signal = plan[index]
            key = None if signal is None else self._key(signal, time, value)
            if signal is None or key is None:
                continue
            own = time if self._trusted(signal) else other
            plain = signal >= PLAIN_FROM
            row = Stored(before | place, key, own, received, status, value, plain)
            self._arrived[signal].add(row)

    def _key(self, signal: int, time: int, value: Any) -> int | None:
        if signal >= PLAIN_FROM or value is None:
            return time
        inside = decode(signal, value)
        if inside is None or inside[0] != signal:
            self._wrong.wrong += 1
            self._wrong.note("not its own", f"signal {signal} at {time} has {value!r}")
            return None
        return inside[1]

    def _gap(self, record: Mapping[str, Any]) -> DeclaredGap:
        named = record.get("signals")
        plan = self._plans.get(record.get("plan") or "")
        signals = None
        if named is not None:
            known = plan or self._newest_plan(record["device"])
            signals = frozenset(n for index in named if (n := known[index]) is not None)
        start, end, count = record["from"], record["to"], record.get("count")
        return DeclaredGap(record["device"], signals, start, end, record["reason"], count)

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
        edge_ns: int = EDGE_NS,
    ) -> Result:
        """Compare. With `faults` gap records may only lie in them, widened by `slack_ns`.

        Only samples said in `span` (ns UTC, inclusive) are demanded and counted: before it nobody
        was listening yet, after it they are still on their way. `edge_ns` is how much a gap may
        be wider than what is missing.
        """
        spans = None if faults is None else _merged(faults, slack_ns)
        found = Result(wrong=self._wrong.wrong, examples=list(self._wrong.examples))
        found.duplicates, found.gaps = self._same_record, len(self._gaps)
        gaps = [gap for gap in self._gaps if self._inside(gap, spans, found)]
        accounts = [
            self._compare(signal, gaps, spans, span, found)
            for signal in sorted(self._said.keys() | self._arrived.keys())
        ]
        found.unexplained = found.missing - found.explained
        for gap, why in phantoms(
            self._gaps, accounts, lambda device: self._edges.get(device, edge_ns)
        ):
            found.phantom += 1
            found.note("phantom", f"{gap.shown()}: {why}")
        return found

    def _inside(self, gap: DeclaredGap, spans: Ints | None, found: Result) -> bool:
        """Tell whether a gap lies in the faults; it may begin earlier by what is not known."""
        if spans is None:
            return True
        begins = spans[:, 0] - self._edges.get(gap.device, 0)
        if bool(np.any((begins <= gap.start) & (gap.end <= spans[:, 1]))):
            return True
        found.gaps_outside += 1
        found.note("outside all faults", gap.shown())
        return False

    def _compare(
        self,
        signal: int,
        gaps: Sequence[DeclaredGap],
        spans: Ints | None,
        span: tuple[int, int],
        found: Result,
    ) -> Account:
        said = self._said[signal]
        said_at = np.array(said.times, np.int64)
        counted = (span[0] <= said_at) & (said_at <= span[1])
        demanded = said.having(DEMANDED) & counted
        match = self._match(signal, found)
        for words, times in wrong_claims(said, match, trusted=self._trusted(signal)):
            found.wrong += len(times)
            for time in times[:EXAMPLES_OF_A_SIGNAL]:
                found.note(words, f"signal {signal} at {time}")
        seen = np.zeros(len(said_at), bool)
        seen[match.place] = True
        account = self._account(signal, match, seen)
        found.produced += int(demanded.sum())
        found.delivered += int((seen & counted).sum())
        _count_again(match, said.having(AGAIN), spans, found)
        missing = demanded & ~seen
        told = self._told(signal, missing)
        explained = missing & (told | covered(account, gaps)) if missing.any() else missing
        found.missing += int(missing.sum())
        found.unreadable += int(told.sum())
        found.explained += int(explained.sum())
        for time in said_at[missing & ~explained][:EXAMPLES_OF_A_SIGNAL]:
            found.note("misses", f"signal {signal} its sample of {time}")
        return account

    def _trusted(self, signal: int) -> bool:
        return self._device.get(signal) not in self._receive

    def _account(self, signal: int, match: Match, seen: Bools) -> Account:
        said = self._said[signal]
        arrived = np.zeros(len(seen), bool)
        arrived[match.place[~last_usable(match)]] = True
        sent, until = np.array(said.sent, np.int64), np.array(said.until, np.int64)
        return Account(self._device.get(signal, ""), signal, sent, until, arrived, ~seen)

    def _told(self, signal: int, missing: Bools) -> Bools:
        """Tell which missing samples cannot be read and have a record that says so."""
        told = np.zeros(len(missing), bool)
        device = self._device.get(signal, "")
        for place, head in self._unreadable.get(signal, {}).items():
            told[place] = missing[place] and (device, head) in self._rejected
        return told

    def _match(self, signal: int, found: Result) -> Match:
        """Find each row among what was said; what nobody said is wrong."""
        said, rows = self._said[signal], self._arrived[signal]
        keys = np.array(said.keys, np.int64)
        order = np.argsort(np.array(rows.order, np.int64), kind="stable")
        arrived = np.array(rows.keys, np.int64)[order]
        by_key = np.argsort(keys, kind="stable")
        at = np.searchsorted(keys[by_key], arrived)
        known = at < len(keys)
        known[known] = keys[by_key][at[known]] == arrived[known]
        place = np.full(len(arrived), -1, np.int64)
        place[known] = by_key[at[known]]
        if signal >= PLAIN_FROM:
            known &= _equal(said.values, [rows.values[row] for row in order], place)
        empty = np.array(rows.empty, bool)[order]
        unsaid = ~known & ~empty
        found.wrong += int(unsaid.sum())
        for key in arrived[unsaid][:EXAMPLES_OF_A_SIGNAL]:
            found.note("nobody ever said", f"signal {signal}, sample {key}")
        columns = (rows.times, rows.received, rows.status)
        times, received, status = (np.array(each, np.int64)[order][known] for each in columns)
        return Match(place[known], times, received, status, empty[known])


def _equal(said: Sequence[Any], arrived: Sequence[Any], ranks: Ints) -> Bools:
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


def _count_again(match: Match, again: Bools, spans: Ints | None, found: Result) -> None:
    """Count samples that came more than once, and those that came out of order."""
    _, first = np.unique(match.place, return_index=True)
    later = np.ones(len(match.place), bool)
    later[first] = False
    received = match.received[later]
    excused = np.ones(len(received), bool)
    if spans is not None:
        starts, ends = spans[:, 0, None], spans[:, 1, None]
        inside = (starts <= received) & (received <= ends)
        excused = np.any(inside, axis=0) | again[match.place[later]]
    found.repeated += int(excused.sum())
    found.duplicates += int((~excused).sum())
    fresh = match.place[~later]
    found.disorder += int((fresh < np.maximum.accumulate(fresh)).sum()) if len(fresh) else 0
