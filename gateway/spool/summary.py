"""What a stretch of records holds, without decoding it: counts, and for each plan what times and
which signals. With it a part can be given up, or found missing, and its gap records still be exact.

The times are what the sources claim, bounded: what cannot be right counts as the time of receipt,
so that no gap record reaches into another century.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gateway.core.records import Batch, Gap, Item, Rejected
from gateway.core.times import EARLIEST, STORE_AHEAD_NS, bounded
from gateway.core.types import Times, UnixNs
from gateway.spool.columns import SMALL
from gateway.spool.msgpack import packb, unpackb


class Totals(NamedTuple):
    """Counts of some records; bytes are those of the encoded records."""

    records: int = 0
    samples: int = 0
    bytes: int = 0

    def plus(self, other: Totals) -> Totals:
        """Add column by column."""
        return Totals(
            self.records + other.records, self.samples + other.samples, self.bytes + other.bytes
        )

    def minus(self, other: Totals) -> Totals:
        """Subtract column by column; a negative count says that somebody counted wrong."""
        return Totals(
            self.records - other.records, self.samples - other.samples, self.bytes - other.bytes
        )


NOTHING = Totals()


@dataclass(slots=True)
class PlanStretch:
    """Samples of one plan: how many, between which bounded source times, of which signals, and when
    the newest of them came by our clock (None: not known).
    """

    samples: int = 0
    start: int | None = None
    end: int | None = None
    few: set[int] = field(default_factory=set)
    many: NDArray[np.bool_] | None = None
    received: int | None = None

    def add(self, batch: Batch) -> bool:
        """Add a batch; False when it is empty."""
        length = len(batch.signals)
        if length == 0:
            return False
        self.samples += length
        if self.received is None or batch.received > self.received:
            self.received = batch.received
        low, high = time_range(batch.times)
        if low < EARLIEST or high > batch.received + STORE_AHEAD_NS:
            low, high = time_range(bounded(batch.times, batch.received))
        if self.start is None or low < self.start:
            self.start = low
        if self.end is None or high > self.end:
            self.end = high
        if length <= SMALL:
            self.few.update(batch.signals.tolist())
            return True
        if self.many is None:
            self.many = np.zeros(len(batch.plan.signals), np.bool_)
        self.many[batch.signals] = True
        return True

    def bounds(self, now: UnixNs) -> tuple[UnixNs, UnixNs]:
        """Give where a gap record over it begins and ends.

        Books that an earlier version wrote may hold anything a clock ever said; what cannot be
        right gives way to what is known besides.
        """
        known = self.received if self.received is not None else now
        end = self.end if self.end is not None and self._plausible(self.end, now) else known
        start = self.start if self.start is not None and self._plausible(self.start, now) else end
        return UnixNs(min(start, end)), UnixNs(end)

    def plausible(self, now: UnixNs) -> bool:
        """Tell whether `bounds` are those of the samples."""
        return all(self._plausible(each, now) for each in (self.start, self.end))

    @staticmethod
    def _plausible(at: int | None, now: UnixNs) -> bool:
        return at is not None and EARLIEST <= at <= now + STORE_AHEAD_NS

    def merge(self, other: PlanStretch) -> None:
        """Widen the stretch by another of the same plan."""
        self.samples += other.samples
        for low, high in ((other.start, other.end),):
            if low is not None and high is not None:
                self.start = low if self.start is None else min(self.start, low)
                self.end = high if self.end is None else max(self.end, high)
        if other.received is not None:
            self.received = max(other.received, self.received or other.received)
        self.few |= set(other.signals())

    def signals(self) -> list[int]:
        """Give the indices of the signals, ascending."""
        found = set(self.few)
        if self.many is not None:
            found.update(np.flatnonzero(self.many).tolist())
        return sorted(found)


def time_range(times: Times) -> tuple[int, int]:
    """Give the lowest and the highest of at least one time."""
    if len(times) <= SMALL:
        plain = times.tolist()
        return min(plain), max(plain)
    return int(times.min()), int(times.max())


@dataclass(slots=True)
class Summary:
    """Counts of the whole stretch; `plans` by the number a plan has in its file.

    `rejected` counts messages that could not be read, `dropped` samples that gap records of sources
    say are missing, `requeued` what was put back from quarantine (and is not new).
    """

    totals: Totals = NOTHING
    rejected: int = 0
    dropped: int = 0
    requeued: Totals = NOTHING
    plans: dict[int, PlanStretch] = field(default_factory=dict)

    def add(self, item: Item, plan: int, size: int, *, requeued: bool = False) -> None:
        """Add one record."""
        self.add_all(((item, plan, size, requeued),))

    def add_all(self, records: Iterable[tuple[Item, int, int, bool]]) -> list[Batch]:
        """Add records as (item, plan, bytes, requeued); give the batches that hold samples."""
        found = []
        count = samples = total = 0
        for item, plan, size, requeued in records:
            count += 1
            total += size
            length = 0
            if isinstance(item, Batch):
                length = len(item.signals)
                samples += length
                stretch = self.plans.get(plan)
                if stretch is None:
                    stretch = self.plans[plan] = PlanStretch()
                if stretch.add(item):
                    found.append(item)
            else:
                self._add_other(item)
            if requeued:
                self.requeued = self.requeued.plus(Totals(1, length, size))
        self.totals = self.totals.plus(Totals(count, samples, total))
        return found

    def _add_other(self, item: Item) -> None:
        if isinstance(item, Rejected):
            self.rejected += 1
        elif isinstance(item, Gap) and item.reader is None:
            self.dropped += item.count or 0

    def merge(self, other: Summary) -> None:
        """Add another stretch of the same file, whose plans have the same numbers."""
        self.totals = self.totals.plus(other.totals)
        self.rejected += other.rejected
        self.dropped += other.dropped
        self.requeued = self.requeued.plus(other.requeued)
        for plan, stretch in other.plans.items():
            self.plans.setdefault(plan, PlanStretch()).merge(stretch)

    def pack(self) -> bytes:
        """Give the durable form; when samples came is kept beside it, see `part.RECEIVED`."""
        plans = {
            plan: [each.samples, each.start, each.end, each.signals()]
            for plan, each in self.plans.items()
        }
        return packb([self.totals, self.rejected, self.dropped, self.requeued, plans])

    @staticmethod
    def unpack(data: bytes) -> Summary:
        """Read what `pack` wrote.

        Raises:
            ValueError: it is something else.
        """
        fields: list[Any] = unpackb(data)
        totals, rejected, dropped, requeued, plans = fields
        stretches = {
            plan: PlanStretch(samples, start, end, set(signals))
            for plan, (samples, start, end, signals) in plans.items()
        }
        return Summary(Totals(*totals), rejected, dropped, Totals(*requeued), stretches)
