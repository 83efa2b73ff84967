"""The KPI sender against the simulated service, in virtual time."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from gateway.core.types import UnixNs
from gateway.usage.config import KpiConfig
from gateway.usage.sender.kpi import KpiSender
from gateway.usage.sender.kpi_store import WAITING_MAX
from gateway.usage.sender.kpi_wire import (
    HttpKpiService,
    KpiAnswer,
    KpiRecord,
    Level,
    achievement,
)
from gateway.usage.sender.kst import parse_kst
from simulators.kpi_service import SAMPLE_KEY, KpiService
from tests.unit.usage.sender.fakes import FakeAlarms
from tests.unit.usage.sender.virtual import VirtualClock, World, running

SPEED = KpiRecord(2, "20260303", "P", "B", "생산량 증가", "12.5")
SCRAP = KpiRecord(3, "20260303", "Q", "A", "불량률 감소", "0.8", "%")
WRONG = KpiRecord(2, "20260303", "X", "B", "생산량", "1")


@pytest.fixture(autouse=True)
def _no_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Write the file at once: virtual time does not wait for threads."""

    async def at_once(work: Callable[[], None]) -> None:
        work()

    monkeypatch.setattr("gateway.usage.sender.kpi.asyncio.to_thread", at_once)


class Busy(HttpKpiService):
    world: World

    async def insert(self, level: Level, records: Any) -> KpiAnswer:
        with self.world.busy():
            return await super().insert(level, records)


@dataclass
class Plant:
    world: World
    service: KpiService
    sender: KpiSender
    alarms: FakeAlarms
    used: set[str]


@asynccontextmanager
async def plant(
    folder: Path, start: str, service: KpiService | None = None, **other: Any
) -> AsyncIterator[Plant]:
    at = parse_kst(start)
    assert at is not None
    world = World(UnixNs(at))
    service = service or KpiService()
    service.clock._source = world.true
    async with service.serving() as url:
        config = KpiConfig(**{"name": "kpi", "url": url, "key": SAMPLE_KEY, **other})
        clock, alarms, used = VirtualClock(world), FakeAlarms(), set[str]()
        client = Busy(config, clock)
        client.world = world

        async def was_used(day: str) -> bool:
            return day in used

        sender = KpiSender(config, client, was_used, alarms, clock, folder / "kpi.json")
        try:
            yield Plant(world, service, sender, alarms, used)
        finally:
            await client.close()


async def test_the_daily_report_is_sent_once_and_only_for_days_of_use(tmp_path: Path) -> None:
    async with plant(tmp_path, "2026-03-03 09:00:00") as made:
        made.used |= {"2026-03-03", "2026-03-05"}
        async with running(made.world, made.sender.run):
            await made.world.sleep(8 * 3_600)
            assert made.service.tests == []
            await made.world.sleep(3 * 86_400)
    days = [(row["level"], row["ocrDttm"], row["systmOprYn"]) for row in made.service.tests]
    assert days == [(1, "20260303", "Y"), (1, "20260305", "Y")]
    assert made.service.stored == []


async def test_live_is_a_setting_and_a_restart_reports_no_day_twice(tmp_path: Path) -> None:
    service = KpiService()
    for _ in range(2):
        async with plant(tmp_path, "2026-03-03 18:30:00", service, live=True) as made:
            made.used.add("2026-03-03")
            async with running(made.world, made.sender.run):
                await made.world.sleep(3_600)
    assert [row["ocrDttm"] for row in service.stored] == ["20260303"]
    assert service.tests == []


async def test_records_handed_in_are_kept_through_an_outage_and_a_restart(tmp_path: Path) -> None:
    async with plant(tmp_path, "2026-03-03 09:00:00") as made:
        await made.sender.submit([SPEED, SCRAP])
    async with plant(tmp_path, "2026-03-03 09:10:00") as made:
        made.service.faults.set({"mode": "reset", "count": 20})
        async with running(made.world, made.sender.run):
            await made.world.sleep(10 * 3_600)
            assert "U5101" in made.alarms.now
            assert made.sender.waiting == 2
            await made.world.sleep(20 * 3_600)
        assert "U5101" not in made.alarms.now
        assert made.sender.waiting == 0
        assert [(row["level"], row["kpiDtlNm"]) for row in made.service.tests] == [
            (2, "생산량 증가"),
            (3, "불량률 감소"),
        ]


async def test_a_refused_record_is_kept_with_the_answer_and_the_others_go(tmp_path: Path) -> None:
    async with plant(tmp_path, "2026-03-03 09:00:00") as made:
        await made.sender.submit([SPEED, WRONG, SCRAP])
        async with running(made.world, made.sender.run):
            await made.world.sleep(3_600)
        assert len(made.service.tests) == 2
        assert "kpiFldCd" in made.alarms.now["U5102"]["text"]
    kept = (tmp_path / "kpi.json").read_text("utf-8")
    assert json.loads(kept)["refused"][0]["field_code"] == "X"
    assert SAMPLE_KEY not in kept


async def test_a_damaged_file_is_set_aside(tmp_path: Path) -> None:
    (tmp_path / "kpi.json").write_text('{"waiting": [{"a": 1}]', "utf-8")
    async with plant(tmp_path, "2026-03-03 09:00:00") as made:
        await made.sender.submit([SPEED])
        assert made.sender.waiting == 1
    assert (tmp_path / "kpi.json.damaged").exists()


async def test_too_many_waiting_records_are_refused_as_a_whole(tmp_path: Path) -> None:
    async with plant(tmp_path, "2026-03-03 09:00:00") as made:
        with pytest.raises(ValueError, match=str(WAITING_MAX)):
            await made.sender.submit([SPEED] * (WAITING_MAX + 1))
        assert made.sender.waiting == 0


def test_achievement_is_what_the_programme_says() -> None:
    assert achievement(100, 125, lower_is_better=False) == 25
    assert achievement(4, 1, lower_is_better=True) == 75
    with pytest.raises(ValueError, match="compare"):
        achievement(0, 1, lower_is_better=True)
