"""Storing what several callers bring in one commit."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.core.errors import SpoolFull
from gateway.core.records import Gap, Item
from gateway.ops.events import spool as events
from gateway.spool.quota import has_room, make_room
from gateway.spool.store import Entry, Store, room_for

_Encoded = list[tuple[int, list[Entry]]]


def append(store: Store, calls: Sequence[Sequence[Item]]) -> list[int | Exception]:
    """Store the items of several calls in one commit, in order.

    Gives for each call its last offset, or the error that kept it out: SpoolFull, or the ValueError
    or TypeError of an item that cannot be kept. A call that is kept out leaves the others alone.
    """
    results: list[int | Exception] = [store.next - 1] * len(calls)
    encoded: _Encoded = []
    for place, items in enumerate(calls):
        try:
            encoded.append((place, [entry_of(store, item) for item in items]))
        except (ValueError, TypeError, IndexError, OverflowError, KeyError) as error:
            results[place] = error
    if not make_room(store, room_for(entry for _, entries in encoded for entry in entries)):
        encoded = _those_that_fit(store, encoded, results)
    store.commit([entry for _, entries in encoded for entry in entries])
    last = store.next - 1 - sum(len(entries) for _, entries in encoded)
    for place, entries in encoded:
        last += len(entries)
        results[place] = last
    return results


def entry_of(store: Store, item: Item) -> Entry:
    """Encode an item; a gap that names a reader goes to that reader alone."""
    return Entry(item, store.encoder.encode(item), item.reader if isinstance(item, Gap) else None)


def _those_that_fit(store: Store, encoded: _Encoded, results: list[int | Exception]) -> _Encoded:
    events.spool_full(store.settings.quota_bytes)
    fitting: _Encoded = []
    taken = 0
    for place, entries in encoded:
        size = room_for(entries)
        if has_room(store, taken + size):
            taken += size
            fitting.append((place, entries))
        else:
            results[place] = SpoolFull("quota", "nothing more may be given up")
    return fitting
