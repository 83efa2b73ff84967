"""Staying below the quota: the oldest raw part goes first, never silently (I6, I9).

Samples of a part that a reader has not taken are given up for that reader and covered by gap
records that travel to it; everything else in the part (gaps, usage, rejected messages, audit) moves
into the file of kept records with its offsets, and so do samples that a reader has in hand, which
its destination may have (see `leases`). They are the first to go when nobody has them in hand any
more and they are still not settled. Only when no samples are left is the spool full.
"""

from __future__ import annotations

import apsw

from gateway.core.records import Batch, Gap, GapReason, accepted_ranges
from gateway.core.signals import PlanTable
from gateway.ops.events import spool as events
from gateway.ops.sqlite import shut
from gateway.spool.codec import BATCH, Row, frame, payload_of
from gateway.spool.cursor import Cursor, Range
from gateway.spool.outbox import gap_entry, post, send
from gateway.spool.part import part_name, read_marks, read_plan, read_rows
from gateway.spool.state import Ledger, PartRow
from gateway.spool.store import KEEP_FILE, Entry, Store, transaction
from gateway.spool.summary import NOTHING, PlanStretch, Totals

ALL_ROWS = -1
QUARANTINE_SHARE = 8
"""Refused records may take this part of the quota; then the oldest go, with a gap record (I9)."""


def has_room(store: Store, size: int) -> bool:
    """Tell whether so many bytes more stay within the quota."""
    return store.used_bytes() + size <= store.settings.quota_bytes


def make_room(store: Store, size: int) -> bool:
    """Give up old parts until so many bytes fit; False when nothing more may be given up."""
    while not _has_room_folded(store, size):
        if not (_drop_oldest_set_aside(store) or give_up_kept(store) or give_up_oldest(store)):
            return False
    return True


def _has_room_folded(store: Store, size: int) -> bool:
    """Look again with the logs folded in: giving up writes, and its logs count as used, too."""
    if has_room(store, size):
        return True
    store.fold_log(idle=True)
    return has_room(store, size)


def trim_quarantine(store: Store) -> None:
    """Give up the oldest quarantined samples beyond an eighth of the quota, with a gap record."""
    limit = store.settings.quota_bytes // QUARANTINE_SHARE
    total, victims = 0, []
    for number, size in store.state.quarantine_sizes():
        total += size
        if total > limit:
            victims.append(number)
    for number in victims:
        _drop_quarantined(store, number)
    if victims:
        send(store)


def _drop_quarantined(store: Store, number: int) -> None:
    entry = store.state.quarantined(number)
    if entry is None or entry.reader not in store.ledgers:
        return
    ledger = store.ledgers[entry.reader].copy()
    counted = Totals(1, entry.samples, len(entry.body or b""))
    ledger.quarantined = ledger.quarantined.minus(counted)
    ledger.expired = ledger.expired.plus(counted)
    stretch = PlanStretch()
    table = store.state.plan(entry.digest) if entry.digest is not None else None
    if entry.kind == BATCH and entry.body is not None and table is not None:
        row = Row(
            entry.offset, BATCH, entry.plan or 0, entry.samples, entry.at or 0, entry.addressee,
            entry.body,
        )  # fmt: skip
        item = store.decoder.decode(row, table)
        assert isinstance(item, Batch)
        stretch.add(item)
    with transaction(store.state.connection):
        store.state.remove_quarantined(number)
        store.state.save_ledger(ledger)
        if table is not None and stretch.samples:
            post(store, [_gap_entry(store, table, stretch, entry.reader)])
    store.ledgers = {**store.ledgers, entry.reader: ledger}
    events.quarantine_trimmed(entry.reader, entry.offset)


def _drop_oldest_set_aside(store: Store) -> bool:
    files = sorted(store.folder.glob("*.corrupt-*"), key=lambda path: path.stat().st_mtime_ns)
    if files:
        files[0].unlink()
    store.count_set_aside()
    return bool(files)


