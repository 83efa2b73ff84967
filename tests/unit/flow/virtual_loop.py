"""An event loop whose time passes when nothing else is to be done: hours take no time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from gateway.core.types import UnixNs

T = TypeVar("T")
START_NS = 1_795_000_000_000_000_000


class VirtualLoop(asyncio.SelectorEventLoop):
    """Jumps to the next timer; nothing in it may wait for a socket or a thread."""

    def __init__(self) -> None:
        super().__init__()
        self._virtual = 1000.0

    def time(self) -> float:
        return self._virtual

    def _run_once(self) -> None:
        scheduled = self._scheduled  # type: ignore[attr-defined] # the loop's own heap of timers
        if not self._ready and scheduled:  # type: ignore[attr-defined] # as above
            self._virtual = max(self._virtual, scheduled[0].when())
        super()._run_once()  # type: ignore[misc] # the method exists in every CPython


class LoopClock:
    """The clock of the running loop."""

    def now(self) -> UnixNs:
        return UnixNs(START_NS + round(self.monotonic() * 1e9))

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


def virtually(main: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run a test in virtual time."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main())
