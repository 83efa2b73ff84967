"""Power cuts and a failing disk: what was acknowledged is there afterwards."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import apsw
import pytest

from gateway.core.clock import SystemClock
from gateway.core.errors import SpoolUnavailable
from gateway.core.records import Answer, Refusal
from gateway.core.types import Offset
from gateway.spool.admission import append
from gateway.spool.limits import Settings
from gateway.spool.log import SqliteSpool
from gateway.spool.reader import Chunk, DiskReader
from gateway.spool.recovery import load
from gateway.spool.settling import add_reader, settle
from gateway.spool.store import Store
from tests.unit.spool import makers
from tests.unit.spool.power import PowerDisk

CUTS = 25
QUOTA = 40_000_000
_numbers = count()


@pytest.fixture
def disks() -> Iterator[list[PowerDisk]]:
    made: list[PowerDisk] = []
    yield made
    for disk in made:
        disk.unregister()


def run_until_cut(disk: PowerDisk, synchronous: str, folder: Path, seed: int) -> tuple[int, int]:
    """Append and settle at random; give what was acknowledged: the last offset, the position."""
    chance = random.Random(seed)
    settings = Settings(QUOTA, part_bytes=130_000, vfs=disk.vfs_name, synchronous=synchronous)
    folder.mkdir()
    store = Store(folder, SystemClock(), settings)
    load(store)
    add_reader(store, "history")
    acknowledged = position = 0
    for number in range(chance.randint(3, 15)):
        items = [makers.batch(number * 10_000, chance.randint(1, 900)) for _ in range(3)]
        (acknowledged,) = append(store, [items])  # type: ignore[assignment]
        if chance.random() < 0.3:
            position = chance.randint(position, acknowledged)
            refused = (Refusal(Offset(position), "poison"),) if position else ()
            accepted = ((1, position - 1),) if position > 1 else ()
            settle(store, [("history", Answer(accepted, refused))])
        store.fold_log(idle=chance.random() < 0.1)
    disk.cut(folder, folder.with_name("after"))
    store.close_files()
    return acknowledged, position


def lost_after_cut(folder: Path, acknowledged: int, position: int) -> int:
    """Open what the cut left and count what was acknowledged and is not there."""
    store = Store(folder, SystemClock(), Settings(QUOTA, part_bytes=130_000))
    load(store)
    try:
        for file in folder.glob("*.db"):
            connection = apsw.Connection(str(file))
            assert connection.pragma("integrity_check") == "ok"
            connection.close()
        if "history" not in store.readers:
            return acknowledged
        account = store.readers["history"]
        chunk = Chunk(1, 1 << 60, 1 << 60)
        DiskReader(None).fill(chunk, store.spans, account.cursor, store.next - 1, "history")
        there = sum(record.offset <= acknowledged for record in chunk.records)
        settled = account.delivered.records + account.quarantined.records
        return (acknowledged - settled - there) + max(position - settled, 0)
    finally:
        store.close_files()


@pytest.mark.parametrize("synchronous", ["FULL", "NORMAL"])
@pytest.mark.invariant("I1")
def test_acknowledged_then_lost_over_25_power_cuts(
    tmp_path: Path, disks: list[PowerDisk], synchronous: str
) -> None:
    lost = 0
    for seed in range(CUTS):
        disk = PowerDisk(f"power-{next(_numbers)}", seed)
        disks.append(disk)
        home = tmp_path / str(seed)
        home.mkdir()
        acknowledged, position = run_until_cut(disk, synchronous, home / "spool", seed)
        lost += lost_after_cut(home / "after", acknowledged, position)
    assert (lost == 0) is (synchronous == "FULL"), f"{lost} lost"


@pytest.mark.parametrize("kind", ["write", "sync"])
async def test_a_failing_disk_acknowledges_nothing_and_recovers(
    tmp_path: Path, disks: list[PowerDisk], kind: str
) -> None:
    disk = PowerDisk(f"power-{next(_numbers)}", 1)
    disks.append(disk)
    settings = Settings(QUOTA, vfs=disk.vfs_name)
    spool = await SqliteSpool.open(
        tmp_path / "spool", quota_bytes=QUOTA, clock=SystemClock(), settings=settings
    )
    reader = await spool.reader("history")
    assert await spool.append([makers.batch(0)]) == 1
    disk.failing[kind] = 1
    with pytest.raises(SpoolUnavailable):
        await spool.append([makers.batch(1), makers.batch(2)])
    last = 0
    while not last:
        try:
            last = await spool.append([makers.batch(3)])
        except SpoolUnavailable:
            await asyncio.sleep(0.05)
    assert last == 2
    records = await reader.read(Offset(1), 10, 1 << 30)
    assert makers.all_same([each.item for each in records], [makers.batch(0), makers.batch(3)])
    disk.failing[kind] = 1
    with pytest.raises(SpoolUnavailable):
        await reader.settle(Answer(((1, 1),)))
    assert reader.state().pending == 2
    await spool.close()
    again = await SqliteSpool.open(tmp_path / "spool", quota_bytes=QUOTA, clock=SystemClock())
    assert (await again.reader("history")).state().pending == 2
    assert again.head() == 2
    await again.close()
