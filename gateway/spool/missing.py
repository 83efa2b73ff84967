"""What a reader misses when records are given up, and the gap records that tell it (I6).

Marks say it of a whole stretch without a decode. Where a reader has taken some of a stretch, or a
time in a mark cannot be right, the records themselves are read.
"""

from __future__ import annotations

import apsw

from gateway.core.records import Batch, Gap, GapReason
from gateway.core.signals import PlanTable
from gateway.spool.codec import BATCH
from gateway.spool.cursor import Cursor, Range
from gateway.spool.outbox import gap_entry
from gateway.spool.part import ALL_ROWS, read_marks, read_rows
from gateway.spool.state import KnownPart
from gateway.spool.store import Store
from gateway.spool.summary import PlanStretch
from gateway.spool.writing import Entry


def stretches_of(
    store: Store, connection: apsw.Connection, part: KnownPart, reader: str, cursor: Cursor
) -> dict[int, PlanStretch]:
    """Sum up, for each plan number, the samples of a part that a reader has not taken."""
    assert part.last is not None
    missed: dict[int, PlanStretch] = {}
    at = part.first
    now = store.clock.now()
    for upto, chunk in read_marks(connection, part.first, part.last):
        open_ranges = cursor.unsettled(at, upto)
        addressed = any(at <= each[0] <= upto for each in part.addressed)
        told = all(each.plausible(now) for each in chunk.plans.values())
        if open_ranges == [(at, upto)] and told and not addressed:
            for number, stretch in chunk.plans.items():
                missed.setdefault(number, PlanStretch()).merge(stretch)
        else:
            add_rows(store, connection, open_ranges, reader, missed)
        at = upto + 1
    add_rows(store, connection, cursor.unsettled(at, part.last), reader, missed)
    return missed


def add_rows(
    store: Store,
    connection: apsw.Connection,
    ranges: list[Range],
    reader: str,
    missed: dict[int, PlanStretch],
) -> None:
    """Add the samples that a reader would have had in these ranges, decoded one by one."""
    for first, last in ranges:
        for row in read_rows(connection, first, last, ALL_ROWS):
            if row.kind != BATCH or row.reader not in (None, reader):
                continue
            item = store.decoder.decode(row, store.plan_of(connection, row.plan))
            assert isinstance(item, Batch)
            missed.setdefault(row.plan, PlanStretch()).add(item)


def gap_entries(
    store: Store,
    connection: apsw.Connection,
    lost: list[tuple[str | None, dict[int, PlanStretch]]],
) -> list[Entry]:
    """Make a gap record for each reader (None: for all) and each plan that misses samples."""
    entries = []
    for reader, stretches in lost:
        for number, stretch in stretches.items():
            table = store.plan_of(connection, number)
            if table is not None and stretch.samples:
                entries.append(quota_gap(store, table, stretch, reader))
    return entries


def quota_gap(store: Store, table: PlanTable, stretch: PlanStretch, reader: str | None) -> Entry:
    """Make the gap record of a stretch that the quota cost."""
    signals = tuple(stretch.signals())
    start, end = stretch.bounds(store.clock.now())
    gap = Gap(
        table.device, start, end, GapReason.QUOTA, table,
        None if len(signals) == len(table.signals) else signals,
        stretch.samples, reader, "the spool's quota was reached",
    )  # fmt: skip
    return gap_entry(store, gap)
