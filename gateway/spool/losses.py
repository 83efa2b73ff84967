"""Telling what of a damaged part is lost: gap records for each reader, and an audit record (I6)."""

from __future__ import annotations

from dataclasses import replace

from gateway.core.records import Audit, Gap, GapReason, Item
from gateway.core.signals import PlanTable
from gateway.core.types import UnixNs
from gateway.ops.sqlite import transaction
from gateway.spool.account import ReaderAccount
from gateway.spool.cursor import Range
from gateway.spool.files import part_name
from gateway.spool.outbox import post
from gateway.spool.salvage import Salvage, lost_ranges
from gateway.spool.state import KnownPart
from gateway.spool.store import Store
from gateway.spool.summary import NOTHING, PlanStretch, Summary, Totals
from gateway.spool.writing import entry_of

RANGES_TOLD = 100


def post_losses(store: Store, part: KnownPart, salvaged: Salvage) -> int:
    """Cover what is lost by gap records for each reader that had not taken it, and count it as
    expired; one transaction of state. Gives the number of records known to be lost.
    """
    lost = lost_ranges(part, salvaged)
    items: list[Item] = []
    accounts = [account.copy() for account in store.readers.values()]
    for account in accounts:
        items += _losses_of(store, part, salvaged, lost, account)
    if not accounts:
        items += [replace(gap, reader=None) for gap in _gaps(store, part, salvaged, lost, None)]
    count = sum(last - first + 1 for first, last in lost)
    if count or items:
        items.append(_audit(store, part, lost))
    with transaction(store.state.connection):
        _save_row(store, part, salvaged)
        for account in accounts:
            store.state.save_account(account)
        post(store, [entry_of(store, item) for item in items])
    store.readers = {account.name: account for account in accounts}
    return count


def _save_row(store: Store, part: KnownPart, salvaged: Salvage) -> None:
    known = Summary()
    if part.last is None:  # what it held was not yet in the books
        for chunk in salvaged.chunks:
            known.totals = known.totals.plus(chunk.totals)
        if salvaged.row is not None:
            known.totals = _larger(known.totals, salvaged.row.summary.totals)
        store.sealed_summary.merge(known)
        store.save_totals(store.sealed_summary)
    if salvaged.row is not None and salvaged.row.spans:
        store.state.save_part(salvaged.row)
        for digest in salvaged.row.plans.values():
            store.state.save_plan(digest, salvaged.tables[digest])
    else:
        store.state.connection.execute("DELETE FROM parts WHERE first=?", (part.first,))


def _larger(one: Totals, other: Totals) -> Totals:
    return max(one, other)


def _losses_of(
    store: Store, part: KnownPart, salvaged: Salvage, lost: list[Range], account: ReaderAccount
) -> list[Item]:
    expired = NOTHING
    for first, last in lost:
        for low, high in account.cursor.unsettled(first, last):
            expired = expired.plus(Totals(high - low + 1, 0, 0))
    gaps = _gaps(store, part, salvaged, lost, account)
    samples = sum(gap.count or 0 for gap in gaps)
    account.expired = account.expired.plus(expired).plus(Totals(0, samples, 0))
    return [*gaps]


def _gaps(
    store: Store,
    part: KnownPart,
    salvaged: Salvage,
    lost: list[Range],
    account: ReaderAccount | None,
) -> list[Gap]:
    gaps = []
    for chunk in salvaged.chunks:
        if not _missed(chunk.first, chunk.last, lost, account):
            continue
        for digest, stretch in chunk.held.items():
            count = stretch.samples - chunk.saved.get(digest, 0)
            table = salvaged.tables.get(digest)
            if count > 0 and table is not None and stretch.start is not None:
                bounds = stretch.bounds(store.clock.now())
                gaps.append(_gap(table, stretch, bounds, count, part, account))
    if part.last is None and not salvaged.tail_whole:
        gaps += _gaps_to_now(store, part, salvaged, account)
    return gaps


def _missed(first: int, last: int, lost: list[Range], account: ReaderAccount | None) -> bool:
    for start, end in lost:
        low, high = max(start, first), min(end, last)
        if low <= high and (account is None or account.cursor.unsettled(low, high)):
            return True
    return False


def _gap(
    table: PlanTable,
    stretch: PlanStretch,
    bounds: tuple[UnixNs, UnixNs],
    count: int,
    part: KnownPart,
    account: ReaderAccount | None,
) -> Gap:
    signals = tuple(stretch.signals())
    return Gap(
        table.device, *bounds, GapReason.GATEWAY_DOWN, table,
        None if len(signals) == len(table.signals) else signals, count,
        account.name if account is not None else None,
        f"records of {part_name(part.first)} could not be read",
    )  # fmt: skip


def _gaps_to_now(
    store: Store, part: KnownPart, salvaged: Salvage, account: ReaderAccount | None
) -> list[Gap]:
    """Cover the end of a part of which nobody knows how much there was, by our clock."""
    now = store.clock.now()
    newest = {device: time for device, (_, time) in store.devices.items()}
    tables = {table.device: table for table in salvaged.tables.values()}
    tables |= {device: table for device, (table, _) in store.devices.items()}
    for digest, at in _received(salvaged).items():
        device = salvaged.tables[digest].device
        newest[device] = max(newest.get(device) or at, at)
    gaps = []
    for device, table in tables.items():
        start = newest.get(device)
        gaps.append(
            Gap(
                device, UnixNs(min(now, start if start is not None else now)), now,
                GapReason.GATEWAY_DOWN, table, None, None,
                account.name if account is not None else None,
                f"the end of {part_name(part.first)} could not be read",
            )
        )  # fmt: skip
    return gaps


def _received(salvaged: Salvage) -> dict[str, int]:
    """Give when the newest samples of each plan came, by what was saved and what the part says."""
    newest = dict(salvaged.received)
    row = salvaged.row
    for number, stretch in row.summary.plans.items() if row is not None else ():
        at = stretch.received
        if row is not None and at is not None:
            digest = row.plans[number]
            newest[digest] = max(newest.get(digest, at), at)
    return newest


def _audit(store: Store, part: KnownPart, lost: list[Range]) -> Audit:
    return Audit(
        store.clock.now(), "gateway", "records-lost",
        {"part": part_name(part.first), "ranges": [list(each) for each in lost[:RANGES_TOLD]]},
    )  # fmt: skip
