"""Bursts on their way to the disk, and their acknowledgements in the order of receipt."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from adapters.mqtt.connection import Connection
from adapters.mqtt.framing import Read
from gateway.core.protocols import Intake
from gateway.core.records import Batch, Gap, Rejected

BURSTS_MAX = 8
"""Deliveries that wait for the disk at once: they share commits. What comes meanwhile gathers into
the next burst, bounded by the Receive Maximum."""


@dataclass(slots=True, eq=False)
class _Burst:
    items: Sequence[Batch | Gap | Rejected]
    reads: Sequence[Read]
    done: bool = False


class Handover:
    """Delivers bursts side by side and settles them one after the other (I1)."""

    def __init__(self, group: asyncio.TaskGroup, connection: Connection, intake: Intake) -> None:
        self._group = group
        self._connection = connection
        self._intake = intake
        self._order: deque[_Burst] = deque()
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def free(self) -> bool:
        """Tell whether another burst may start."""
        return len(self._tasks) < BURSTS_MAX

    @property
    def idle(self) -> bool:
        """Tell whether everything is settled."""
        return not self._tasks

    def start(self, items: Sequence[Batch | Gap | Rejected], reads: Sequence[Read]) -> None:
        """Deliver a burst; its messages are acknowledged once it and all before it are durable."""
        burst = _Burst(items, reads)
        self._order.append(burst)
        task = self._group.create_task(self._deliver(burst))
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    def stop(self) -> None:
        """Give up what is not durable yet; it stays unacknowledged."""
        for task in self._tasks:
            task.cancel()

    async def _deliver(self, burst: _Burst) -> None:
        if burst.items:
            await self._intake.deliver(burst.items)
        burst.done = True
        settled: list[Read] = []
        while self._order and self._order[0].done:
            settled += self._order.popleft().reads
        if settled:
            self._connection.settle(settled)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._connection.wake.set()
