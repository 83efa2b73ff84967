"""Taking what can still be read out of a damaged part, and telling what cannot."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import apsw

from gateway.core.records import Audit, Batch, Gap, GapReason, Item, Record, accepted_ranges
from gateway.core.signals import PlanTable
from gateway.core.types import UnixNs
from gateway.ops.sqlite import CORRUPT_ERRORS, connect, remove_database, shut
from gateway.spool.codec import DamagedRecord, Row, frame, item_plan, payload_of
from gateway.spool.cursor import Range
from gateway.spool.outbox import post
from gateway.spool.part import (
    ActivePart,
    create_part,
    part_name,
    read_marks,
    read_plan,
    read_received,
    read_rows,
)
from gateway.spool.state import Ledger, PartRow
from gateway.spool.store import Entry, Store, seal, transaction
from gateway.spool.summary import NOTHING, PlanStretch, Summary, Totals

UNREADABLE_MAX = 2_000
"""After so many failed look-ups the rest of a file counts as lost: start must go on (<= 5 s)."""

ROWS_A_COMMIT = 500
RANGES_TOLD = 100
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
    row: PartRow | None = None
    tables: dict[str, PlanTable] = field(default_factory=dict)
    received: dict[str, int] = field(default_factory=dict)
    last: int = 0
    tail_whole: bool = False
    in_hand: list[Range] = field(default_factory=list)


def salvage_path(path: Path) -> Path:
    """Give the name under which a part is made until it is whole."""
    return path.with_name(f"{path.name}.tmp")


def nothing_read(store: Store, part: PartRow) -> Salvage:
    """Give the result for a part of which nothing is left but what the state knows."""
    found = Salvage(_chunks_of_row(part), last=part.last or part.first - 1)
    for digest in part.plans.values():
        table = store.state.plan(digest)
        if table is not None:
            found.tables[digest] = table
    return found


def _chunks_of_row(part: PartRow) -> list[Chunk]:
    if part.last is None:
        return []
    held = {part.plans[number]: each for number, each in part.summary.plans.items()}
    return [Chunk(part.first, part.last, held, part.summary.totals)]


def salvage(store: Store, part: PartRow) -> Salvage:
    """Copy every readable record of a part into a new file beside it, see `salvage_path`."""
    path = store.folder / part_name(part.first)
    found = nothing_read(store, part)
    try:
        connection = connect(path, vfs=store.settings.vfs)
    except (*CORRUPT_ERRORS, apsw.CantOpenError, apsw.IOError):
        return found
    try:
        numbers = _read_plans(connection, found)
        _read_chunks(connection, part, numbers, found)
        _copy(store, connection, part, numbers, found)
    finally:
        shut(connection)
    return found


def _read_plans(connection: apsw.Connection, found: Salvage) -> dict[int, str]:
    numbers: dict[int, str] = {}
    try:
        rows: list[tuple[int, str]] = list(connection.execute("SELECT id,digest FROM plans"))
        for number, digest in rows:
            table = read_plan(connection, number)
            if table is not None and table.digest == digest:
                numbers[number] = digest
                found.tables[digest] = table
        for number, at in read_received(connection).items():
            found.received[numbers[number]] = at
    except READ_ERRORS:
        return numbers
    return numbers


def _read_chunks(
    connection: apsw.Connection, part: PartRow, numbers: dict[int, str], found: Salvage
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
        found.chunks = chunks


def _copy(
    store: Store,
    connection: apsw.Connection,
    part: PartRow,
    numbers: dict[int, str],
    found: Salvage,
) -> None:
    target_path = salvage_path(store.folder / part_name(part.first))
    remove_database(target_path)
    vfs, synchronous = store.settings.vfs, store.settings.synchronous
    create_part(target_path, part.first, store.state.epoch, vfs, synchronous)
    target = ActivePart(target_path, part.first, vfs=vfs, synchronous=synchronous)
    last, sure = _last_offset(store, connection, part)
    offsets: list[int] = []
    rows: list[tuple[Row, Item, PlanTable | None]] = []
    for row, item, table in _whole_rows(store, connection, (part.first, last), numbers, found):
        offsets.append(row.offset)
        rows.append((row, item, table))
        if len(rows) >= ROWS_A_COMMIT:
            _write(target, rows)
            rows = []
    _write(target, rows)
    target.next = (offsets[-1] if offsets else part.first - 1) + 1
    found.row = seal(target)
    found.row.spans = list(accepted_ranges(offsets))
    marked = found.chunks[-1].last if found.chunks else part.first - 1
    found.last = max(last if sure else 0, marked, found.row.last or 0)
    tail = [offset for offset in offsets if offset > marked]
    found.tail_whole = sure and len(tail) == max(last - marked, 0)


def _last_offset(store: Store, connection: apsw.Connection, part: PartRow) -> tuple[int, bool]:
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
    found: Salvage,
) -> Iterator[tuple[Row, Item, PlanTable | None]]:
    for row in _readable_rows(connection, *span):
        digest = numbers.get(row.plan, "")
        table = found.tables.get(digest)
        try:
            item = store.decoder.decode(row, table)
        except DamagedRecord:
            continue
        for chunk in found.chunks:
            if chunk.first <= row.offset <= chunk.last:
                chunk.saved[digest] = chunk.saved.get(digest, 0) + row.samples
        yield row, item, table


def _readable_rows(connection: apsw.Connection, first: int, last: int) -> Iterator[Row]:
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


def _write(target: ActivePart, rows: list[tuple[Row, Item, PlanTable | None]]) -> None:
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


def keep_in_hand(store: Store, part: PartRow, found: Salvage) -> None:
    """Keep what the disk has lost and a reader has in hand, from memory: it is not missing."""
    lost = lost_ranges(part, found)
    records: dict[int, Record] = {}
    for name, leases in store.leases.declare(lost[0][0], lost[-1][1]).items() if lost else ():
        ledger = store.ledgers.get(name)
        for record in (each for lease in leases for each in lease.records):
            there = any(first <= record.offset <= last for first, last in lost)
            if there and ledger is not None and not ledger.cursor.is_settled(record.offset):
                records[record.offset] = record
    if not records:
        return
    keep = store.open_keep()
    with transaction(keep.connection):
        keep.connection.executemany(
            "DELETE FROM records WHERE offset=?", ((offset,) for offset in records)
        )
        keep.insert([_row_in_keep(store, keep, records[offset]) for offset in sorted(records)])
    found.in_hand = list(accepted_ranges(sorted(records)))
    for chunk in found.chunks:
        for record in records.values():
            if chunk.first <= record.offset <= chunk.last and isinstance(record.item, Batch):
                digest = record.item.plan.digest
                chunk.saved[digest] = chunk.saved.get(digest, 0) + len(record.item)


def _row_in_keep(store: Store, keep: ActivePart, record: Record) -> Row:
    reader = store.addressed.get(record.offset, (None,))[0]
    number = keep.plan_number(item_plan(record.item))
    return frame(record.offset, store.encoder.encode(record.item), number, reader)


def post_losses(store: Store, part: PartRow, found: Salvage) -> int:
    """Cover what is lost by gap records for each reader that had not taken it, and count it as
    expired; one transaction of state. Gives the number of records known to be lost.
    """
    lost = lost_ranges(part, found)
    items: list[Item] = []
    ledgers = [ledger.copy() for ledger in store.ledgers.values()]
    for ledger in ledgers:
        items += _losses_of(store, part, found, lost, ledger)
    if not ledgers:
        items += [replace(gap, reader=None) for gap in _gaps(store, part, found, lost, None)]
    count = sum(last - first + 1 for first, last in lost)
    if count or items:
        items.append(_audit(store, part, lost))
    with transaction(store.state.connection):
        _save_row(store, part, found)
        for ledger in ledgers:
            store.state.save_ledger(ledger)
        post(store, [_entry(store, item) for item in items])
    store.ledgers = {ledger.name: ledger for ledger in ledgers}
    return count


def _entry(store: Store, item: Item) -> Entry:
    return Entry(item, store.encoder.encode(item), item.reader if isinstance(item, Gap) else None)


def _save_row(store: Store, part: PartRow, found: Salvage) -> None:
    known = Summary()
    if part.last is None:  # what it held was not yet in the books
        for chunk in found.chunks:
            known.totals = known.totals.plus(chunk.totals)
        if found.row is not None:
            known.totals = _larger(known.totals, found.row.summary.totals)
        store.sealed_summary.merge(known)
        store.save_totals(store.sealed_summary)
    if found.row is not None and found.row.spans:
        store.state.save_part(found.row)
        for digest in found.row.plans.values():
            store.state.keep_plan(digest, found.tables[digest])
    else:
        store.state.connection.execute("DELETE FROM parts WHERE first=?", (part.first,))


def _larger(one: Totals, other: Totals) -> Totals:
    return max(one, other)


def lost_ranges(part: PartRow, found: Salvage) -> list[Range]:
    """Give the offsets that were there and could not be read."""
    at, lost = part.first, []
    spans = found.row.spans if found.row is not None else []
    for first, last in sorted([*spans, *found.in_hand]):
        if first > at:
            lost.append((at, first - 1))
        at = last + 1
    if at <= found.last:
        lost.append((at, found.last))
    return lost


def _losses_of(
    store: Store, part: PartRow, found: Salvage, lost: list[Range], ledger: Ledger
) -> list[Item]:
    expired = NOTHING
    for first, last in lost:
        for low, high in ledger.cursor.unsettled(first, last):
            expired = expired.plus(Totals(high - low + 1, 0, 0))
    gaps = _gaps(store, part, found, lost, ledger)
    samples = sum(gap.count or 0 for gap in gaps)
    ledger.expired = ledger.expired.plus(expired).plus(Totals(0, samples, 0))
    return [*gaps]


def _gaps(
    store: Store, part: PartRow, found: Salvage, lost: list[Range], ledger: Ledger | None
) -> list[Gap]:
    gaps = []
    for chunk in found.chunks:
        if not _missed(chunk.first, chunk.last, lost, ledger):
            continue
        for digest, stretch in chunk.held.items():
            count = stretch.samples - chunk.saved.get(digest, 0)
            table = found.tables.get(digest)
            if count > 0 and table is not None and stretch.start is not None:
                bounds = stretch.bounds(store.clock.now())
                gaps.append(_gap(table, stretch, bounds, count, part, ledger))
    if part.last is None and not found.tail_whole:
        gaps += _gaps_to_now(store, part, found, ledger)
    return gaps


def _missed(first: int, last: int, lost: list[Range], ledger: Ledger | None) -> bool:
    for start, end in lost:
        low, high = max(start, first), min(end, last)
        if low <= high and (ledger is None or ledger.cursor.unsettled(low, high)):
            return True
    return False


def _gap(
    table: PlanTable,
    stretch: PlanStretch,
    bounds: tuple[UnixNs, UnixNs],
    count: int,
    part: PartRow,
    ledger: Ledger | None,
) -> Gap:
    signals = tuple(stretch.signals())
    return Gap(
        table.device, *bounds, GapReason.GATEWAY_DOWN, table,
        None if len(signals) == len(table.signals) else signals, count,
        ledger.name if ledger is not None else None,
        f"records of {part_name(part.first)} could not be read",
    )  # fmt: skip


def _gaps_to_now(store: Store, part: PartRow, found: Salvage, ledger: Ledger | None) -> list[Gap]:
    """Cover the end of a part of which nobody knows how much there was, by our clock."""
    now = store.clock.now()
    newest = {device: time for device, (_, time) in store.devices.items()}
    tables = {table.device: table for table in found.tables.values()}
    tables |= {device: table for device, (table, _) in store.devices.items()}
    for digest, at in _received(found).items():
        device = found.tables[digest].device
        newest[device] = max(newest.get(device) or at, at)
    gaps = []
    for device, table in tables.items():
        start = newest.get(device)
        gaps.append(
            Gap(
                device, UnixNs(min(now, start if start is not None else now)), now,
                GapReason.GATEWAY_DOWN, table, None, None,
                ledger.name if ledger is not None else None,
                f"the end of {part_name(part.first)} could not be read",
            )
        )  # fmt: skip
    return gaps


def _received(found: Salvage) -> dict[str, int]:
    """Give when the newest samples of each plan came, by what was saved and what the part says."""
    newest = dict(found.received)
    row = found.row
    for number, stretch in row.summary.plans.items() if row is not None else ():
        at = stretch.received
        if row is not None and at is not None:
            digest = row.plans[number]
            newest[digest] = max(newest.get(digest, at), at)
    return newest


def _audit(store: Store, part: PartRow, lost: list[Range]) -> Audit:
    return Audit(
        store.clock.now(), "gateway", "records-lost",
        {"part": part_name(part.first), "ranges": [list(each) for each in lost[:RANGES_TOLD]]},
    )  # fmt: skip