def give_up_oldest(store: Store) -> bool:
    """Give up the oldest part that holds samples; False when there is none."""
    part = _oldest_with_samples(store)
    if part is None and store.active.whole_summary().plans:
        store.rotate()
        part = _oldest_with_samples(store)
    if part is None or part.last is None:
        return False
    in_hand = in_hand_of(store, part.first, part.last)
    connection = store.open_part(part)
    try:
        kept = _keep_others(store, connection, part, in_hand)
        ledgers = [ledger.copy() for ledger in store.ledgers.values()]
        cursors = [ledger.cursor.copy() for ledger in ledgers]
        for cursor in cursors:
            for span in in_hand:
                cursor.add(*span, forced=True)
        lost: list[tuple[str | None, dict[int, PlanStretch]]] = [
            (ledger.name, stretches_of(store, connection, part, ledger.name, cursor))
            for ledger, cursor in zip(ledgers, cursors, strict=True)
        ]
        if not ledgers:
            lost.append((None, part.summary.plans))
        entries = _gap_entries(store, connection, lost)
        for ledger, cursor in zip(ledgers, cursors, strict=True):
            _expire(store, connection, part, ledger, cursor)
    finally:
        shut(connection)
    with transaction(store.state.connection):
        for ledger in ledgers:
            store.state.save_ledger(ledger)
        store.state.part_gone(part.first)
        post(store, entries)
    store.ledgers = {ledger.name: ledger for ledger in ledgers}
    addressed = {each[0]: each[1:] for each in part.addressed}
    store.unlink([part.first])
    store.list_kept()
    store.refresh_spans()
    for first, last in kept:
        moved = (offset for offset in range(first, last + 1) if offset in addressed)
        store.addressed.update((offset, addressed[offset]) for offset in moved)
    store.normalise()
    send(store)
    return True


def give_up_kept(store: Store) -> bool:
    """Give up kept samples that nobody has in hand any more; False when there are none."""
    if not store.kept_samples or store.keep is None:
        return False
    in_hand = Cursor()
    for span in in_hand_of(store, store.kept_samples[0], store.kept_samples[-1]):
        in_hand.add(*span, forced=True)
    victims = [offset for offset in store.kept_samples if not in_hand.is_settled(offset)]
    if not victims:
        return False
    ledgers = [ledger.copy() for ledger in store.ledgers.values()]
    connection = store.keep.connection
    lost: list[tuple[str | None, dict[int, PlanStretch]]] = [
        (ledger.name, _expire_kept(store, connection, victims, ledger)) for ledger in ledgers
    ]
    entries = _gap_entries(store, connection, lost)
    with transaction(store.state.connection):
        for ledger in ledgers:
            store.state.save_ledger(ledger)
        post(store, entries)
    store.ledgers = {ledger.name: ledger for ledger in ledgers}
    store.drop_from_keep(victims)
    for offset in victims:
        store.addressed.pop(offset, None)
    store.refresh_spans()
    store.normalise()
    send(store)
    return True


def _expire_kept(
    store: Store, connection: apsw.Connection, victims: list[int], ledger: Ledger
) -> dict[int, PlanStretch]:
    """Pass over records in the file of kept ones, and sum up what the reader misses of them.

    The cursor says that they are gone: the rows are deleted later, in another file.
    """
    found: dict[int, PlanStretch] = {}
    lost = NOTHING
    for offset in victims:
        if ledger.cursor.is_settled(offset):
            continue
        ranges: list[Range] = [(offset, offset)]
        _add_rows(store, connection, ranges, ledger.name, found)
        lost = lost.plus(store.measure_for(ledger.name, offset, offset))
        ledger.cursor.add(offset, offset, forced=True)
    ledger.expired = ledger.expired.plus(lost)
    ledger.pending = ledger.pending.minus(lost)
    if lost.records:
        events.part_given_up(KEEP_FILE, ledger.name, lost.records, lost.samples)
    return found


def _oldest_with_samples(store: Store) -> PartRow | None:
    parts = (store.sealed[first] for first in sorted(store.sealed))
    return next((part for part in parts if part.summary.plans), None)


def in_hand_of(store: Store, first: int, last: int) -> list[Range]:
    """Begin to declare a range missing, and give what of it readers have in hand, unsettled.

    It stays for all readers that have not settled it: what is there need not be declared missing.
    """
    found: list[Range] = []
    for name, leases in store.leases.declare(first, last).items():
        ledger = store.ledgers.get(name)
        for lease in leases if ledger is not None else ():
            low, high = max(lease.first, first), min(lease.last, last)
            found += ledger.cursor.unsettled(low, high) if ledger is not None else ()
    return sorted(found)


