"""Moving cursors: what was accepted, what was refused, and which parts nobody needs any more."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.core.errors import SpoolError
from gateway.core.records import Answer, Refusal
from gateway.ops.events import spool as events
from gateway.ops.sqlite import transaction
from gateway.spool.account import ReaderAccount
from gateway.spool.catalog import overlapping
from gateway.spool.codec import StoredRow
from gateway.spool.cursor import Cursor
from gateway.spool.measuring import measure_for, normalise_one, pending_of
from gateway.spool.part import plan_digest
from gateway.spool.state import QuarantineEntry
from gateway.spool.store import Store

RANGES_COUNTED_MAX = 256
"""With more holes than this counting would hold up commits; a start counts them all the same."""


def settle(store: Store, answers: Sequence[tuple[str, Answer]]) -> list[Exception | None]:
    """Settle several answers in one transaction; an unknown reader gets an error of its own."""
    accounts: dict[str, ReaderAccount] = {}
    results: list[Exception | None] = []
    refused: list[tuple[ReaderAccount, Refusal]] = []
    for name, answer in answers:
        if name not in store.readers:
            results.append(SpoolError("unknown-reader", name))
            continue
        account = accounts.setdefault(name, store.readers[name].copy())
        for first, last in answer.accepted:
            _accept(store, account, first, last)
        refused += _refused(store, account, answer.refused)
        results.append(None)
    if accounts:
        _save(store, accounts, refused)
    return results


def _save(
    store: Store,
    accounts: dict[str, ReaderAccount],
    refused: Sequence[tuple[ReaderAccount, Refusal]],
) -> None:
    merged = {**store.readers, **accounts}
    for account in accounts.values():
        normalise_one(store, account)
    floor = min(account.cursor.position for account in merged.values())
    with transaction(store.state.connection):
        for account, refusal in refused:
            store.state.quarantine(_quarantine_entry(store, account.name, refusal))
        for account in accounts.values():
            store.state.save_account(account)
        if store.unlinked:
            store.state.forget_gone(store.unlinked)
            store.unlinked = []
        gone = store.drop_consumed(floor)
    store.readers = merged
    if gone:
        store.unlink(gone)
    drop_survivors(store, floor)


def _accept(store: Store, account: ReaderAccount, first: int, last: int) -> None:
    for low, high in account.cursor.add(max(first, 1), min(last, store.next - 1)):
        counted = measure_for(store, account.name, low, high)
        account.delivered = account.delivered.plus(counted)
        account.pending = account.pending.minus(counted)


def _refused(
    store: Store, account: ReaderAccount, refusals: Sequence[Refusal]
) -> list[tuple[ReaderAccount, Refusal]]:
    taken = []
    for refusal in refusals:
        offset = refusal.offset
        if not 0 < offset < store.next or account.cursor.is_settled(offset):
            continue
        counted = measure_for(store, account.name, offset, offset)
        account.cursor.add(offset, offset, forced=True)
        if counted.records:
            account.quarantined = account.quarantined.plus(counted)
            account.pending = account.pending.minus(counted)
            taken.append((account, refusal))
            events.record_quarantined(account.name, offset, refusal.reason)
    return taken


def _quarantine_entry(store: Store, reader: str, refusal: Refusal) -> QuarantineEntry:
    now = store.clock.now()
    for span in overlapping(store.spans, refusal.offset, refusal.offset):
        with store.reading(span) as connection:
            fields = connection.execute(
                "SELECT offset,kind,plan,samples,at,reader,body FROM records WHERE offset=?",
                (refusal.offset,),
            ).fetchone()
            if fields is None:
                break
            row = StoredRow(*fields)
            digest = plan_digest(connection, row.plan) if row.plan else None
            table = store.plan_of(connection, row.plan)
        if digest is not None and table is not None:
            store.state.save_plan(digest, table)
        return QuarantineEntry(
            0, reader, row.offset, row.kind, row.plan, digest, row.samples, row.at, row.reader,
            row.body, refusal.reason, now,
        )  # fmt: skip
    return QuarantineEntry(
        0, reader, refusal.offset, None, None, None, 0, None, None, None, refusal.reason, now
    )


def drop_survivors(store: Store, floor: int) -> None:
    """Delete survivors that every reader has passed."""
    if store.survivors.delete_below(floor):
        for offset in [each for each in store.addressed if each < floor]:
            del store.addressed[offset]
        store.refresh_spans()


def add_reader(store: Store, name: str) -> ReaderAccount:
    """Give the account of a reader; a new one starts at the oldest record there is."""
    if name not in store.readers:
        account = ReaderAccount(name, Cursor())
        first = min(span.first for span in store.spans)
        account.cursor.add(1, first - 1, forced=True)
        account.pending = pending_of(store, account)
        normalise_one(store, account)
        account.begin_counts(store.next - 1)
        with transaction(store.state.connection):
            store.state.save_account(account)
        store.readers = {**store.readers, name: account}
    return store.readers[name]


def note_jump(store: Store, name: str, places: Sequence[int]) -> None:
    """Note where a reader has something in hand: a start could not see it by what is settled."""
    account = store.readers.get(name)
    if account is None:
        raise SpoolError("unknown-reader", name)
    if set(places) <= set(account.jumps):
        return
    account = account.copy()
    account.jumped(places)
    with transaction(store.state.connection):
        store.state.save_account(account)
    store.readers = {**store.readers, name: account}


def forget_reader(store: Store, name: str) -> None:
    """Remove a reader with its cursor and its quarantine; parts it held are dropped."""
    account = store.readers.get(name)
    if account is None:
        return
    rest = {key: each for key, each in store.readers.items() if key != name}
    floor = min((each.cursor.position for each in rest.values()), default=0)
    with transaction(store.state.connection):
        store.state.remove_account(name)
        gone = store.drop_consumed(floor)
    store.readers = rest
    store.leases.forget(name)
    events.reader_forgotten(name, account.pending.records)
    if gone:
        store.unlink(gone)
    drop_survivors(store, floor)


def count_again(store: Store) -> bool:
    """Count from the files what is pending; tells whether that is not what was thought.

    A record over which a cursor passed without anything becoming of it, or that is in no file, is
    then missing on one side of the books, and everybody can see it.
    """
    differ = False
    for account in store.readers.values():
        if len(account.cursor.intervals()) > RANGES_COUNTED_MAX:
            continue
        found = pending_of(store, account)
        if found[:2] != account.pending[:2]:
            missing = account.pending.minus(found)
            events.books_differ(account.name, missing.records, missing.samples)
            differ = True
        account.pending = found
    return differ
