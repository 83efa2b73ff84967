"""The spool's promises without a disk: a model for tests, and for runs that may forget."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field

from gateway.core.accounts import DeviceAccount
from gateway.core.errors import SpoolError, SpoolUnavailable
from gateway.core.protocols import ReaderState, RecordListener
from gateway.core.records import Answer, Batch, Gap, Item, Record
from gateway.core.signals import PlanTable
from gateway.core.types import Offset, UnixNs
from gateway.spool.codec import item_time
from gateway.spool.counts import DeviceAccounts, DeviceCounts, count_item
from gateway.spool.cursor import Cursor


@dataclass(slots=True)
class _Place:
    cursor: Cursor = field(default_factory=Cursor)
    delivered: int = 0
    quarantine: dict[int, str] = field(default_factory=dict)


class MemorySpool:
    """See `gateway.core.protocols.Spool`. Everything is kept until the object goes: no limits."""

    def __init__(self, listener: RecordListener | None = None) -> None:
        self.epoch = str(uuid.uuid4())
        self.records: list[Record] = []
        self._listener = listener
        self._places: dict[str, _Place] = {}
        self._waiters: list[tuple[int, asyncio.Future[None]]] = []
        self._closed = False
        self.accounts = DeviceAccounts()

    async def append(self, items: Sequence[Item]) -> Offset:
        """Store items; see the protocol. Never full."""
        await asyncio.sleep(0)  # like a disk, it lets others go first
        if self._closed:
            raise SpoolUnavailable("closed")
        new = [Record(Offset(self.head() + 1 + place), item) for place, item in enumerate(items)]
        self.records += new
        counts: DeviceCounts = {}
        for item in items:
            count_item(counts, item)
        self.accounts.add(counts, {})
        for place in self._places.items():
            self._skip_foreign(*place)
        if self._listener is not None and new:
            self._listener(new)
        for beyond, future in self._waiters:
            if beyond < self.head() and not future.done():
                future.set_result(None)
        return self.head()

    async def reader(self, name: str) -> MemoryReader:
        """Open the reader of this name."""
        place = self._places.setdefault(name, _Place())
        self._skip_foreign(name, place)
        return MemoryReader(self, name)

    async def forget_reader(self, name: str) -> None:
        """Remove a reader with its cursor and quarantine."""
        self._places.pop(name, None)

    def head(self) -> Offset:
        """Give the newest offset, 0 when there is none."""
        return Offset(len(self.records))

    def last_received(self) -> dict[str, UnixNs]:
        """Give when the newest samples of each device came."""
        newest: dict[str, UnixNs] = {}
        for item in (record.item for record in self.records):
            if isinstance(item, Batch) and len(item):
                device = item.plan.device
                newest[device] = max(newest.get(device, item.received), item.received)
        return newest

    def account(self, device: str) -> DeviceAccount:
        """Give the one account of a device."""
        return self.accounts.account(device)

    def plans(self) -> dict[str, PlanTable]:
        """Give the newest plan table of each device."""
        return {
            record.item.plan.device: record.item.plan
            for record in self.records
            if isinstance(record.item, Batch)
        }

    async def close(self) -> None:
        """End waiting readers."""
        self._closed = True
        for _, future in self._waiters:
            if not future.done():
                future.set_exception(SpoolUnavailable("closed"))

    def place(self, name: str) -> _Place:
        """Give a reader's books."""
        if name not in self._places:
            raise SpoolError("unknown-reader", name)
        return self._places[name]

    def for_reader(self, name: str) -> list[Record]:
        """Give every record that is meant for a reader."""
        return [record for record in self.records if addressee(record.item) in (None, name)]

    async def wait(self, beyond: int) -> None:
        """See `Reader.wait`."""
        if self.head() > beyond:
            return
        if self._closed:
            raise SpoolUnavailable("closed")
        waiter = (beyond, asyncio.get_running_loop().create_future())
        self._waiters.append(waiter)
        try:
            await waiter[1]
        finally:
            self._waiters.remove(waiter)

    def _skip_foreign(self, name: str, place: _Place) -> None:
        for record in self.records[place.cursor.position - 1 :]:
            if addressee(record.item) not in (None, name):
                place.cursor.add(record.offset, record.offset, forced=True)


def addressee(item: Item) -> str | None:
    """Give the only reader an item is meant for, None when it is for all."""
    return item.reader if isinstance(item, Gap) else None


class MemoryReader:
    """See `gateway.core.protocols.Reader`."""

    def __init__(self, spool: MemorySpool, name: str) -> None:
        self.name = name
        self._spool = spool

    async def read(
        self, start: Offset, limit_records: int, limit_bytes: int, last: Offset | None = None
    ) -> list[Record]:
        """Give unsettled records; a record counts as 100 bytes and 20 a sample."""
        taken: list[Record] = []
        cursor = self._spool.place(self.name).cursor
        for record in self._spool.records[max(start - 1, 0) : last]:
            if cursor.is_settled(record.offset):
                continue
            samples = len(record.item) if isinstance(record.item, Batch) else 0
            limit_bytes -= 100 + 20 * samples
            if len(taken) >= limit_records or (taken and limit_bytes < 0):
                break
            taken.append(record)
        return taken

    async def wait(self, beyond: Offset) -> None:
        """Return when there is a record beyond an offset."""
        await self._spool.wait(beyond)

    async def settle(self, answer: Answer) -> None:
        """Move the cursor."""
        place, head = self._spool.place(self.name), self._spool.head()
        mine = {record.offset for record in self._spool.for_reader(self.name)}
        for first, last in answer.accepted:
            for low, high in place.cursor.add(max(first, 1), min(last, head)):
                place.delivered += sum(low <= offset <= high for offset in mine)
        for refusal in answer.refused:
            offset = refusal.offset
            if offset in mine and not place.cursor.is_settled(offset):
                place.cursor.add(offset, offset, forced=True)
                place.quarantine[offset] = refusal.reason

    def give_back(self, records: Sequence[Record]) -> None:
        """Nothing is ever given up here, so nothing needs to be in hand."""

    def state(self) -> ReaderState:
        """Give the place and counts."""
        place = self._spool.place(self.name)
        waiting = [
            record
            for record in self._spool.for_reader(self.name)
            if not place.cursor.is_settled(record.offset)
        ]
        return ReaderState(
            self.name, Offset(place.cursor.position), place.cursor.intervals(), len(waiting),
            len(place.quarantine), place.delivered, 0,
            item_time(waiting[0].item) if waiting else None,
            sum(len(each.item) for each in waiting if isinstance(each.item, Batch)),
            spooled=len(self._spool.for_reader(self.name)),
        )  # fmt: skip
