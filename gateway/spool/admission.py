"""Letting records in: what several callers bring goes into one commit, below the quota (I9)."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.core.errors import SpoolFull
from gateway.core.records import Item
from gateway.ops.events import spool as events
from gateway.spool.giving_up import give_up_oldest, give_up_survivors
from gateway.spool.store import Store
from gateway.spool.writing import Entry, commit, entry_of, room_for

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
    commit(store, [entry for _, entries in encoded for entry in entries])
    last = store.next - 1 - sum(len(entries) for _, entries in encoded)
    for place, entries in encoded:
        last += len(entries)
        results[place] = last
    return results


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


def has_room(store: Store, size: int) -> bool:
    """Tell whether so many bytes more stay within the quota."""
    return store.used_bytes() + size <= store.settings.quota_bytes


def make_room(store: Store, size: int) -> bool:
    """Give up old parts until so many bytes fit; False when nothing more may be given up."""
    while not _has_room_folded(store, size):
        if not (_drop_oldest_set_aside(store) or give_up_survivors(store) or give_up_oldest(store)):
            return False
    return True


def _has_room_folded(store: Store, size: int) -> bool:
    """Look again with the logs folded in: giving up writes, and its logs count as used, too."""
    if has_room(store, size):
        return True
    store.fold_log(idle=True)
    return has_room(store, size)


def _drop_oldest_set_aside(store: Store) -> bool:
    files = sorted(store.folder.glob("*.corrupt-*"), key=lambda path: path.stat().st_mtime_ns)
    if files:
        files[0].unlink()
    store.count_set_aside()
    return bool(files)
