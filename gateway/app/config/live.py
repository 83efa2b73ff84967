"""`gateway check --live`: connects to every device of a plan and proves every tag."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, assert_never

from adapters.mqtt.config import MqttSource
from adapters.opcua.config import OpcUaSource
from gateway.app.config.plan import DevicePlan, GatewayPlan
from gateway.core.clock import Clock, SystemClock
from gateway.core.errors import SourceError

DEVICE_S = 60.0
"""Longest look at one device; a busy PLC takes its time for thousands of tags."""


@dataclass(slots=True)
class LiveResult:
    """What one device showed; `waiting` are MQTT tags that nobody has published yet."""

    good: dict[str, str] = field(default_factory=dict)
    waiting: dict[str, str] = field(default_factory=dict)
    bad: dict[str, str] = field(default_factory=dict)
    failure: str = ""

    def as_json(self) -> dict[str, Any]:
        return {
            "good": self.good,
            "waiting": self.waiting,
            "bad": self.bad,
            "failure": self.failure or None,
        }


def probe_all(plan: GatewayPlan) -> Mapping[str, LiveResult]:
    """Look at all devices at once and give what each showed, by name."""
    return asyncio.run(_probe_all(plan))


async def _probe_all(plan: GatewayPlan) -> dict[str, LiveResult]:
    clock = SystemClock()
    async with asyncio.TaskGroup() as group:
        tasks = {
            name: group.create_task(probe_device(device, clock))
            for name, device in plan.devices.items()
        }
    return {name: task.result() for name, task in tasks.items()}


async def probe_device(device: DevicePlan, clock: Clock) -> LiveResult:
    """Connect to one device and look at each tag. What fails is in the result, never raised."""
    try:
        async with asyncio.timeout(DEVICE_S):
            return await _probe(device, clock)
    except SourceError as error:
        return LiveResult(failure=str(error))
    except TimeoutError:
        return LiveResult(failure=f"timeout: {DEVICE_S:g} s")


async def _probe(device: DevicePlan, clock: Clock) -> LiveResult:
    match device.source:
        case OpcUaSource():
            return await _probe_opcua(device, device.source, clock)
        case MqttSource():
            return await _probe_mqtt(device.source, clock)
        case _:
            assert_never(device.source)


async def _probe_opcua(device: DevicePlan, source: OpcUaSource, clock: Clock) -> LiveResult:
    from adapters.opcua.probe import probe

    result = LiveResult()
    for finding in await probe(source, clock):
        if finding.index is None:
            result.failure = _joined(finding.status, finding.detail)
            continue
        name = device.table.signals[finding.index].name
        if finding.good:
            result.good[name] = finding.value_type
        else:
            near = ", ".join(finding.nearest)
            result.bad[name] = _joined(finding.status, finding.detail, near and f"? {near}")
    return result


async def _probe_mqtt(source: MqttSource, clock: Clock) -> LiveResult:
    from adapters.mqtt.probe import Outcome, probe

    result = LiveResult()
    answer = await probe(source, clock)
    for item in answer.items:
        match item.outcome:
            case Outcome.RECEIVED:
                result.good[item.name] = str(item.value)
            case Outcome.NOT_YET:
                result.waiting[item.name] = item.topic
            case Outcome.ODD | Outcome.DENIED:
                topic = "" if item.topic in item.detail else item.topic
                result.bad[item.name] = _joined(item.reason, topic, item.detail)
            case _:
                assert_never(item.outcome)
    return result


def _joined(*parts: str) -> str:
    return "   ".join(dict.fromkeys(part for part in parts if part))
