"""A killed process loses nothing it had acknowledged."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
import sys
from pathlib import Path

import pytest

from gateway.core.clock import SystemClock
from gateway.core.records import answer_for
from gateway.spool.log import SqliteSpool
from tests.unit.spool import makers

KILLS = 25
QUOTA = 50_000_000


async def work(folder: Path) -> None:
    """Append and settle for ever; write what is acknowledged to standard output."""
    spool = await SqliteSpool.open(
        folder, quota_bytes=QUOTA, clock=SystemClock(), part_bytes=130_000, commit_window_s=0.001
    )
    reader = await spool.reader("history")
    line = os.fdopen(1, "wb", buffering=0)

    async def add(number: int) -> None:
        while True:
            offset = await spool.append([makers.batch(offset_base(number), 200)])
            line.write(f"a {offset}\n".encode())

    async def take() -> None:
        while True:
            await reader.wait(reader.state().position - 1)  # type: ignore[arg-type]
            await reader.settle(answer_for(await reader.read(1, 5, 1 << 30)))  # type: ignore[arg-type]
            line.write(f"s {reader.state().position}\n".encode())

    async with asyncio.TaskGroup() as group:
        for number in range(3):
            group.create_task(add(number))
        group.create_task(take())


def offset_base(number: int) -> int:
    return number * 1_000_000


async def kill_once(folder: Path, after_s: float) -> tuple[int, int]:
    """Run a child, kill it, and give the last acknowledged offset and position."""
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.fault.test_spool_kill", str(folder),
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert child.stdout is not None
    first = await child.stdout.readline()
    await asyncio.sleep(after_s)
    with contextlib.suppress(ProcessLookupError):
        child.send_signal(signal.SIGKILL)
    lines = [first, *(await child.stdout.read()).splitlines(keepends=True)]
    assert await child.wait() == -signal.SIGKILL
    whole = [line.split() for line in lines if line.endswith(b"\n")]
    offsets = [int(number) for word, number in whole if word == b"a"]
    positions = [int(number) for word, number in whole if word == b"s"]
    return max(offsets, default=0), max(positions, default=1)


@pytest.mark.slow
@pytest.mark.invariant("I5")
async def test_acknowledged_then_lost_over_25_kills(tmp_path: Path) -> None:
    chance = random.Random(7)
    acknowledged, position = 0, 1
    for _ in range(KILLS):
        more, further = await kill_once(tmp_path, chance.random() * 0.15)
        acknowledged, position = max(acknowledged, more), max(position, further)
        spool = await SqliteSpool.open(
            tmp_path, quota_bytes=QUOTA, clock=SystemClock(), part_bytes=130_000
        )
        state = (await spool.reader("history")).state()
        counters = await spool.counters()
        assert spool.head() >= acknowledged
        assert state.position >= position
        assert state.delivered + state.pending == spool.head()
        assert counters.spooled.records == spool.head()
        assert not list(tmp_path.glob("*.corrupt-*"))
        await spool.close()
    assert acknowledged > KILLS


if __name__ == "__main__":
    asyncio.run(work(Path(sys.argv[1])))
