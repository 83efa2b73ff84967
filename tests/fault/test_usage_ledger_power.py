"""Power cuts and a failing disk: what was acknowledged is in the ledger afterwards."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from gateway.core.errors import LedgerUnavailable
from gateway.usage.ledger.ledger import SqliteLedger
from gateway.usage.ledger.opening import load
from gateway.usage.ledger.store import Settings, Store
from gateway.usage.ledger.verify import verify
from gateway.usage.model import State
from tests.unit.spool.power import PowerDisk
from tests.unit.usage.ledger import makers

CUTS = 25
_numbers = count()


@pytest.fixture
def disks() -> Iterator[list[PowerDisk]]:
    made: list[PowerDisk] = []
    yield made
    for disk in made:
        disk.unregister()


async def run_until_cut(
    disk: PowerDisk, synchronous: str, folder: Path, seed: int
) -> tuple[set[str], set[str]]:
    """Append, move and erase at random; give the acknowledged events and delivered ones."""
    chance = random.Random(seed)
    ledger = await SqliteLedger.open(
        folder, clock=makers.StillClock(), commit_window_s=0.0,
        settings=Settings(vfs=disk.vfs_name, synchronous=synchronous),
    )  # fmt: skip
    events: list[str] = []
    delivered: set[str] = set()
    for number in range(chance.randint(3, 25)):
        some = [makers.event(number * 100 + each) for each in range(chance.randint(1, 60))]
        taken = await ledger.append([("mes", each) for each in some])
        events += [each.id for each in taken]
        name = chance.choice(events)
        await ledger.move([makers.moved(name, State.DELIVERED, "AP1002")])
        delivered.add(name)
        if chance.random() < 0.1:
            await ledger.erase(person=f"u-{chance.randrange(40):04d}")
    disk.cut(folder, folder.with_name("after"))
    await ledger.close()
    return set(events), delivered


def lost_after_cut(folder: Path, events: set[str], delivered: set[str]) -> int:
    store = Store(folder, makers.StillClock(), Settings())
    aside = load(store)
    try:
        if aside is not None:
            return len(events)
        states = {
            store.event_id(int(seq)): stored
            for seq, stored in store.connection.execute("SELECT seq, stored FROM events")
        }
        there = {name for name in delivered if states.get(name)}
        return len(events - set(states)) + len(delivered - there)
    finally:
        store.close()


@pytest.mark.parametrize("synchronous", ["FULL", "NORMAL"])
async def test_acknowledged_then_lost_over_25_power_cuts(
    tmp_path: Path, disks: list[PowerDisk], synchronous: str
) -> None:
    lost = 0
    for seed in range(CUTS):
        disk = PowerDisk(f"usage-power-{next(_numbers)}", seed)
        disks.append(disk)
        home = tmp_path / str(seed)
        home.mkdir()
        known = await run_until_cut(disk, synchronous, home / "usage", seed)
        lost += lost_after_cut(home / "after", *known)
        assert synchronous == "NORMAL" or verify(home / "after").problems == []
    assert (lost == 0) is (synchronous == "FULL"), f"{lost} lost"


@pytest.mark.parametrize("kind", ["write", "sync"])
async def test_a_failing_disk_acknowledges_nothing_and_recovers(
    tmp_path: Path, disks: list[PowerDisk], kind: str
) -> None:
    disk = PowerDisk(f"usage-power-{next(_numbers)}", 1)
    disks.append(disk)
    ledger = await makers.opened(tmp_path, vfs=disk.vfs_name)
    (first,) = await ledger.append([("mes", makers.event(0))])
    disk.failing[kind] = 1
    with pytest.raises(LedgerUnavailable):
        await ledger.append([("mes", makers.event(1)), ("mes", makers.event(2))])
    taken = None
    while taken is None:
        try:
            (taken,) = await ledger.append([("mes", makers.event(3))])
        except LedgerUnavailable:
            await asyncio.sleep(0.05)
    waiting = await ledger.waiting("mes", State.QUEUED)
    assert [each.id for each in waiting] == [first.id, taken.id]
    disk.failing[kind] = 1
    with pytest.raises(LedgerUnavailable):
        await ledger.move([makers.moved(first.id, State.DELIVERED, "AP1002")])
    await ledger.close()
    assert verify(tmp_path).problems == []
    again = await makers.opened(tmp_path)
    assert len(await again.waiting("mes", State.QUEUED)) == 2
    await again.close()
