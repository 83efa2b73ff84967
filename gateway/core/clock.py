"""The one place that asks for the time."""

from __future__ import annotations

import asyncio
import time
from typing import Protocol

from gateway.core.types import UnixNs


class Clock(Protocol):
    """Wall time for stamps, monotonic time for waiting."""

    def now(self) -> UnixNs:
        """Give wall time in ns UTC. It may jump: never measure a span with it."""

    def monotonic(self) -> float:
        """Give seconds that never jump, from an arbitrary start."""

    async def sleep(self, seconds: float) -> None:
        """Wait. Cancel: returns at once by CancelledError."""


class SystemClock:
    """The machine's own clock."""

    def now(self) -> UnixNs:
        return UnixNs(time.time_ns())

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
