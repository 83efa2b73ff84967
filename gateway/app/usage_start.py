"""Starts solution usage where a configuration asks for it; its rooms are imported only then."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gateway.app.kinds import KINDS
from gateway.config.plan import GatewayPlan
from gateway.core.clock import Clock
from gateway.core.protocols import Spool
from gateway.flow.supervise import contained
from gateway.ops.health import Health

if TYPE_CHECKING:
    from gateway.api.ports import TakeUsage


@dataclass(slots=True)
class RunningUsage:
    """Solution usage as it runs; without `take` events go straight into the spool.

    `figures` gives the counts of events since the start.
    """

    take: TakeUsage | None = None
    figures: Callable[[], Mapping[str, int] | None] = lambda: None
    task: asyncio.Task[None] | None = None

    async def stop(self) -> None:
        """Stop intakes and senders; what was taken is in the ledger."""
        if self.task is not None:
            self.task.cancel()
            await asyncio.wait([self.task])


def start_usage(
    plan: GatewayPlan,
    data: Path,
    spool: Spool,
    health: Health,
    clock: Clock,
    group: asyncio.TaskGroup,
) -> RunningUsage:
    """Begin; a bug in it is told and tried again, and stops nothing else (I8)."""
    keys = plan.settings.usage
    if not keys.active:
        return RunningUsage()
    from gateway.app.usage import UsageRooms

    gateway = plan.settings.gateway.id
    rooms = UsageRooms(keys, gateway, plan.folder, data, spool, health, clock, KINDS.intakes)
    task = group.create_task(contained("usage", rooms.run, clock), name="usage")
    return RunningUsage(rooms.take_usage, rooms.figures, task)
