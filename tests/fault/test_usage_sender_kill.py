"""A sender that is killed at any moment loses no event and has none stored twice."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import signal
import sys
from collections import Counter
from pathlib import Path

import aiohttp
import pytest

from gateway.core.clock import SystemClock
from gateway.core.types import UnixNs
from gateway.usage.ledger.ledger import SqliteLedger
from gateway.usage.ledger.verify import verify
from gateway.usage.model import State, Waiting
from gateway.usage.sender.kst import kst_text, parse_kst
from simulators.usage_log import UsageLogService
from tests.integration.usage_sender_parts import BusyService, Plant, event, plant
from tests.unit.usage.sender.virtual import NS, World, running

KILLS = 30
STEP_S = 97
"""Between events: some 890 a day."""
START = "2026-03-03 06:00:00"
SETTLED = frozenset({State.DELIVERED, State.DELIVERED_PRESUMED})
DOUBTFUL = frozenset({State.SENDING, State.QUARANTINED, State.EXPIRED_MIDNIGHT})


class TimedService(BusyService):
    """Tells the simulated service what time it is before each request."""

    url = ""

    async def before(self) -> None:
        order = {"set": kst_text(UnixNs(self._world.true())), "rate": 0}
        async with (
            aiohttp.ClientSession() as session,
            session.post(f"{self.url}/__sim__/clock", json=order) as answer,
        ):
            assert answer.status == 200


async def service_time(url: str) -> int:
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{url}/__sim__/state") as answer,
    ):
        at = parse_kst(json.loads(await answer.text())["now"])
    assert at is not None
    return at


async def feed(made: Plant, first: int) -> None:
    """Hand in what is due, from the first event of all on; say which are durable."""
    line = os.fdopen(1, "wb", buffering=0)
    number = 0
    while True:
        due = (made.world.true() - first) // (STEP_S * NS) + 1
        events = [event(each, first + each * STEP_S * NS) for each in range(number, due)]
        if events:
            await made.ledger.append([("mes", each) for each in events])
            line.write(f"{due}\n".encode())
            number = due
        await made.world.sleep(STEP_S)


async def work(folder: Path, url: str) -> None:
    """Send for ever, from the time that the service has."""
    TimedService.url = url
    first = parse_kst(START)
    assert first is not None
    world = World(UnixNs(await service_time(url)))
    async with plant(folder, url, world, TimedService) as made:

        async def feeding() -> None:
            await feed(made, first)

        async with running(world, made.sender.run, feeding):
            await asyncio.Event().wait()


async def live_and_die(folder: Path, url: str, after_s: float) -> int:
    """Run a child, kill it, give how many events it said were durable."""
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.fault.test_usage_sender_kill", str(folder), url,
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert child.stdout is not None
    lines = [await child.stdout.readline()]
    await asyncio.sleep(after_s)
    with contextlib.suppress(ProcessLookupError):
        child.send_signal(signal.SIGKILL)
    lines += (await child.stdout.read()).splitlines(keepends=True)
    assert await child.wait() == -signal.SIGKILL, "it ended by itself"
    return max((int(each) for each in lines if each.endswith(b"\n")), default=0)


async def rows_of(folder: Path) -> list[Waiting]:
    ledger = await SqliteLedger.open(folder, clock=SystemClock())
    try:
        return await ledger.waiting("mes", *State)
    finally:
        await ledger.close()


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_30_kills_lose_no_event_and_store_none_twice(tmp_path: Path) -> None:
    chance = random.Random(11)
    service = UsageLogService()
    service.clock.order({"set": START, "rate": 0})
    durable = 0
    async with service.serving() as url:
        for kill in range(KILLS):
            said = await live_and_die(tmp_path, url, chance.random() * 0.5)
            durable = max(durable, said)
            if kill % 3 == 2:  # the machine stays off for a while
                service.clock.advance(chance.random() * 1_500)
    rows = {(row.log_dt, row.user): row for row in await rows_of(tmp_path)}
    stored = Counter((row["logDt"], row["sysUser"]) for row in service.stored)
    assert len(rows) >= durable > 500
    assert max(stored.values()) == 1, "stored twice"
    assert set(stored) <= set(rows)
    assert {rows[each].state for each in stored} <= SETTLED | DOUBTFUL
    doubtful = [each for each in stored if rows[each].state in DOUBTFUL]
    assert len(doubtful) <= KILLS
    claimed = {each for each, row in rows.items() if row.state in SETTLED}
    assert claimed <= set(stored), "called stored and is not"
    assert not verify(tmp_path).problems
    assert len(stored) > 60


if __name__ == "__main__":
    asyncio.run(work(Path(sys.argv[1]), sys.argv[2]))
