"""Taking what can still be read out of a damaged part, and telling what cannot."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import apsw

from gateway.core.records import Item, accepted_ranges
from gateway.core.signals import PlanTable
from gateway.ops.sqlite import CORRUPT_ERRORS, connect, remove_database, shut, transaction
from gateway.spool.codec import DamagedRecord, StoredRow, frame, payload_of
from gateway.spool.cursor import Range
from gateway.spool.files import part_name
from gateway.spool.part import (
    ActivePart,
    create_part,
    read_marks,
    read_plan,
    read_received,
    read_rows,
)
from gateway.spool.state import KnownPart
from gateway.spool.store import Store, seal
from gateway.spool.summary import PlanStretch, Totals

UNREADABLE_MAX = 2_000
"""After so many failed look-ups the rest of a file counts as lost: start must go on (<= 5 s)."""

ROWS_A_COMMIT = 500
READ_ERRORS = (
    *CORRUPT_ERRORS, apsw.SQLError, apsw.IOError, DamagedRecord, ValueError, KeyError, TypeError,
)  # fmt: skip


@dataclass(slots=True)
class Chunk:
    """A stretch between two marks: what it held, by digest, and what was taken out of it."""

    first: int
    last: int
    held: dict[str, PlanStretch]
    totals: Totals
    saved: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class Salvage:
    """What became of a part: the new one, if anything could be read, and the chunks known;
    `received` is when the newest samples of a plan that the part tells of came, `in_hand` what was
    kept from a reader's hands.
    """

    chunks: list[Chunk]
    row: KnownPart | None = None
    tables: dict[str, PlanTable] = field(default_factory=dict)
    received: dict[str, int] = field(default_factory=dict)
    last: int = 0
    tail_whole: bool = False
    in_hand: list[Range] = field(default_factory=list)


def salvage_path(path: Path) -> Path:
    """Give the name under which a part is made until it is whole."""
    return path.with_name(f"{path.name}.tmp")


def nothing_read(store: Store, part: KnownPart) -> Salvage:
    """Give the result for a part of which nothing is left but what the state knows."""
    salvaged = Salvage(_chunks_of_row(part), last=part.last or part.first - 1)
    for digest in part.plans.values():
        table = store.state.plan(digest)
        if table is not None:
            salvaged.tables[digest] = table
    return salvaged


def _chunks_of_row(part: KnownPart) -> list[Chunk]:
    if part.last is None:
        return []
    held = {part.plans[number]: each for number, each in part.summary.plans.items()}
    return [Chunk(part.first, part.last, held, part.summary.totals)]


def salvage(store: Store, part: KnownPart) -> Salvage:
    """Copy every readable record of a part into a new file beside it, see `salvage_path`."""
    path = store.folder / part_name(part.first)
    salvaged = nothing_read(store, part)
    try:
        connection = connect(path, vfs=store.settings.vfs)
    except (*CORRUPT_ERRORS, apsw.CantOpenError, apsw.IOError):
        return salvaged
    try:
        numbers = _read_plans(connection, salvaged)
        _read_chunks(connection, part, numbers, salvaged)
        _copy(store, connection, part, numbers, salvaged)
    finally:
        shut(connection)
    return salvaged


def _read_plans(connection: apsw.Connection, salvaged: Salvage) -> dict[int, str]:
    numbers: dict[int, str] = {}
    try:
        rows: list[tuple[int, str]] = list(connection.execute("SELECT id,digest FROM plans"))
        for number, digest in rows:
            table = read_plan(connection, number)
            if table is not None and table.digest == digest:
                numbers[number] = digest
                salvaged.tables[digest] = table
        for number, at in read_received(connection).items():
            salvaged.received[numbers[number]] = at
    except READ_ERRORS:
        return numbers
    return numbers


def _read_chunks(
    connection: apsw.Connection, part: KnownPart, numbers: dict[int, str], salvaged: Salvage
) -> None:
    names = numbers | part.plans
    chunks = []
    at = part.first
    try:
        for upto, summary in read_marks(connection, part.first, part.last or (1 << 62)):
            held = {names[number]: each for number, each in summary.plans.items()}
            chunks.append(Chunk(at, upto, held, summary.totals))
            at = upto + 1
    except READ_ERRORS:
        chunks = chunks if part.last is None else []
    if part.last is None or sum(each.totals.records for each in chunks) == (
        part.summary.totals.records
    ):
        salvaged.chunks = chunks


def _copy(
    store: Store,
    connection: apsw.Connection,
    part: KnownPart,
    numbers: dict[int, str],
    salvaged: Salvage,
) -> None:
    target_path = salvage_path(store.folder / part_name(part.first))
    remove_database(target_path)
    vfs, synchronous = store.settings.vfs, store.settings.synchronous
    create_part(target_path, part.first, store.state.epoch, vfs, synchronous)
    target = ActivePart(target_path, part.first, vfs=vfs, synchronous=synchronous)
    last, sure = _last_offset(store, connection, part)
    offsets: list[int] = []
    rows: list[tuple[StoredRow, Item, PlanTable | None]] = []
    for row, item, table in _whole_rows(store, connection, (part.first, last), numbers, salvaged):
        offsets.append(row.offset)
        rows.append((row, item, table))
        if len(rows) >= ROWS_A_COMMIT:
            _write(target, rows)
            rows = []
    _write(target, rows)
    target.next = (offsets[-1] if offsets else part.first - 1) + 1
    salvaged.row = seal(target)
    salvaged.row.spans = list(accepted_ranges(offsets))
    marked = salvaged.chunks[-1].last if salvaged.chunks else part.first - 1
    salvaged.last = max(last if sure else 0, marked, salvaged.row.last or 0)
    tail = [offset for offset in offsets if offset > marked]
    salvaged.tail_whole = sure and len(tail) == max(last - marked, 0)


def _last_offset(store: Store, connection: apsw.Connection, part: KnownPart) -> tuple[int, bool]:
    if part.last is not None:
        return part.last, True
    try:
        row = connection.execute("SELECT max(offset) FROM records").fetchone()
    except READ_ERRORS:
        return store.state.reserved, False
    return (part.first - 1, True) if row is None or row[0] is None else (int(row[0]), True)


def _whole_rows(
    store: Store,
    connection: apsw.Connection,
    span: Range,
    numbers: dict[int, str],
    salvaged: Salvage,
) -> Iterator[tuple[StoredRow, Item, PlanTable | None]]:
    for row in _readable_rows(connection, *span):
        digest = numbers.get(row.plan, "")
        table = salvaged.tables.get(digest)
        try:
            item = store.decoder.decode(row, table)
        except DamagedRecord:
            continue
        for chunk in salvaged.chunks:
            if chunk.first <= row.offset <= chunk.last:
                chunk.saved[digest] = chunk.saved.get(digest, 0) + row.samples
        yield row, item, table


def _readable_rows(connection: apsw.Connection, first: int, last: int) -> Iterator[StoredRow]:
    """Give the rows of a range, stepping over the pages that cannot be read."""
    waiting, failed = [(first, last)], 0
    while waiting and failed < UNREADABLE_MAX:
        at, high = waiting.pop()
        try:
            for row in read_rows(connection, at, high, -1):
                at = row.offset + 1
                yield row
        except READ_ERRORS:
            failed += 1
            if at < high:
                middle = (at + high) // 2
                waiting += [(middle + 1, high), (at, middle)]


def _write(target: ActivePart, rows: list[tuple[StoredRow, Item, PlanTable | None]]) -> None:
    if not rows:
        return
    with transaction(target.connection):
        moved = [
            frame(row.offset, payload_of(row), target.plan_number(table), row.reader)
            for row, _, table in rows
        ]
        target.insert(moved)
        for row, (_, item, _) in zip(moved, rows, strict=True):
            requeued = bool(row.reader and row.samples)
            target.chunk.add(item, row.plan, len(row.body), requeued=requeued)
        target.write_mark(moved[-1].offset)
    target.marked_now(moved[-1].offset)
    target.next = moved[-1].offset + 1


def lost_ranges(part: KnownPart, salvaged: Salvage) -> list[Range]:
    """Give the offsets that were there and could not be read."""
    at, lost = part.first, []
    spans = salvaged.row.spans if salvaged.row is not None else []
    for first, last in sorted([*spans, *salvaged.in_hand]):
        if first > at:
            lost.append((at, first - 1))
        at = last + 1
    if at <= salvaged.last:
        lost.append((at, salvaged.last))
    return lost
