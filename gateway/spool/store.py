"""The spool's files and everything that is done with them, on one thread, without waiting.

The writer thread owns a `Store`; tests drive it directly. Every method may raise one of
`database.DISK_ERRORS` or `CORRUPT_ERRORS`: after that nothing here is to be believed until `load`
has read the files again, because a failed sync must not be tried again on the same connection.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import apsw

from gateway.core.clock import Clock
from gateway.core.records import Batch, Item, Record, accepted_ranges
from gateway.core.signals import PlanTable
from gateway.core.types import Offset, UnixNs
from gateway.ops.events import spool as events
from gateway.ops.sqlite import DISK_ERRORS, connect_read_only, file_size, remove_database, shut
from gateway.spool.catalog import SizeIndex, Span, overlapping
from gateway.spool.codec import BATCH, Decoder, Encoder, Payload, Row, frame, item_plan
from gateway.spool.counts import DeviceCounts, count_item
from gateway.spool.leases import LANES, SHARE, Leases
from gateway.spool.part import (
    ActivePart,
    create_part,
    measure,
    part_name,
    plan_digest,
    read_plan,
)
from gateway.spool.state import Ledger, PartRow, StateFile
from gateway.spool.summary import NOTHING, Summary, Totals
from gateway.spool.tail import TailEntry

OFFSETS_RESERVED = 1_000_000
"""Offsets are set aside by this many, so that even a lost part's offsets are not used again."""

LOG_BYTES = 8_000_000
LOG_BYTES_MAX = 64 * 1024 * 1024
"""The write-ahead log is folded in at the first size, and cut back above the second."""

STATE_LOG_BYTES = 1_000_000
ROW_OVERHEAD = 48
COMMIT_OVERHEAD = 32_768
"""What a row, and a commit with its mark and index pages, may take beside the bodies."""

BALLAST_FILE = "ballast"
KEEP_FILE = "keep.db"


