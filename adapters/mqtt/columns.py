"""Values as they came out of messages into batches of columns.

JSON numbers become one float64 column, bools another, the rest a list. A signal whose values in one
burst are of different kinds stays together in the list, so that its samples keep their order.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from gateway.core.records import Batch
from gateway.core.signals import PlanTable
from gateway.core.types import BAD, UnixNs

NUMBER, FLAG, OTHER = range(3)
_NUMBERS_ONLY = ({float}, {int}, {float, int})
EXACT_MAX = 2**53
"""Integers up to here are the same as doubles; a larger one stays an integer, in a list."""
INT64_FIRST, UINT64_END = -(2.0**63), 2.0**64


class InexactError(Exception):
    """A double beyond 64 bits: it may have been an integer that the fast parser rounded."""


class Rows:
    """Samples in order of arrival; `received_time` when none of them has a time of its own.

    `marks` are the status codes of those that are not Good, by their place: mostly none.
    """

    __slots__ = ("marks", "received_time", "signals", "times", "values")

    def __init__(self, received_time: bool) -> None:
        self.received_time = received_time
        self.values: list[Any] = []
        self.signals: list[int] = []
        self.times: list[int] = []
        self.marks: dict[int, int] = {}

    def mark(self, first: int, status: int) -> None:
        """Give the samples from a place on this status, unless they have a worse one."""
        for place in range(first, len(self.values)):
            if self.marks.get(place, 0) < status:
                self.marks[place] = status

    def batches(self, plan: PlanTable, received: UnixNs, *, exact: bool) -> list[Batch]:
        """Give the samples as batches, as few as their types allow.

        Raises:
            InexactError: only where the values are not known to be `exact`.
        """
        if not self.values:
            return []
        types = set(map(type, self.values))
        if types in _NUMBERS_ONLY:
            low, high = min(self.values), max(self.values)
            if -EXACT_MAX <= low <= high <= EXACT_MAX or (exact and int not in types):
                numbers = np.array(self.values, np.float64)
                status = self._status() if self.marks else None
                return [self._batch(plan, received, numbers, status)]
        if not exact and _beyond_64_bits(self.values):
            raise InexactError
        return [
            part.as_kind(kind, plan, received)
            for kind, part in enumerate(self._split())
            if part.values
        ]

    def as_kind(self, kind: int, plan: PlanTable, received: UnixNs) -> Batch:
        """Give the samples, all of one kind, as one batch; a null has no value and is Bad."""
        status = self._status()
        if kind == NUMBER:
            numbers = [np.nan if value is None else value for value in self.values]
            return self._batch(plan, received, np.array(numbers, np.float64), status)
        if kind == FLAG:
            return self._batch(plan, received, np.array(self.values, np.bool_), status)
        return self._batch(plan, received, list(map(_structure, self.values)), status)

    def _status(self) -> Any:
        """Give the column of status codes, None when all is Good."""
        empty = [value is None for value in self.values]
        if not self.marks and not any(empty):
            return None
        status = np.where(empty, np.uint32(BAD), np.uint32(0))
        for place, code in self.marks.items():
            if code >= BAD or not empty[place]:
                status[place] = code
        return status

    def _batch(self, plan: PlanTable, received: UnixNs, values: Any, status: Any = None) -> Batch:
        return Batch(
            plan=plan,
            signals=np.array(self.signals, np.int32),
            times=np.array(self.times, np.int64),
            values=values,
            received=received,
            status=status,
            received_time=self.received_time,
        )

    def _split(self) -> tuple[Rows, Rows, Rows]:
        kinds = _kind_of_signals(zip(self.signals, self.values, strict=True))
        parts = (Rows(self.received_time), Rows(self.received_time), Rows(self.received_time))
        if self.marks:
            self._hand_out_marks([parts[kinds[signal]] for signal in self.signals])
        for signal, time, value in zip(self.signals, self.times, self.values, strict=True):
            part = parts[kinds[signal]]
            part.signals.append(signal)
            part.times.append(time)
            part.values.append(value)
        return parts

    def _hand_out_marks(self, owners: Sequence[Rows]) -> None:
        counts: dict[int, int] = {}
        for place, part in enumerate(owners):
            own = counts[id(part)] = counts.get(id(part), -1) + 1
            if place in self.marks:
                part.marks[own] = self.marks[place]


def _kind_of_signals(samples: Iterable[tuple[int, Any]]) -> dict[int, int]:
    kinds: dict[int, int] = {}
    for signal, value in samples:
        kind = _kind(value)
        if kinds.setdefault(signal, kind) != kind:
            kinds[signal] = OTHER
    return kinds


def _kind(value: Any) -> int:
    kind = type(value)
    if kind is float or value is None or (kind is int and -EXACT_MAX <= value <= EXACT_MAX):
        return NUMBER
    return FLAG if kind is bool else OTHER


def _beyond_64_bits(value: Any) -> bool:
    """Tell whether a double is as large as an integer that was rounded to it would be.

    Arrays and structures are looked through, without recursion: they may be 1,024 deep.
    """
    waiting = [value]
    while waiting:
        one = waiting.pop()
        kind = type(one)
        if kind is float:
            if one <= INT64_FIRST or one >= UINT64_END:
                return True
        elif kind is list:
            waiting += one
        elif kind is dict:
            waiting += one.values()
    return False


def _structure(value: Any) -> Any:
    """A JSON object is a structure; those that name no type are called `json`."""
    return {"@type": "json", **value} if type(value) is dict else value
