"""A pause that ends early when something came."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import NoReturn

from gateway.core.clock import Clock


class WakeUp:
    """Rung by the ledger; waited for by one sender."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._rung = asyncio.Event()

    async def listen(self, came: Callable[[], Awaitable[None]]) -> NoReturn:
        """Ring whenever `came` returns, until cancelled."""
        while True:
            await came()
            self._rung.set()

    def reset(self) -> None:
        """Forget what rang so far: it is about to be looked at."""
        self._rung.clear()

    async def wait(self, seconds: float) -> None:
        """Return when it rings, after so many seconds at the latest."""
        async with asyncio.TaskGroup() as group:
            timer = group.create_task(self._ring_after(seconds))
            await self._rung.wait()
            timer.cancel()
        self._rung.clear()

    async def _ring_after(self, seconds: float) -> None:
        await self._clock.sleep(seconds)
        self._rung.set()
