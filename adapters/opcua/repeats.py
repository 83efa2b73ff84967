"""Drops what a server says a second time after a cut: the value that is stored already.

A session that is taken up again goes on where it stood, but some servers begin with the current
value of every item once more. Such a sample is no news where time, status and value are those of
the last one that was handed over; a time alone says nothing, because it may stand still. What a
new subscription begins with is always kept: nobody knows what was between.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gateway.core.records import Batch
from gateway.core.signals import PlanTable

LOOKS_MAX = 200
"""Batches after a cut in which repeats are looked for: a server that repeats begins with it."""
WAITING_MAX = 8
BAD = np.uint32(0x80000000)
_LIST = "list"
_Places = NDArray[np.int64]


def same_value(one: Any, other: Any) -> bool:
    """Compare values as stored: by type, NaN equal to itself, lists and structures inside, too."""
    if type(one) is not type(other):
        return False
    if isinstance(one, float):
        return one == other or (math.isnan(one) and math.isnan(other))
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same_value, one, other))
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same_value(one[key], other[key]) for key in one)
    return bool(one == other)


@dataclass(slots=True)
class _Last:
    """The newest sample of each signal, as columns.

    Batches wait until somebody asks or `WAITING_MAX` of them do: a stream brings the same signals
    again and again, and then only the last one is ever taken apart.
    """

    size: int
    times: NDArray[np.int64] = field(init=False)
    status: NDArray[np.uint32] = field(init=False)
    dates: NDArray[np.int64] = field(init=False)
    """When the message was published that had it, by our clock; 0: none yet."""
    kinds: NDArray[np.int8] = field(init=False)
    """In which column its value stands; -1 where there is none to compare with."""
    columns: list[tuple[str, Any]] = field(default_factory=list)
    """Bits of the values by their type; one column for what is no number. At most 12."""

    _waiting: list[tuple[Batch, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.times = np.zeros(self.size, np.int64)
        self.status = np.zeros(self.size, np.uint32)
        self.dates = np.zeros(self.size, np.int64)
        self.kinds = np.full(self.size, -1, np.int8)

    def _column(self, name: str, values: Any) -> int:
        for place, (known, _) in enumerate(self.columns):
            if known == name:
                return place
        made = [None] * self.size if name == _LIST else np.zeros(self.size, _bits(values).dtype)
        self.columns.append((name, made))
        return len(self.columns) - 1

    def note(self, batch: Batch, date: int) -> None:
        """Take a batch over; of a signal that stands in it more than once the last counts."""
        signals, waiting = batch.signals, self._waiting
        for place, (other, _) in enumerate(waiting):
            if len(other) == len(batch) and bool((other.signals == signals).all()):
                del waiting[place]
                break
        else:
            if len(waiting) >= WAITING_MAX:
                self.settle()
        waiting.append((batch, date))

    def settle(self) -> None:
        """Take apart what waits."""
        for batch, date in self._waiting:
            self._take(batch, date)
        self._waiting.clear()

    def _take(self, batch: Batch, date: int) -> None:
        signals, values = batch.signals, batch.values
        self.dates[signals] = date
        if batch.received_time:
            self.kinds[signals] = -1  # its time says when it came: never a repeat
            return
        self.times[signals] = batch.times
        self.status[signals] = 0 if batch.status is None else batch.status
        name = _LIST if isinstance(values, list) else values.dtype.str
        place = self._column(name, values)
        self.kinds[signals] = place
        column = self.columns[place][1]
        if isinstance(values, list):
            for signal, value in zip(signals.tolist(), values, strict=True):
                column[signal] = value
        else:
            column[signals] = _bits(values)

    def same(self, batch: Batch, rows: _Places) -> NDArray[np.bool_]:
        """Say of which rows time, status and value are those of the last sample of the signal."""
        self.settle()
        signals, values = batch.signals[rows], batch.values
        status = np.zeros(len(rows), np.uint32) if batch.status is None else batch.status[rows]
        known_times = self.times[signals] == batch.times[rows]
        alike: NDArray[np.bool_] = known_times & (self.status[signals] == status)
        alike &= self.kinds[signals] >= 0
        name = _LIST if isinstance(values, list) else values.dtype.str
        for place in np.flatnonzero(alike & (status < BAD)):  # a Bad sample has no value
            signal, row = int(signals[place]), int(rows[place])
            known, column = self.columns[self.kinds[signal]]
            if known != name:
                alike[place] = False
            elif isinstance(values, list):
                alike[place] = same_value(column[signal], values[row])
            else:
                alike[place] = bool(column[signal] == _bits(values[row : row + 1])[0])
        return alike

    def copy(self) -> _Last:
        """Give an independent copy."""
        return self.moved(np.arange(self.size))

    def moved(self, old: _Places) -> _Last:
        """Give it for other signals; `old` are their places here, -1 for new ones."""
        self.settle()
        made, known = _Last(len(old)), old >= 0
        for name in ("times", "status", "dates", "kinds"):
            getattr(made, name)[known] = getattr(self, name)[old[known]]
        for name, values in self.columns:
            if isinstance(values, list):
                column: Any = [values[place] if place >= 0 else None for place in old.tolist()]
            else:
                column = np.zeros(len(old), values.dtype)
                column[known] = values[old[known]]
            made.columns.append((name, column))
        return made


def _bits(values: NDArray[np.generic]) -> NDArray[np.generic]:
    """Give floats as whole numbers of the same bits, so that NaN equals itself."""
    return values.view(f"u{values.itemsize}") if values.dtype.kind == "f" else values


class Repeats:
    """The newest durable sample of each signal of one device, through its connections."""

    def __init__(self, plan: PlanTable) -> None:
        self._plan = plan
        self._durable = _Last(len(plan.signals))
        self._handed: _Last | None = None
        """As `_durable`, with what was fetched again; None where no repeats are looked for."""
        self._fresh = np.zeros(len(plan.signals), np.bool_)
        self._looks = 0

    def begin(self, plan: PlanTable, *, resumed: bool) -> None:
        """Start a connection; signals of another plan are found by their source."""
        self.follow(plan)
        self._handed = self._durable.copy() if resumed else None
        self._fresh[:] = resumed
        self._looks = LOOKS_MAX

    def follow(self, plan: PlanTable) -> None:
        """Go on with another plan of the same device."""
        if plan is self._plan:
            return
        place = {signal.source: signal.index for signal in self._plan.signals}
        old = np.array([place.get(signal.source, -1) for signal in plan.signals], np.int64)
        self._durable = self._durable.moved(old)
        if self._handed is not None:
            self._handed = self._handed.moved(old)
        fresh, self._fresh = self._fresh, np.zeros(len(old), np.bool_)
        self._fresh[old >= 0] = fresh[old[old >= 0]]
        self._plan = plan

    def newest(
        self, pending: Sequence[tuple[Sequence[Batch], int]]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Give date (our clock) and source time of each signal's newest sample; 0, 0: none yet.

        `pending` are messages with their dates that are not durable yet, oldest first.
        """
        self._durable.settle()
        dates, times = self._durable.dates.copy(), self._durable.times.copy()
        for batches, date in pending:
            for batch in batches:
                if batch.plan is self._plan:
                    dates[batch.signals], times[batch.signals] = date, batch.times
        return dates, times

    def note(self, batches: Sequence[Batch], date: int) -> None:
        """Learn from samples that were fetched again and are handed over now."""
        if self._handed is not None:
            for batch in batches:
                self._handed.note(batch, date)

    def without(self, batches: Sequence[Batch]) -> list[Batch]:
        """Give the batches without first samples after a cut that were handed over before it."""
        handed = self._handed
        if handed is None:
            return list(batches)
        left = [self._filtered(batch, handed) for batch in batches]
        self._looks -= len(batches)
        if self._looks <= 0 or not self._fresh.any():
            self._handed = None
        return [batch for batch in left if len(batch)]

    def _filtered(self, batch: Batch, handed: _Last) -> Batch:
        signals = batch.signals
        _, first = np.unique(signals, return_index=True)
        first = first[self._fresh[signals[first]]]
        self._fresh[signals] = False
        if batch.received_time or not len(first):
            return batch
        old = first[handed.same(batch, first)]
        if not len(old):
            return batch
        keep = np.ones(len(signals), np.bool_)
        keep[old] = False
        values = batch.values
        return replace(
            batch,
            signals=signals[keep],
            times=batch.times[keep],
            values=values[keep]
            if isinstance(values, np.ndarray)
            else [values[place] for place in np.flatnonzero(keep)],
            status=None if batch.status is None else batch.status[keep],
            server_times=None if batch.server_times is None else batch.server_times[keep],
        )

    def note_durable(self, batches: Sequence[Batch], date: int) -> None:
        """Learn from samples of one message that are durable now, in the order of the messages."""
        for batch in batches:
            if batch.plan is self._plan:
                self._durable.note(batch, date)
