"""`gateway check --live`: connects to every device of a plan and proves every tag."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, assert_never

from adapters.mqtt.config import MqttSource
from adapters.opcua.config import OpcUaSource
from gateway.config.plan import DevicePlan, GatewayPlan
from gateway.core.clock import Clock, SystemClock
from gateway.core.errors import SourceError
from gateway.ops.events.emit import keep_silent

DEVICE_S = 60.0
"""Longest look at one device; a busy PLC takes its time for thousands of tags."""


@dataclass(frozen=True, slots=True)
class LiveProblem:
    """What is not as it should be: a reason that `advice` knows, facts, addresses like it."""

    reason: str
    detail: str = ""
    near: tuple[str, ...] = ()

    def __str__(self) -> str:
        near = f"? {', '.join(self.near)}" if self.near else ""
        return "   ".join(part for part in (self.reason, self.detail, near) if part)


@dataclass(slots=True)
class LiveResult:
    """What one device showed.

    `good` has what came by tag, `waiting` the topics of MQTT tags that nobody has published yet,
    `bad` the tags that would not be collected as they should; `troubles` are about the device as a
    whole; `failure` is why it was not reached at all.
    """

    good: dict[str, str] = field(default_factory=dict)
    waiting: dict[str, str] = field(default_factory=dict)
    bad: dict[str, LiveProblem] = field(default_factory=dict)
    troubles: list[LiveProblem] = field(default_factory=list)
    failure: LiveProblem | None = None

    def tag_bad(self, name: str, reason: str, detail: str = "", near: Sequence[str] = ()) -> None:
        """Note a tag that would not be collected as it should; it is not good at the same time."""
        self.good.pop(name, None)
        self.waiting.pop(name, None)
        self.bad[name] = LiveProblem(reason, detail, tuple(near))

    def trouble(self, reason: str, detail: str = "") -> None:
        """Note something about the device as a whole, once for each reason."""
        if all(known.reason != reason for known in self.troubles):
            self.troubles.append(LiveProblem(reason, detail))

    @property
    def fine(self) -> bool:
        """Tell whether everything would be collected as it should; who waits is fine."""
        return self.failure is None and not self.bad and not self.troubles

    def as_json(self, problems: Sequence[Mapping[str, Any]] = ()) -> dict[str, Any]:
        """Give it for programs; `problems` are all that is wrong, with the words for it."""
        return {
            "good": self.good,
            "waiting": self.waiting,
            "bad": {name: str(known) for name, known in self.bad.items()},
            "failure": str(self.failure) if self.failure else None,
            "problems": list(problems),
        }


def probe_all(plan: GatewayPlan) -> Mapping[str, LiveResult]:
    """Look at all devices at once and give what each showed, by name.

    What adapters and libraries would log meanwhile is in the results, as far as it matters.
    """
    keep_silent()
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
        return LiveResult(failure=LiveProblem(error.reason, error.detail))
    except TimeoutError:
        return LiveResult(failure=LiveProblem("timeout", f"{DEVICE_S:g} s"))


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
            result.failure = LiveProblem(finding.status, finding.detail)
            continue
        name = device.table.signals[finding.index].name
        if finding.good:
            result.good[name] = finding.value_type
        else:
            result.tag_bad(name, finding.status, finding.detail, finding.nearest)
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
                facts = " ".join(part for part in (topic, item.detail) if part)
                result.tag_bad(item.name, item.reason, facts)
            case _:
                assert_never(item.outcome)
    return result
