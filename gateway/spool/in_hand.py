"""What readers have in hand, as the committing thread needs it; see `leases`.

Before a range is given up, and when a spool starts and nobody knows any more what was in hand.
"""

from __future__ import annotations

from gateway.spool.account import ReaderAccount
from gateway.spool.catalog import overlapping
from gateway.spool.cursor import Range
from gateway.spool.leases import LANES, PRESUMED_BYTES, PRESUMED_RECORDS, SHARE
from gateway.spool.part import DAMAGE
from gateway.spool.store import Store


def in_hand_of(store: Store, first: int, last: int) -> list[Range]:
    """Begin to declare a range missing, and give what of it readers have in hand, unsettled.

    It stays for all readers that have not settled it: what is there need not be declared missing.
    """
    found: list[Range] = []
    for name, leases in store.leases.declare(first, last).items():
        account = store.readers.get(name)
        for lease in leases if account is not None else ():
            low, high = max(lease.first, first), min(lease.last, last)
            found += account.cursor.unsettled(low, high) if account is not None else ()
    return sorted(found)


def presume_in_hand(store: Store) -> None:
    """Take what readers may have had in hand when the last process ended; see `leases`."""
    for account in store.readers.values():
        settled = account.cursor.intervals()
        behind = [settled[-1][1] + 1] if settled else []
        places = {account.cursor.position, *behind, *account.jumps}
        open_ = sorted(place for place in places if not account.cursor.is_settled(place))
        reaches = [(place, _reach(store, account, place)) for place in open_]
        store.leases.presume(account.name, [each for each in reaches if each[0] <= each[1]])


def _reach(store: Store, account: ReaderAccount, place: int) -> int:
    """Give the last offset that a reader may have taken at once from a place on."""
    limit = store.settings.quota_bytes // (SHARE * LANES)
    last: int
    room, count, last = min(PRESUMED_BYTES, limit), PRESUMED_RECORDS, place - 1
    for low, high in account.cursor.unsettled(place, store.next - 1):
        for span in overlapping(store.spans, low, high):
            with store.reading(span) as connection:
                rows = connection.execute(
                    "SELECT offset,length(body) FROM records WHERE offset BETWEEN ? AND ?"
                    " ORDER BY offset LIMIT ?",
                    (span.first, span.last, count),
                )
                try:
                    for offset, size in rows:
                        last, room, count = offset, room - size, count - 1
                        if room <= 0 or count <= 0:
                            return last
                except DAMAGE:  # whoever reads it finds that, too, and replaces the part
                    return last
    return last
