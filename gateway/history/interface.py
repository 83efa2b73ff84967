"""What every history store can do: append, give back, forget."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple, Protocol

from gateway.core.records import Answer, Batch, Record
from gateway.core.signals import PlanTable, Signal
from gateway.core.types import UnixNs, Value

ROWS_MIN = 3
"""A page holds whole instants; one instant may have a good, an uncertain and a bad row."""


class Series(NamedTuple):
    """The values of one submodel element of one device; `asset` is the device's name."""

    asset: str
    submodel: str
    element: str

    @staticmethod
    def of(signal: Signal) -> Series:
        """Give the series to which this signal's samples belong."""
        return Series(signal.device, signal.submodel_id_short, signal.element)

    def __str__(self) -> str:
        return f"{self.asset}/{self.submodel}.{self.element}"


class Aggregate(StrEnum):
    """How many samples become one. Mean, min and max exist for numbers only."""

    MEAN = "mean"
    MIN = "min"
    MAX = "max"
    LAST = "last"
    COUNT = "count"


@dataclass(frozen=True, slots=True)
class Bucket:
    """Spans of `every` ns, counted from 1970-01-01 UTC, each reduced to one row."""

    every: int
    aggregate: Aggregate


@dataclass(frozen=True, slots=True)
class Rows:
    """Answer to a query, ascending in time.

    Raw rows: source time, value, full status code; a bad sample has the value None. Bucket rows:
    start of the bucket, the reduced value, status 0; buckets without a value are left out.
    `next_start` is where the next page begins, None when this is the last one.
    """

    times: list[int] = field(default_factory=list)
    values: list[Value] = field(default_factory=list)
    status: list[int] = field(default_factory=list)
    next_start: UnixNs | None = None

    def __len__(self) -> int:
        return len(self.times)


@dataclass(frozen=True, slots=True)
class Page:
    """Samples of one device as batches again, for sending them a second time.

    Covers [start asked for, `next_start`), or up to the end when `next_start` is None.
    """

    batches: tuple[Batch, ...] = ()
    next_start: UnixNs | None = None


@dataclass(frozen=True, slots=True)
class HistoryHealth:
    """State of a store. `oldest`, `newest` and `disk_bytes` are None where it cannot tell."""

    kind: str
    ready: bool
    note: str = ""
    oldest: UnixNs | None = None
    newest: UnixNs | None = None
    disk_bytes: int | None = None


class History(Protocol):
    """A store of samples by series and source time.

    Every method may raise SinkUnavailable; then nothing of the call counts.
    """

    kind: str

    async def append(self, records: Sequence[Record], *, epoch: str = "") -> Answer:
        """Store the samples of batches; other records are accepted and not kept. Durable on return.

        Appending the same records again changes nothing (I7). Of two samples of one series, one
        instant and one quality, the one with the greater offset stays, whatever came first.
        Cancel: stored or not; append again.
        """

    async def query(
        self,
        series: Series,
        start: UnixNs,
        end: UnixNs,
        *,
        limit: int,
        bucket: Bucket | None = None,
    ) -> Rows:
        """Give rows with start <= time < end, at most `limit` (never fewer than `ROWS_MIN`)."""

    async def series(self) -> list[Series]:
        """Give every series the store knows, sorted."""

    async def export(self, plan: PlanTable, start: UnixNs, end: UnixNs, *, limit: int) -> Page:
        """Give about `limit` samples of a device's signals, ascending in time, as batches."""

    async def retain(self, before: UnixNs) -> None:
        """Forget samples older than this; whole days at a time."""

    async def health(self) -> HistoryHealth:
        """Give the present state; never raises for a store that does not answer."""

    async def close(self) -> None:
        """Release files and connections; at most 5 s."""
