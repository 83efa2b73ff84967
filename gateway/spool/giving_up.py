"""Staying below the quota: the oldest raw part goes first, never silently (I6, I9).

Samples of a part that a reader has not taken are given up for that reader and covered by gap
records that travel to it; everything else in the part (gaps, usage, rejected messages, audit) moves
into the file of survivors with its offsets, and so do samples that a reader has in hand, which
its destination may have (see `leases`). They are the first to go when nobody has them in hand any
more and they are still not settled. Only when no samples are left is the spool full.
"""

from __future__ import annotations

import apsw

from gateway.core.records import Batch, accepted_ranges
from gateway.ops.events import spool as events
from gateway.ops.sqlite import shut, transaction
from gateway.spool.account import ReaderAccount
from gateway.spool.codec import BATCH, StoredRow, frame, payload_of
from gateway.spool.cursor import Cursor, Range
from gateway.spool.files import SURVIVORS_FILE, part_name
from gateway.spool.in_hand import in_hand_of
from gateway.spool.measuring import measure_for, normalise
from gateway.spool.missing import add_rows, gap_entries, quota_gap, stretches_of
from gateway.spool.outbox import post, send
from gateway.spool.part import ALL_ROWS, read_plan, read_rows
from gateway.spool.state import KnownPart
from gateway.spool.store import Store
from gateway.spool.summary import NOTHING, PlanStretch, Totals
from gateway.spool.writing import Entry

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
            post(store, [quota_gap(store, table, stretch, entry.reader)])
    store.readers = {**store.readers, entry.reader: account}
    events.quarantine_trimmed(entry.reader, entry.offset)


def give_up_oldest(store: Store) -> bool:
    """Give up the oldest part that holds samples; False when there is none.

    What must survive is copied first, then the state says that the part is gone and holds the gap
    records, then the file goes: a crash between two of these steps costs nothing and tells nothing
    twice.
    """
    part = _oldest_with_samples(store)
    if part is None and store.active.whole_summary().plans:
        store.rotate()
        part = _oldest_with_samples(store)
    if part is None or part.last is None:
        return False
    in_hand = in_hand_of(store, part.first, part.last)
    connection = store.open_part(part)
    try:
        survivors = _save_survivors(store, connection, part, in_hand)
        accounts, entries = _written_off(store, connection, part, in_hand)
    finally:
        shut(connection)
    with transaction(store.state.connection):
        for account in accounts:
            store.state.save_account(account)
        store.state.part_gone(part.first)
        post(store, entries)
    store.readers = {account.name: account for account in accounts}
    _remove(store, part, survivors)
    normalise(store)
    send(store)
    return True


def _written_off(
    store: Store, connection: apsw.Connection, part: KnownPart, in_hand: list[Range]
) -> tuple[list[ReaderAccount], list[Entry]]:
    """Give the accounts as they are without the part's samples, and the gap records for them."""
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
    entries = gap_entries(store, connection, lost)
    for account, cursor in zip(accounts, cursors, strict=True):
        _expire(store, connection, part, account, cursor)
    return accounts, entries


def _remove(store: Store, part: KnownPart, survivors: list[Range]) -> None:
    """Unlink a part that the state calls gone, and find its survivors in their file."""
    addressed = {each[0]: each[1:] for each in part.addressed}
    store.unlink([part.first])
    store.list_survivors()
    store.refresh_spans()
    for first, last in survivors:
        there = (offset for offset in range(first, last + 1) if offset in addressed)
        store.addressed.update((offset, addressed[offset]) for offset in there)


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
    entries = gap_entries(store, connection, lost)
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
        add_rows(store, connection, ranges, account.name, found)
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
