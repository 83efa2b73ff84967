"""Counting what lies in a range of offsets for a reader: from memory, from marks, or row by row."""

from __future__ import annotations

from gateway.core.types import UnixNs
from gateway.spool.account import UNKNOWN, ReaderAccount
from gateway.spool.catalog import SizeIndex, Span, overlapping
from gateway.spool.part import measure
from gateway.spool.store import Store
from gateway.spool.summary import NOTHING, Totals


def measure_for(store: Store, reader: str, first: int, last: int) -> Totals:
    """Count the records of a range that are meant for a reader."""
    last = min(last, store.next - 1)
    total = NOTHING
    for span in overlapping(store.spans, first, last):
        total = total.plus(_measure_span(store, span))
    for offset, (name, samples, size) in store.addressed.items():
        if first <= offset <= last and name != reader:
            total = total.minus(Totals(1, samples, size))
    return total


def _measure_span(store: Store, span: Span) -> Totals:
    if span.path == store.active.path and store.index.covers(span.first):
        return store.index.measure(span.first, span.last)
    part = store.sealed.get(span.part)
    if part is not None and (span.first, span.last) == (part.first, part.last):
        return part.summary.totals
    if store.index.covers(span.first):
        return store.index.measure(span.first, span.last)
    with store.reading(span) as connection:
        return measure(connection, span.first, span.last)


def voids(store: Store, first: int, last: int, reader: str) -> list[tuple[int, int]]:
    """Give the ranges in which there is no record for a reader."""
    found, at = [], first
    for span in overlapping(store.spans, first, last):
        if span.first > at:
            found.append((at, span.first - 1))
        at = span.last + 1
    if at <= last:
        found.append((at, last))
    found += [
        (offset, offset)
        for offset, (name, _, _) in store.addressed.items()
        if first <= offset <= last and name != reader
    ]
    return found


def normalise(store: Store) -> None:
    """Settle for each reader the offsets at which there is nothing for it."""
    for account in store.readers.values():
        normalise_one(store, account)


def normalise_one(store: Store, account: ReaderAccount) -> None:
    """Settle for one reader the offsets at which there is nothing for it, and find its oldest."""
    for first, last in voids(store, account.cursor.position, store.next - 1, account.name):
        account.cursor.add(first, last, forced=True)
    account.oldest = _time_at(store, account.cursor.position) if account.pending.records else None


def _time_at(store: Store, offset: int) -> UnixNs | None:
    for span in overlapping(store.spans, offset, offset):
        with store.reading(span) as connection:
            row = connection.execute("SELECT at FROM records WHERE offset=?", (offset,)).fetchone()
            return None if row is None else UnixNs(row[0])
    return None


def pending_of(store: Store, account: ReaderAccount) -> Totals:
    """Count what a reader has not settled, from the files."""
    total = NOTHING
    for first, last in account.cursor.unsettled(account.cursor.position, store.next - 1):
        total = total.plus(measure_for(store, account.name, first, last))
    return total


def recount(store: Store) -> None:
    """Make anew what is derived from the files: spans, addressed records, pending counts."""
    for part in store.sealed.values():
        for offset, reader, samples, size in part.addressed:
            store.addressed[offset] = (reader, samples, size)
    for offset, reader, samples, size in store.active.connection.execute("SELECT * FROM addressed"):
        store.addressed[offset] = (reader, samples, size)
    store.index = SizeIndex(store.next)
    store.refresh_spans()
    for account in store.readers.values():
        account.pending = pending_of(store, account)
        if account.upto == UNKNOWN:
            account.begin_counts(store.next - 1)
        elif account.upto < store.next - 1:  # what was stored after the cursor was last saved
            more = measure_for(store, account.name, account.upto + 1, store.next - 1)
            account.stored = account.stored.plus(Totals(more.records, more.samples))
            account.upto = store.next - 1
    normalise(store)
