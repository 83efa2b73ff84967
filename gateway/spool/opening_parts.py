"""Opening the files of records: which are what was written, and which go to `replacing`.

A sealed part costs one look at its size and head; of the newest one what follows its last mark is
read in full.
"""

from __future__ import annotations

from pathlib import Path

import apsw

from gateway.ops.sqlite import connect_read_only, file_size, remove_database, shut, transaction
from gateway.spool.codec import DamagedRecord
from gateway.spool.files import PART_ID, check_format, part_name
from gateway.spool.part import DAMAGE, ActivePart, create_part, read_plan, read_rows
from gateway.spool.state import KnownPart
from gateway.spool.store import Store, seal
from gateway.spool.writing import OFFSETS_RESERVED


def check_sealed(
    store: Store, rows: dict[int, KnownPart], files: dict[int, Path]
) -> list[KnownPart]:
    """Take the sealed parts that look whole; give those that do not."""
    damaged = []
    for first, row in rows.items():
        if row.last is None or first not in files:
            continue
        if _looks_whole(store, files[first], row):
            store.sealed[first] = row
        else:
            damaged.append(row)
    return damaged


def _looks_whole(store: Store, path: Path, row: KnownPart) -> bool:
    if file_size(path) != row.size:
        return False
    try:
        connection = connect_read_only(path, vfs=store.settings.vfs, sealed=True)
    except apsw.Error:
        return False
    try:
        check_format(connection, PART_ID, path)
        newest = connection.execute("SELECT max(offset) FROM records").fetchone()
        return newest is not None and newest[0] == row.last
    except DAMAGE:
        return False
    finally:
        shut(connection)


def open_newest(
    store: Store,
    rows: dict[int, KnownPart],
    files: dict[int, Path],
    damaged: list[KnownPart],
    *,
    fresh: bool,
    acknowledged: int | None,
) -> None:
    """Open the part that was being written; begin a new one where it cannot go on."""
    _adopt(store, [first for first in files if first not in rows], files, damaged, fresh=fresh)
    unsealed = [first for first, row in rows.items() if row.last is None and first in files]
    for first in unsealed[:-1]:
        _seal_left_open(store, files[first], first, damaged)
    if unsealed:
        part = _open_whole(store, files[unsealed[-1]], unsealed[-1], acknowledged)
        if part is not None:
            store.active = part
            store.next = part.next
            if store.next > store.state.reserved:
                store.state.reserve(store.next + OFFSETS_RESERVED)
            return
        damaged.append(rows[unsealed[-1]])
    _begin_part(store, damaged)


def _adopt(
    store: Store,
    orphans: list[int],
    files: dict[int, Path],
    damaged: list[KnownPart],
    *,
    fresh: bool,
) -> None:
    """Take parts that the state does not know: all of them when it is new, else only full ones."""
    for first in orphans:
        if not fresh and is_empty(store, files[first]):
            remove_database(files[first])
        else:
            _seal_left_open(store, files[first], first, damaged)


def _seal_left_open(store: Store, path: Path, first: int, damaged: list[KnownPart]) -> None:
    part = _open_whole(store, path, first, None)
    if part is None:
        damaged.append(KnownPart(first))
        return
    row = seal(part)
    with transaction(store.state.connection):
        store.state.save_part(row)
        for digest in row.plans.values():
            store.state.save_plan(digest, store.tables[digest])
        store.sealed_summary.merge(row.summary)
        store.save_totals(store.sealed_summary)
    store.sealed[first] = row


def _begin_part(store: Store, damaged: list[KnownPart]) -> None:
    known = [part.last or 0 for part in (*store.sealed.values(), *damaged)]
    store.next = max(store.state.reserved, *known, 0) + (1 if known else 0)
    path = store.folder / part_name(store.next)
    create_part(path, store.next, store.state.epoch, store.settings.vfs, store.settings.synchronous)
    with transaction(store.state.connection):
        store.state.save_part(KnownPart(store.next))
        store.state.reserve(store.next + OFFSETS_RESERVED)
    store.active = store.open_active(path, store.next)


def _open_whole(
    store: Store, path: Path, first: int, acknowledged: int | None
) -> ActivePart | None:
    """Open an unsealed part and read what follows its last mark; None when it is damaged."""
    try:
        part = store.open_active(path, first)
    except DAMAGE:
        return None
    try:
        if acknowledged is not None and part.last > acknowledged:
            with transaction(part.connection):
                part.connection.execute("DELETE FROM records WHERE offset>?", (acknowledged,))
                part.connection.execute("DELETE FROM addressed WHERE offset>?", (acknowledged,))
                part.connection.execute("DELETE FROM marks WHERE upto>?", (acknowledged,))
            part.reload()
        if acknowledged is not None:
            part.log.cut()
        read_tail(store, part)
    except DAMAGE:
        part.close()
        return None
    except BaseException:
        part.close()
        raise
    return part


def read_tail(store: Store, part: ActivePart) -> None:
    """Sum up the records after the last mark, checking each."""
    connection = part.connection
    for number, digest in connection.execute("SELECT id,digest FROM plans ORDER BY id"):
        table = read_plan(connection, number)
        if table is None or table.digest != digest:
            raise DamagedRecord(f"plan table {number} is damaged")
        store.tables[digest] = table
    for row in read_rows(connection, part.marked + 1, part.last, -1):
        item = store.decoder.decode(row, store.plan_of(connection, row.plan))
        part.chunk.add(item, row.plan, len(row.body), requeued=bool(row.reader and row.samples))
    present = connection.execute(
        "SELECT count(*) FROM records WHERE offset>?", (part.marked,)
    ).fetchone()
    if present is None or present[0] != part.last - part.marked:
        raise DamagedRecord("records are missing from the part")
    summary = part.whole_summary()
    for number, stretch in summary.plans.items():
        table = store.plan_of(connection, number)
        if table is not None and stretch.samples:
            newest = store.devices.get(table.device, (table, None))[1]
            at = stretch.received
            high = at if newest is None else max(newest, at if at is not None else newest)
            store.devices[table.device] = (table, high)


def is_empty(store: Store, path: Path) -> bool:
    """Tell whether a file of records holds none; a file that cannot be read is not empty."""
    try:
        connection = connect_read_only(path, vfs=store.settings.vfs)
    except apsw.Error:
        return False
    try:
        if check_format(connection, PART_ID, path) == 0:
            return True  # the process ended while the file was being made
        row = connection.execute("SELECT count(*) FROM records").fetchone()
        return row is not None and row[0] == 0
    except DAMAGE:
        return False
    finally:
        shut(connection)
