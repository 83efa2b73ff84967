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
    CORRUPT_ERRORS,
    companions,
    connect_read_only,
    file_size,
    remove_database,
    shut,
    sync_folder,
)
from gateway.spool.catalog import SizeIndex, overlapping
from gateway.spool.codec import DamagedRecord
from gateway.spool.cursor import Cursor
from gateway.spool.database import PART_ID, check_format
from gateway.spool.leases import LANES, PRESUMED_BYTES, PRESUMED_RECORDS, SHARE
from gateway.spool.outbox import send
from gateway.spool.part import (
    ActivePart,
    create_part,
    part_first,
    part_name,
    read_plan,
    read_rows,
)
from gateway.spool.salvage import (
    keep_in_hand,
    lost_ranges,
    nothing_read,
    post_losses,
    salvage,
    salvage_path,
)
from gateway.spool.settling import pending_of
from gateway.spool.state import STATE_FILE, UNKNOWN, Ledger, PartRow, StateFile
from gateway.spool.store import (
    KEEP_FILE,
    OFFSETS_RESERVED,
    Store,
    seal,
    transaction,
)
from gateway.spool.summary import Summary, Totals

DAMAGE = (
    *CORRUPT_ERRORS, apsw.SQLError, DamagedRecord, ValueError, KeyError, IndexError, TypeError,
)  # fmt: skip


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
    files = _part_files(store.folder)
    _remove_gone(store, files)
    rows = {row.first: row for row in store.state.parts()}
    lost = [row for first, row in rows.items() if first not in files]
    store.sealed, store.tables, store.devices = {}, {}, _devices(store)
    store.sealed_summary = Summary.unpack(store.state.meta("totals"))
    store.addressed, store.kept, store.kept_samples, store.spans = {}, [], [], ()
    store.count_set_aside()
    damaged = [*_check_sealed(store, rows, files), *lost]
    _open_newest(store, rows, files, damaged, fresh=fresh, acknowledged=acknowledged)
    whole = _open_keep(store)
    _read_cursors(store)
    for row in damaged:
        replace_damaged(store, row)
    recount(store)
    if damaged or not whole:
        _write_off(store)
    if acknowledged is None:
        _presume_in_hand(store)
    send(store)
    _purge(store)


def _presume_in_hand(store: Store) -> None:
    """Take what readers may have had in hand when the last process ended; see `leases`."""
    for ledger in store.ledgers.values():
        settled = ledger.cursor.intervals()
        behind = [settled[-1][1] + 1] if settled else []
        places = {ledger.cursor.position, *behind, *ledger.jumps}
        open_ = sorted(place for place in places if not ledger.cursor.is_settled(place))
        reaches = [(place, _reach(store, ledger, place)) for place in open_]
        store.leases.presume(ledger.name, [each for each in reaches if each[0] <= each[1]])


def _reach(store: Store, ledger: Ledger, place: int) -> int:
    """Give the last offset that a reader may have taken at once from a place on."""
    limit = store.settings.quota_bytes // (SHARE * LANES)
    last: int
    room, count, last = min(PRESUMED_BYTES, limit), PRESUMED_RECORDS, place - 1
    for low, high in ledger.cursor.unsettled(place, store.next - 1):
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


def _open_state(store: Store) -> bool:
    """Open `state.db`, a new one where it is missing or damaged; tell whether it is new."""
    path = store.folder / STATE_FILE
    fresh = not path.exists()
    _refuse_newer(store)
    try:
        store.state = _state(store, path)
    except DAMAGE as error:
        aside = set_aside_file(path)
        store.state = _state(store, path)
        events.state_set_aside(aside.name, str(error), store.state.epoch)
        fresh = True
    sync_folder(store.folder)
    return fresh


def _state(store: Store, path: Path) -> StateFile:
    return StateFile(path, vfs=store.settings.vfs, synchronous=store.settings.synchronous)


def _refuse_newer(store: Store) -> None:
    """Look at the newest part before anything is changed."""
    for path in list(_part_files(store.folder).values())[-1:]:
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


def _part_files(folder: Path) -> dict[int, Path]:
    found = {part_first(path.name): path for path in folder.iterdir()}
    return {first: found[first] for first in sorted(each for each in found if each is not None)}


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


def _check_sealed(store: Store, rows: dict[int, PartRow], files: dict[int, Path]) -> list[PartRow]:
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


def _looks_whole(store: Store, path: Path, row: PartRow) -> bool:
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


