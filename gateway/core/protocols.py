"""What the rooms promise one another. Everyone knows these; nobody knows a neighbour."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NoReturn, Protocol

from gateway.core.accounts import DeviceAccount
from gateway.core.records import Answer, Batch, Gap, Item, Record, Refusal, Rejected
from gateway.core.signals import PlanTable
from gateway.core.types import Offset, UnixNs


class Intake(Protocol):
    """Where an adapter hands over what it read."""

    async def deliver(self, items: Sequence[Batch | Gap | Rejected]) -> None:
        """Return once every item is durable: awaiting *is* the acknowledgement (I1).

        Waits as long as the spool cannot write; that is the back-pressure. Several calls may wait
        at once; they share one commit and become durable in the order of the calls.
        Cancel: the items are wholly stored or wholly absent; do not acknowledge.
        """

    def last_received(self) -> UnixNs | None:
        """Give when the newest durable samples of this device came, by our clock; None: never.

        After a restart of the gateway it tells where a `gateway-down` gap begins.
        """


class Adapter(Protocol):
    """One device's connection."""

    async def run(self, intake: Intake) -> NoReturn:
        """Connect, deliver until the connection ends, then raise; the runner owns retry.

        One call is one connection. Protocol acknowledgements are sent only after `deliver`
        returned. What cannot be had is delivered as a Gap before the data that follows it.

        Raises:
            SourceUnavailable: connect, read or liveness failed; try again.
            SourceRejected: certificate, login or address: a person must act.
        Cancel: closes the connection within 5 s.
        """

    async def apply(self, source: Any) -> bool:
        """Take a new source description of the same device while running.

        Returns True when it was taken over without a new connection (only changed signals were
        touched), False when the runner has to start a new adapter.
        """


class Sink(Protocol):
    """A destination. It only writes; spool, retry and cursor belong to the forwarder."""

    name: str

    async def write(self, epoch: str, records: Sequence[Record]) -> Answer:
        """Write records (ascending offsets, at most what the forwarder's limits say) and answer.

        Writing the same records twice changes nothing at the destination (I7).

        Raises:
            SinkUnavailable: nothing of this write counts.
        Cancel: the write may or may not have arrived; it will be sent again.
        """

    async def close(self) -> None:
        """Release connections; at most 5 s."""


@dataclass(frozen=True, slots=True)
class ReaderState:
    """A reader's place, for `status` and the conservation counters. All counts are records."""

    name: str
    position: Offset
    """Everything below it is settled."""
    settled: tuple[tuple[int, int], ...]
    """Inclusive ranges settled beyond the position."""
    pending: int
    quarantined: int
    delivered: int
    expired: int
    oldest_pending: UnixNs | None
    pending_samples: int = 0
    pending_bytes: int = 0
    spooled: int = 0
    """What was stored for the reader, counted by whoever stored it."""
    unexplained_samples: int = 0
    """By how many samples that count and the reader's own differ."""

    def balanced(self) -> bool:
        """Tell whether what was stored is what became of it: the conservation law."""
        parts = (self.delivered, self.pending, self.quarantined, self.expired)
        return sum(parts) == self.spooled and min(parts) >= 0 and self.unexplained_samples == 0


class Reader(Protocol):
    """One destination's view of the spool; its cursor is durable.

    What `read` gave is *in hand* until it is settled or given back. Whatever the quota demands in
    the meantime, the spool keeps it and declares none of it missing (I4, I6): the destination may
    have it, although nobody answered. So what was sent without an answer stays in hand and is sent
    again, after a restart as well, until there is one.
    """

    name: str

    async def read(
        self, start: Offset, limit_records: int, limit_bytes: int, last: Offset | None = None
    ) -> list[Record]:
        """Give unsettled records from `start` on, ascending, without waiting; may be empty.

        None lies beyond `last`. They are in hand; reading a range again does not add to that.
        """

    def give_back(self, records: Sequence[Record]) -> None:
        """Let go of records, given by one read, that were not sent or were answered for.

        Call it for what an answer neither accepts nor refuses, too: it is not at the destination.
        Never for a write without an answer. Settled records need not be given back.
        """

    async def wait(self, beyond: Offset) -> None:
        """Return when a record with an offset greater than `beyond` is durable."""

    async def settle(self, answer: Answer) -> None:
        """Move the cursor over what was accepted and put what was refused into quarantine.

        Cursor and quarantine change in one transaction (I5). Durable on return.
        """

    def state(self) -> ReaderState:
        """Give the present place and counts; cheap, no disk."""


class Spool(Protocol):
    """The durable log between machines and destinations."""

    epoch: str

    async def append(self, items: Sequence[Item]) -> Offset:
        """Store items in this order with rising offsets and return the last one once durable.

        Raises:
            SpoolFull, SpoolUnavailable: nothing of this call was stored.
        Cancel: wholly stored or wholly absent.
        """

    async def reader(self, name: str) -> Reader:
        """Open the reader of this name, at the oldest kept record when it is new."""

    def head(self) -> Offset:
        """Give the offset of the newest durable record, 0 when there is none."""

    def last_received(self) -> dict[str, UnixNs]:
        """Give when the newest durable samples of each device came, by our clock."""

    def account(self, device: str) -> DeviceAccount:
        """Give the one account of a device; the intake counts its side of it."""

    def plans(self) -> dict[str, PlanTable]:
        """Give the newest plan table stored for each device."""

    async def close(self) -> None:
        """Commit what waits, then release files and lock."""


class RecordListener(Protocol):
    """Sees every record right after its commit, in order, on the event loop; must not block."""

    def __call__(self, records: Sequence[Record]) -> None: ...


__all__ = [
    "Adapter",
    "Intake",
    "Reader",
    "ReaderState",
    "RecordListener",
    "Refusal",
    "Sink",
    "Spool",
]
