"""Setting a damaged part aside: what can be read or is in hand stays, of the rest readers hear."""

from __future__ import annotations

from gateway.core.records import Batch, Record, accepted_ranges
from gateway.ops.events import spool as events
from gateway.ops.sqlite import remove_database, sync_folder, transaction
from gateway.spool.codec import StoredRow, frame, item_plan
from gateway.spool.files import part_name, set_aside_file
from gateway.spool.losses import post_losses
from gateway.spool.measuring import recount
from gateway.spool.outbox import send
from gateway.spool.part import ActivePart
from gateway.spool.salvage import Salvage, lost_ranges, nothing_read, salvage, salvage_path
from gateway.spool.state import KnownPart
from gateway.spool.store import Store


def replace_damaged(store: Store, row: KnownPart, *, only_if_lost: bool = False) -> bool:
    """Set a damaged part aside, keep what can be read of it, and cover the rest by gap records.

    Works while the spool runs, too: the part must not be the one being written. With
    `only_if_lost` a part that can be read after all stays as it is; tells what was done.
    """
    path = store.folder / part_name(row.first)
    present = path.exists()
    salvaged = salvage(store, row) if present else nothing_read(store, row)
    if only_if_lost and not lost_ranges(row, salvaged):
        remove_database(salvage_path(path))
        return False
    renamed = set_aside_file(path) if present else path
    if salvaged.row is not None and salvaged.row.spans:
        salvage_path(path).rename(path)
        sync_folder(store.folder)
    else:
        remove_database(salvage_path(path))
    save_in_hand(store, row, salvaged)
    lost = post_losses(store, row, salvaged)
    store.sealed.pop(row.first, None)
    if salvaged.row is not None and salvaged.row.spans:
        store.sealed[row.first] = salvaged.row
    if salvaged.in_hand:
        store.list_survivors()
    store.count_set_aside()
    saved = salvaged.row.summary.totals.records if salvaged.row is not None else 0
    events.part_set_aside(renamed.name, "damaged" if present else "missing", saved, lost)
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
        write_off(store)
        send(store)


def write_off(store: Store) -> None:
    """Close the books over what damaged files held; gap records tell of it (see `salvage`)."""
    for account in store.readers.values():
        account.write_off()


def save_in_hand(store: Store, part: KnownPart, salvaged: Salvage) -> None:
    """Keep what the disk has lost and a reader has in hand, from memory: it is not missing."""
    lost = lost_ranges(part, salvaged)
    records: dict[int, Record] = {}
    for name, leases in store.leases.declare(lost[0][0], lost[-1][1]).items() if lost else ():
        account = store.readers.get(name)
        for record in (each for lease in leases for each in lease.records):
            there = any(first <= record.offset <= last for first, last in lost)
            if there and account is not None and not account.cursor.is_settled(record.offset):
                records[record.offset] = record
    if not records:
        return
    survivors = store.open_survivors()
    with transaction(survivors.connection):
        survivors.connection.executemany(
            "DELETE FROM records WHERE offset=?", ((offset,) for offset in records)
        )
        survivors.insert(
            [_survivor_of(store, survivors, records[offset]) for offset in sorted(records)]
        )
    salvaged.in_hand = list(accepted_ranges(sorted(records)))
    for chunk in salvaged.chunks:
        for record in records.values():
            if chunk.first <= record.offset <= chunk.last and isinstance(record.item, Batch):
                digest = record.item.plan.digest
                chunk.saved[digest] = chunk.saved.get(digest, 0) + len(record.item)


def _survivor_of(store: Store, survivors: ActivePart, record: Record) -> StoredRow:
    reader = store.addressed.get(record.offset, (None,))[0]
    number = survivors.plan_number(item_plan(record.item))
    return frame(record.offset, store.encoder.encode(record.item), number, reader)
