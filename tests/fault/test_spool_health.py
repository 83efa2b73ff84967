"""Whether values can be stored is told by everything that tells it, within two seconds."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import apsw
import pytest

from gateway.app.own_aas import OwnFigures
from gateway.app.spool_watch import watch_spool
from gateway.config.models import GatewayFile
from gateway.core.clock import SystemClock
from gateway.core.errors import SpoolUnavailable
from gateway.ops.advice import read
from gateway.ops.health import Health, SpoolState
from gateway.spool import condition
from gateway.spool.condition import condition_after, looked_at
from gateway.spool.limits import Settings
from gateway.spool.log import SqliteSpool
from gateway.spool.recovery import load
from tests.integration.api_parts import Running, served
from tests.unit.spool import makers
from tests.unit.spool.power import PowerDisk

QUOTA = 40_000_000
SHOWN_WITHIN_S = 2.0
LOADED = 3.0
"""A busy machine may take so many times longer; what is meant is seconds, not the next write."""
ADVICE = Path(condition.__file__).with_name("advice.toml")
_numbers = count()


@dataclass
class Watched:
    disk: PowerDisk
    spool: SqliteSpool
    health: Health
    api: Running
    figures: OwnFigures

    async def shows(self, state: SpoolState, reason: str, within_s: float) -> dict[str, Any]:
        """Wait until it is told, then compare what everybody tells."""
        async with asyncio.timeout(within_s):
            while self.health.spool.state is not state:
                await asyncio.sleep(0.02)
        ready = await self.api.get("/readyz")
        status: dict[str, Any] = (await self.api.get("/api/status")).json()
        told: Any = self.figures.diagnostics()
        good = state is SpoolState.GOOD
        assert ready.status_code == (200 if good else 503)
        assert status["spool"]["ready"] is told["Spool"]["Ready"] is good
        assert status["healthy"] is good
        assert status["spool"]["reason"] == reason
        assert good or ready.json()["reason"] == reason
        return status

    async def store_one(self) -> bool:
        with contextlib.suppress(SpoolUnavailable):
            await self.spool.append([makers.batch()])
            return True
        return False


@pytest.fixture
async def watched(tmp_path: Path) -> AsyncIterator[Watched]:
    clock = SystemClock()
    disk = PowerDisk(f"health-{next(_numbers)}", 1)
    spool = await SqliteSpool.open(
        tmp_path / "watched", quota_bytes=QUOTA, clock=clock,
        settings=Settings(QUOTA, vfs=disk.vfs_name),
    )  # fmt: skip
    health = Health(clock.now())
    file = GatewayFile.model_validate({"version": 1, "gateway": {"id": "edge"}})
    figures = OwnFigures(file, health, clock)
    async with served(tmp_path / "served", change={"health": health}) as api:
        watching = asyncio.create_task(watch_spool(spool, health, clock))
        watched = Watched(disk, spool, health, api, figures)
        await watched.shows(SpoolState.GOOD, "", SHOWN_WITHIN_S * LOADED)
        yield watched
        watching.cancel()
    disk.failing, disk.error = {}, apsw.IOError
    disk.moves.set()
    await spool.close()
    disk.unregister()


@pytest.mark.parametrize(
    ("error", "state", "reason"),
    [
        (apsw.IOError, SpoolState.DISK_ERROR, "disk-error"),
        (apsw.FullError, SpoolState.FULL, "disk-full"),
        (apsw.ReadOnlyError, SpoolState.READ_ONLY, "disk-read-only"),
    ],
)
async def test_a_disk_that_refuses_is_told_everywhere_and_so_is_its_recovery(
    watched: Watched, error: type[apsw.Error], state: SpoolState, reason: str
) -> None:
    watched.disk.error, watched.disk.failing = error, {"write": 10**6}
    assert not await watched.store_one()
    await watched.shows(state, reason, SHOWN_WITHIN_S * LOADED)
    watched.disk.failing = {}
    await watched.shows(SpoolState.GOOD, "", SHOWN_WITHIN_S * LOADED)
    assert await watched.store_one()


async def test_a_disk_that_does_not_finish_a_write_is_told_everywhere_and_so_is_its_recovery(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.spool.committer.STALL_S", 0.7)
    watched.disk.moves.clear()
    storing = asyncio.create_task(watched.store_one())
    await watched.shows(SpoolState.STALLED, "disk-stalled", SHOWN_WITHIN_S * LOADED)
    watched.disk.moves.set()
    assert await storing
    await watched.shows(SpoolState.GOOD, "", SHOWN_WITHIN_S * LOADED)


async def test_reading_the_files_again_for_long_is_told(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    def long(*args: Any, **more: Any) -> None:
        assert go_on.wait(60)
        load(*args, **more)

    go_on = threading.Event()
    monkeypatch.setattr("gateway.spool.committer.STALL_S", 0.7)
    monkeypatch.setattr("gateway.spool.committer.load", long)
    watched.disk.failing = {"write": 1}
    assert not await watched.store_one()
    await watched.shows(SpoolState.RECOVERING, "spool-recovering", SHOWN_WITHIN_S * LOADED)
    go_on.set()
    await watched.shows(SpoolState.GOOD, "", SHOWN_WITHIN_S * LOADED)


async def test_a_gateway_that_opens_its_spool_is_not_ready(tmp_path: Path) -> None:
    async with served(tmp_path, change={"health": Health(SystemClock().now())}) as api:
        answer = await api.get("/readyz")
        assert (answer.status_code, answer.json()["reason"]) == (503, "spool-opening")


def test_every_reason_has_its_advice_in_both_languages(tmp_path: Path) -> None:
    reasons = {
        Health(SystemClock().now()).spool.reason,
        condition.quota_full(1).reason,
        condition.stalled(6.0).reason,
        condition.recovering(6.0).reason,
        *(
            condition_after(error, tmp_path).reason
            for error in (
                apsw.FullError(), apsw.ReadOnlyError(), apsw.CorruptError(), apsw.IOError(),
                OSError(28, ""), OSError(30, ""), OSError(5, ""), FileNotFoundError(2, ""),
            )
        ),
    }  # fmt: skip
    assert reasons == set(read(ADVICE))


def test_a_folder_that_is_gone_is_a_disk_error_and_one_with_room_is_nothing(
    tmp_path: Path,
) -> None:
    assert looked_at(tmp_path) is None
    gone = looked_at(tmp_path / "gone")
    assert gone is not None
    assert gone.state is SpoolState.DISK_ERROR
