"""`POST /api/reload`: operators only; two at once never take one edit twice."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any, cast

import pytest

from aas_models.live import LiveValues
from gateway.app.fleet import Fleet
from gateway.app.reload import Reloader
from gateway.config.plan import DevicePlan
from gateway.core.types import UnixNs
from gateway.ops.health import Health
from tests.integration.api_parts import served
from tests.integration.test_api_guard import CANARY, USERS
from tests.unit.exchange.parts import PRESS, ROOM, folder, planned

NO_LOGIN = PRESS.replace("login: { user: gateway, password: !secret press01 }\n", "")


class SlowFleet:
    """Notes what it is asked for; each change takes a turn of the loop."""

    def __init__(self) -> None:
        self.done: list[str] = []

    def start(self, plan: DevicePlan) -> None:
        self.done.append(f"start {plan.name}")

    async def change(self, plan: DevicePlan) -> None:
        await asyncio.sleep(0)
        self.done.append(f"change {plan.name}")

    async def stop(self, name: str) -> None:
        await asyncio.sleep(0)
        self.done.append(f"stop {name}")


def reloader(config: Path, data: Path) -> tuple[Reloader, SlowFleet]:
    fleet, plan = SlowFleet(), planned(config)
    live = LiveValues([device.asset for device in plan.devices.values()])
    data.mkdir()
    made = Reloader(plan, data, os.environ, cast("Fleet", fleet), live, Health(UnixNs(0)))
    return made, fleet


async def test_an_edit_is_taken_once_however_many_ask(tmp_path: Path) -> None:
    config = folder(tmp_path / "config", press_01=NO_LOGIN, env_room=ROOM)
    made, fleet = reloader(config, tmp_path / "data")
    devices = config / "devices"
    (devices / "env-room.yaml").unlink()
    (devices / "press-01.yaml").write_text(NO_LOGIN.replace("kN", "N"), "utf-8")
    (devices / "press-02.yaml").write_text(NO_LOGIN.replace("press-01", "press-02"), "utf-8")
    async with asyncio.TaskGroup() as group:
        asked = group.create_task(made.reload_now())
        group.create_task(made.reload())
        again = group.create_task(made.reload_now())
    assert fleet.done == ["stop env-room", "change press-01", "start press-02"]
    first, second = asked.result(), again.result()
    assert first["taken"]
    assert (first["added"], first["removed"], first["changed"]) == (
        ["press-02"],
        ["env-room"],
        ["press-01"],
    )
    assert (second["taken"], second["changed"]) == (True, [])


@pytest.mark.invariant("I10")
async def test_a_wrong_edit_is_answered_with_its_place(tmp_path: Path) -> None:
    config = folder(tmp_path / "config", press_01=NO_LOGIN)
    made, fleet = reloader(config, tmp_path / "data")
    (config / "devices" / "press-01.yaml").write_text(NO_LOGIN.replace("unit: kN", "unit: kNN"))
    outcome = await made.reload_now()
    assert not outcome["taken"]
    assert [finding["code"] for finding in outcome["findings"]] == ["E1203"]
    assert "E1203" in outcome["note"]
    assert fleet.done == []


@pytest.mark.parametrize(("user", "status"), [(None, 401), ("viewer", 403), ("operator", 200)])
async def test_only_operators_may_ask(tmp_path: Path, user: str | None, status: int) -> None:
    asked: list[int] = []

    async def reload() -> dict[str, Any]:
        asked.append(1)
        return {"taken": True}

    async with served(tmp_path, USERS, change={"reload": reload}) as running:
        more: Any = {"auth": (user, CANARY)} if user else {}
        answer = await running.client.post(f"{running.server.url}/api/reload", **more)
    assert answer.status_code == status
    assert len(asked) == (status == 200)


async def test_a_refused_edit_and_a_service_that_cannot_reload(tmp_path: Path) -> None:
    async def refuse() -> dict[str, Any]:
        return {"taken": False, "findings": []}

    for change, status in (({"reload": refuse}, 422), ({}, 404)):
        folder_ = tmp_path / str(status)
        folder_.mkdir()
        async with served(folder_, change=change) as running:
            answer = await running.client.post(f"{running.server.url}/api/reload")
        assert answer.status_code == status
