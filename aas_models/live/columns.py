"""What is known of each slot: the newest sample in columns, written batch by batch."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from aas_models.values import Slots, ValueColumns
from gateway.core.records import Batch
from gateway.core.types import BAD, Column, Offset, UnixNs

if TYPE_CHECKING:
    from aas_models.live.routes import Route

NO_TIME = -(2**63)
LISTED = -1
"""Stands for the number of a NumPy type where a column is a list."""
Stamps = tuple[int | NDArray[np.int64], int | NDArray[np.int64]]
"""Offset and receive time of a batch, or of each of its values."""
Waiting = tuple[Offset, Batch, "Route"]
"""A small batch that is not stored yet, and where its samples go."""


class SlotColumns:
    """What is known of each slot: columns of the same length."""

    def __init__(self, size: int) -> None:
        self.values = ValueColumns(size)
        self.raw = ValueColumns(size)
        self.status = np.zeros(size, np.uint32)
        self.times = np.zeros(size, np.int64)
        self.server_times = np.full(size, NO_TIME, np.int64)
        self.received = np.zeros(size, np.int64)
        self.offsets = np.zeros(size, np.int64)
        self.versions = np.zeros(size, np.int64)
        # What no batch ever had needs no clearing: a batch of one value costs a third less.
        self.has_raw = self.has_status = self.has_server_times = False

    def store(self, slots: Slots, batch: Batch, stamps: Stamps, version: int) -> None:
        self.values.put(slots, batch.values)
        self.times[slots] = batch.times
        self.offsets[slots], self.received[slots] = stamps
        self.versions[slots] = version
        if self.has_raw or batch.raw is not None:
            self._store_raw(slots, batch)
        if self.has_server_times or batch.server_times is not None:
            given = batch.server_times
            self.server_times[slots] = NO_TIME if given is None else given
            self.has_server_times = True
        if self.has_status or batch.status is not None:
            self._store_status(slots, batch)

    def _store_raw(self, slots: Slots, batch: Batch) -> None:
        self.has_raw = True
        if batch.raw is None:
            self.raw.clear(slots)
        else:
            self.raw.put(slots, batch.raw)

    def _store_status(self, slots: Slots, batch: Batch) -> None:
        self.has_status = True
        self.status[slots] = 0 if batch.status is None else batch.status
        final = self.status[slots]  # a slot may come twice: only its last status counts
        self.values.clear(slots[(final & BAD) != 0])

    def server_time(self, slot: int) -> UnixNs:
        """Give the server's time, which is the source's where the server says no other."""
        given = int(self.server_times[slot])
        return UnixNs(int(self.times[slot]) if given == NO_TIME else given)

    def take_over(self, old: SlotColumns, to: Slots, source: Slots) -> None:
        self.values.take_over(old.values, to, source)
        self.raw.take_over(old.raw, to, source)
        self.has_raw, self.has_status = old.has_raw, old.has_status
        self.has_server_times = old.has_server_times
        names = ("status", "times", "server_times", "received", "offsets", "versions")
        for name in names:
            getattr(self, name)[to] = getattr(old, name)[source]


def alike(waiting: Sequence[Waiting], begin: int) -> int:
    """Find the end of a run that can be stored as one: same table and type, nothing but values."""
    _, first, route = waiting[begin]
    end = begin
    number = first.values.dtype.num if isinstance(first.values, np.ndarray) else LISTED
    for _, batch, to in itertools.islice(waiting, begin, None):
        if to is not route or batch.status is not None or batch.raw is not None:
            break
        values = batch.values
        kind = values.dtype.num if isinstance(values, np.ndarray) else LISTED
        if kind != number or batch.server_times is not None:
            break
        end += 1
    return max(end, begin + 1)


def joined(run: Sequence[Waiting]) -> tuple[Batch, Stamps]:
    """Make one batch of a run; the stamps are then those of each of its values."""
    offset, first, _ = run[0]
    if len(run) == 1:
        return first, (offset, first.received)
    batches = [batch for _, batch, _ in run]
    counts = [len(batch.signals) for batch in batches]
    values: Column
    if isinstance(first.values, np.ndarray):
        values = np.concatenate([batch.values for batch in batches])
    else:
        values = list(chain.from_iterable(batch.values for batch in batches))
    joined = Batch(
        first.plan,
        np.concatenate([batch.signals for batch in batches]),
        np.concatenate([batch.times for batch in batches]),
        values,
        first.received,
    )
    offsets = np.repeat(np.array([offset for offset, _, _ in run], np.int64), counts)
    received = np.repeat(np.array([batch.received for batch in batches], np.int64), counts)
    return joined, (offsets, received)
