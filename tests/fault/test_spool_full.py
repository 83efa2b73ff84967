"""A full disk, a file-size limit, a reached quota: told, bounded, and over when space is back."""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from gateway.core.clock import SystemClock
from gateway.core.errors import SpoolFull, SpoolUnavailable
from gateway.core.records import Answer, Batch, Gap, GapReason, Record, answer_for
from gateway.ops.health import SpoolState
from gateway.spool.log import SqliteSpool
from gateway.spool.reader import SpoolReader
from tests.unit.spool import makers

LOTS = 1 << 40
BACK_WITHIN_S = 60.0


def noise(number: int, count: int = 2_000) -> Batch:
    values = np.random.default_rng(number).random(count)
    return makers.batch(number * 10_000, count, values=values)


async def fill_the_disk(folder: Path) -> None:
    """Runs on a small file system of its own."""
    spool = await SqliteSpool.open(
        folder / "spool", quota_bytes=100_000_000, clock=SystemClock(), commit_window_s=0.001
    )
    reader = await spool.reader("history")
    filler = folder / "filler"
    filler.write_bytes(b"x" * 3_000_000)
    stored: list[int] = []
    refused = 0
    for number in range(400):
        try:
            stored.append(await spool.append([noise(number)]))
        except SpoolUnavailable:
            refused += 1
            if refused > 3:
                break
    assert refused > 3, "the disk never was full"
    assert spool.condition()[:2] == (SpoolState.FULL, "disk-full")
    assert stored == list(range(1, len(stored) + 1))
    async with asyncio.timeout(BACK_WITHIN_S):
        await settle_when_possible(reader, Answer(((1, 2),)))
    with pytest.raises(SpoolUnavailable):
        await spool.append([noise(1)])
    assert reader.state().position == 3, "cursors must move on a full disk"
    filler.unlink()
    started = time.monotonic()
    while True:
        with contextlib.suppress(SpoolUnavailable):
            assert await spool.append([makers.usage()]) == len(stored) + 1
            break
        await asyncio.sleep(0.05)
    assert time.monotonic() - started < BACK_WITHIN_S
    assert spool.condition().state is SpoolState.GOOD
    records = await reader.read(1, 1_000, LOTS)  # type: ignore[arg-type]
    assert [record.offset for record in records] == list(range(3, len(stored) + 2))
    await reader.settle(answer_for(records))
    await spool.close()
    again = await SqliteSpool.open(folder / "spool", quota_bytes=100_000_000, clock=SystemClock())
    state = (await again.reader("history")).state()
    assert (state.pending, state.delivered) == (0, len(stored) + 1)
    assert (await again.counters()).spooled.records == len(stored) + 1
    await again.close()


async def settle_when_possible(reader: SpoolReader, answer: Answer) -> None:
    while True:
        with contextlib.suppress(SpoolUnavailable):
            return await reader.settle(answer)
        await asyncio.sleep(0.05)


