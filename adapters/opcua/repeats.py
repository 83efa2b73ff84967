"""Drops what a server says a second time after a reconnect: the value that did not change since.

A new subscription, and for some servers a session that moved, begins with the current value of
every item. Where that is the sample that is durable already (same source time, same status), it is
no news and would stand in the history twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from gateway.core.records import Batch
from gateway.core.signals import PlanTable

STILL_LOOKS = 200
"""Batches of a connection in which times that stand still are looked for."""


class Repeats:
    """Newest durable source time of each signal of one device, through its connections.

    A signal whose source time stood still while values came is never filtered: its time says
    nothing.
    """

    def __init__(self, plan: PlanTable) -> None:
        self._plan = plan
        self._durable = np.zeros(len(plan.signals), np.int64)
        self._still = np.zeros(len(plan.signals), np.bool_)
        self._fresh = np.ones(len(plan.signals), np.bool_)
        self._newest = np.zeros(len(plan.signals), np.int64)
        self._looks = 0

    def begin(self, plan: PlanTable) -> None:
        """Start a connection; signals of another plan are found by their source."""
        self.follow(plan)
        self._fresh[:] = True
        self._newest[:] = 0
        self._looks = STILL_LOOKS

    def follow(self, plan: PlanTable) -> None:
        """Go on with another plan of the same device."""
        if plan is self._plan:
            return
        place = {signal.source: signal.index for signal in self._plan.signals}
        old = np.array([place.get(signal.source, -1) for signal in plan.signals], np.int64)
        known = old >= 0
        for name in ("_durable", "_still", "_fresh", "_newest"):
            before: NDArray[np.generic] = getattr(self, name)
            after = np.full(len(old), name == "_fresh").astype(before.dtype)
            after[known] = before[old[known]]
            setattr(self, name, after)
        self._plan = plan

    def newest(self, signal: int) -> int:
        """Give a source time of a signal from which on nothing was read yet, 0 if not known."""
        return int(max(self._newest[signal], self._durable[signal]))

    def note(self, batches: Sequence[Batch]) -> None:
        """Learn from samples that were fetched again and are handed over now."""
        for batch in batches:
            self._newest[batch.signals] = batch.times

    def without(self, batches: Sequence[Batch], *, moved: bool) -> list[Batch]:
        """Give the batches without first samples of this connection that are durable already.

        `moved` says that these are the first ones of a session that was taken up again: what was
        just fetched again is a repeat then, too.
        """
        if not moved and not self._fresh.any():
            return list(batches)
        kept = [self._filtered(batch, moved=moved) for batch in batches]
        for batch in batches:
            self._fresh[batch.signals] = False
        return [batch for batch in kept if len(batch)]

    def _filtered(self, batch: Batch, *, moved: bool) -> Batch:
        if batch.received_time:
            return batch
        signals = batch.signals
        old = self._fresh[signals] & (batch.times == self._durable[signals])
        if moved:
            old |= batch.times == self._newest[signals]
        old &= ~self._still[signals]
        if batch.status is not None:
            old &= batch.status < np.uint32(0x40000000)
        if not old.any():
            return batch
        keep = ~old
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

    def note_durable(self, batches: Sequence[Batch]) -> None:
        """Learn from samples that are durable now."""
        for batch in batches:
            if batch.plan is not self._plan or batch.received_time:
                continue
            if self._looks > 0:
                self._looks -= 1
                same = self._durable[batch.signals] == batch.times
                self._still[batch.signals[same]] = True
            if batch.status is None:
                self._durable[batch.signals] = batch.times
            else:
                good = batch.status < np.uint32(0x40000000)
                self._durable[batch.signals[good]] = batch.times[good]
