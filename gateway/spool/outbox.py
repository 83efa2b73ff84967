"""Records the spool itself has to write (gaps, records put back): see `state` for why twice."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.core.records import Gap
from gateway.ops.sqlite import transaction
from gateway.spool.codec import Payload, item_plan
from gateway.spool.msgpack import packb, unpackb
from gateway.spool.store import Store
from gateway.spool.writing import Entry, commit

ENTRIES_A_POST = 256
"""One outbox entry is one commit: that many records at most."""


def gap_entry(store: Store, gap: Gap) -> Entry:
    """Give the entry of a gap record; it goes to the reader it names."""
    return Entry(gap, store.encoder.encode(gap), gap.reader)


def post(store: Store, entries: Sequence[Entry]) -> None:
    """Put records into the outbox; inside a transaction of state."""
    for start in range(0, len(entries), ENTRIES_A_POST):
        bodies = []
        for entry in entries[start : start + ENTRIES_A_POST]:
            table = item_plan(entry.item)
            if table is not None:
                store.state.save_plan(table.digest, table)
            digest = table.digest if table is not None else None
            bodies.append([*entry.payload, digest, entry.reader, entry.requeued])
        store.state.post(packb(bodies))


def send(store: Store) -> None:
    """Write everything in the outbox into the log, each entry once."""
    for number, body in store.state.outbox():
        if not _was_sent(store, number):
            commit(store, [_entry(store, fields) for fields in unpackb(body)], outbox=number)
        with transaction(store.state.connection):
            store.state.sent(number)


def _was_sent(store: Store, number: int) -> bool:
    row = store.active.connection.execute("SELECT value FROM meta WHERE key='outbox'").fetchone()
    epoch, _, last = str(row[0] if row else "").partition(" ")
    return epoch == store.state.epoch and last.isdigit() and int(last) >= number


def _entry(store: Store, fields: list[object]) -> Entry:
    kind, samples, at, flags, data, digest, reader, requeued = fields
    payload = Payload(kind, samples, at, flags, data)  # type: ignore[arg-type]  # as they were written
    table = store.state.plan(str(digest)) if digest is not None else None
    item = store.decoder.decode_payload(payload, table)
    return Entry(item, payload, None if reader is None else str(reader), bool(requeued))