async def reach_the_file_limit(folder: Path) -> None:
    """Runs in a process of its own, because a limit cannot be taken back."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    spool = await SqliteSpool.open(
        folder / "spool", quota_bytes=100_000_000, clock=SystemClock(), commit_window_s=0.001
    )
    assert await spool.append([noise(1)]) == 1
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, resource.RLIM_INFINITY))
    with pytest.raises(SpoolUnavailable):  # noqa: PT012 - which one it is does not matter
        for number in range(2, 60):
            await spool.append([noise(number)])
    head = spool.head()
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    started = time.monotonic()
    while True:
        with contextlib.suppress(SpoolUnavailable):
            assert await spool.append([noise(99)]) == head + 1
            break
        await asyncio.sleep(0.05)
    assert time.monotonic() - started < BACK_WITHIN_S
    reader = await spool.reader("history")
    assert len(await reader.read(1, 1_000, LOTS)) == head + 1  # type: ignore[arg-type]
    await spool.close()


def run_child(what: str, folder: Path, *prefix: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*prefix, sys.executable, "-m", "tests.fault.test_spool_full", what, str(folder)],
        check=False, capture_output=True, text=True, timeout=60,
    )  # fmt: skip


def test_a_full_disk_is_told_and_over_when_space_is_back(tmp_path: Path) -> None:
    mount = f'mount -t tmpfs -o size=8m tmpfs {tmp_path} && exec "$@"'
    done = run_child("disk", tmp_path, "unshare", "-Urm", "sh", "-c", mount, "sh")
    if done.returncode != 0 and "unshare" in done.stderr:
        pytest.skip("a small file system cannot be mounted here: unshare is not permitted")
    assert done.returncode == 0, done.stderr[-3_000:]


def test_a_file_size_limit_is_told_and_over_when_lifted(tmp_path: Path) -> None:
    done = run_child("limit", tmp_path)
    assert done.returncode == 0, done.stderr[-3_000:]


@pytest.mark.invariant("I6")
async def test_the_quota_gives_up_oldest_samples_with_gaps_and_keeps_the_rest(
    tmp_path: Path,
) -> None:
    quota = 1_200_000
    spool = await SqliteSpool.open(
        tmp_path, quota_bytes=quota, clock=SystemClock(), commit_window_s=0.001
    )
    dead, live = await spool.reader("dead"), await spool.reader("live")
    others = []
    for number in range(80):
        await spool.append([noise(number), makers.usage(number)])
        others.append(makers.usage(number))
        await live.settle(answer_for(await live.read(1, 100, LOTS)))  # type: ignore[arg-type]
    size = sum(path.stat().st_size for path in tmp_path.iterdir() if path.suffix != ".db-shm")
    assert size <= quota
    records = await read_all(dead)
    items = [record.item for record in records]
    assert [item for item in items if not isinstance(item, (Batch, Gap))] == others
    gaps = [item for item in items if isinstance(item, Gap)]
    kept = {int(item.times[0]) for item in items if isinstance(item, Batch)}
    lost = [noise(n) for n in range(80) if int(noise(n).times[0]) not in kept]
    assert lost
    assert all(gap.reason is GapReason.QUOTA and gap.reader == "dead" for gap in gaps)
    for item in lost:
        assert any(g.start <= item.times.min() and item.times.max() <= g.end for g in gaps)
    assert sum(gap.count or 0 for gap in gaps) == sum(map(len, lost))
    counters = (await spool.counters()).readers
    assert counters["dead"].expired.samples == sum(map(len, lost))
    assert counters["live"].expired == (0, 0, 0)
    assert live.state().delivered == 160
    assert counters["dead"].spooled.samples == 80 * 2_000
    await spool.close()


async def read_all(reader: SpoolReader) -> list[Record]:
    found: list[Record] = []
    start = 1
    while records := await reader.read(start, 50, LOTS):  # type: ignore[arg-type]
        found += records
        start = records[-1].offset + 1
    return found


@pytest.mark.invariant("I9")
async def test_a_spool_full_of_what_may_not_be_given_up_says_so(tmp_path: Path) -> None:
    spool = await SqliteSpool.open(
        tmp_path, quota_bytes=1_000_000, clock=SystemClock(), commit_window_s=0.001
    )
    reader = await spool.reader("central")
    count = 0
    with pytest.raises(SpoolFull):  # noqa: PT012
        while True:
            await spool.append([makers.rejected()] * 500)
            count += 500
    assert spool.head() == count
    assert spool.condition()[:2] == (SpoolState.FULL, "quota-full")
    await reader.settle(Answer(((1, count),)))
    assert await spool.append([makers.usage()]) == count + 1
    assert spool.condition().state is SpoolState.GOOD
    await spool.close()


async def test_space_comes_back_when_every_reader_has_passed(tmp_path: Path) -> None:
    spool = await SqliteSpool.open(
        tmp_path, quota_bytes=20_000_000, clock=SystemClock(), part_bytes=200_000,
        commit_window_s=0.001,
    )  # fmt: skip
    one, two = await spool.reader("one"), await spool.reader("two")
    for number in range(60):
        await spool.append([noise(number)])
    files = len(list(tmp_path.glob("part-*.db")))
    await one.settle(Answer(((1, 60),)))
    assert len(list(tmp_path.glob("part-*.db"))) == files
    await spool.forget_reader("two")
    assert len(list(tmp_path.glob("part-*.db"))) == 1
    assert two.name not in spool.readers()
    await spool.close()


if __name__ == "__main__":
    os.chdir(Path(__file__).parents[2])
    asyncio.run(
        {"disk": fill_the_disk, "limit": reach_the_file_limit}[sys.argv[1]](Path(sys.argv[2]))
    )
