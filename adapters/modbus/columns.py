"""What was read in one cycle, as batches: one for each kind of value."""

from __future__ import annotations

import numpy as np

from adapters.modbus.decode import Columns
from gateway.core.records import Batch
from gateway.core.signals import PlanTable
from gateway.core.types import Column, Statuses, UnixNs

TEXTS = ""


class Cycle:
    """Answers since the last delivery; bounded by the blocks of a plan, which are all in one."""

    def __init__(self) -> None:
        self._kinds: dict[str, list[tuple[Columns, UnixNs]]] = {}
        self._last = UnixNs(0)

    def add(self, columns: Columns, at: UnixNs) -> None:
        """Take values of one kind that were so at a time."""
        values = columns.values
        kind = values.dtype.name if isinstance(values, np.ndarray) else TEXTS
        self._kinds.setdefault(kind, []).append((columns, at))

    def batches(self, plan: PlanTable, received: UnixNs) -> list[Batch]:
        """Give what was taken, and begin anew."""
        kinds, self._kinds = self._kinds, {}
        return [_batch(parts, plan, received) for parts in kinds.values()]


def _batch(parts: list[tuple[Columns, UnixNs]], plan: PlanTable, received: UnixNs) -> Batch:
    times = [np.full(len(columns.signals), at, np.int64) for columns, at in parts]
    one = len(parts) == 1
    return Batch(
        plan=plan,
        signals=parts[0][0].signals if one else np.concatenate([c.signals for c, _ in parts]),
        times=times[0] if one else np.concatenate(times),
        values=_values([columns.values for columns, _ in parts]),
        received=received,
        status=_status([columns for columns, _ in parts]),
        received_time=True,
    )


def _values(parts: list[Column]) -> Column:
    if len(parts) == 1:
        return parts[0]
    arrays = [part for part in parts if isinstance(part, np.ndarray)]
    if arrays:
        return np.concatenate(arrays)
    return [value for part in parts for value in part]


def _status(parts: list[Columns]) -> Statuses | None:
    if all(part.status is None for part in parts):
        return None
    return np.concatenate(
        [
            np.zeros(len(part.signals), np.uint32) if part.status is None else part.status
            for part in parts
        ]
    )
