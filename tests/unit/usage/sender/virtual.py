"""Time that stands still while anybody works and jumps when everybody sleeps."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from gateway.core.types import UnixNs

NS = 1_000_000_000
QUIET_TURNS = 3


class World:
    """True time, shared by all clocks of a test."""

    def __init__(self, start: UnixNs) -> None:
        self.start = int(start)
        self.passed = 0.0
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._number = 0
        self._busy = 0
        self.limit = float("inf")

    def true(self) -> int:
        return self.start + round(self.passed * NS)

    @contextmanager
    def busy(self) -> Iterator[None]:
        """Hold time still while real input and output happens."""
        self._busy += 1
        try:
            yield
        finally:
            self._busy -= 1

    async def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._number += 1
        heapq.heappush(self._sleepers, (self.passed + seconds, self._number, future))
        await future

    async def drive(self) -> None:
        """Let time jump, for ever."""
        loop: Any = asyncio.get_running_loop()
        quiet = 0
        while True:
            await asyncio.sleep(0.0005 if self._busy else 0)
            quiet = 0 if self._busy or loop._ready else quiet + 1
            if quiet >= QUIET_TURNS:
                quiet = 0
                if not self._jump():
                    await asyncio.sleep(0.001)

    def _jump(self) -> bool:
        while self._sleepers and self._sleepers[0][2].done():
            heapq.heappop(self._sleepers)
        if not self._sleepers or self._sleepers[0][0] > self.limit:
            return False
        due, _, future = heapq.heappop(self._sleepers)
        self.passed = max(self.passed, due)
        future.set_result(None)
        return True


class VirtualClock:
    """A clock of the world that may be wrong. Implements `gateway.core.clock.Clock`."""

    def __init__(self, world: World, ahead_s: float = 0.0) -> None:
        self.world = world
        self.ahead_s = ahead_s
        self.slept_s = 0.0
        """For how long the machine was asleep: its monotonic clock stood still."""

    def now(self) -> UnixNs:
        return UnixNs(self.world.true() + round(self.ahead_s * NS))

    def monotonic(self) -> float:
        return self.world.passed - self.slept_s

    async def sleep(self, seconds: float) -> None:
        await self.world.sleep(seconds)


@asynccontextmanager
async def running(world: World, *parts: Callable[[], Awaitable[Any]]) -> AsyncIterator[None]:
    """Run parts and time beside the test, and cancel them at its end."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(_run(part)) for part in (world.drive, *parts)]
        yield
        for task in tasks:
            task.cancel()


async def _run(part: Callable[[], Awaitable[Any]]) -> None:
    await part()


async def until(condition: Callable[[], bool]) -> None:
    """Wait for what has to happen, whatever the virtual time; the test's own timeout ends it."""
    while not condition():
        await asyncio.sleep(0)


async def until_time(world: World, seconds: float) -> None:
    """Wait until so many virtual seconds passed since the start."""
    await world.sleep(seconds - world.passed)
