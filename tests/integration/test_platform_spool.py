"""The durable spool, the forwarder, the HTTP sink and the reference platform, together."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gateway.core.clock import SystemClock
from gateway.core.records import Gap, GapReason, Item, Usage
from gateway.core.types import Offset, UnixNs
from gateway.flow.forward import Forwarder, ForwardLimits
from gateway.ops.health import SinkHealth, SinkState
from gateway.spool.log import SqliteSpool
from tests.integration.platform_parts import (
    PlatformProcess,
    http_sink,
    numbers,
    running_platform,
    table,
)

PLAN = table("press-01", "xs:double", "xs:string")
LIMITS = ForwardLimits(
    records=50, interval_s=0.0, behind_s=1.0, backlog_rate=200_000.0, first_s=0.02, cap_s=0.05
)


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PlatformProcess]:
    with running_platform(tmp_path_factory.mktemp("platform")) as running:
        yield running


@pytest.fixture
async def platform(process: PlatformProcess) -> AsyncIterator[PlatformProcess]:
    async with process.fresh() as running:
        yield running


async def opened(folder: Path, quota_bytes: int = 10**8) -> SqliteSpool:
    return await SqliteSpool.open(
        folder, quota_bytes=quota_bytes, clock=SystemClock(), commit_window_s=0.0
    )


@asynccontextmanager
async def forwarded(
    spool: SqliteSpool, url: str, limits: ForwardLimits = LIMITS
) -> AsyncIterator[SinkHealth]:
    health = SinkHealth("central", "http")
    async with http_sink(url, spool.plans) as sink, asyncio.TaskGroup() as group:
        forwarder = Forwarder(
            await spool.reader("central"), sink, health, SystemClock(), limits,
            head=spool.head, epoch=spool.epoch,
        )  # fmt: skip
        task = group.create_task(forwarder.run())
        try:
            async with asyncio.timeout(20):
                yield health
        finally:
            task.cancel()


async def drained(spool: SqliteSpool) -> None:
    reader = await spool.reader("central")
    while reader.state().pending:
        await asyncio.sleep(0.01)


def aged(count: int, age_s: float, samples: int = 100) -> Sequence[Item]:
    received = time.time_ns() - round(age_s * 1e9)
    return [numbers(PLAN, samples, received=received + n * samples) for n in range(count)]


async def test_every_kind_of_record_arrives_once_and_is_settled(
    platform: PlatformProcess, tmp_path: Path
) -> None:
    spool = await opened(tmp_path / "spool")
    now = UnixNs(time.time_ns())
    others: list[Item] = [
        Gap("press-01", now, now, GapReason.GATEWAY_DOWN),
        Usage(now, "MES", "login", "p:1", "10.0.0.1", 0, "l"),
    ]
    async with forwarded(spool, platform.url) as health:
        for items in (aged(3, 0.0), others, aged(3, 0.0)):
            await spool.append(items)
        await drained(spool)
        assert health.last_accepted is not None
    await spool.close()
    summary = await platform.get("summary")
    counted = {key: summary[key] for key in ("records", "samples", "gaps", "usage", "refused")}
    assert counted == {"records": 8, "samples": 600, "gaps": 1, "usage": 1, "refused": 0}
    gap = (await platform.get("gaps"))["records"][0]["record"]
    assert gap["signals"] == [0, 1]
    assert gap["plan"] == PLAN.digest


async def test_a_gateway_stopped_during_catch_up_goes_on_without_losing_or_repeating(
    platform: PlatformProcess, tmp_path: Path
) -> None:
    spool = await opened(tmp_path / "spool")
    await spool.append(aged(400, 60.0))
    async with forwarded(spool, platform.url, replace(LIMITS, backlog_rate=20_000.0)) as health:
        await platform.until_stored(60)
        assert health.state is SinkState.CATCHING_UP
    await spool.close()
    spool = await opened(tmp_path / "spool")
    assert (await spool.reader("central")).state().pending > 0
    async with forwarded(spool, platform.url):
        await spool.append(aged(5, 0.0))
        await drained(spool)
    await spool.close()
    summary = await platform.get("summary")
    assert summary["samples"] == 40_500
    assert summary["conflicts"] == 0
    assert summary["duplicates"] <= 2 * LIMITS.records  # what was in flight, one write a lane


@pytest.mark.invariant("I6")
async def test_what_the_quota_gave_up_during_an_outage_is_explained_by_gaps(
    platform: PlatformProcess, tmp_path: Path
) -> None:
    folder = tmp_path / "spool"
    spool = await SqliteSpool.open(
        folder, quota_bytes=3_000_000, clock=SystemClock(), part_bytes=500_000, commit_window_s=0.0
    )
    noise = np.random.default_rng(7)
    produced = 0
    async with forwarded(spool, platform.url) as health:
        await spool.append(aged(1, 0.0))
        await drained(spool)
        await platform.fault("down")
        for _ in range(60):
            batch = numbers(PLAN, 10_000, received=time.time_ns())
            batch = replace(batch, values=noise.random(10_000))
            await spool.append([batch])
            produced += 10_000
        while health.state is not SinkState.RETRYING:
            await asyncio.sleep(0.01)
        await platform.fault("ok")
        await drained(spool)
    await spool.close()
    summary = await platform.get("summary")
    gaps = [entry["record"] for entry in (await platform.get("gaps"))["records"]]
    assert summary["samples"] < produced + 100
    assert {gap["reason"] for gap in gaps} == {"quota"}
    assert summary["samples"] + sum(gap["count"] for gap in gaps) == produced + 100
    assert (summary["duplicates"], summary["conflicts"]) == (0, 0)


@pytest.mark.parametrize("restarts", [0, 2])
async def test_what_arrived_without_an_answer_is_never_declared_missing_by_the_quota(
    platform: PlatformProcess, tmp_path: Path, restarts: int
) -> None:
    """The platform stores and its answers are lost, the quota presses, the gateway is stopped."""
    noise = np.random.default_rng(8)
    produced = 100
    limits = replace(LIMITS, behind_s=0.05)
    for start in range(restarts + 1):
        spool = await opened(tmp_path / "spool", 2_500_000)
        async with forwarded(spool, platform.url, limits) as health:
            if start == 0:  # it has the plan before its answers begin to be lost
                await spool.append(aged(1, 0.0))
                await drained(spool)
                await platform.fault("drop-reply")
            while health.state is not SinkState.RETRYING or health.tries < 2:
                await spool.append([replace(numbers(PLAN, 500), values=noise.random(500))])
                produced += 500
                await asyncio.sleep(0.005)
        for _ in range(40):
            await spool.append([replace(numbers(PLAN, 9_000), values=noise.random(9_000))])
            produced += 9_000
        await spool.close()
    await platform.fault("ok")
    spool = await opened(tmp_path / "spool", 2_500_000)
    async with forwarded(spool, platform.url):
        await drained(spool)
    state = (await spool.reader("central")).state()
    await spool.close()
    summary = await platform.get("summary")
    gaps = [entry["record"] for entry in (await platform.get("gaps"))["records"]]
    missing = sum(gap["count"] for gap in gaps if gap["reason"] == "quota")
    assert state.expired > 0
    assert summary["samples"] + missing == produced
    assert summary["duplicates"] > 0, "something arrived of which nobody told"
    assert summary["conflicts"] == 0


async def test_a_refused_record_can_be_found_in_quarantine(
    platform: PlatformProcess, tmp_path: Path
) -> None:
    await platform.refuse({"offset": 2, "reason": "not contracted"})
    spool = await opened(tmp_path / "spool")
    async with forwarded(spool, platform.url):
        await spool.append(aged(3, 0.0))
        await drained(spool)
    state = (await spool.reader("central")).state()
    assert (state.quarantined, state.delivered, state.position) == (1, 2, Offset(4))
    await spool.close()
