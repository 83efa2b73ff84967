"""The adapter against node-opcua: times that stand still, lie ahead, or were never set."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from adapters.opcua.timeline import Memory
from gateway.core.records import Gap
from tests.services.node_opcua import NodeServer, node_server
from tests.services.opcua_peer import Recorder, Running, proxy_to, running, source

pytestmark = [pytest.mark.service, pytest.mark.asyncio(loop_scope="module")]
SECOND = 1_000_000_000
FIXED = "2026-01-02T03:04:05.000Z"
ODD_TIMES = ["2105-01-01T00:00:00Z", "1601-01-02T00:00:00Z", "1970-01-01T00:00:00Z"]
AHEAD = timedelta(hours=3)
DOWN_MS = 2_000


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[NodeServer]:
    names = [["Cut", "Double", 1.0], ["Resume", "Double", 1.0], ["Long", "Double", 1.0]]
    folder = tmp_path_factory.mktemp("node")
    async with node_server(folder, count=2, typed=[*names, ["Still", "Double", 1.0]]) as made:
        for name, _, value in names:
            await made.ask("set", name=name, value=value, at=FIXED)
        yield made


def newest(run: Running, name: str) -> float:
    return float(run.intake.values(name)[-1])


async def test_a_state_that_changed_during_a_cut_is_stored_although_its_time_stands_still(
    server: NodeServer, tmp_path: Path
) -> None:
    async with (
        proxy_to(server.port) as proxy,
        running(source(proxy.url, tmp_path, ["Cut"])) as run,
    ):
        await run.until(lambda: run.intake.values("Cut") == [1.0])
        proxy.cut(refuse=True)
        await run.until(lambda: run.errors)
        await server.ask("set", name="Cut", value=3.0, at=FIXED)
        await asyncio.sleep(0.5)
        proxy.open = True
        await run.until(lambda: newest(run, "Cut") == 3.0)
        assert run.health.connects == 2


async def test_a_state_that_changes_in_the_moment_of_the_resume_is_stored(
    server: NodeServer, tmp_path: Path
) -> None:
    async with (
        proxy_to(server.port) as proxy,
        running(source(proxy.url, tmp_path, ["Resume"])) as run,
    ):
        await run.until(lambda: run.intake.values("Resume") == [1.0])
        proxy.cut(refuse=True)
        await run.until(lambda: run.errors)
        proxy.open = True
        await run.until(lambda: run.health.connects == 2)
        await server.ask("set", name="Resume", value=4.0, at=FIXED)
        await run.until(lambda: newest(run, "Resume") == 4.0)


async def test_what_a_new_subscription_begins_with_is_stored_even_if_nothing_moved(
    server: NodeServer, tmp_path: Path
) -> None:
    async with (
        proxy_to(server.port) as proxy,
        running(source(proxy.url, tmp_path, ["Long", "Still"])) as run,
    ):
        await run.until(lambda: run.intake.count() == 2)
        proxy.cut(refuse=True)
        await run.until(lambda: run.errors)
        run.memory.session = None  # as after a cut that is longer than the server keeps a session
        await server.ask("set", name="Long", value=3.0, at=FIXED)
        proxy.open = True
        await run.until(lambda: run.intake.values("Long") == [1.0, 3.0])
        await run.until(lambda: run.intake.values("Still") == [1.0, 1.0])
        assert [gap.reason for gap in run.intake.gaps] == ["disconnected"]


def spans(gap: Gap, down: int, up: int, since: int) -> None:
    """Fail where a gap does not cover an outage, or reaches beyond what can be."""
    assert gap.start <= down <= up <= gap.end <= time.time_ns()
    assert gap.start >= since - SECOND


@pytest.mark.parametrize("odd", ODD_TIMES)
async def test_one_odd_time_moves_no_gap_of_a_later_outage(odd: str, tmp_path: Path) -> None:
    async with node_server(tmp_path, count=1, typed=[["T", "Double", 1.0]]) as own:
        since = time.time_ns()
        async with running(source(own.url, tmp_path, ["T"])) as run:
            await run.until(lambda: run.intake.count() == 1)
            await own.ask("set", name="T", value=2.0, at=odd)
            await run.until(lambda: newest(run, "T") == 2.0)
            await own.ask("set", name="T", value=3.0)
            await run.until(lambda: newest(run, "T") == 3.0)
            await asyncio.sleep(0.5)
            down = time.time_ns()
            await own.ask("restart", down=DOWN_MS)
            up = time.time_ns()
            await run.until(lambda: run.health.connects == 2)
            (gap,) = run.intake.gaps
            assert gap.reason == "source-restart"
            spans(gap, down, up - SECOND, since)
            assert (gap.source_start, gap.source_end) == (None, None)
        down = time.time_ns()
        await asyncio.sleep(1.0)
        again = Recorder(last=down)
        async with running(source(own.url, tmp_path, ["T"]), again, Memory()) as run:
            await run.until(lambda: again.count() >= 1)
            (gap,) = again.gaps
            spans(gap, down, down + SECOND, since)


async def test_a_clock_that_is_three_hours_ahead_is_told_beside_ours(tmp_path: Path) -> None:
    async with (
        node_server(tmp_path, count=1, typed=[["T", "Double", 0.0]]) as own,
        running(source(own.url, tmp_path, ["T"])) as run,
    ):
        for value in range(1, 9):
            at = (datetime.now(UTC) + AHEAD).isoformat()
            await own.ask("set", name="T", value=float(value), at=at)
            await asyncio.sleep(0.2)
        await run.until(lambda: newest(run, "T") == 8.0)
        since = time.time_ns()
        await own.ask("restart", down=DOWN_MS)
        await run.until(lambda: run.health.connects == 2)
        (gap,) = run.intake.gaps
        spans(gap, since, since + SECOND, since - SECOND)
        assert gap.source_start is not None
        assert gap.source_end is not None
        off = AHEAD.total_seconds()
        assert abs((gap.source_start - gap.start) / SECOND - off) < 1.0
        assert abs((gap.source_end - gap.end) / SECOND - off) < 1.0
        await run.until(lambda: "clock-off" in run.health.troubles)
        assert "behind" not in run.health.troubles["clock-off"].detail


async def test_a_clock_that_goes_back_while_it_runs_moves_no_gap(tmp_path: Path) -> None:
    async with (
        node_server(tmp_path, count=1, typed=[["T", "Double", 0.0]]) as own,
        running(source(own.url, tmp_path, ["T"])) as run,
    ):
        for value in range(1, 9):
            back = timedelta(hours=1) if value > 4 else timedelta()
            at = (datetime.now(UTC) - back).isoformat()
            await own.ask("set", name="T", value=float(value), at=at)
            await asyncio.sleep(0.2)
        await run.until(lambda: newest(run, "T") == 8.0)
        since = time.time_ns()
        await own.ask("restart", down=DOWN_MS)
        await run.until(lambda: run.health.connects == 2)
        (gap,) = run.intake.gaps
        spans(gap, since, since + SECOND, since - SECOND)
