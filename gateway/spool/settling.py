"""Moving cursors: what was accepted, what was refused, and which parts nobody needs any more."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.core.errors import SpoolError
from gateway.core.records import Answer, Refusal
from gateway.ops.events import spool as events
from gateway.ops.sqlite import transaction
from gateway.spool.account import Ledger
from gateway.spool.catalog import overlapping
from gateway.spool.codec import Row
from gateway.spool.cursor import Cursor
from gateway.spool.measuring import measure_for, normalise_one, pending_of
from gateway.spool.part import plan_digest
from gateway.spool.state import QuarantineEntry
from gateway.spool.store import Store

RANGES_COUNTED_MAX = 256
"""With more holes than this counting would hold up commits; a start counts them all the same."""


def settle(store: Store, answers: Sequence[tuple[str, Answer]]) -> list[Exception | None]:
    """Settle several answers in one transaction; an unknown reader gets an error of its own."""
    ledgers: dict[str, Ledger] = {}
    results: list[Exception | None] = []
    refused: list[tuple[Ledger, Refusal]] = []
    for name, answer in answers:
        if name not in store.ledgers:
            results.append(SpoolError("unknown-reader", name))
            continue
        ledger = ledgers.setdefault(name, store.ledgers[name].copy())
        for first, last in answer.accepted:
            _accept(store, ledger, first, last)
        refused += _refused(store, ledger, answer.refused)
        results.append(None)
    if ledgers:
        _save(store, ledgers, refused)
    return results


def _save(
    store: Store, ledgers: dict[str, Ledger], refused: Sequence[tuple[Ledger, Refusal]]
) -> None:
    merged = {**store.ledgers, **ledgers}
    for ledger in ledgers.values():
        normalise_one(store, ledger)
    floor = min(ledger.cursor.position for ledger in merged.values())
    with transaction(store.state.connection):
        for ledger, refusal in refused:
            store.state.quarantine(_quarantine_entry(store, ledger.name, refusal))
        for ledger in ledgers.values():
            store.state.save_ledger(ledger)
        if store.unlinked:
            store.state.forget_gone(store.unlinked)
            store.unlinked = []
        gone = store.drop_consumed(floor)
    store.ledgers = merged
    if gone:
        store.unlink(gone)
    drop_survivors(store, floor)


def _accept(store: Store, ledger: Ledger, first: int, last: int) -> None:
    for low, high in ledger.cursor.add(max(first, 1), min(last, store.next - 1)):
        counted = measure_for(store, ledger.name, low, high)
        ledger.delivered = ledger.delivered.plus(counted)
        ledger.pending = ledger.pending.minus(counted)


def _refused(
    store: Store, ledger: Ledger, refusals: Sequence[Refusal]
) -> list[tuple[Ledger, Refusal]]:
    taken = []
    for refusal in refusals:
        offset = refusal.offset
        if not 0 < offset < store.next or ledger.cursor.is_settled(offset):
            continue
        counted = measure_for(store, ledger.name, offset, offset)
        ledger.cursor.add(offset, offset, forced=True)
        if counted.records:
            ledger.quarantined = ledger.quarantined.plus(counted)
            ledger.pending = ledger.pending.minus(counted)
            taken.append((ledger, refusal))
            events.record_quarantined(ledger.name, offset, refusal.reason)
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
            row = Row(*fields)
            digest = plan_digest(connection, row.plan) if row.plan else None
            table = store.plan_of(connection, row.plan)
        if digest is not None and table is not None:
            store.state.keep_plan(digest, table)
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


def add_reader(store: Store, name: str) -> Ledger:
    """Give the ledger of a reader; a new one starts at the oldest kept record."""
    if name not in store.ledgers:
        ledger = Ledger(name, Cursor())
        first = min(span.first for span in store.spans)
        ledger.cursor.add(1, first - 1, forced=True)
        ledger.pending = pending_of(store, ledger)
        normalise_one(store, ledger)
        ledger.begin_books(store.next - 1)
        with transaction(store.state.connection):
            store.state.save_ledger(ledger)
        store.ledgers = {**store.ledgers, name: ledger}
    return store.ledgers[name]


def note_jump(store: Store, name: str, places: Sequence[int]) -> None:
    """Note where a reader has something in hand: a start could not see it by what is settled."""
    ledger = store.ledgers.get(name)
    if ledger is None:
        raise SpoolError("unknown-reader", name)
    if set(places) <= set(ledger.jumps):
        return
    ledger = ledger.copy()
    ledger.jumped(places)
    with transaction(store.state.connection):
        store.state.save_ledger(ledger)
    store.ledgers = {**store.ledgers, name: ledger}


def forget_reader(store: Store, name: str) -> None:
    """Remove a reader with its cursor and its quarantine; parts it held are dropped."""
    ledger = store.ledgers.get(name)
    if ledger is None:
        return
    rest = {key: each for key, each in store.ledgers.items() if key != name}
    floor = min((each.cursor.position for each in rest.values()), default=0)
    with transaction(store.state.connection):
        store.state.remove_ledger(name)
        gone = store.drop_consumed(floor)
    store.ledgers = rest
    store.leases.forget(name)
    events.reader_forgotten(name, ledger.pending.records)
    if gone:
        store.unlink(gone)
    drop_survivors(store, floor)


def count_again(store: Store) -> bool:
    """Count from the files what is pending; tells whether that is not what was thought.

    A record over which a cursor passed without anything becoming of it, or that is in no file, is
    then missing on one side of the books, and everybody can see it.
    """
    differ = False
    for ledger in store.ledgers.values():
        if len(ledger.cursor.intervals()) > RANGES_COUNTED_MAX:
            continue
        found = pending_of(store, ledger)
        if found[:2] != ledger.pending[:2]:
            missing = ledger.pending.minus(found)
            events.books_differ(ledger.name, missing.records, missing.samples)
            differ = True
        ledger.pending = found
    return differ
