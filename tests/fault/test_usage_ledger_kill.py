"""A killed process loses no event and no state that it had acknowledged."""

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
from gateway.usage.ledger.ledger import SqliteLedger
from gateway.usage.ledger.verify import verify
from gateway.usage.model import State
from tests.unit.usage.ledger import makers

KILLS = 25


async def work(folder: Path, start: int) -> None:
    """Append and move for ever; write what is acknowledged to standard output."""
    ledger = await SqliteLedger.open(folder, clock=SystemClock(), commit_window_s=0.001)
    line = os.fdopen(1, "wb", buffering=0)

    async def add(lane: int) -> None:
        number = start + lane
        while True:
            entries = [("mes", makers.event(number, source=f"s{number}"))]
            (taken,) = await ledger.append(entries)
            line.write(f"a {taken.id} {number}\n".encode())
            await ledger.move([makers.moved(taken.id, State.SENDING)])
            await ledger.move([makers.moved(taken.id, State.DELIVERED, "AP1002", number)])
            line.write(f"d {taken.id} {number}\n".encode())
            number += 3

    async with asyncio.TaskGroup() as group:
        for lane in range(3):
            group.create_task(add(lane))


async def kill_once(folder: Path, start: int, after_s: float) -> list[list[str]]:
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.fault.test_usage_ledger_kill", str(folder), str(start),
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert child.stdout is not None
    first = await child.stdout.readline()
    await asyncio.sleep(after_s)
    with contextlib.suppress(ProcessLookupError):
        child.send_signal(signal.SIGKILL)
    lines = [first, *(await child.stdout.read()).splitlines(keepends=True)]
    assert await child.wait() == -signal.SIGKILL
    return [line.decode().split() for line in lines if line.endswith(b"\n")]


@pytest.mark.slow
async def test_acknowledged_then_lost_over_25_kills(tmp_path: Path) -> None:
    chance = random.Random(5)
    acknowledged: dict[str, set[str]] = {"a": set(), "d": set()}
    top = 0
    for _ in range(KILLS):
        for word, name, number in await kill_once(tmp_path, top + 10, chance.random() * 0.15):
            acknowledged[word].add(name)
            top = max(top, int(number))
        report = verify(tmp_path)
        assert report.problems == []
        ledger = await makers.opened(tmp_path)
        assert ledger.set_aside is None
        rows = await ledger.rows_after(0, 1_000_000)
        prefix = str(rows[0].body["ledger"])[:6]
        events = {f"{prefix}-{row.seq}" for row in rows if row.kind == "event"}
        delivered = {
            row.body["event"]
            for row in rows
            if row.kind == "move" and row.body["state"] == State.DELIVERED
        }
        assert acknowledged["a"] - events == set()
        assert acknowledged["d"] - delivered == set()
        assert (await ledger.today("mes", makers.DAY)).stored == len(delivered)
        await ledger.close()
    assert len(acknowledged["d"]) > KILLS


if __name__ == "__main__":
    asyncio.run(work(Path(sys.argv[1]), int(sys.argv[2])))
