"""Usage logs through a whole gateway: every way in, the service, the platform, kills, the key."""

from __future__ import annotations

import asyncio
import json
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.e2e.usage_parts import KEY, UsagePlant

pytestmark = [pytest.mark.service, pytest.mark.slow, pytest.mark.timeout(600)]

KEYS = ["id", "logDt", "useSe", "sysUser", "conectIp", "dataUsgqty", "state", "intake"]
KILLS = 5
CLIENTS = 3


def korean(now: datetime | None = None) -> str:
    moment = (now or datetime.now(UTC)) + timedelta(hours=9)
    return moment.strftime("%Y-%m-%d %H:%M:%S.") + f"{moment.microsecond // 1000:03d}"


async def test_every_way_in_ends_at_the_service_the_ledger_and_the_platform(
    tmp_path: Path,
) -> None:
    async with UsagePlant(tmp_path).running() as plant:
        answer = await plant.send(
            logDt=korean(), useSe="D06001", sysUser="kim", conectIp="127.0.0.1"
        )
        assert answer["recptnRsltCd"] == "AP1001"
        row = f"일시,구분,사용자,아이피\n{korean()},조회,lee,192.168.0.21\n"
        (tmp_path / "pop.csv").write_bytes(row.encode("cp949"))
        usage = {"solution": "ERP", "event": "수정", "user": "park", "address": "192.168.0.22"}
        async with plant.session.post(plant.url("api") + "/usage", json=usage) as posted:
            assert posted.status == 201
            assert (await posted.json())["accepted"] == 1
        stored = await plant.until(lambda: plant.asked("service", "/__sim__/stored"))
        assert [row["useSe"] for row in stored] == ["DO6001"], "the first of a day goes at once"
        await plant.until(lambda: read(plant, 3))
        events = plant.events()
        assert [list(event)[: len(KEYS)] for event in events] == [KEYS] * 3
        assert {e["intake"]: e["useSe"] for e in events} == {
            "receiver": "DO6001",
            "file:pop": "DO6003",
            "api": "DO6005",
        }
        assert {e["state"] for e in events if e["intake"] == "receiver"} == {"delivered"}
        assert {e["state"] for e in events if e["intake"] != "receiver"} == {"queued"}
        records = await plant.until(lambda: at_platform(plant, 5))
        assert records["usage"] == 5, "three events, and two changes of the one that was sent"
        assert plant.command("usage", "verify").returncode == 0
        plant.end("gateway", kill=False)
        assert plant.events() == events, "the same while nothing runs"


async def read(plant: UsagePlant, count: int) -> bool:
    done = await asyncio.to_thread(plant.events)
    return len(done) >= count and any(event["state"] == "delivered" for event in done)


async def at_platform(plant: UsagePlant, count: int) -> dict[str, Any] | None:
    found: dict[str, Any] = await plant.asked("platform", "/v1/gateways/usage-edge/summary")
    return found if found["usage"] >= count else None


async def test_no_answered_event_is_lost_over_kills_and_none_is_stored_twice(
    tmp_path: Path,
) -> None:
    chance = random.Random(11)
    async with UsagePlant(tmp_path).running() as plant:
        answered: list[str] = []
        async with asyncio.TaskGroup() as group:
            clients = [
                group.create_task(send_for_ever(plant, f"c{number}", answered))
                for number in range(CLIENTS)
            ]
            for _ in range(KILLS):
                await asyncio.sleep(chance.uniform(0.3, 1.5))
                plant.end("gateway", kill=True)
                plant.start("gateway")
                await plant.answering()
            for client in clients:
                client.cancel()
        stored = await plant.asked("service", "/__sim__/stored")
        events = plant.events()
        found = {event["logDt"] for event in events}
        assert len(answered) > KILLS
        assert set(answered) <= found
        assert len(stored) == 1, "one in ten minutes"
        sent = [e["state"] for e in events if e["state"] not in {"queued", "sampled_out"}]
        assert set(sent) <= {"delivered", "delivered_presumed", "deferred"}
        assert plant.command("usage", "verify").returncode == 0


async def send_for_ever(plant: UsagePlant, who: str, answered: list[str]) -> None:
    """Send one event after the other, each with a time of its own; note those with an answer."""
    place = 0
    began = datetime.now(UTC) - timedelta(minutes=1)
    while True:
        place += 1
        when = korean(began + timedelta(milliseconds=place * 10 + int(who[1:])))
        try:
            answer = await plant.send(
                logDt=when, useSe="DO6003", sysUser=who, conectIp="192.168.0.5"
            )
        except (aiohttp.ClientError, TimeoutError, ValueError):
            await asyncio.sleep(0.05)
            continue
        if answer["recptnRsltCd"] == "AP1001":
            answered.append(when)


async def test_a_free_window_is_relayed_with_the_services_own_answer(tmp_path: Path) -> None:
    async with UsagePlant(tmp_path, reply="relay").running() as plant:
        first = await plant.send(
            logDt=korean(), useSe="DO6001", sysUser="kim", conectIp="192.168.0.5"
        )
        second = await plant.send(
            logDt=korean(), useSe="DO6002", sysUser="kim", conectIp="192.168.0.5"
        )
        assert (first["recptnRsltCd"], second["recptnRsltCd"]) == ("AP1002", "AP1001")


async def test_the_key_is_nowhere_but_on_its_way_to_the_service(tmp_path: Path) -> None:
    async with UsagePlant(tmp_path).running() as plant:
        answer = await plant.send(
            crtfcKey=KEY, logDt=korean(), useSe="DO6001", sysUser=KEY, conectIp="192.168.0.5"
        )
        await plant.send(crtfcKey=KEY, logDt=KEY, useSe="DO6001", sysUser="x", conectIp="1.2.3.4")
        stored = await plant.until(lambda: plant.asked("service", "/__sim__/stored"))
        assert stored[0]["key"] == KEY[-4:], "the service did get it"
        said = [json.dumps(answer), (tmp_path / "gateway.log").read_text("utf-8")]
        for words in (("usage", "ls"), ("usage", "status"), ("usage", "receipts"), ("status",)):
            done = plant.command(*words)
            said += [done.stdout, done.stderr]
        process = plant.processes["gateway"].pid
        said.append(Path(f"/proc/{process}/cmdline").read_text("utf-8"))
        assert not [text for text in said if KEY in text or KEY[7:30] in text]
        plant.end("gateway", kill=False)
        assert [
            path for path in files_of(plant.data) if KEY[7:30].encode() in path.read_bytes()
        ] == []


def files_of(folder: Path) -> list[Path]:
    found = [path for path in folder.rglob("*") if path.is_file()]
    assert any(path.name == "ledger.db" for path in found)
    return found
