"""Every code of the table, said by a real service; and the key, which is nowhere afterwards."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from gateway.core.types import UnixNs
from gateway.usage.model import State
from gateway.usage.rules.codes import load_codes
from gateway.usage.rules.kinds import Action
from gateway.usage.sender.kst import parse_kst
from simulators.usage_log import SAMPLE_KEY, UsageLogService
from tests.integration.usage_sender_parts import event, plant
from tests.unit.usage.sender.virtual import World, running

STATES = {
    Action.STORED: State.DELIVERED,
    Action.RECEIVED: State.DELIVERED,
    Action.TEST_OK: State.TEST_OK,
    Action.DEFER: State.DEFERRED,
    Action.RETRY: State.DEFERRED,
    Action.QUARANTINE: State.QUARANTINED,
    Action.SET_ZERO_AND_RESEND: State.DEFERRED,
    Action.CLAMP_AND_RESEND: State.DEFERRED,
    Action.OTHER_VARIANT: State.DEFERRED,
    Action.STOP_CONFIG: State.BLOCKED,
    Action.STOP_SITE: State.BLOCKED,
    Action.STOP_DAY: State.DEFERRED,
}
START = parse_kst("2026-03-03 09:00:00")
assert START is not None


@pytest.mark.parametrize("code", [*load_codes().names(), "AP1003", "AP1099"])
async def test_the_first_answer_has_the_effect_of_the_table(code: str, tmp_path: Path) -> None:
    world = World(UnixNs(START or 0))
    service = UsageLogService(now=world.true)
    async with service.serving() as url, plant(tmp_path, url, world) as made:
        service.faults.set({"mode": "code", "code": code, "count": 1})
        await made.ledger.append([("mes", event(1, world.true()))])
        async with running(world, made.sender.run):
            await world.sleep(5)
            (row,) = await made.ledger.waiting("mes", *State)
    assert row.state is STATES[load_codes().of(code).action]
    assert [request["code"] for request in service.requests] == [code]


async def test_a_key_that_the_service_repeats_is_nowhere(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    world = World(UnixNs(START or 0))
    service = UsageLogService(now=world.true)
    echo = f"거절된 키 {SAMPLE_KEY}"
    wishes = [
        {"mode": "code", "code": code, "text": echo, "detail": echo, "count": 1}
        for code in ("AP1099", "AP1010", "AP1014", "AP1011")
    ]
    async with service.serving() as url, plant(tmp_path, url, world) as made:
        service.faults.set({"sequence": wishes})
        await made.ledger.append([("mes", event(number, world.true())) for number in range(6)])
        async with running(world, made.sender.run):
            await world.sleep(3_600)
        shown = f"{caplog.text} {made.alarms.now} {made.alarms.ever} {made.sender.status()}"
        for record in caplog.records:
            shown += repr(record.__dict__)
    assert len(service.requests) >= 4
    kept = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert "거절된 키".encode() in kept
    assert SAMPLE_KEY.encode() not in kept
    assert SAMPLE_KEY not in shown
    assert SAMPLE_KEY[7:20] not in shown
