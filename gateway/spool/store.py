"""The spool's open files and what is known of them, on one thread, without waiting.

The committing thread owns a `Store`; tests drive it directly. Every method may raise one of
`DISK_ERRORS` or `CORRUPT_ERRORS` of `gateway.ops.sqlite`: after that nothing here is to be believed
until `load` has read the files again, because a failed sync must not be tried again on the same
connection.

What is done with the files has a module for each subject: `admission` and `writing` append,
`settling` moves cursors, `giving_up` makes room, `measuring` counts, `recovery` opens.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import apsw

from gateway.core.clock import Clock
from gateway.core.signals import PlanTable
from gateway.ops.events import spool as events
from gateway.ops.sqlite import (
    DISK_ERRORS,
    connect_read_only,
    file_size,
    remove_database,
    shut,
    transaction,
)
from gateway.spool.account import ReaderAccount
from gateway.spool.catalog import SizeIndex, Span
from gateway.spool.codec import Decoder, Encoder
from gateway.spool.counts import DeviceCounts
from gateway.spool.files import part_name
from gateway.spool.leases import LANES, SHARE, Leases
from gateway.spool.limits import LOG_BYTES_MAX, STATE_LOG_BYTES, Ballast, Settings
from gateway.spool.part import ActivePart, create_part, plan_digest, read_plan
from gateway.spool.state import KnownPart, StateFile
from gateway.spool.summary import Summary
from gateway.spool.survivors import Survivors
from gateway.spool.tail import TailEntry


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
        self.sealed: dict[int, KnownPart] = {}
        self.spans: tuple[Span, ...] = ()
        self.survivors = Survivors(folder, settings)
        self.ballast = Ballast(folder, settings)
        self.leases = Leases()
        self.readers: dict[str, ReaderAccount] = {}
        self.addressed: dict[int, tuple[str, int, int]] = {}
        self.devices: dict[str, tuple[PlanTable, int | None]] = {}
        self.tables: dict[str, PlanTable] = {}
        self.sealed_summary = Summary()
        self.set_aside_bytes = 0
        self.next = 1
        self.published: list[TailEntry] = []
        self.counted: DeviceCounts = {}
        self.unlinked: list[int] = []

    def fold_log(self, *, idle: bool) -> None:
        """Move the write-ahead logs into their files when they are long, or nobody is busy."""
        log = self.active.log
        if log.bytes >= LOG_BYTES_MAX or (idle and log.file_bytes):
            if not idle:
                events.log_grown(log.bytes)
            log.cut()
        elif log.bytes >= self.settings.log_limit:
            log.fold()
        for each in (self.state, self.survivors.part):
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
            self.state.save_part(KnownPart(first))
            self._save_sealed(row)
        self.sealed[row.first] = row
        self.sealed_summary.merge(row.summary)
        self.sealed_summary.plans = {}
        self.tables = {table.digest: table for table, _ in self.devices.values()}
        self.active = self.open_active(path, first)
        self.refresh_spans()

    def open_active(self, path: Path, first: int) -> ActivePart:
        """Open a part for writing, with the settings of this store."""
        return ActivePart(path, first, vfs=self.settings.vfs, synchronous=self.settings.synchronous)

    def _save_sealed(self, row: KnownPart) -> None:
        """Keep what can no longer be read from the newest part; inside a transaction of state."""
        summary = Summary()
        summary.merge(self.sealed_summary)
        summary.merge(row.summary)
        self.save_totals(summary)
        for table, _ in self.devices.values():
            self.state.save_plan(table.digest, table)
        for digest in row.plans.values():
            self.state.save_plan(digest, self.tables[digest])
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
        spans += [Span(*each, self.survivors.path, 0, False) for each in self.survivors.ranges]
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

    def open_part(self, part: KnownPart) -> apsw.Connection:
        """Open a sealed part for reading."""
        return connect_read_only(
            self.folder / part_name(part.first), vfs=self.settings.vfs, sealed=True
        )

    def open_survivors(self) -> ActivePart:
        """Open the file of survivors, making it first where there is none."""
        return self.survivors.open(self.state.epoch)

    def list_survivors(self) -> None:
        """See what lies in the file of survivors and in no part."""
        self.survivors.look(span for part in self.sealed.values() for span in part.spans)

    def drop_survivors(self, offsets: Sequence[int]) -> None:
        """Delete records from the file of survivors, and give their space back."""
        self.open_survivors()
        self.survivors.delete(offsets)
        self.list_survivors()

    def plan_of(self, connection: apsw.Connection, number: int) -> PlanTable | None:
        """Give the plan table of a number in a file; tables in use are shared."""
        digest = plan_digest(connection, number) if number else None
        if digest is None:
            return None
        return self.tables.get(digest) or read_plan(connection, number)

    def count_set_aside(self) -> None:
        """Count the bytes of damaged files that were set aside."""
        self.set_aside_bytes = sum(file_size(path) for path in self.folder.glob("*.corrupt-*"))

    def summary(self) -> Summary:
        """Count everything ever stored in this epoch."""
        everything = Summary()
        everything.merge(self.sealed_summary)
        everything.merge(self.active.whole_summary())
        return everything

    # -- size -----------------------------------------------------------------------------------

    def read_limit(self, readers: int) -> int:
        """Give the bytes that one of so many readers may read at once; see `leases`."""
        return self.settings.quota_bytes // (SHARE * LANES * max(readers, 1))

    def used_bytes(self) -> int:
        """Give the bytes of all files, the log of the active part at its largest."""
        log = max(self.settings.log_limit, self.active.log.file_bytes)
        total = self.active.size() + log + sum(part.size for part in self.sealed.values())
        total += self.settings.ballast + self.set_aside_bytes
        for each in (self.state, self.survivors.part):
            total += each.size() + each.log.file_bytes if each is not None else 0
        return total

    def close_files(self) -> None:
        """Close every connection, whatever state it is in."""
        for each in (getattr(self, "active", None), getattr(self, "state", None)):
            if each is not None:
                each.close()
        self.survivors.close()


def seal(part: ActivePart) -> KnownPart:
    """Finish a part: last mark, log folded in, closed; give what the state keeps of it."""
    if part.chunk.totals.records:
        with transaction(part.connection):
            part.write_mark(part.last)
        part.marked_now(part.last)
    row = KnownPart(part.first, part.last, 0, part.whole_summary())
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
