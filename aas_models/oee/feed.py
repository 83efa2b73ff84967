"""Takes states and counts out of the batches of one machine, beside the path of its values."""

from __future__ import annotations

from typing import Any

import numpy as np

from aas_models.oee.compute import Effectiveness, Kpis
from aas_models.oee.shifts import Shifts
from aas_models.oee.timeline import Doing
from aas_models.values import Slots
from gateway.core.assets import OeePlan
from gateway.core.records import Batch, Gap
from gateway.core.times import bounded
from gateway.core.types import BAD, Value

NO_SLOT = -1


class OeeFeed:
    """The effectiveness of one machine; a Feed.

    Args:
        plan: which signals tell it.
    """

    def __init__(self, plan: OeePlan) -> None:
        self.plan = plan
        self._figures = Effectiveness(
            Shifts(plan.shifts, plan.breaks, plan.days), plan.ideal_cycle, plan.bad_counted
        )
        self._slots: tuple[int, int, int] = (NO_SLOT, NO_SLOT, NO_SLOT)

    def bind(self, slots: Slots) -> None:
        """Learn the slots of the device's signals; 0 has none of its own."""
        plan = self.plan
        found = [
            NO_SLOT if index is None else int(slots[index]) or NO_SLOT
            for index in (plan.state, plan.total, plan.second)
        ]
        self._slots = (found[0], found[1], found[2])

    def take(self, slots: Slots, batch: Batch) -> None:
        """Take a batch whose samples go to these slots."""
        state, total, second = self._slots
        times = bounded(batch.times, batch.received)
        for row in np.flatnonzero(slots == state).tolist():
            self._figures.state(int(times[row]), self._doing(batch, row))
        for slot, take in ((total, self._figures.produced), (second, self._figures.judged)):
            for row in np.flatnonzero(slots == slot).tolist():
                number = _number(_value(batch, row))
                if number is not None:
                    take(int(times[row]), number)

    def gap(self, gap: Gap) -> None:
        """Take a span in which samples are missing; what only a destination misses is no gap."""
        missing = gap.signals is None or self.plan.state in gap.signals
        if gap.reader is None and missing:
            self._figures.timeline.gap(gap.start, gap.end)

    def kpis(self, now: int, lost_since: int | None) -> Kpis | None:
        """Give the figures of the shift, see `Effectiveness.kpis`."""
        return self._figures.kpis(now, lost_since)

    def _doing(self, batch: Batch, row: int) -> Doing:
        value = _value(batch, row)
        if value is None:
            return Doing.UNKNOWN
        word = state_word(value)
        plan = self.plan
        if word in plan.running:
            return Doing.RUNNING
        if word in plan.planned_stop:
            return Doing.PLANNED_STOP
        return Doing.SETUP if word in plan.setup else Doing.STOPPED


def state_word(value: Value) -> str:
    """Give a value of a state tag as the text by which it is compared."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _value(batch: Batch, row: int) -> Value:
    if batch.status is not None and int(batch.status[row]) & BAD:
        return None
    value: Any = batch.values[row]
    given: Value = value.item() if isinstance(value, np.generic) else value
    return given


def _number(value: Value) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    number = float(value)
    return number if np.isfinite(number) else None
