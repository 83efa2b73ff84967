"""`gateway check --live`: connects to every device of a plan and proves every tag."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from gateway.config.plan import DevicePlan, GatewayPlan
from gateway.core.clock import Clock, SystemClock
from gateway.core.errors import SourceError
from gateway.core.probing import LiveProblem, LiveResult
from gateway.ops.events.emit import keep_silent

DEVICE_S = 60.0
"""Longest look at one device; a busy PLC takes its time for thousands of tags."""


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
            return await device.kind.probe(device.source, clock)
    except SourceError as error:
        return LiveResult(failure=LiveProblem(error.reason, error.detail))
    except TimeoutError:
        return LiveResult(failure=LiveProblem("timeout", f"{DEVICE_S:g} s"))
