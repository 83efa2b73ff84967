"""What a connection to a real broker (mosquitto) takes over, shows, and says at its end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest

from gateway.core.clock import SystemClock
from gateway.core.records import Batch
from gateway.ops.health import DeviceHealth, DeviceState
from tests.services.mosquitto import Mosquitto, make_broker
from tests.unit.mqtt.support import MemoryIntake, Running, published, running, source_of

__all__ = ["make_broker"]
pytestmark = pytest.mark.service
Make = Callable[..., Mosquitto]


async def test_a_cancel_closes_the_connection_within_five_seconds(make_broker: Make) -> None:
    broker = make_broker()
    source = source_of({"n": ("cell/1", "$.n")}, port=broker.port)
    run = Running(source, MemoryIntake(), DeviceHealth("cell", 1))
    task = asyncio.create_task(run.run())
    await run.until(lambda: run.health.connects)
    task.cancel()
    async with asyncio.timeout(5):
        await asyncio.wait([task])
    assert task.cancelled()
    assert run.adapter._connection is None
    assert "Client gateway-cell disconnected." in broker.log()


async def test_batches_point_into_the_plan_and_keep_their_receive_time(make_broker: Make) -> None:
    broker = make_broker()
    source = source_of({"n": ("cell/1", "$.n")}, port=broker.port, time_json="$.ts")
    before = SystemClock().now()
    async with running(source) as run:
        await published(broker.port, [("cell/1", '{"ts":1,"n":2}')])
        await run.until(lambda: run.intake.items)
    (batch,) = run.intake.items
    assert isinstance(batch, Batch)
    assert batch.plan is source.plan
    assert (batch.signals.tolist(), batch.times.tolist()) == ([0], [10**6])
    assert before < batch.received < SystemClock().now()
    assert batch.status is None


async def test_the_state_of_the_device_is_shown(make_broker: Make) -> None:
    broker = make_broker()
    async with running(source_of({"n": ("cell/1", "$.n")}, port=broker.port)) as run:
        assert run.health.state is DeviceState.GOOD
        assert run.health.security == "none"
        await published(broker.port, [("cell/1", "{}")])
        await run.until(lambda: run.health.bad)
        assert str(run.health.state) == "partly"


@pytest.mark.parametrize(
    "change", ["host", "port", "user", "qos", "tls", "keepalive_s", "client_id"]
)
async def test_another_connection_is_not_applied_in_place(make_broker: Make, change: str) -> None:
    source = source_of({"n": ("cell/1", "$.n")}, port=make_broker().port)
    other = {"host": "localhost", "port": 1, "qos": 0, "tls": True, "keepalive_s": 3.0}
    async with running(source) as run:
        changed = replace(source, **{change: other.get(change, "x")})  # type: ignore[arg-type]
        assert not await run.adapter.apply(changed)
