"""One signal's samples as columns: those that the machine said, and those that arrived."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

PLAIN_FROM = 100_000
"""Signal numbers from here on carry plain values; below, values carry their number and counter."""
KINDS = ("Double", "Int64", "String")
INT_COUNTER_BITS = 40
DOUBLE_COUNTER_BITS = 33
DEMANDED, AGAIN, RETAINED = 1, 2, 4
"""Flags of a sample that was said: it must arrive; its machine sends it more than once; it may come
as a retained message, whose age nobody knows."""
TIME_MAX = 2**63 - 1
NO_TIME = -(2**63)
"""Stands for a claimed time that is none, or that cannot be kept in 64 bits."""
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


class Said:
    """What a machine said, in that order; `values` of plain samples only.

    `times` are the true times. From `sent` to `until` a sample was on its way to whoever listens:
    one moment, but for a message that a broker took only later.
    """

    def __init__(self) -> None:
        self.keys = array("q")
        self.times = array("q")
        self.sent = array("q")
        self.until = array("q")
        self.claimed = array("q")
        self.flags = bytearray()
        self.values: list[Any] = []

    def add(self, sample: Sample, line: Mapping[str, Any], *, demanded: bool) -> int:
        """Take one sample of a truth line; gives its place."""
        time = line["time"]
        claimed = line.get("claimed", time)
        kept = claimed is not None and -TIME_MAX <= claimed <= TIME_MAX
        self.keys.append(sample.key)
        for column in (self.times, self.sent, self.until):
            column.append(time)
        self.claimed.append(claimed if kept else NO_TIME)
        flags = DEMANDED * demanded
        self.flags.append(
            flags | AGAIN * bool(line.get("again")) | RETAINED * bool(line.get("retain"))
        )
        if sample.signal >= PLAIN_FROM:
            self.values.append(sample.value)
        return len(self.keys) - 1

    def taken(self, place: int, sent: int | None, until: int | None) -> None:
        """Note that the broker has the sample: from now on it is demanded."""
        self.flags[place] |= DEMANDED
        if sent is not None and until is not None:
            self.sent[place], self.until[place] = sent, max(sent, until)

    def having(self, flag: int) -> Bools:
        """Tell which samples have a flag."""
        return np.array((np.frombuffer(bytes(self.flags), np.uint8) & flag) != 0, bool)


class Arrived:
    """One signal's rows at the platform; `order` is epoch, offset and place in one number."""

    def __init__(self) -> None:
        self.order = array("q")
        self.keys = array("q")
        self.times = array("q")
        self.received = array("q")
        self.status = array("q")
        self.empty = bytearray()
        self.values: list[Any] = []

    def add(self, row: Stored) -> None:
        """Note one sample that a machine said and return its place; see `Said`."""
        self.order.append(row.order)
        self.keys.append(row.key)
        self.times.append(row.time)
        self.received.append(row.received)
        self.status.append(row.status)
        self.empty.append(row.value is None)
        if row.plain:
            self.values.append(row.value)


@dataclass(frozen=True, slots=True, eq=False)
class Match:
    """Rows that somebody said, in the order of their offsets; `place` is among what was said."""

    place: Ints
    times: Ints
    received: Ints
    status: Ints
    empty: Bools


@dataclass(frozen=True, slots=True)
class Stored:
    """One sample as a record has it; `time` is the source's."""

    order: int
    key: int
    time: int
    received: int
    status: int
    value: Any
    plain: bool


@dataclass(frozen=True, slots=True)
class Sample:
    """One sample of a truth line; its key tells it from the others of its signal."""

    signal: int
    key: int
    value: Any


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


def samples_of(line: Mapping[str, Any]) -> Iterable[Sample]:
    """Give everything that a truth line says."""
    claimed = line.get("claimed", line["time"])
    time = line["time"] if claimed is None else claimed
    key = time if line.get("status", 0) != 0 else line.get("counter", 0)
    for first, last in line.get("runs", ()):
        for signal in range(first, last + 1):
            yield Sample(signal, key, None)
    for signal, value in line.get("values", ()):
        yield Sample(signal, time, value)
