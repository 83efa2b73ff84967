"""Usage events over a real broker: the MQTT adapter gives its texts to the usage intake."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from adapters.mqtt.adapter import MqttAdapter
from adapters.mqtt.config import MqttItem, MqttSource
from adapters.mqtt.memory import new_memory
from gateway.core.errors import SourceError
from gateway.ops.health import DeviceHealth
from gateway.usage.config import Columns, MessageIntakeConfig
from gateway.usage.intakes.messages import MessageIntake, plan_of
from gateway.usage.ledger.ledger import SqliteLedger
from gateway.usage.model import State
from tests.integration.usage_intake_parts import (
    CLOCK,
    DELIVERY,
    intake_of,
    now_text,
    opened,
    running,
    until,
    waiting_users,
)
from tests.services.mosquitto import Mosquitto, make_broker
from tests.unit.mqtt.support import published

__all__ = ["make_broker"]
pytestmark = pytest.mark.service
COLUMNS = Columns({"logDt": "at", "sysUser": "user", "useSe": "what"}, {"conectIp": "10.0.0.1"})


def adapter_for(config: MessageIntakeConfig, port: int) -> tuple[MqttAdapter, DeviceHealth]:
    """What the composition root does: one text signal, whose values are the payloads."""
    plan = plan_of(config)
    source = MqttSource(
        device=config.name, host="127.0.0.1", port=port, plan=plan,
        items=(MqttItem(0, config.address, text=True),), client_id=f"gateway-usage-{config.name}",
    )  # fmt: skip
    health = DeviceHealth(config.name, 1)
    return MqttAdapter(source, health, CLOCK, new_memory(source)), health


def payload(user: str) -> dict[str, str]:
    return {"at": now_text(), "user": user, "what": "로그인"}


async def users(ledger: SqliteLedger, count: int) -> list[str]:
    found: list[str] = []
    while len(found) < count:
        await ledger.wait(DELIVERY)
        found = await waiting_users(ledger)
    return found


async def test_messages_are_in_the_ledger_before_they_are_acknowledged(
    make_broker: Callable[..., Mosquitto], tmp_path: Path
) -> None:
    broker = make_broker()
    config = MessageIntakeConfig("line", "mqtt", "usage/+", COLUMNS)
    async with opened(tmp_path) as ledger:
        usage = MessageIntake(config, intake_of(ledger), CLOCK)
        adapter, health = adapter_for(config, broker.port)

        async def run() -> None:
            try:
                await adapter.run(usage)
            except SourceError:
                return

        async with running(run):
            await until(lambda: health.connects)
            messages: list[tuple[str, bytes | str]] = [
                ("usage/1", json.dumps(payload("kim"))),
                ("usage/2", "12"),
                ("usage/2", json.dumps([payload("lee"), payload("박")], ensure_ascii=False)),
                ("usage/1", b"\xff\xfe"),
            ]
            assert await published(broker.port, messages) == 4
            assert sorted(await users(ledger, 3)) == ["kim", "lee", "박"]
            (event, *_) = await ledger.waiting(DELIVERY, State.QUEUED)
            assert event.use_se == "DO6001"