def _keep_others(
    store: Store, connection: apsw.Connection, part: PartRow, in_hand: list[Range]
) -> list[Range]:
    """Copy what is not samples, and not taken by every reader, into the file of kept records; and
    the samples that a reader has in hand.
    """
    assert part.last is not None
    rows = [
        Row(*fields)
        for fields in connection.execute(
            "SELECT offset,kind,plan,samples,at,reader,body FROM records"
            " WHERE kind<>? ORDER BY offset",
            (BATCH,),
        )
        if _wanted(store, fields[0], fields[5])
    ]
    samples = {
        row.offset: row
        for first, last in in_hand
        for row in read_rows(connection, first, last, ALL_ROWS)
        if row.kind == BATCH
    }
    rows = sorted([*rows, *samples.values()])
    if not rows:
        return []
    keep = store.open_keep()
    with transaction(keep.connection):
        keep.connection.execute(
            "DELETE FROM records WHERE offset BETWEEN ? AND ?", (part.first, part.last)
        )
        keep.connection.execute(
            "DELETE FROM addressed WHERE offset BETWEEN ? AND ?", (part.first, part.last)
        )
        keep.insert([_moved(store, connection, row) for row in rows])
    return list(accepted_ranges(row.offset for row in rows))


def _wanted(store: Store, offset: int, reader: str | None) -> bool:
    if not store.ledgers:
        return reader is None
    return any(
        not ledger.cursor.is_settled(offset)
        for ledger in store.ledgers.values()
        if reader in (None, ledger.name)
    )


def _moved(store: Store, connection: apsw.Connection, row: Row) -> Row:
    assert store.keep is not None
    table = read_plan(connection, row.plan) if row.plan else None
    return frame(row.offset, payload_of(row), store.keep.plan_number(table), row.reader)


def stretches_of(
    store: Store, connection: apsw.Connection, part: PartRow, reader: str, cursor: Cursor
) -> dict[int, PlanStretch]:
    """Sum up, for each plan number, the samples of a part that a reader has not taken."""
    assert part.last is not None
    found: dict[int, PlanStretch] = {}
    at = part.first
    now = store.clock.now()
    for upto, chunk in read_marks(connection, part.first, part.last):
        open_ranges = cursor.unsettled(at, upto)
        addressed = any(at <= each[0] <= upto for each in part.addressed)
        told = all(each.plausible(now) for each in chunk.plans.values())
        if open_ranges == [(at, upto)] and told and not addressed:
            for number, stretch in chunk.plans.items():
                found.setdefault(number, PlanStretch()).merge(stretch)
        else:
            _add_rows(store, connection, open_ranges, reader, found)
        at = upto + 1
    _add_rows(store, connection, cursor.unsettled(at, part.last), reader, found)
    return found


def _add_rows(
    store: Store,
    connection: apsw.Connection,
    ranges: list[Range],
    reader: str,
    found: dict[int, PlanStretch],
) -> None:
    for first, last in ranges:
        for row in read_rows(connection, first, last, ALL_ROWS):
            if row.kind != BATCH or row.reader not in (None, reader):
                continue
            item = store.decoder.decode(row, store.plan_of(connection, row.plan))
            assert isinstance(item, Batch)
            found.setdefault(row.plan, PlanStretch()).add(item)


def _gap_entries(
    store: Store,
    connection: apsw.Connection,
    lost: list[tuple[str | None, dict[int, PlanStretch]]],
) -> list[Entry]:
    entries = []
    for reader, stretches in lost:
        for number, stretch in stretches.items():
            table = store.plan_of(connection, number)
            if table is not None and stretch.samples:
                entries.append(_gap_entry(store, table, stretch, reader))
    return entries


def _gap_entry(store: Store, table: PlanTable, stretch: PlanStretch, reader: str | None) -> Entry:
    signals = tuple(stretch.signals())
    start, end = stretch.bounds(store.clock.now())
    gap = Gap(
        table.device, start, end, GapReason.QUOTA, table,
        None if len(signals) == len(table.signals) else signals,
        stretch.samples, reader, "the spool's quota was reached",
    )  # fmt: skip
    return gap_entry(store, gap)


def _expire(
    store: Store, connection: apsw.Connection, part: PartRow, ledger: Ledger, cursor: Cursor
) -> None:
    assert part.last is not None
    lost = NOTHING
    for first, last in cursor.unsettled(part.first, part.last):
        row = connection.execute(
            "SELECT count(*),ifnull(sum(samples),0),ifnull(sum(length(body)),0) FROM records"
            " WHERE offset BETWEEN ? AND ? AND kind<>? AND (reader IS NULL OR reader=?)",
            (first, last, BATCH, ledger.name),
        ).fetchone()
        lost = lost.plus(store.measure_for(ledger.name, first, last)).minus(
            Totals(*(row or NOTHING))
        )
    ledger.expired = ledger.expired.plus(lost)
    ledger.pending = ledger.pending.minus(lost)
    if lost.records:
        events.part_given_up(part_name(part.first), ledger.name, lost.records, lost.samples)
