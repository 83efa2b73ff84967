"""Who a pseudonym is, and forgetting it: erasing keeps the chain whole and proves itself in it."""

from __future__ import annotations

from collections.abc import Iterable

from gateway.core.types import UnixNs
from gateway.ops.events import usage_ledger as events
from gateway.usage.ledger.bodies import Draft, move_draft
from gateway.usage.ledger.chain import ERASE
from gateway.usage.ledger.days import DAY_S, NS, day_of, start_of
from gateway.usage.ledger.sql import every, one
from gateway.usage.ledger.store import Store
from gateway.usage.model import OPEN, Move, State

RANGES_MAX = 500
"""So many ranges go into one row, so that no row is unbounded (I9)."""

WHY_PERSON, WHY_AGE = "person", "age"


def person(store: Store, pseudonym: str) -> str | None:
    """Give what the solution called the user last, None when unknown or erased."""
    found = one(
        store.connection,
        "SELECT person FROM events WHERE user=? AND person <> '' ORDER BY seq DESC LIMIT 1",
        (pseudonym,),
    )
    return None if found is None else str(found[0])


def erase_person(store: Store, pseudonym: str) -> int:
    """Erase all personal content of one user, as sent or as the solution said; give the events."""
    question = "SELECT seq, state FROM events WHERE user=?1 OR person=?1 ORDER BY seq"
    found = every(store.connection, question, (pseudonym,))
    return _erase(store, found, WHY_PERSON)


def erase_before(store: Store, day: str, why: str = WHY_AGE) -> int:
    """Erase all personal content that came in before a Korean day; give the events.

    Raises:
        ValueError: not a day.
    """
    found = every(
        store.connection,
        "SELECT e.seq, e.state FROM events e JOIN people p USING (seq) WHERE e.received < ? "
        "ORDER BY e.seq",
        (start_of(day),),
    )
    return _erase(store, found, why)


def erase_old(store: Store) -> int:
    """Erase what is older than the setting says; give the events."""
    if not store.settings.keep_days:
        return 0
    oldest = store.clock.now() - store.settings.keep_days * DAY_S * NS
    return erase_before(store, day_of(oldest))


def _erase(store: Store, found: list[tuple[int, str]], why: str) -> int:
    """Erase; an event that was still to be sent is not sent any more: it would be without a user.

    Rows of moves are erased with their event. A row in which nothing was kept is in the ranges
    only where it lies between erased ones of the same range.
    """
    if not found:
        return 0
    now = store.clock.now()
    for seq, state in found:
        if state in OPEN:
            move = Move(store.event_id(seq), State.QUARANTINED, now, "erased")
            store.write(move_draft(move, store.hide))
    rows = sorted({seq for seq, _ in found} | _moves_of(store, [seq for seq, _ in found]))
    ranges = _ranges(rows)
    for place in range(0, len(ranges), RANGES_MAX):
        chunk = ranges[place : place + RANGES_MAX]
        for first, last in chunk:
            store.connection.execute("DELETE FROM people WHERE seq BETWEEN ? AND ?", (first, last))
        store.write(Draft({"kind": ERASE, "at": UnixNs(now), "why": why, "ranges": chunk}))
    store.erased = True
    events.usage_erased(why, len(found))
    return len(found)


def _moves_of(store: Store, seqs: Iterable[int]) -> set[int]:
    connection = store.connection
    return {
        int(row[0])
        for seq in seqs
        for row in connection.execute("SELECT seq FROM attempts WHERE event=?", (seq,))
    }


def _ranges(rows: list[int]) -> list[list[int]]:
    ranges: list[list[int]] = []
    for row in rows:
        if ranges and row == ranges[-1][1] + 1:
            ranges[-1][1] = row
        else:
            ranges.append([row, row])
    return ranges
