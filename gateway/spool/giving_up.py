"""Staying below the quota: the oldest raw part goes first, never silently (I6, I9).

Samples of a part that a reader has not taken are given up for that reader and covered by gap
records that travel to it; everything else in the part (gaps, usage, rejected messages, audit) moves
into the file of survivors with its offsets, and so do samples that a reader has in hand, which
its destination may have (see `leases`). They are the first to go when nobody has them in hand any
more and they are still not settled. Only when no samples are left is the spool full.
"""

from __future__ import annotations

import apsw

from gateway.core.records import Batch, Gap, GapReason, accepted_ranges
from gateway.core.signals import PlanTable
from gateway.ops.events import spool as events
from gateway.ops.sqlite import shut, transaction
from gateway.spool.account import ReaderAccount
from gateway.spool.codec import BATCH, StoredRow, frame, payload_of
from gateway.spool.cursor import Cursor, Range
from gateway.spool.files import SURVIVORS_FILE, part_name
from gateway.spool.in_hand import in_hand_of
from gateway.spool.measuring import measure_for, normalise
from gateway.spool.outbox import gap_entry, post, send
from gateway.spool.part import read_marks, read_plan, read_rows
from gateway.spool.state import KnownPart
from gateway.spool.store import Store
from gateway.spool.summary import NOTHING, PlanStretch, Totals
from gateway.spool.writing import Entry

ALL_ROWS = -1
QUARANTINE_SHARE = 8
"""Refused records may take this part of the quota; then the oldest go, with a gap record (I9)."""


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
    if entry is None or entry.reader not in store.readers:
        return
    account = store.readers[entry.reader].copy()
    counted = Totals(1, entry.samples, len(entry.body or b""))
    account.quarantined = account.quarantined.minus(counted)
    account.expired = account.expired.plus(counted)
    stretch = PlanStretch()
    table = store.state.plan(entry.digest) if entry.digest is not None else None
    if entry.kind == BATCH and entry.body is not None and table is not None:
        row = StoredRow(
            entry.offset, BATCH, entry.plan or 0, entry.samples, entry.at or 0, entry.addressee,
            entry.body,
        )  # fmt: skip
        item = store.decoder.decode(row, table)
        assert isinstance(item, Batch)
        stretch.add(item)
    with transaction(store.state.connection):
        store.state.remove_quarantined(number)
        store.state.save_account(account)
        if table is not None and stretch.samples:
            post(store, [_gap_entry(store, table, stretch, entry.reader)])
    store.readers = {**store.readers, entry.reader: account}
    events.quarantine_trimmed(entry.reader, entry.offset)


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
        moved = _save_survivors(store, connection, part, in_hand)
        accounts = [account.copy() for account in store.readers.values()]
        cursors = [account.cursor.copy() for account in accounts]
        for cursor in cursors:
            for span in in_hand:
                cursor.add(*span, forced=True)
        lost: list[tuple[str | None, dict[int, PlanStretch]]] = [
            (account.name, stretches_of(store, connection, part, account.name, cursor))
            for account, cursor in zip(accounts, cursors, strict=True)
        ]
        if not accounts:
            lost.append((None, part.summary.plans))
        entries = _gap_entries(store, connection, lost)
        for account, cursor in zip(accounts, cursors, strict=True):
            _expire(store, connection, part, account, cursor)
    finally:
        shut(connection)
    with transaction(store.state.connection):
        for account in accounts:
            store.state.save_account(account)
        store.state.part_gone(part.first)
        post(store, entries)
    store.readers = {account.name: account for account in accounts}
    addressed = {each[0]: each[1:] for each in part.addressed}
    store.unlink([part.first])
    store.list_survivors()
    store.refresh_spans()
    for first, last in moved:
        there = (offset for offset in range(first, last + 1) if offset in addressed)
        store.addressed.update((offset, addressed[offset]) for offset in there)
    normalise(store)
    send(store)
    return True


