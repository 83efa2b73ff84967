"""What the sender and the outbox ask and tell the ledger; on the writer's thread."""

from __future__ import annotations

import json
from collections.abc import Sequence
from hashlib import sha256

from gateway.core.errors import LedgerUnavailable
from gateway.core.types import UnixNs
from gateway.ops.events import usage_ledger as events
from gateway.usage.ledger.bodies import Draft, raw_of
from gateway.usage.ledger.chain import EVENT, ChainRow
from gateway.usage.ledger.sql import every, one
from gateway.usage.ledger.store import Store
from gateway.usage.model import OPEN, Raw, State, Taken, Today, Waiting

_ROWS = """SELECT c.seq, c.body, c.hash, p.content FROM chain c LEFT JOIN people p USING (seq)
    WHERE c.seq > ? ORDER BY c.seq LIMIT ?"""
OUTBOX = "outbox"
TEST_CODE = "DO6999"


def append(store: Store, drafts: Sequence[Draft]) -> list[Taken]:
    """Store events; the same one of the same source is known."""
    taken = []
    question = "SELECT seq, state, code, changed FROM events WHERE digest=?"
    for draft in drafts:
        known = one(store.connection, question, (draft.digest,)) if draft.digest else None
        if known is not None:
            taken.append(_known(store, *known))
            continue
        state = draft.state or State.QUEUED
        taken.append(Taken(store.event_id(store.write(draft)), state))
        if state in OPEN:
            store.news.add(draft.delivery)
    return taken


def _known(store: Store, seq: int, state: str, code: str, changed: int) -> Taken:
    """Give the receipt of an event that is there, with what its source has to be told."""
    question = (
        "SELECT answered FROM attempts WHERE event=? AND answered<>'' ORDER BY seq DESC LIMIT 1"
    )
    answered = one(store.connection, question, (seq,))
    return Taken(
        store.event_id(seq),
        State(state),
        known=True,
        code=code,
        at=UnixNs(changed),
        answered=answered[0] if answered else "",
    )


def used(store: Store, day: str) -> bool:
    """Say whether there is an event of a Korean day that is no test."""
    question = "SELECT 1 FROM events WHERE day=? AND kind=? AND use_se<>? LIMIT 1"
    return one(store.connection, question, (day, EVENT, TEST_CODE)) is not None


def move(store: Store, drafts: Sequence[Draft]) -> None:
    """Store state changes. One of an event that no ledger here knows is kept all the same."""
    for draft in drafts:
        event = store.derived.row_of(draft.body["event"])
        if event is None:
            events.usage_move_of_unknown_event(draft.body["event"])
        elif draft.body["state"] == State.QUEUED:
            question = "SELECT delivery FROM events WHERE seq=?"
            store.news.add(one(store.connection, question, (event,))[0])
        store.write(draft)


def waiting(store: Store, delivery: str, states: Sequence[State]) -> list[Waiting]:
    """Give events in these states, oldest first."""
    marks = ",".join("?" * len(states))
    rows = every(
        store.connection,
        "SELECT seq, log_dt, use_se, user, address, amount, state, requests, changed "  # noqa: S608, question marks
        f"FROM events WHERE delivery=? AND state IN ({marks}) AND kind='event' "
        "ORDER BY log_dt, seq",
        (delivery, *map(str, states)),
    )
    return [
        Waiting(
            store.event_id(seq), log_dt, use_se, user or "", address or "", amount, State(state),
            requests, UnixNs(changed),
        )
        for seq, log_dt, use_se, user, address, amount, state, requests, changed in rows
    ]  # fmt: skip


def today(store: Store, delivery: str, day: str) -> Today:
    """Give what a delivery did on a day."""
    question = "SELECT requests, stored, last_code FROM days WHERE delivery=? AND day=?"
    counts = one(store.connection, question, (delivery, day))
    question = "SELECT last_stored, last_stored_at FROM deliveries WHERE delivery=?"
    last = one(store.connection, question, (delivery,))
    question = "SELECT DISTINCT user FROM events WHERE delivery=? AND stored=?"
    users = every(store.connection, question, (delivery, day))
    requests, stored, code = counts or (0, 0, "")
    stamp, at = last or ("", 0)
    known = frozenset(user for (user,) in users if user is not None)
    return Today(day, requests, stored, stamp, UnixNs(at), code, known)


def raw(store: Store, event: str) -> Raw | None:
    """Give what came in for an event."""
    seq = store.derived.row_of(event)
    if seq is None:
        return None
    rows = rows_after(store, seq - 1, 1)
    if not rows or rows[0].personal is None:
        return None
    return raw_of(rows[0].body, rows[0].personal)


def rows_after(store: Store, seq: int, limit: int) -> list[ChainRow]:
    """Give the next rows of the chain.

    Raises:
        LedgerUnavailable: a row is damaged.
    """
    try:
        return [
            ChainRow(number, json.loads(body), digest, None if said is None else json.loads(said))
            for number, body, digest, said in every(store.connection, _ROWS, (seq, limit))
        ]
    except (ValueError, TypeError) as error:
        raise LedgerUnavailable("damaged", f"a row after {seq} cannot be read") from error


def cursor_mark(name: str, seq: int) -> bytes:
    """Give the check sum of a cursor."""
    return sha256(f"{name} {seq}".encode()).digest()[:8]


def cursor(store: Store, name: str = OUTBOX) -> int:
    """Give the last row that a reader has done; 0 for none, or when its cursor is damaged."""
    found = one(store.connection, "SELECT seq, mark FROM cursors WHERE name=?", (name,))
    if found is None or found[1] != cursor_mark(name, found[0]):
        return 0  # what is sent again is the same record with the same id
    return int(found[0])


def set_cursor(store: Store, seq: int, name: str = OUTBOX) -> None:
    """Keep how far a reader has come."""
    store.connection.execute(
        "INSERT INTO cursors VALUES (?1, ?2, ?3) ON CONFLICT (name) DO UPDATE SET seq=?2, mark=?3",
        (name, seq, cursor_mark(name, seq)),
    )
