"""Putting records into the newest part, and the newest part's records into every account."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from gateway.core.records import Batch, Gap, Item, Record
from gateway.core.types import Offset, UnixNs
from gateway.ops.sqlite import transaction
from gateway.spool.account import ReaderAccount
from gateway.spool.codec import Payload, StoredRow, frame, item_plan
from gateway.spool.counts import count_item
from gateway.spool.part import ActivePart
from gateway.spool.store import Store
from gateway.spool.summary import Totals
from gateway.spool.tail import TailEntry

OFFSETS_RESERVED = 1_000_000
"""Offsets are reserved by this many, so that even a lost part's offsets are not used again."""

ROW_OVERHEAD = 48
COMMIT_OVERHEAD = 32_768
"""What a row, and a commit with its mark and index pages, may take beside the bodies."""


class Entry(NamedTuple):
    """An item on its way into the log."""

    item: Item
    payload: Payload
    reader: str | None = None
    requeued: bool = False


def entry_of(store: Store, item: Item) -> Entry:
    """Encode an item; a gap that names a reader goes to that reader alone."""
    return Entry(item, store.encoder.encode(item), item.reader if isinstance(item, Gap) else None)


def room_for(entries: Iterable[Entry]) -> int:
    """Give the bytes that entries may take in a file."""
    return COMMIT_OVERHEAD + sum(len(entry.payload.data) + ROW_OVERHEAD for entry in entries)


def commit(store: Store, entries: Sequence[Entry], outbox: int | None = None) -> None:
    """Write entries in one transaction and take them into the books."""
    if not entries:
        return
    _prepare(store, room_for(entries), len(entries))
    active, first = store.active, store.next
    with transaction(active.connection):
        rows = [_row(store, first + place, entry, active) for place, entry in enumerate(entries)]
        active.insert(rows)
        batches = active.chunk.add_all(
            (entry.item, row.plan, len(row.body), entry.requeued)
            for entry, row in zip(entries, rows, strict=True)
        )
        last = first + len(rows) - 1
        marked = active.mark_due(last)
        if marked:
            active.write_mark(last)
        if outbox is not None:
            active.connection.execute(
                "UPDATE meta SET value=? WHERE key='outbox'", (outbox_mark(store, outbox),)
            )
    if marked:
        active.marked_now(last)
    active.next = store.next = last + 1
    _count(store, entries, last)
    _book(store, entries, rows)
    for batch in batches:
        _note_device(store, batch)


def outbox_mark(store: Store, number: int) -> str:
    """Name an outbox entry inside a part; another epoch counts its entries from 1 again."""
    return f"{store.state.epoch} {number}"


def _row(store: Store, offset: int, entry: Entry, active: ActivePart) -> StoredRow:
    table = item_plan(entry.item)
    if table is not None:
        store.tables[table.digest] = table
    return frame(offset, entry.payload, active.plan_number(table), entry.reader)


def _prepare(store: Store, size: int, count: int) -> None:
    active = store.active
    if active.last >= active.first and active.size() + size > store.settings.part_limit:
        store.rotate()
    if store.next + count > store.state.reserved:
        store.state.reserve(store.next + count + OFFSETS_RESERVED)
    limit = max(store.settings.part_limit, size) * 2 // 4096 + 64
    store.active.connection.pragma("max_page_count", limit)


def _count(store: Store, entries: Sequence[Entry], last: int) -> None:
    """Count what was committed: for each reader for ever, for each device until it is told."""
    for_all = Totals(
        sum(not entry.reader for entry in entries),
        sum(entry.payload.samples for entry in entries if not entry.reader),
    )
    for account in store.readers.values():
        account.stored = account.stored.plus(for_all)
        account.upto = last
    for entry in entries:
        if not entry.reader:
            count_item(store.counted, entry.item)
        elif entry.reader in store.readers:
            account = store.readers[entry.reader]
            account.stored = account.stored.plus(Totals(1, entry.payload.samples))


def _book(store: Store, entries: Sequence[Entry], rows: Sequence[StoredRow]) -> None:
    """Take committed rows into the books; what is for every reader is counted once."""
    samples = size = 0
    shared = 0
    for entry, row in zip(entries, rows, strict=True):
        length = len(row.body)
        store.index.add(row.samples, length)
        record = Record(Offset(row.offset), entry.item)
        store.published.append(TailEntry(record, row.reader, length))
        if row.reader:
            _note_addressed(store, row, length)
        else:
            shared += 1
            samples += row.samples
            size += length
    if shared:
        oldest = UnixNs(next(row.at for row in rows if not row.reader))
        _note_pending(store.readers.values(), Totals(shared, samples, size), oldest)


def _note_addressed(store: Store, row: StoredRow, size: int) -> None:
    assert row.reader is not None
    store.addressed[row.offset] = (row.reader, row.samples, size)
    one = Totals(1, row.samples, size)
    for account in store.readers.values():
        if row.reader == account.name:
            _note_pending((account,), one, UnixNs(row.at))
        else:
            account.cursor.add(row.offset, row.offset, forced=True)


def _note_pending(accounts: Iterable[ReaderAccount], new: Totals, oldest: UnixNs) -> None:
    for account in accounts:
        if account.pending.records == 0:
            account.oldest = oldest
        account.pending = account.pending.plus(new)


def _note_device(store: Store, batch: Batch) -> None:
    newest = store.devices.get(batch.plan.device, (batch.plan, None))[1]
    if newest is None or batch.received > newest:
        newest = batch.received
    store.devices[batch.plan.device] = (batch.plan, newest)
