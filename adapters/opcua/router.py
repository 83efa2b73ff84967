"""Client handles to signals, columns of handles to batches of the plan."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from adapters.opcua.decode import LIST, Column
from adapters.opcua.elements import Elements
from adapters.opcua.transport import FILETIME_OF_1970
from gateway.core.records import Batch
from gateway.core.signals import PlanTable
from gateway.core.types import Signals, Statuses, Times, UnixNs, Value

OVERFLOW_MASK, OVERFLOW = 0x0C80, 0x0480
"""InfoType DataValue and the overflow bit. Source: OPC UA Part 4 §7.39.1, table 175."""
_TICKS_MAX = FILETIME_OF_1970 + (1 << 63) // 100 - 1
_TICKS_MIN = FILETIME_OF_1970 - (1 << 63) // 100 + 1
DENSE_MAX = 1 << 20
"""Handles further apart are searched: those of a process before this one may be far from ours."""


def unix_ns(ticks: NDArray[np.int64]) -> Times:
    """Give 100 ns since 1601 as ns since 1970, cut off where 64 bits end."""
    if len(ticks) and (ticks.max() > _TICKS_MAX or ticks.min() < _TICKS_MIN):
        ticks = np.clip(ticks, _TICKS_MIN, _TICKS_MAX)
    times: Times = (ticks - FILETIME_OF_1970) * 100
    return times


@dataclass(slots=True)
class _Part:
    """Rows of one kind that share where their times come from."""

    kind: str
    rows: NDArray[np.int64]
    signals: Signals
    times: Times
    values: NDArray[np.generic] | list[Value]
    status: Statuses | None
    server: Times | None
    received: bool

    def take(self, keep: NDArray[np.bool_]) -> _Part:
        values = self.values
        return _Part(
            self.kind,
            self.rows[keep],
            self.signals[keep],
            self.times[keep],
            [values[place] for place in np.flatnonzero(keep)]
            if isinstance(values, list)
            else values[keep],
            None if self.status is None else self.status[keep],
            None if self.server is None else self.server[keep],
            self.received,
        )


class Router:
    """Which signal each client handle of this connection is; swapped at once by a reload."""

    def __init__(self, plan: PlanTable) -> None:
        self.plan = plan
        self._first = 0
        self._index: NDArray[np.int32] = np.empty(0, np.int32)
        self._sorted: NDArray[np.int64] | None = None
        self._elements = Elements((), 0)
        self.foreign = 0

    def assign(
        self,
        pairs: Iterable[tuple[int, int]],
        plan: PlanTable,
        elements: Iterable[tuple[int, int]] = (),
    ) -> None:
        """Take pairs of handle and signal index with their plan, forgetting all others.

        `elements` are pairs of signal index and which element of an array value it is.
        """
        known = list(pairs)
        self.plan = plan
        self._elements = Elements(elements, len(plan.signals))
        if not known:
            self._index, self._sorted = np.empty(0, np.int32), None
            return
        self._sorted = None
        self._first = min(handle for handle, _ in known)
        size = max(handle for handle, _ in known) - self._first + 1
        if size > DENSE_MAX:
            known.sort()
            self._sorted = np.array([handle for handle, _ in known], np.int64)
            self._index = np.array([signal for _, signal in known], np.int32)
            return
        index = np.full(size, -1, np.int32)
        for handle, signal in known:
            index[handle - self._first] = signal
        self._index = index

    def signal(self, handle: int) -> int:
        """Give the signal of one handle, -1 when it is not ours."""
        if self._sorted is not None:
            return int(self._looked_up(np.array([handle], np.uint32))[0])
        place = handle - self._first
        return int(self._index[place]) if 0 <= place < len(self._index) else -1

    def _signals(self, handles: NDArray[np.uint32]) -> Signals:
        if not len(self._index):
            return np.full(len(handles), -1, np.int32)
        if self._sorted is not None:
            return self._looked_up(handles)
        place = handles - np.uint32(self._first)  # wraps around below the first: far out of range
        if int(place.max(initial=0)) < len(self._index):
            found: Signals = self._index[place]
            return found
        inside = place < len(self._index)
        return np.where(inside, self._index[np.where(inside, place, 0)], np.int32(-1))

    def _looked_up(self, handles: NDArray[np.uint32]) -> Signals:
        assert self._sorted is not None
        place = np.minimum(np.searchsorted(self._sorted, handles), len(self._sorted) - 1)
        return np.where(self._sorted[place] == handles, self._index[place], np.int32(-1))

    def batches(self, kinds: Sequence[Sequence[Column]], received: UnixNs) -> list[Batch]:
        """Give batches, one for each kind of value; the order inside each signal is kept."""
        parts = [
            part
            for columns in kinds
            for column in columns
            for part in self._timed(column, received)
            if len(part.signals)
        ]
        groups: dict[tuple[str, bool], list[_Part]] = {}
        for part in parts:
            groups.setdefault((part.kind, part.received), []).append(part)
        if len(groups) > 1 and self._mixed(list(groups.values())):
            made = [self._batch([part], received) for part in _in_order(parts)]
        else:
            made = [self._batch(group, received) for group in groups.values()]
        return [self._elements.picked(batch) for batch in made]

    def _mixed(self, groups: list[list[_Part]]) -> bool:
        """Say whether a signal stands in more than one group: then they may not be merged."""
        owner = np.full(len(self.plan.signals), -1, np.int8)
        for number, group in enumerate(groups):
            for part in group:
                held = owner[part.signals]
                if ((held != -1) & (held != number)).any():
                    return True
            for part in group:
                owner[part.signals] = number
        return False

    def _timed(self, column: Column, received: UnixNs) -> list[_Part]:
        """Give the rows with their times: of the source, else of the server, else of receipt."""
        signals = self._signals(column.handles)
        times, missing = _times(column)
        server = None
        both = column.source is not None and column.server is not None
        if both and not np.array_equal(column.source, column.server):  # type: ignore[arg-type]  # checked above
            server = unix_ns(column.server)  # type: ignore[arg-type]  # checked above
        if missing is not None:
            times = np.where(missing, received, times)
            server = None
        part = _Part(
            column.kind, column.rows, signals, times, column.values, column.status, server, False
        )
        if signals.min(initial=0) < 0:
            ours = signals >= 0
            self.foreign += len(signals) - int(ours.sum())
            if missing is not None:
                missing = missing[ours]
            part = part.take(ours)
        if missing is None or not missing.any():
            return [part]
        late = part.take(missing)
        late.received = True
        return [part.take(~missing), late]

    def _batch(self, parts: list[_Part], received: UnixNs) -> Batch:
        one = parts[0] if len(parts) == 1 else _merged(parts)
        status = one.status if one.status is not None and one.status.any() else None
        return Batch(
            plan=self.plan,
            signals=one.signals,
            times=one.times,
            values=one.values,
            received=received,
            status=None if status is None else np.ascontiguousarray(status),
            server_times=one.server,
            received_time=one.received,
        )


def _times(column: Column) -> tuple[Times, NDArray[np.bool_] | None]:
    """Give times in ns, and where there are none (None: nowhere missing)."""
    source, server = column.source, column.server
    if source is None:
        source, server = server, None
    if source is None:
        return np.zeros(len(column.rows), np.int64), np.ones(len(column.rows), np.bool_)
    if source.min(initial=1) > 0:
        return unix_ns(source), None
    ticks = source if server is None else np.where(source == 0, server, source)
    missing = ticks == 0
    return unix_ns(ticks), missing if missing.any() else None


def _merged(parts: list[_Part]) -> _Part:
    first = parts[0]
    status = server = None
    if any(part.status is not None for part in parts):
        status = np.concatenate(
            [
                np.zeros(len(part.rows), np.uint32) if part.status is None else part.status
                for part in parts
            ]
        )
    if any(part.server is not None for part in parts):
        server = np.concatenate(
            [part.times if part.server is None else part.server for part in parts]
        )
    return _Part(
        first.kind,
        np.concatenate([part.rows for part in parts]),
        np.concatenate([part.signals for part in parts]),
        np.concatenate([part.times for part in parts]),
        [value for part in parts for value in part.values]
        if first.kind == LIST
        else np.concatenate([np.asarray(part.values) for part in parts]),
        status,
        server,
        first.received,
    )


def _in_order(parts: list[_Part]) -> list[_Part]:
    """Cut parts into rows and put together again what stands next to each other in arrival."""
    rows = sorted(
        (int(row), number, place)
        for number, part in enumerate(parts)
        for place, row in enumerate(part.rows)
    )
    pieces: list[tuple[int, list[int]]] = []
    for _, number, place in rows:
        if not pieces or pieces[-1][0] != number:
            pieces.append((number, []))
        pieces[-1][1].append(place)
    cut: list[_Part] = []
    for number, places in pieces:
        keep = np.zeros(len(parts[number].rows), np.bool_)
        keep[places] = True
        cut.append(parts[number].take(keep))
    return cut
