"""One destination's view of the log: from memory where it keeps up, else from disk."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import apsw

from gateway.core.errors import SpoolUnavailable
from gateway.core.protocols import ReaderState
from gateway.core.records import Answer, Record
from gateway.core.signals import PlanTable
from gateway.core.types import Offset
from gateway.ops.sqlite import CORRUPT_ERRORS, connect_read_only, shut
from gateway.spool.catalog import Span, overlapping
from gateway.spool.codec import DamagedRecord, Decoder
from gateway.spool.cursor import Cursor
from gateway.spool.part import plan_digest, read_plan, read_rows

if TYPE_CHECKING:
    from gateway.spool.log import SqliteSpool

END = 1 << 62
READ_TRIES = 4
"""A part may go away, or be replaced by what was salvaged of it, while it is being read."""
TAKE_TRIES = 8
"""What was read may have been given up meanwhile; then it is read again."""


class DamagedPart(Exception):
    """A part cannot be read; `first` names it."""

    def __init__(self, first: int, detail: str) -> None:
        super().__init__(detail)
        self.first = first


class Chunk:
    """Records on their way to a reader, within its limits; `next` is where to go on."""

    def __init__(self, start: int, limit_records: int, limit_bytes: int) -> None:
        self.records: list[Record] = []
        self.next = start
        self.size = 0
        self._room_records = limit_records
        self._room_bytes = limit_bytes

    def full(self) -> bool:
        """Tell whether nothing more may be added."""
        return self._room_records <= 0 or self._room_bytes <= 0

    def take(self, record: Record, size: int) -> bool:
        """Add a record; False when it does not fit (the first one always does)."""
        if self.full() or (self.records and size > self._room_bytes):
            self._room_records = 0
            return False
        self.records.append(record)
        self.next = record.offset + 1
        self.size += size
        self._room_records -= 1
        self._room_bytes -= size
        return True


TABLES_MAX = 256
"""A table of 2,000 signals takes about 2 MB; more devices than this read theirs again."""


class PlanCache:
    """Keeps the newest tables."""

    def __init__(self) -> None:
        self._tables: dict[str, PlanTable] = {}

    def get(self, digest: str | None, load: Callable[[], PlanTable | None]) -> PlanTable | None:
        """Give the table of a digest, loading it when it is not known."""
        if digest is None:
            return None
        table = self._tables.get(digest)
        if table is None:
            table = load()
            if table is not None:
                if len(self._tables) >= TABLES_MAX:
                    self._tables.pop(next(iter(self._tables)))
                self._tables[digest] = table
        return table


class DiskReader:
    """Reads parts in short transactions; belongs to the reading thread."""

    def __init__(self, vfs: str | None) -> None:
        self._vfs = vfs
        self._decoder = Decoder()
        self._plans = PlanCache()

    def fill(
        self, chunk: Chunk, spans: tuple[Span, ...], cursor: Cursor, last: int, reader: str
    ) -> None:
        """Add records up to `last` that the reader has not settled.

        Raises:
            DamagedPart: a file is not what was written.
        """
        for low, high in cursor.unsettled(chunk.next, last):
            for span in overlapping(spans, low, high):
                self._fill_from(chunk, span, reader)
                if chunk.full():
                    return
        chunk.next = last + 1

    def _fill_from(self, chunk: Chunk, span: Span, reader: str) -> None:
        try:
            connection = connect_read_only(span.path, vfs=self._vfs, sealed=span.sealed)
        except (apsw.CantOpenError, *CORRUPT_ERRORS) as error:
            raise DamagedPart(span.part, str(error)) from error
        expected = span.first
        try:
            for row in read_rows(connection, span.first, span.last, -1):
                if row.offset != expected:
                    raise DamagedRecord(f"record {expected} is missing")
                expected += 1
                if row.reader not in (None, reader):
                    continue
                digest = plan_digest(connection, row.plan) if row.plan else None
                table = self._plans.get(digest, lambda n=row.plan: read_plan(connection, n))  # type: ignore[misc]  # mypy has no default of a lambda
                item = self._decoder.decode(row, table)
                if not chunk.take(Record(Offset(row.offset), item), len(row.body)):
                    return
            if expected <= span.last:
                raise DamagedRecord(f"record {expected} is missing")
        except (*CORRUPT_ERRORS, apsw.SQLError, DamagedRecord) as error:
            raise DamagedPart(span.part, str(error)) from error
        finally:
            shut(connection)


class SpoolReader:
    """See `gateway.core.protocols.Reader`."""

    def __init__(self, spool: SqliteSpool, name: str) -> None:
        self.name = name
        self._spool = spool

    async def read(
        self, start: Offset, limit_records: int, limit_bytes: int, last: Offset | None = None
    ) -> list[Record]:
        """Give unsettled records from `start` on; limits count records and encoded bytes.

        The first record comes even if it alone is larger than `limit_bytes`. A spool with a small
        quota gives fewer at once. What is given is in hand; see `Reader.read`.

        Raises:
            SpoolUnavailable: the disk cannot be read.
        """
        limit_bytes = min(limit_bytes, self._spool.read_limit())
        for _ in range(TAKE_TRIES):
            since = self._spool.leases.heard
            chunk = await self._read(start, last or END, limit_records, limit_bytes)
            if not chunk.records:
                return []
            if self._spool.leases.take(self.name, since, chunk.records, chunk.size):
                await self._note_place(chunk.records)
                return chunk.records
            await self._spool.writers_turn()
        raise SpoolUnavailable("given-up", "what is read is given up at the same time")

    async def _note_place(self, records: list[Record]) -> None:
        """Let a start know where records may have been in hand, where it cannot see that."""
        first, state = records[0].offset, self.state()
        place = bisect_left(state.settled, (first, 0)) - 1
        behind = state.settled[place][1] + 1 if place >= 0 else state.position
        if first in (state.position, behind):
            return
        try:
            await self._spool.note_jump(self.name)
        except BaseException:
            self._spool.leases.give_back(self.name, first, records[-1].offset)
            raise

    async def _read(self, start: int, last: int, limit_records: int, limit_bytes: int) -> Chunk:
        chunk = Chunk(max(start, self.state().position), limit_records, limit_bytes)
        tries = 0
        while not chunk.full() and chunk.next <= last:
            tail = self._spool.tail
            if chunk.next >= tail.first:
                self._take_from_tail(chunk, last)
                break
            end = min(tail.first - 1, last)
            try:
                await self._spool.read_disk(chunk, self._cursor(), end, self.name)
            except DamagedPart as error:
                tries += 1
                if tries >= READ_TRIES:
                    raise SpoolUnavailable("damaged", str(error)) from error
                if chunk.records:
                    break
                await self._spool.check_part(error.first)
        return chunk

    def _cursor(self) -> Cursor:
        state = self.state()
        return Cursor(state.position, state.settled)

    def _take_from_tail(self, chunk: Chunk, last: int) -> None:
        cursor = self._cursor()
        for entry in self._spool.tail.since(chunk.next):
            offset = entry.record.offset
            if offset > last:
                return
            if entry.reader not in (None, self.name) or cursor.is_settled(offset):
                continue
            if not chunk.take(entry.record, entry.size) or chunk.full():
                return

    async def wait(self, beyond: Offset) -> None:
        """Return when a record with an offset greater than `beyond` is durable."""
        await self._spool.wait(beyond)

    async def settle(self, answer: Answer) -> None:
        """Move the cursor and fill the quarantine in one transaction; durable on return.

        Raises:
            SpoolUnavailable: nothing of it counts.
        Cancel: wholly done or wholly not done.
        """
        await self._spool.settle(self.name, answer)
        for first, last in answer.accepted:
            self._spool.leases.give_back(self.name, first, last)
        for refusal in answer.refused:
            self._spool.leases.give_back(self.name, refusal.offset, refusal.offset)

    def give_back(self, records: Sequence[Record]) -> None:
        """See `Reader.give_back`."""
        if records:
            self._spool.leases.give_back(self.name, records[0].offset, records[-1].offset)

    def state(self) -> ReaderState:
        """Give the place and counts as of the last commit."""
        return self._spool.reader_state(self.name)
