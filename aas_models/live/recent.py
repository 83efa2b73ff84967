"""The newest records of a device: a few batches are held back, records are made when asked for."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

import numpy as np

from aas_models.submodels.quality import quality_word
from aas_models.submodels.time_series import Entry, TimeRecord
from aas_models.values import Slots, lexical, token_of
from gateway.core.records import Batch, Gap
from gateway.core.signals import Signal
from gateway.core.times import bounded
from gateway.core.types import BAD

RECORDS_MAX = 100
ENTRIES_MAX = 400
"""So the submodel stays small whatever a device sends: a record of 500 values is given in part."""
BATCHES_MAX = 128
SAMPLES_MAX = 8_000
"""Samples held for one device, about 200 kB."""


class Recent:
    """Keeps the last batches of one device; a Feed."""

    def __init__(self) -> None:
        self._batches: deque[Batch] = deque(maxlen=BATCHES_MAX)
        self._held = 0

    def bind(self, slots: Slots) -> None:
        """Records are told apart by what their signals mean, not by slots."""

    def gap(self, gap: Gap) -> None:
        """A record that is missing is not shown; nothing stands in its place."""

    def take(self, slots: Slots, batch: Batch) -> None:  # noqa: ARG002 - a Feed
        """Take a batch; on the path of every value, so nothing is looked at."""
        batches = self._batches
        if len(batches) == BATCHES_MAX:
            self._held -= len(batches[0])
        batches.append(batch)
        self._held += len(batch)
        while self._held > SAMPLES_MAX and len(batches) > 1:
            self._held -= len(batches.popleft())

    def records(self, named: Mapping[str, Signal]) -> list[TimeRecord]:
        """Give the newest records, ascending in source time; a time that cannot be right is not
        taken.

        Args:
            named: the variables, see `time_series.variables`; others are left out.
        """
        by_place = {(s.submodel, s.element): (name, s) for name, s in named.items()}
        found: dict[int, dict[str, Entry]] = {}
        entries = 0
        for batch in reversed(self._batches):
            times = bounded(batch.times, batch.received)
            order = np.argsort(times, kind="stable")[::-1]
            for row in order.tolist():
                signal = batch.plan.signals[int(batch.signals[row])]
                known = by_place.get((signal.submodel, signal.element))
                if known is None:
                    continue
                at = found.setdefault(int(times[row]), {})
                if known[0] not in at:
                    at[known[0]] = _entry(known[0], known[1], batch, row)
                    entries += 1
            if len(found) >= RECORDS_MAX or entries >= ENTRIES_MAX:
                break
        return _newest(found)


def _newest(found: Mapping[int, Mapping[str, Entry]]) -> list[TimeRecord]:
    kept: list[TimeRecord] = []
    room = ENTRIES_MAX
    for time in sorted(found, reverse=True)[:RECORDS_MAX]:
        entries = tuple(found[time].values())[:room]
        kept.append(TimeRecord(time, entries))
        room -= len(entries)
        if room <= 0:
            break
    return kept[::-1]


def _entry(name: str, signal: Signal, batch: Batch, row: int) -> Entry:
    status = 0 if batch.status is None else int(batch.status[row])
    if status & BAD:
        return Entry(name, None, quality_word(status))
    value = batch.values[row]
    if isinstance(value, np.generic):
        value = float(str(value)) if isinstance(value, np.float32) else value.item()
    token = token_of(value, signal.value_type or "xs:string")
    return Entry(name, lexical(token) if token else None, quality_word(status))
