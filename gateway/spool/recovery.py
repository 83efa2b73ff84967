"""Opening the files, whatever a crash, a full disk or a failing one has left of them.

A clean part costs one look at its size and head; only what follows the last mark of the newest part
is read in full. A file that is not what was written is renamed `*.corrupt-<n>`, what can still be
read of it moves into a new part, and the rest is covered by gap records. When `state.db` is lost a
new epoch begins (offsets are never reused inside one) and readers begin at the oldest record.
"""

from __future__ import annotations

from pathlib import Path

import apsw

from gateway.core.signals import PlanTable
from gateway.core.times import EARLIEST
from gateway.ops.events import spool as events
from gateway.ops.sqlite import (
    companions,
    connect_read_only,
    remove_database,
    shut,
    sync_folder,
    transaction,
)
from gateway.spool.account import ReaderAccount
from gateway.spool.cursor import Cursor
from gateway.spool.files import (
    PART_ID,
    STATE_FILE,
    check_format,
    part_files,
    part_name,
    set_aside_file,
)
from gateway.spool.in_hand import presume_in_hand
from gateway.spool.measuring import recount
from gateway.spool.opening_parts import check_sealed, is_empty, open_newest
from gateway.spool.outbox import send
from gateway.spool.part import DAMAGE
from gateway.spool.replacing import replace_damaged, write_off
from gateway.spool.state import StateFile
from gateway.spool.store import Store
from gateway.spool.summary import Summary


def load(store: Store, acknowledged: int | None = None) -> None:
    """Read the files of a folder into a store.

    With `acknowledged`, records beyond that offset are removed: their commit was reported as
    failed, so the caller has them still and will bring them again.

    Raises:
        SpoolTooNew: nothing was changed.
        apsw.Error, OSError: the disk refuses.
    """
    store.close_files()
    fresh = _open_state(store)
    _finish_salvages(store.folder)
    files = part_files(store.folder)
    _remove_gone(store, files)
    rows = {row.first: row for row in store.state.parts()}
    lost = [row for first, row in rows.items() if first not in files]
    store.sealed, store.tables, store.devices = {}, {}, _devices(store)
    store.sealed_summary = Summary.unpack(store.state.meta("totals"))
    store.addressed, store.spans = {}, ()
    store.survivors.look(())
    store.count_set_aside()
    damaged = [*check_sealed(store, rows, files), *lost]
    open_newest(store, rows, files, damaged, fresh=fresh, acknowledged=acknowledged)
    whole = _open_survivors(store)
    _read_cursors(store)
    for row in damaged:
        replace_damaged(store, row)
    recount(store)
    if damaged or not whole:
        write_off(store)
    if acknowledged is None:
        presume_in_hand(store)
    send(store)
    _purge(store)


def _open_state(store: Store) -> bool:
    """Open `state.db`, a new one where it is missing or damaged; tell whether it is new."""
    path = store.folder / STATE_FILE
    fresh = not path.exists()
    _refuse_newer(store)
    try:
        store.state = _state(store, path)
    except DAMAGE as error:
        renamed = set_aside_file(path)
        store.state = _state(store, path)
        events.state_set_aside(renamed.name, str(error), store.state.epoch)
        fresh = True
    sync_folder(store.folder)
    return fresh


def _state(store: Store, path: Path) -> StateFile:
    return StateFile(path, vfs=store.settings.vfs, synchronous=store.settings.synchronous)


def _refuse_newer(store: Store) -> None:
    """Look at the newest part before anything is changed."""
    for path in list(part_files(store.folder).values())[-1:]:
        try:
            connection = connect_read_only(path, vfs=store.settings.vfs)
        except apsw.Error:
            return
        try:
            check_format(connection, PART_ID, path)
        except apsw.Error:
            return
        finally:
            shut(connection)


def _finish_salvages(folder: Path) -> None:
    """Take a salvaged part whose original was already set aside when the process ended."""
    for path in folder.glob("part-*.db.tmp"):
        target = path.with_suffix("")
        if not target.exists() and not companions(path)[0].exists():
            path.rename(target)
        else:
            remove_database(path)


def _remove_gone(store: Store, files: dict[int, Path]) -> None:
    gone = store.state.gone()
    for first in gone:
        remove_database(store.folder / part_name(first))
        files.pop(first, None)
    if gone:
        with transaction(store.state.connection):
            store.state.forget_gone(gone)
    store.unlinked = []


def _devices(store: Store) -> dict[str, tuple[PlanTable, int | None]]:
    """Give what is known of each device.

    Earlier versions kept source times where the time of receipt stands now: what cannot be one is
    not taken for one, and a gap begins at its other end rather than in another century.
    """
    found, now = {}, store.clock.now()
    for device, digest, newest in store.state.devices():
        table = store.state.plan(digest)
        if table is not None:
            known = newest is not None and EARLIEST <= newest <= now
            found[device] = (table, newest if known else None)
    return found


def _open_survivors(store: Store) -> bool:
    """Open the file of survivors, if there is one; False when it is damaged."""
    path = store.survivors.path
    if not path.exists():
        return True
    if is_empty(store, path):
        remove_database(path)
        return True
    try:
        survivors = store.open_survivors()
        store.list_survivors()
        for offset, *rest in survivors.connection.execute("SELECT * FROM addressed"):
            reader, samples, size = rest
            store.addressed[offset] = (reader, samples, size)
    except DAMAGE as error:
        store.survivors.close()
        events.part_set_aside(set_aside_file(path).name, str(error), 0, 0)
        store.list_survivors()
        return False
    return True


def _read_cursors(store: Store) -> None:
    store.readers = {}
    books = store.state.counts()
    for name, body in store.state.accounts():
        try:
            store.readers[name] = ReaderAccount.unpack(name, body)
            store.readers[name].take_counts(body, books.get(name, b""))
        except ValueError:
            events.cursor_damaged(name)
            store.readers[name] = ReaderAccount(name, Cursor())


def _purge(store: Store) -> None:
    used = set(store.tables)
    for part in store.sealed.values():
        used |= set(part.plans.values())
    with transaction(store.state.connection):
        store.state.purge_plans(used)
