"""What can still be read of a damaged ledger, and taking its open events into a new one.

Every row is read by itself, so that a damaged page costs only its own rows; a row counts when its
own hash is right. Events that may still be delivered are carried over: a solution was told that
they are safe.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import apsw

from gateway.ops.sqlite import connect_read_only, shut
from gateway.usage.ledger.bodies import Draft
from gateway.usage.ledger.chain import (
    EVENT,
    GENESIS,
    MOVE,
    OPENED,
    commitment,
    event_id,
    row_hash,
    seq_of,
)
from gateway.usage.ledger.store import Store
from gateway.usage.model import OPEN, State

MISSING_MAX = 1_000
"""The end is believed after so many rows in a row that are not there."""


@dataclass(slots=True)
class Salvaged:
    """The open events of a damaged ledger, and where it ended as far as could be read.

    `unreadable` counts rows that are damaged or on a damaged page: an upper bound at the end.
    """

    ledger: str = ""
    rows: int = 0
    unreadable: int = 0
    hash: bytes = GENESIS
    events: dict[int, tuple[Mapping[str, Any], bytes]] = field(default_factory=dict)
    states: dict[int, str] = field(default_factory=dict)

    def take(self, seq: int, body: Mapping[str, Any], digest: bytes, personal: bytes) -> None:
        """Take in a row in order."""
        self.rows, self.hash = seq, digest
        if body["kind"] == OPENED:
            self.ledger = str(body["ledger"])
        elif body["kind"] == EVENT and personal:
            self.events[seq] = (body, personal)
            self.states[seq] = str(body.get("state", State.QUEUED))
        elif body["kind"] == MOVE:
            self._move(str(body["event"]), str(body["state"]))

    def _move(self, name: str, state: str) -> None:
        ledger = self.ledger or name.partition("-")[0]  # where the row that names it is damaged
        event = seq_of(ledger, name)
        if event in self.events:
            self.states[event] = state
            if state not in OPEN:
                del self.events[event]

    def drop_finished(self, connection: apsw.Connection) -> None:
        """Believe the derived table where it says that an event is finished: a move is damaged."""
        for seq in list(self.events):
            try:
                found = connection.execute("SELECT state FROM events WHERE seq=?", (seq,))
                state = found.fetchone()
            except apsw.Error:
                continue
            if state is not None and state[0] not in OPEN:
                del self.events[seq]


def read_all(path: Path, vfs: str | None) -> Salvaged:
    """Read what is right; a file that does not open at all gives nothing."""
    saved = Salvaged()
    try:
        connection = connect_read_only(path, vfs=vfs)
    except (apsw.Error, OSError):
        return saved
    try:
        seq = missing = 0
        while missing < MISSING_MAX:
            seq += 1
            missing = 0 if _row(connection, seq, saved) else missing + 1
        saved.drop_finished(connection)
    finally:
        shut(connection)
    return saved


def _row(connection: apsw.Connection, seq: int, saved: Salvaged) -> bool:
    try:
        found = connection.execute(
            "SELECT body, prev, hash FROM chain WHERE seq=?", (seq,)
        ).fetchone()
        if found is None:
            return False
        body, prev, digest = found
        if row_hash(prev, seq, body) != digest:
            saved.unreadable += 1
            return True
        content = json.loads(body)
        saved.take(seq, content, digest, _personal(connection, seq, content))
    except (apsw.Error, ValueError, KeyError, TypeError):
        saved.unreadable += 1
        return False
    return True


def _personal(connection: apsw.Connection, seq: int, body: Mapping[str, Any]) -> bytes:
    if "personal" not in body:
        return b""
    found = connection.execute("SELECT salt, content FROM people WHERE seq=?", (seq,)).fetchone()
    if found is None or commitment(found[0], found[1]) != body["personal"]:
        return b""
    return bytes(found[1])


def carry(store: Store, saved: Salvaged) -> None:
    """Store the open events in the new ledger, each with the id that it had.

    Inside the transaction that makes the ledger.
    """
    for seq, (old, personal) in saved.events.items():
        was = old.get("was") or event_id(saved.ledger, seq)
        body = {name: value for name, value in old.items() if name != "personal"}
        body |= {"was": was, "state": saved.states[seq]}
        store.write(Draft(body, personal))
        store.news.add(body["delivery"])
