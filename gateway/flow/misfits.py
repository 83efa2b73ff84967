"""Values that could not be converted as their tag says: the sample is Bad, and somebody must hear.

A text with another unit than the declared one, a state that `values` does not name, a number that
does not fit `type`. The raw value is kept; without a note only the history would show it.
"""

from __future__ import annotations

import numpy as np

from gateway.core.records import Batch
from gateway.core.signals import PlanTable
from gateway.core.types import BAD_TYPE_MISMATCH, UnixNs
from gateway.ops.health import DeviceHealth

VALUE_MISFIT = "value-misfit"
QUIET_NS = 30 * 10**9
"""So long after the last one a value that fits ends the note: values by turns must not flicker."""
AGAIN_NS = 10**9
"""The same signal is written down once a second."""
TEXT_MAX = 40


class Misfits:
    """Which signals of one device had values that did not fit."""

    def __init__(self, plan: PlanTable, health: DeviceHealth) -> None:
        self._names = [signal.name for signal in plan.signals]
        self._health = health
        self._last: dict[int, int] = {}
        self._noted: dict[int, int] = {}
        for index, name in enumerate(self._names):
            known = health.bad.get(name)
            if known is not None and known.reason == VALUE_MISFIT:
                self._last[index] = known.since

    def look_at(self, batch: Batch) -> None:
        """Take note of a batch that was mapped; one where all fits costs next to nothing."""
        now = int(batch.received)
        wrong = None
        if batch.status is not None and batch.raw is not None:
            wrong = batch.status == BAD_TYPE_MISMATCH
            for place in np.flatnonzero(wrong).tolist():
                self._misfit(int(batch.signals[place]), batch.raw[place], now)
        if self._last:
            fits = batch.signals if wrong is None else batch.signals[~wrong]
            for index in self._last.keys() & set(fits.tolist()):
                self._fits(index, now)

    def _misfit(self, index: int, raw: object, now: int) -> None:
        self._last[index] = now
        if now - self._noted.get(index, 0) >= AGAIN_NS:
            self._noted[index] = now
            text = "".join(c if c.isprintable() else "·" for c in str(raw)[:TEXT_MAX])
            self._health.signal_bad(self._names[index], VALUE_MISFIT, UnixNs(now), text)

    def _fits(self, index: int, now: int) -> None:
        if now - self._last[index] >= QUIET_NS:
            del self._last[index]
            self._health.signal_good(self._names[index], UnixNs(now), VALUE_MISFIT)
