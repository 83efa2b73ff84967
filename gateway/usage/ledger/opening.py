"""What is looked at before a ledger's file is believed, and what becomes of one that is not.

Each start looks at the tables, the end of the chain, the head beside the file, and at where the
newest events stand. The whole chain is proved by `verify`, which takes longer.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

import apsw

from gateway.ops.events import usage_ledger as events
from gateway.ops.sqlite import CORRUPT_ERRORS, remove_database, sync_folder
from gateway.usage.ledger import anchor, schema
from gateway.usage.ledger.chain import EVENT, MOVE, OPENED, UNFIT, row_hash, seq_of
from gateway.usage.ledger.derive import Derived
from gateway.usage.ledger.salvage import carry, read_all
from gateway.usage.ledger.sql import every, one
from gateway.usage.ledger.store import Store

REPLACING = "ledger.replacing"
TAIL_ROWS = 1_000
"""Rows whose hashes and events are looked at in each start."""


class Damaged(Exception):
    """The file is not what was written."""


DAMAGE = (*CORRUPT_ERRORS, Damaged, apsw.SQLError, ValueError, KeyError, TypeError)
"""What a file that was changed from outside can make of our own statements and bodies."""


@dataclass(frozen=True, slots=True)
class SetAside:
    """A damaged ledger was replaced: the name it has now, why, and what became of its rows.

    `rows` is the last that was right (0 for unknown), `unreadable` how many were not, `carried` how
    many events that were still to be sent are in the new ledger.
    """

    file: str
    reason: str
    rows: int
    carried: int
    unreadable: int = 0


def load(store: Store) -> SetAside | None:
    """Open a ledger; a damaged one is set aside and its open events carried into a new one.

    Raises:
        LedgerUnavailable: a newer version wrote it.
        apsw.Error, OSError: the disk refuses.
    """
    try:
        if (store.folder / REPLACING).exists() and (result := _resume(store)) is not None:
            return result
        believe(store)
    except DAMAGE as error:
        return replace(store, f"{type(error).__name__}: {error}")
    return None


def replace(store: Store, reason: str) -> SetAside:
    """Set the file aside and begin a new one with the events that were still open.

    A note says so meanwhile: a process that ends in between goes on with it at the next start.
    """
    store.close()
    target = store.name_for_damaged()
    with (store.folder / REPLACING).open("w", encoding="ascii") as note:
        json.dump({"file": target.name, "reason": reason}, note)
        note.flush()
        os.fsync(note.fileno())
    sync_folder(store.folder)
    store.rename_damaged(target)
    return _begin_anew(store, target, reason)


def _begin_anew(store: Store, old: Path, reason: str) -> SetAside:
    saved = read_all(old, store.settings.vfs)
    last = {"seq": saved.rows, "hash": saved.hash.hex(), "ledger": saved.ledger}
    store.create({"file": old.name, "reason": reason, **last}, lambda: carry(store, saved))
    return _announce(
        store, SetAside(old.name, reason, saved.rows, len(saved.events), saved.unreadable)
    )


def _announce(store: Store, replaced: SetAside) -> SetAside:
    """Say it before the note is gone: rather twice than never."""
    events.usage_ledger_set_aside(
        replaced.file, replaced.reason, replaced.rows, replaced.unreadable, replaced.carried
    )
    (store.folder / REPLACING).unlink()
    return replaced


def _resume(store: Store) -> SetAside | None:
    """Go on where a process ended while it replaced a ledger; None when it had not begun."""
    note = store.folder / REPLACING
    try:
        said = json.loads(note.read_bytes())
        old, reason = store.folder / Path(str(said["file"])).name, str(said["reason"])
    except (ValueError, KeyError, TypeError):  # it ended while it wrote the note
        note.unlink()
        return None
    if store.path.exists() and _follows(store, old.name):
        believe(store)
        carried = one(store.connection, "SELECT count(*) FROM events WHERE was IS NOT NULL")[0]
        return _announce(store, SetAside(old.name, reason, 0, carried))
    if old.exists():
        remove_database(store.path)  # a beginning without an end
    else:
        store.rename_damaged(old)
    return _begin_anew(store, old, reason)


def _follows(store: Store, old: str) -> bool:
    """Tell whether the file is the one that was begun after another."""
    try:
        store.open()
        opened = one(store.connection, "SELECT body FROM chain WHERE seq=1")
        return bool(json.loads(opened[0])["after"]["file"] == old)
    except DAMAGE:
        return False
    finally:
        store.close()


def believe(store: Store) -> None:
    """Open a ledger and look at it; derived tables that disagree are made anew.

    Raises:
        one of `DAMAGE`: it is not what was written.
        LedgerUnavailable, apsw.Error, OSError: see `load`.
    """
    store.open()
    connection = store.connection
    if not schema.is_whole(connection):
        raise Damaged("tables are missing or changed")
    head = one(connection, "SELECT seq, hash, derived FROM head")
    opened = one(connection, "SELECT body FROM chain WHERE seq=1")
    if head is None or opened is None:
        raise Damaged("the chain has no beginning or no end")
    seq, digest, derived = head
    first = json.loads(opened[0])
    if first["kind"] != OPENED or not isinstance(digest, bytes) or not isinstance(seq, int):
        raise Damaged("row 1 does not open a ledger")
    store.head = anchor.Head(str(first["ledger"]), seq, digest)
    store.derived = Derived(connection, store.head.ledger)
    bodies = _tail(store)
    _compare_head_file(store)
    if derived != schema.DERIVED_VERSION:
        _derive_anew(store, "version")
    elif not _stand_as_said(store, bodies):
        _derive_anew(store, "disagreed")


def _derive_anew(store: Store, reason: str) -> None:
    with store.transaction():
        store.derive_anew(reason)


def _tail(store: Store) -> dict[int, dict[str, object]]:
    """Give the newest bodies, proved."""
    question = "SELECT seq, body, prev, hash FROM chain ORDER BY seq DESC LIMIT ?"
    rows = every(store.connection, question, (TAIL_ROWS,))
    if (rows[0][0], rows[0][3]) != (store.head.seq, store.head.hash):
        raise Damaged(f"the last row is {rows[0][0]}, it should be {store.head.seq}")
    link, expected = store.head.hash, store.head.seq
    for seq, body, prev, digest in rows:
        if seq != expected or digest != link or row_hash(prev, seq, body) != digest:
            raise Damaged(f"row {seq} is not what was written")
        link, expected = prev, seq - 1
    return {seq: json.loads(body) for seq, body, _, _ in reversed(rows)}


def _compare_head_file(store: Store) -> None:
    try:
        found = anchor.read(store.folder)
    except ValueError as error:
        events.usage_ledger_head_renewed(str(error))
        found = None
    else:
        if found is None and store.head.seq > 1:
            events.usage_ledger_head_renewed("missing")
    if found is not None:
        row = one(store.connection, "SELECT hash FROM chain WHERE seq=?", (found.seq,))
        if found.ledger != store.head.ledger or row != (found.hash,):
            raise Damaged(f"row {found.seq} was there and is missing or another")
    store.renew_head_file()


def _stand_as_said(store: Store, bodies: dict[int, dict[str, object]]) -> bool:
    """Tell whether the newest events stand where the newest rows put them."""
    states: dict[int, object] = {}
    for seq, body in bodies.items():
        if body["kind"] in {EVENT, UNFIT}:
            states[seq] = None
        elif body["kind"] == MOVE:
            event = seq_of(store.head.ledger, str(body["event"]))
            if event is not None:
                states[event] = body["state"]
    for seq, state in states.items():
        found = one(store.connection, "SELECT state FROM events WHERE seq=?", (seq,))
        if found is None or (state is not None and found[0] != state):
            return False
    return True