def give_up_survivors(store: Store) -> bool:
    """Give up surviving samples that nobody has in hand any more; False when there are none."""
    if not store.survivors.samples or store.survivors.part is None:
        return False
    in_hand = Cursor()
    for span in in_hand_of(store, store.survivors.samples[0], store.survivors.samples[-1]):
        in_hand.add(*span, forced=True)
    victims = [offset for offset in store.survivors.samples if not in_hand.is_settled(offset)]
    if not victims:
        return False
    accounts = [account.copy() for account in store.readers.values()]
    connection = store.survivors.part.connection
    lost: list[tuple[str | None, dict[int, PlanStretch]]] = [
        (account.name, _expire_survivors(store, connection, victims, account))
        for account in accounts
    ]
    entries = _gap_entries(store, connection, lost)
    with transaction(store.state.connection):
        for account in accounts:
            store.state.save_account(account)
        post(store, entries)
    store.readers = {account.name: account for account in accounts}
    store.drop_survivors(victims)
    for offset in victims:
        store.addressed.pop(offset, None)
    store.refresh_spans()
    normalise(store)
    send(store)
    return True


def _expire_survivors(
    store: Store, connection: apsw.Connection, victims: list[int], account: ReaderAccount
) -> dict[int, PlanStretch]:
    """Pass over records in the file of survivors, and sum up what the reader misses of them.

    The cursor says that they are gone: the rows are deleted later, in another file.
    """
    found: dict[int, PlanStretch] = {}
    lost = NOTHING
    for offset in victims:
        if account.cursor.is_settled(offset):
            continue
        ranges: list[Range] = [(offset, offset)]
        _add_rows(store, connection, ranges, account.name, found)
        lost = lost.plus(measure_for(store, account.name, offset, offset))
        account.cursor.add(offset, offset, forced=True)
    account.expired = account.expired.plus(lost)
    account.pending = account.pending.minus(lost)
    if lost.records:
        events.part_given_up(SURVIVORS_FILE, account.name, lost.records, lost.samples)
    return found


def _oldest_with_samples(store: Store) -> KnownPart | None:
    parts = (store.sealed[first] for first in sorted(store.sealed))
    return next((part for part in parts if part.summary.plans), None)


def _save_survivors(
    store: Store, connection: apsw.Connection, part: KnownPart, in_hand: list[Range]
) -> list[Range]:
    """Copy what is not samples, and not taken by every reader, into the file of survivors; and
    the samples that a reader has in hand.
    """
    assert part.last is not None
    rows = [
        StoredRow(*fields)
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
    survivors = store.open_survivors()
    with transaction(survivors.connection):
        survivors.connection.execute(
            "DELETE FROM records WHERE offset BETWEEN ? AND ?", (part.first, part.last)
        )
        survivors.connection.execute(
            "DELETE FROM addressed WHERE offset BETWEEN ? AND ?", (part.first, part.last)
        )
        survivors.insert([_moved(store, connection, row) for row in rows])
    return list(accepted_ranges(row.offset for row in rows))


def _wanted(store: Store, offset: int, reader: str | None) -> bool:
    if not store.readers:
        return reader is None
    return any(
        not account.cursor.is_settled(offset)
        for account in store.readers.values()
        if reader in (None, account.name)
    )


def _moved(store: Store, connection: apsw.Connection, row: StoredRow) -> StoredRow:
    assert store.survivors.part is not None
    table = read_plan(connection, row.plan) if row.plan else None
    return frame(row.offset, payload_of(row), store.survivors.part.plan_number(table), row.reader)


def stretches_of(
    store: Store, connection: apsw.Connection, part: KnownPart, reader: str, cursor: Cursor
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
    store: Store,
    connection: apsw.Connection,
    part: KnownPart,
    account: ReaderAccount,
    cursor: Cursor,
) -> None:
    assert part.last is not None
    lost = NOTHING
    for first, last in cursor.unsettled(part.first, part.last):
        row = connection.execute(
            "SELECT count(*),ifnull(sum(samples),0),ifnull(sum(length(body)),0) FROM records"
            " WHERE offset BETWEEN ? AND ? AND kind<>? AND (reader IS NULL OR reader=?)",
            (first, last, BATCH, account.name),
        ).fetchone()
        lost = lost.plus(measure_for(store, account.name, first, last)).minus(
            Totals(*(row or NOTHING))
        )
    account.expired = account.expired.plus(lost)
    account.pending = account.pending.minus(lost)
    if lost.records:
        events.part_given_up(part_name(part.first), account.name, lost.records, lost.samples)
