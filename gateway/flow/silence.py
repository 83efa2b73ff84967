"""Signals that never say anything: a wrong topic or an item without a value must not look fine."""

from __future__ import annotations

import numpy as np

from gateway.core.records import Batch
from gateway.core.signals import PlanTable
from gateway.core.types import BAD, UnixNs
from gateway.ops.health import DeviceHealth, DeviceState

NO_VALUE_YET = "no-value-yet"
SILENT_S = 30.0
"""Longer than any usual period, and short enough for whoever stands before the machine."""
CONNECTED = frozenset({DeviceState.GOOD, DeviceState.PARTLY})


class Silence:
    """Which signals of one device had a value since the gateway runs.

    Args:
        plan: the signals.
        seldom: those (by index) that may be silent for long.
        health: where the silent ones are noted.
        before: the same under the configuration before this one; who spoke then is not silent.
    """

    def __init__(
        self,
        plan: PlanTable,
        seldom: frozenset[int],
        health: DeviceHealth,
        before: Silence | None = None,
    ) -> None:
        self._plan = plan
        self._health = health
        self._silent = np.ones(len(plan.signals), np.bool_)
        self._silent[list(seldom)] = False
        if before is not None:
            self._follow(before)
        self._any = bool(self._silent.any())
        self._noted = False
        self._connected_at: float | None = None

    def _follow(self, before: Silence) -> None:
        for signal in before._plan.signals:
            known = self._health.bad.get(signal.name)
            if known is not None and known.reason == NO_VALUE_YET:
                self._health.signal_good(signal.name, known.since)
        spoke = {s.source for s in before._plan.signals if not before._silent[s.index]}
        for signal in self._plan.signals:
            if signal.source in spoke:
                self._silent[signal.index] = False

    def broken_by(self, batch: Batch) -> None:
        """Take note of who spoke; once everybody has, this costs nothing. Bad says nothing."""
        if not self._any:
            return
        signals = batch.signals
        if batch.status is not None:
            signals = signals[(batch.status & np.uint32(BAD)) == 0]
        if self._noted:
            for signal in np.unique(signals[self._silent[signals]]).tolist():
                name = self._plan.signals[signal].name
                self._health.signal_good(name, batch.received, NO_VALUE_YET)
        self._silent[signals] = False
        self._any = bool(self._silent.any())

    def look(self, now: float, at: UnixNs) -> None:
        """Note who is silent although the device has been connected for long enough."""
        if not self._any or self._noted:
            return
        if self._health.state not in CONNECTED:
            self._connected_at = None
        elif self._connected_at is None:
            self._connected_at = now
        elif now - self._connected_at >= SILENT_S:
            self._noted = True
            for signal in np.flatnonzero(self._silent).tolist():
                entry = self._plan.signals[signal]
                if entry.name not in self._health.bad:
                    self._health.signal_bad(entry.name, NO_VALUE_YET, at, entry.source)
