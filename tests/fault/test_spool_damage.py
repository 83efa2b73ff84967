"""Damaged, truncated and missing files cost only themselves, and what they cost is told."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.core.clock import SystemClock
from gateway.core.errors import SpoolLocked, SpoolTooNew
from gateway.core.records import Answer, Audit, Batch, Gap, GapReason, Record
from gateway.spool.log import SqliteSpool
from tests.unit.spool import makers

QUOTA = 60_000_000
LOTS = 1 << 40
COUNT = 75


async def open_spool(folder: Path, part_bytes: int = 128 * 1024) -> SqliteSpool:
    return await SqliteSpool.open(
        folder, quota_bytes=QUOTA, clock=SystemClock(), part_bytes=part_bytes,
        commit_window_s=0.001,
    )  # fmt: skip


async def fill(folder: Path) -> dict[int, Batch]:
    """Several parts of incompressible samples with two readers, one of which has taken some."""
    import numpy as np

    spool = await open_spool(folder)
    reader = await spool.reader("history")
    await spool.reader("central")
    items: dict[int, Batch] = {}
    for number in range(COUNT):
        noise = np.random.default_rng(number).random(500)
        item = makers.batch(number * 1_000, 500, values=noise)
        items[await spool.append([item])] = item
    await reader.settle(Answer(((1, 5),)))
    await spool.close()
    assert len(parts(folder)) >= 3
    return items


def parts(folder: Path) -> list[Path]:
    return sorted(folder.glob("part-*.db"))


async def read_all(spool: SqliteSpool, name: str) -> list[Record]:
    reader = await spool.reader(name)
    found: list[Record] = []
    start = 1
    while records := await reader.read(start, 20, LOTS):  # type: ignore[arg-type]
        found += records
        start = records[-1].offset + 1
    return found


def flip(path: Path, place: int) -> None:
    data = bytearray(path.read_bytes())
    data[place] ^= 0x40
    path.write_bytes(data)


def flip_middle(path: Path) -> None:
    flip(path, path.stat().st_size // 2)


def flip_many(path: Path) -> None:
    for place in range(5_000, path.stat().st_size, 9_973):
        flip(path, place)


def truncate(path: Path) -> None:
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2)


def zero_tail(path: Path) -> None:
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(size * 3 // 4)
        file.write(b"\0" * (size - size * 3 // 4))


def spoil_head(path: Path) -> None:
    with path.open("r+b") as file:
        file.write(b"garbage!" * 64)


def remove(path: Path) -> None:
    path.unlink()


DAMAGES = [flip_middle, flip_many, truncate, zero_tail, spoil_head, remove]


@pytest.mark.parametrize("which", [1, -1], ids=["sealed", "newest"])
@pytest.mark.parametrize("damage", DAMAGES)
async def test_a_damaged_part_costs_only_itself_and_is_explained(
    tmp_path: Path, damage: Callable[[Path], None], which: int
) -> None:
    items = await fill(tmp_path)
    damaged = parts(tmp_path)[which]
    outside = set(items) - offsets_of(damaged)
    damage(damaged)
    spool = await open_spool(tmp_path)
    for name, begun in (("central", 1), ("history", 6)):
        records = await read_all(spool, name)
        there = {record.offset: record.item for record in records}
        expected = {offset for offset in outside if offset >= begun}
        assert expected <= there.keys(), "a neighbour was lost"
        assert all(makers.same(items[each], there[each]) for each in there.keys() & items.keys())
        gaps = [item for item in there.values() if isinstance(item, Gap)]
        for offset in items.keys() - there.keys():
            if offset >= begun:
                assert any(covers(gap, items[offset], name) for gap in gaps), offset
        missing = len([each for each in items if each >= begun and each not in there])
        if missing:
            assert any(isinstance(item, Audit) for item in there.values())
    counters = await spool.counters()
    for name in ("central", "history"):
        state = (await spool.reader(name)).state()
        assert state.pending == len(await read_all(spool, name))
        assert counters.readers[name].spooled.records >= state.pending
    head = spool.head()
    assert await spool.append([makers.usage()]) > max(head, COUNT)
    await spool.close()
    again = await open_spool(tmp_path)
    assert again.epoch == spool.epoch
    assert len(await read_all(again, "central")) == counters.readers["central"].pending.records + 1
    await again.close()


def offsets_of(path: Path) -> set[int]:
    connection = sqlite3.connect(path)
    try:
        return {row[0] for row in connection.execute("SELECT offset FROM records")}
    finally:
        connection.close()


def covers(gap: Gap, item: Batch, reader: str) -> bool:
    return (
        gap.reason is GapReason.GATEWAY_DOWN
        and gap.reader == reader
        and gap.start <= item.times.min()
        and item.times.max() <= gap.end
    )


@pytest.mark.invariant("I3")
async def test_a_lost_state_begins_a_new_epoch_and_sends_again(tmp_path: Path) -> None:
    items = await fill(tmp_path)
    first = await open_spool(tmp_path)
    await first.close()
    (tmp_path / "state.db").unlink()
    spool = await open_spool(tmp_path)
    assert spool.epoch != first.epoch
    records = await read_all(spool, "history")
    assert [record.offset for record in records] == list(items)
    assert await spool.append([makers.usage()]) > COUNT
    await spool.close()


async def test_a_damaged_state_is_set_aside(tmp_path: Path) -> None:
    items = await fill(tmp_path)
    spoil_head(tmp_path / "state.db")
    spool = await open_spool(tmp_path)
    assert len(await read_all(spool, "history")) == len(items)
    assert (tmp_path / "state.db.corrupt-1").exists()
    await spool.close()


@pytest.mark.invariant("I5")
async def test_a_damaged_cursor_sends_again_rather_than_skip(tmp_path: Path) -> None:
    items = await fill(tmp_path)
    connection = sqlite3.connect(tmp_path / "state.db")
    body = bytearray(
        connection.execute("SELECT body FROM readers WHERE name='history'").fetchone()[0]
    )
    body[6] ^= 1
    connection.execute("UPDATE readers SET body=? WHERE name='history'", (bytes(body),))
    connection.commit()
    connection.close()
    spool = await open_spool(tmp_path)
    assert len(await read_all(spool, "history")) == len(items)
    await spool.close()


@pytest.mark.parametrize("file", ["state.db", "part"])
async def test_files_of_a_newer_version_are_refused_and_untouched(
    tmp_path: Path, file: str
) -> None:
    await fill(tmp_path)
    path = parts(tmp_path)[-1] if file == "part" else tmp_path / file
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version=99")
    connection.close()
    before = {each.name: each.read_bytes() for each in tmp_path.glob("*.db")}
    with pytest.raises(SpoolTooNew):
        await open_spool(tmp_path)
    assert {each.name: each.read_bytes() for each in tmp_path.glob("*.db")} == before


async def test_a_second_gateway_is_refused_at_once(tmp_path: Path) -> None:
    spool = await open_spool(tmp_path)
    with pytest.raises(SpoolLocked):
        await open_spool(tmp_path)
    code = (
        "import sys; from pathlib import Path; from gateway.spool.files import FolderLock\n"
        "from gateway.core.errors import SpoolLocked\n"
        "try: FolderLock(Path(sys.argv[1])).acquire()\n"
        "except SpoolLocked: sys.exit(7)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False, timeout=20)
    assert done.returncode == 7
    await spool.close()
    await (await open_spool(tmp_path)).close()
