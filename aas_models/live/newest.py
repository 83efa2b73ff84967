"""The newest values: owns the columns, and the small batches that wait to be stored together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from aas_models.live.columns import SlotColumns, Waiting, alike, joined
from aas_models.live.routes import Route, Routes
from aas_models.values import Slots, Writers
from gateway.core.records import Batch, Gap, Record

SMALL = 64
WAITING_MAX = 256
"""So at most 16,384 values wait."""


class NewestValues:
    """The columns of all slots. Its properties change nothing; `bring_in` stores what waits.

    Args:
        routes: tell where the samples of a batch go.
    """

    def __init__(self, routes: Routes) -> None:
        self._routes = routes
        self._columns = SlotColumns(1)
        self._writers = Writers([None])
        self._stored = 0
        self._waiting: list[Waiting] = []

    @property
    def version(self) -> int:
        """How many batches have come."""
        return self._stored + len(self._waiting)

    @property
    def columns(self) -> SlotColumns:
        """The columns as they are stored, without what waits."""
        return self._columns

    def on_records(self, records: Sequence[Record]) -> None:
        """Take what was just committed; a RecordListener, on the path of every value.

        Small batches wait until somebody looks or `WAITING_MAX` of them are there: together they
        cost a quarter of what they cost one by one.
        """
        known = self._routes.known
        for record in records:
            item = record.item
            if not isinstance(item, Batch):
                if isinstance(item, Gap):
                    self._routes.gap(item)
                continue
            route = known.get(id(item.plan)) or self._routes.learn(item.plan)
            if route is None:
                continue
            size = len(item.signals)
            if size >= SMALL:
                self.bring_in()
                self._store(route, item, (record.offset, item.received), 1)
            elif size:
                self._waiting.append((record.offset, item, route))
                if len(self._waiting) >= WAITING_MAX:
                    self.bring_in()

    def bring_in(self) -> None:
        """Store what waits, runs of like batches as one."""
        if not self._waiting:
            return
        waiting, self._waiting = self._waiting, []
        begun = 0
        while begun < len(waiting):
            end = alike(waiting, begun)
            self._store(waiting[begun][2], *joined(waiting[begun:end]), end - begun)
            begun = end

    def _store(
        self,
        route: Route,
        batch: Batch,
        stamps: tuple[int | NDArray[np.int64], int | NDArray[np.int64]],
        count: int,
    ) -> None:
        self._stored += count
        slots = route.slots[batch.signals]
        for take in route.takes:
            take(slots, batch)
        self._columns.store(slots, batch, stamps, self._stored)

    def rearrange(
        self, value_types: Sequence[str | None], to: Sequence[int], source: Sequence[int]
    ) -> None:
        """Make columns for other signals; nothing may wait.

        Args:
            value_types: of the signal of each slot.
            to: slots whose values stay.
            source: where each of these was.
        """
        assert not self._waiting
        made = SlotColumns(len(value_types))
        made.take_over(self._columns, np.array(to, np.intp), np.array(source, np.intp))
        self._columns = made
        self._writers = Writers(value_types)

    def retype(self, slot: int, value_type: str | None) -> None:
        """Write a slot as another type from now on."""
        self._writers.change(slot, value_type)

    def tokens(self, slots: Slots) -> list[bytes]:
        """Write the stored values of slots in value-only form, b"" where there is none."""
        return self._columns.values.tokens(slots, self._writers)