@dataclass(frozen=True, slots=True)
class Settings:
    """Limits of a store; `vfs` and `synchronous` exist for tests."""

    quota_bytes: int
    part_bytes: int = 128_000_000
    vfs: str | None = None
    synchronous: str = "FULL"

    @property
    def part_limit(self) -> int:
        """Give the size of a part: small enough that giving one up costs an eighth of the quota."""
        return max(min(self.part_bytes, self.quota_bytes // 8), 128 * 1024)

    @property
    def log_limit(self) -> int:
        """Give the length from which a log is folded in.

        On a full disk that takes as much space again, which the ballast must be able to give.
        """
        return min(LOG_BYTES, self.part_limit // 4, self.ballast // 2)

    @property
    def ballast(self) -> int:
        return min(2 * LOG_BYTES, self.quota_bytes // 32)


class Entry(NamedTuple):
    """An item on its way into the log."""

    item: Item
    payload: Payload
    reader: str | None = None
    requeued: bool = False


@contextmanager
def transaction(connection: apsw.Connection) -> Iterator[None]:
    """Commit at the end, roll back on an error."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            try:
                connection.execute("ROLLBACK")
            except apsw.Error:
                connection.interrupt()  # the caller closes it; the first error is the one to tell
        raise


class Store:
    """See the module. `load` (in `recovery`) fills every field."""

    state: StateFile
    active: ActivePart
    index: SizeIndex

    def __init__(self, folder: Path, clock: Clock, settings: Settings) -> None:
        self.folder = folder
        self.clock = clock
        self.settings = settings
        self.encoder = Encoder()
        self.decoder = Decoder()
        self.sealed: dict[int, PartRow] = {}
        self.spans: tuple[Span, ...] = ()
        self.kept: list[tuple[int, int]] = []
        self.kept_samples: list[int] = []
        """Offsets in the file of kept records that hold samples; see `leases`."""
        self.leases = Leases()
        self.keep: ActivePart | None = None
        self.ledgers: dict[str, Ledger] = {}
        self.addressed: dict[int, tuple[str, int, int]] = {}
        self.devices: dict[str, tuple[PlanTable, int | None]] = {}
        self.tables: dict[str, PlanTable] = {}
        self.sealed_summary = Summary()
        self.set_aside_bytes = 0
        self._ballast_size = 0
        self.next = 1
        self.published: list[TailEntry] = []
        self.counted: DeviceCounts = {}
        self.unlinked: list[int] = []

    # -- appending ------------------------------------------------------------------------------

    def commit(self, entries: Sequence[Entry], outbox: int | None = None) -> None:
        """Write entries in one transaction and take them into the books."""
        if not entries:
            return
        self._prepare(room_for(entries), len(entries))
        active, first = self.active, self.next
        with transaction(active.connection):
            rows = [self._row(first + place, entry, active) for place, entry in enumerate(entries)]
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
                    "UPDATE meta SET value=? WHERE key='outbox'", (self.outbox_mark(outbox),)
                )
        if marked:
            active.marked_now(last)
        active.next = self.next = last + 1
        self._count(entries, last)
        self._book(entries, rows)
        for batch in batches:
            self._note_device(batch)

    def outbox_mark(self, number: int) -> str:
        return f"{self.state.epoch} {number}"

    def _row(self, offset: int, entry: Entry, active: ActivePart) -> Row:
        table = item_plan(entry.item)
        if table is not None:
            self.tables[table.digest] = table
        return frame(offset, entry.payload, active.plan_number(table), entry.reader)

    def _prepare(self, size: int, count: int) -> None:
        active = self.active
        if active.last >= active.first and active.size() + size > self.settings.part_limit:
            self.rotate()
        if self.next + count > self.state.reserved:
            self.state.reserve(self.next + count + OFFSETS_RESERVED)
        limit = max(self.settings.part_limit, size) * 2 // 4096 + 64
        self.active.connection.pragma("max_page_count", limit)

    def _count(self, entries: Sequence[Entry], last: int) -> None:
        """Count what was committed: for each reader for ever, for each device until it is told."""
        for_all = Totals(
            sum(not entry.reader for entry in entries),
            sum(entry.payload.samples for entry in entries if not entry.reader),
        )
        for ledger in self.ledgers.values():
            ledger.stored = ledger.stored.plus(for_all)
            ledger.upto = last
        for entry in entries:
            if not entry.reader:
                count_item(self.counted, entry.item)
            elif entry.reader in self.ledgers:
                ledger = self.ledgers[entry.reader]
                ledger.stored = ledger.stored.plus(Totals(1, entry.payload.samples))

    def _book(self, entries: Sequence[Entry], rows: Sequence[Row]) -> None:
        """Take committed rows into the books; what is for every reader is counted once."""
        samples = size = 0
        shared = 0
        for entry, row in zip(entries, rows, strict=True):
            length = len(row.body)
            self.index.add(row.samples, length)
            record = Record(Offset(row.offset), entry.item)
            self.published.append(TailEntry(record, row.reader, length))
            if row.reader:
                self._note_addressed(row, length)
            else:
                shared += 1
                samples += row.samples
                size += length
        if shared:
            oldest = UnixNs(next(row.at for row in rows if not row.reader))
            self._note_pending(self.ledgers.values(), Totals(shared, samples, size), oldest)

    def _note_addressed(self, row: Row, size: int) -> None:
        assert row.reader is not None
        self.addressed[row.offset] = (row.reader, row.samples, size)
        one = Totals(1, row.samples, size)
        for ledger in self.ledgers.values():
            if row.reader == ledger.name:
                self._note_pending((ledger,), one, UnixNs(row.at))
            else:
                ledger.cursor.add(row.offset, row.offset, forced=True)

    @staticmethod
    def _note_pending(ledgers: Iterable[Ledger], new: Totals, oldest: UnixNs) -> None:
        for ledger in ledgers:
            if ledger.pending.records == 0:
                ledger.oldest = oldest
            ledger.pending = ledger.pending.plus(new)

    def _note_device(self, batch: Batch) -> None:
        newest = self.devices.get(batch.plan.device, (batch.plan, None))[1]
        if newest is None or batch.received > newest:
            newest = batch.received
        self.devices[batch.plan.device] = (batch.plan, newest)

    def fold_log(self, *, idle: bool) -> None:
        """Move the write-ahead logs into their files when they are long, or nobody is busy."""
        log = self.active.log
        if log.bytes >= LOG_BYTES_MAX or (idle and log.file_bytes):
            if not idle:
                events.log_grown(log.bytes)
            log.cut()
        elif log.bytes >= self.settings.log_limit:
            log.fold()
        for each in (self.state, self.keep):
            size = each.log.file_bytes if each is not None else 0
            if each and (size >= min(STATE_LOG_BYTES, self.settings.log_limit) or (idle and size)):
                each.log.cut()

    def finish(self, *, loaded: bool) -> None:
        """Leave the files so that the next start has least to do; never raises."""
        try:
            if loaded:
                if self.active.chunk.totals.records:
                    with transaction(self.active.connection):
                        self.active.write_mark(self.active.last)
                self.fold_log(idle=True)
        except DISK_ERRORS as error:
            events.spool_unavailable(type(error).__name__, str(error))
        self.close_files()

    # -- parts ----------------------------------------------------------------------------------

    def rotate(self) -> None:
        """Seal the part being written and begin the next one."""
        first = self.next
        path = self.folder / part_name(first)
        create_part(path, first, self.state.epoch, self.settings.vfs, self.settings.synchronous)
        row = seal(self.active)
        with transaction(self.state.connection):
            self.state.save_part(row)
            self.state.save_part(PartRow(first))
            self._save_books(row)
        self.sealed[row.first] = row
        self.sealed_summary.merge(row.summary)
        self.sealed_summary.plans = {}
        self.tables = {table.digest: table for table, _ in self.devices.values()}
        self.active = self.open_active(path, first)
        self.refresh_spans()

    def open_active(self, path: Path, first: int) -> ActivePart:
        return ActivePart(path, first, vfs=self.settings.vfs, synchronous=self.settings.synchronous)

    def _save_books(self, row: PartRow) -> None:
        """Keep what can no longer be read from the newest part; inside a transaction of state."""
        summary = Summary()
        summary.merge(self.sealed_summary)
        summary.merge(row.summary)
        self.save_totals(summary)
        for table, _ in self.devices.values():
            self.state.keep_plan(table.digest, table)
        for digest in row.plans.values():
            self.state.keep_plan(digest, self.tables[digest])
        self.state.save_devices(
            (device, table.digest, newest) for device, (table, newest) in self.devices.items()
        )

    def save_totals(self, summary: Summary) -> None:
        """Keep the counts of all sealed parts; inside a transaction of state."""
        summary.plans = {}
        self.state.set_meta("totals", summary.pack())

    def refresh_spans(self) -> None:
        """Make the published list of spans anew."""
        spans = [
            Span(low, high, self.folder / part_name(part.first), part.first, True)
            for part in self.sealed.values()
            for low, high in part.spans
        ]
        spans += [Span(low, high, self.folder / KEEP_FILE, 0, False) for low, high in self.kept]
        active = self.active
        spans.append(Span(active.first, (1 << 62), active.path, active.first, False))
        self.spans = tuple(sorted(spans))

    def drop_consumed(self, floor: int) -> list[int]:
        """Note parts below `floor` as gone; inside a transaction of state. Give their names."""
        gone = [
            part.first
            for part in self.sealed.values()
            if part.last is not None and part.last < floor
        ]
        for first in gone:
            self.state.part_gone(first)
        return gone

    def unlink(self, gone: Iterable[int]) -> None:
        """Remove parts that the state calls gone, after its commit."""
        for first in gone:
            part = self.sealed.pop(first, None)
            if part is not None:
                for offset, *_ in part.addressed:
                    self.addressed.pop(offset, None)
            remove_database(self.folder / part_name(first))
            self.unlinked.append(first)
        self.refresh_spans()

    # -- counting -------------------------------------------------------------------------------

    def measure_for(self, reader: str, first: int, last: int) -> Totals:
        """Count the records of a range that are meant for a reader."""
        last = min(last, self.next - 1)
        total = NOTHING
        for span in overlapping(self.spans, first, last):
            total = total.plus(self._measure_span(span))
        for offset, (name, samples, size) in self.addressed.items():
            if first <= offset <= last and name != reader:
                total = total.minus(Totals(1, samples, size))
        return total

    def _measure_span(self, span: Span) -> Totals:
        if span.path == self.active.path and self.index.covers(span.first):
            return self.index.measure(span.first, span.last)
        part = self.sealed.get(span.part)
        if part is not None and (span.first, span.last) == (part.first, part.last):
            return part.summary.totals
        if self.index.covers(span.first):
            return self.index.measure(span.first, span.last)
        with self.reading(span) as connection:
            return measure(connection, span.first, span.last)

    @contextmanager
    def reading(self, span: Span) -> Iterator[apsw.Connection]:
        """Give a connection that reads a span's file."""
        if span.path == self.active.path:
            yield self.active.connection
            return
        connection = connect_read_only(span.path, vfs=self.settings.vfs, sealed=span.sealed)
        try:
            yield connection
        finally:
            shut(connection)

    def open_part(self, part: PartRow) -> apsw.Connection:
        """Open a sealed part for reading."""
        return connect_read_only(
            self.folder / part_name(part.first), vfs=self.settings.vfs, sealed=True
        )

    def open_keep(self) -> ActivePart:
        """Open the file of kept records, making it first where there is none."""
        if self.keep is None:
            path = self.folder / KEEP_FILE
            if not path.exists():
                vfs, synchronous = self.settings.vfs, self.settings.synchronous
                create_part(path, 1, self.state.epoch, vfs, synchronous, shrinks=True)
            self.keep = self.open_active(path, 1)
        return self.keep

    def drop_from_keep(self, offsets: Sequence[int]) -> None:
        """Delete records from the file of kept records, and give their space back."""
        connection = self.open_keep().connection
        with transaction(connection):
            for statement in (
                "DELETE FROM records WHERE offset=?",
                "DELETE FROM addressed WHERE offset=?",
            ):
                connection.executemany(statement, ((offset,) for offset in offsets))
        connection.pragma("incremental_vacuum")
        self.list_kept()

    def list_kept(self) -> None:
        """See what is in the file of kept records and in no part: a crash may leave it in both."""
        self.kept, self.kept_samples = [], []
        if self.keep is None:
            return
        rows = self.keep.connection.execute("SELECT offset,kind FROM records ORDER BY offset")
        parts = [span for part in self.sealed.values() for span in part.spans]
        there = [row for row in rows if not any(a <= row[0] <= b for a, b in parts)]
        self.kept = list(accepted_ranges(offset for offset, _ in there))
        self.kept_samples = [offset for offset, kind in there if kind == BATCH]

    def remove_keep(self) -> None:
        """Close and unlink the file of kept records."""
        if self.keep is not None:
            self.keep.close()
            self.keep = None
            remove_database(self.folder / KEEP_FILE)
        self.kept, self.kept_samples = [], []

    def plan_of(self, connection: apsw.Connection, number: int) -> PlanTable | None:
        """Give the plan table of a number in a file; tables in use are shared."""
        digest = plan_digest(connection, number) if number else None
        if digest is None:
            return None
        return self.tables.get(digest) or read_plan(connection, number)

    def normalise(self) -> None:
        """Settle for each reader the offsets at which there is nothing for it."""
        for ledger in self.ledgers.values():
            self.normalise_one(ledger)

    def normalise_one(self, ledger: Ledger) -> None:
        for first, last in self.voids(ledger.cursor.position, self.next - 1, ledger.name):
            ledger.cursor.add(first, last, forced=True)
        ledger.oldest = self._time_at(ledger.cursor.position) if ledger.pending.records else None

    def _time_at(self, offset: int) -> UnixNs | None:
        for span in overlapping(self.spans, offset, offset):
            with self.reading(span) as connection:
                row = connection.execute(
                    "SELECT at FROM records WHERE offset=?", (offset,)
                ).fetchone()
                return None if row is None else UnixNs(row[0])
        return None

    def count_set_aside(self) -> None:
        """Count the bytes of damaged files that were set aside."""
        self.set_aside_bytes = sum(file_size(path) for path in self.folder.glob("*.corrupt-*"))

    def voids(self, first: int, last: int, reader: str) -> list[tuple[int, int]]:
        """Give the ranges in which there is no record for a reader."""
        found, at = [], first
        for span in overlapping(self.spans, first, last):
            if span.first > at:
                found.append((at, span.first - 1))
            at = span.last + 1
        if at <= last:
            found.append((at, last))
        found += [
            (offset, offset)
            for offset, (name, _, _) in self.addressed.items()
            if first <= offset <= last and name != reader
        ]
        return found

    def summary(self) -> Summary:
        """Count everything ever stored in this epoch."""
        whole = Summary()
        whole.merge(self.sealed_summary)
        whole.merge(self.active.whole_summary())
        return whole

    # -- size -----------------------------------------------------------------------------------

    def read_limit(self, readers: int) -> int:
        """Give the bytes that one of so many readers may read at once; see `leases`."""
        return self.settings.quota_bytes // (SHARE * LANES * max(readers, 1))

    def used_bytes(self) -> int:
        """Give the bytes of all files, the log of the active part at its largest."""
        log = max(self.settings.log_limit, self.active.log.file_bytes)
        total = self.active.size() + log + sum(part.size for part in self.sealed.values())
        total += self.settings.ballast + self.set_aside_bytes
        for each in (self.state, self.keep):
            total += each.size() + each.log.file_bytes if each is not None else 0
        return total

    def hold_ballast(self) -> bool:
        """Take the ballast's space when there is some to spare; tell whether it is held.

        Its size stays what it was first, so a disk counts as full until more than the ballast that
        was given up is free again.
        """
        path = self.folder / BALLAST_FILE
        if file_size(path) > 0:
            return True
        free = shutil.disk_usage(self.folder).free
        wanted = self._ballast_size or min(self.settings.ballast, free // 2)
        if wanted < self.settings.log_limit or free < wanted + self.settings.log_limit:
            return False
        path.write_bytes(b"\0" * wanted)
        self._ballast_size = wanted
        return True

    def release_ballast(self) -> None:
        """Give the ballast's space to the file system, so that cursors can still move."""
        (self.folder / BALLAST_FILE).unlink(missing_ok=True)

    def close_files(self) -> None:
        """Close every connection, whatever state it is in."""
        for each in (
            getattr(self, "active", None), getattr(self, "state", None), self.keep,
        ):  # fmt: skip
            if each is not None:
                each.close()
        self.keep = None


def room_for(entries: Iterable[Entry]) -> int:
    """Give the bytes that entries may take in a file."""
    return COMMIT_OVERHEAD + sum(len(entry.payload.data) + ROW_OVERHEAD for entry in entries)


def seal(part: ActivePart) -> PartRow:
    """Finish a part: last mark, log folded in, closed; give what the state keeps of it."""
    if part.chunk.totals.records:
        with transaction(part.connection):
            part.write_mark(part.last)
        part.marked_now(part.last)
    row = PartRow(part.first, part.last, 0, part.whole_summary())
    row.spans = [(part.first, part.last)] if part.last >= part.first else []
    row.addressed = list(
        part.connection.execute("SELECT offset,reader,samples,bytes FROM addressed ORDER BY offset")
    )
    row.plans = dict(part.connection.execute("SELECT id,digest FROM plans"))
    part.connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
    part.connection.pragma("journal_mode", "delete")
    part.close()
    row.size = part.path.stat().st_size
    return row


__all__ = ["Entry", "Settings", "Store", "transaction"]