def _open_newest(
    store: Store,
    rows: dict[int, PartRow],
    files: dict[int, Path],
    damaged: list[PartRow],
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


def _begin_part(store: Store, damaged: list[PartRow]) -> None:
    known = [part.last or 0 for part in (*store.sealed.values(), *damaged)]
    store.next = max(store.state.reserved, *known, 0) + (1 if known else 0)
    path = store.folder / part_name(store.next)
    create_part(path, store.next, store.state.epoch, store.settings.vfs, store.settings.synchronous)
    with transaction(store.state.connection):
        store.state.save_part(PartRow(store.next))
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


def _adopt(
    store: Store,
    orphans: list[int],
    files: dict[int, Path],
    damaged: list[PartRow],
    *,
    fresh: bool,
) -> None:
    """Take parts that the state does not know: all of them when it is new, else only full ones."""
    for first in orphans:
        if not fresh and _is_empty(store, files[first]):
            remove_database(files[first])
        else:
            _seal_left_open(store, files[first], first, damaged)


def _is_empty(store: Store, path: Path) -> bool:
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


def _seal_left_open(store: Store, path: Path, first: int, damaged: list[PartRow]) -> None:
    part = _open_whole(store, path, first, None)
    if part is None:
        damaged.append(PartRow(first))
        return
    row = seal(part)
    with transaction(store.state.connection):
        store.state.save_part(row)
        for digest in row.plans.values():
            store.state.keep_plan(digest, store.tables[digest])
        store.sealed_summary.merge(row.summary)
        store.save_totals(store.sealed_summary)
    store.sealed[first] = row


def _open_keep(store: Store) -> bool:
    """Open the file of kept records, if there is one; False when it is damaged."""
    path = store.folder / KEEP_FILE
    if not path.exists():
        return True
    if _is_empty(store, path):
        remove_database(path)
        return True
    try:
        keep = store.open_keep()
        store.list_kept()
        for offset, *rest in keep.connection.execute("SELECT * FROM addressed"):
            reader, samples, size = rest
            store.addressed[offset] = (reader, samples, size)
    except DAMAGE as error:
        if store.keep is not None:
            store.keep.close()
            store.keep = None
        events.part_set_aside(set_aside_file(path).name, str(error), 0, 0)
        store.list_kept()
        return False
    return True


def _read_cursors(store: Store) -> None:
    store.ledgers = {}
    books = store.state.books()
    for name, body in store.state.ledgers():
        try:
            store.ledgers[name] = Ledger.unpack(name, body)
            store.ledgers[name].take_books(body, books.get(name, b""))
        except ValueError:
            events.cursor_damaged(name)
            store.ledgers[name] = Ledger(name, Cursor())


def recount(store: Store) -> None:
    """Make anew what is derived from the files: spans, addressed records, pending counts."""
    for part in store.sealed.values():
        for offset, reader, samples, size in part.addressed:
            store.addressed[offset] = (reader, samples, size)
    for offset, reader, samples, size in store.active.connection.execute("SELECT * FROM addressed"):
        store.addressed[offset] = (reader, samples, size)
    store.index = SizeIndex(store.next)
    store.refresh_spans()
    for ledger in store.ledgers.values():
        ledger.pending = pending_of(store, ledger)
        if ledger.upto == UNKNOWN:
            ledger.begin_books(store.next - 1)
        elif ledger.upto < store.next - 1:  # what was stored after the cursor was last saved
            more = store.measure_for(ledger.name, ledger.upto + 1, store.next - 1)
            ledger.stored = ledger.stored.plus(Totals(more.records, more.samples))
            ledger.upto = store.next - 1
    store.normalise()


def _write_off(store: Store) -> None:
    """Close the books over what damaged files held; gap records tell of it (see `salvage`)."""
    for ledger in store.ledgers.values():
        ledger.write_off()


def replace_damaged(store: Store, row: PartRow, *, only_if_lost: bool = False) -> bool:
    """Set a damaged part aside, keep what can be read of it, and cover the rest by gap records.

    Works while the spool runs, too: the part must not be the one being written. With
    `only_if_lost` a part that can be read after all stays as it is; tells what was done.
    """
    path = store.folder / part_name(row.first)
    present = path.exists()
    found = salvage(store, row) if present else nothing_read(store, row)
    if only_if_lost and not lost_ranges(row, found):
        remove_database(salvage_path(path))
        return False
    aside = set_aside_file(path) if present else path
    if found.row is not None and found.row.spans:
        salvage_path(path).rename(path)
        sync_folder(store.folder)
    else:
        remove_database(salvage_path(path))
    keep_in_hand(store, row, found)
    lost = post_losses(store, row, found)
    store.sealed.pop(row.first, None)
    if found.row is not None and found.row.spans:
        store.sealed[row.first] = found.row
    if found.in_hand:
        store.list_kept()
    store.count_set_aside()
    saved = found.row.summary.totals.records if found.row is not None else 0
    events.part_set_aside(aside.name, "damaged" if present else "missing", saved, lost)
    return True


def check_part(store: Store, first: int) -> None:
    """Look at a part that could not be read, and replace it where it is damaged."""
    if first == store.active.first:
        store.rotate()
    row = store.sealed.get(first)
    if row is None:
        return  # it went away, or was replaced, in the meantime
    if replace_damaged(store, row, only_if_lost=True):
        recount(store)
        _write_off(store)
        send(store)


def set_aside_file(path: Path) -> Path:
    """Rename a damaged file and its log, so that a person can look at them."""
    number = 1
    while (aside := path.with_name(f"{path.name}.corrupt-{number}")).exists():
        number += 1
    for old, new in zip((path, *companions(path)), (aside, *companions(aside)), strict=True):
        if old.exists():
            old.rename(new)
    sync_folder(path.parent)
    return aside


def _purge(store: Store) -> None:
    used = set(store.tables)
    for part in store.sealed.values():
        used |= set(part.plans.values())
    with transaction(store.state.connection):
        store.state.purge_plans(used)
