"""The pace of a forwarder: how much it takes at once, how fast, and when it may write.

While the destination answers both lanes write; while it fails one of them probes.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from gateway.core.clock import Clock
from gateway.core.errors import SinkUnavailable
from gateway.flow.backoff import Backoff
from gateway.ops.events import sinks as events
from gateway.ops.health import SinkHealth, SinkState


@dataclass(frozen=True, slots=True)
class ForwardLimits:
    """Bounds of one destination's forwarder.

    Attributes:
        records: most records in one write.
        bytes: most bytes, as stored in the spool, in one write; a value takes about 4 to 10.
        interval_s: live writes begin at least this far apart while one write takes all there is,
            so that values gather into few big writes.
        behind_s: when one write cannot take all that waits and its oldest record is older than
            this, live data goes first and the rest beside it.
        backlog_rate: samples a second of the backlog; an hour at 2,000/s takes six minutes.
        first_s, factor, cap_s: back-off after a failed write, see `Backoff`; at 1.5 the next try
            comes within about half of the time that the outage has lasted.
        hold_s: pause between tries while a person must act.
        retry_after_max_s: most of a destination's own wish to be left alone that is granted.
    """

    records: int = 1_000
    bytes: int = 512 * 1024
    interval_s: float = 0.5
    behind_s: float = 10.0
    backlog_rate: float = 20_000.0
    first_s: float = 0.5
    factor: float = 1.5
    cap_s: float = 30.0
    hold_s: float = 30.0
    retry_after_max_s: float = 300.0


class Gate:
    """Holds the one back-off that both lanes share, and writes the destination's health."""

    def __init__(
        self,
        health: SinkHealth,
        clock: Clock,
        limits: ForwardLimits,
        draw: Callable[[], float] = random.random,
    ) -> None:
        self._health = health
        self._clock = clock
        self._limits = limits
        self._backoff = Backoff(limits.first_s, limits.factor, limits.cap_s, draw)
        self._probe = asyncio.Lock()
        self._retry_at: float | None = None
        self._lost_at = 0.0
        self.catching_up = False

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for leave to write. While the destination fails, one at a time and not too soon."""
        if self._retry_at is None:
            yield
            return
        async with self._probe:
            await self._wait()
            yield

    async def _wait(self) -> None:
        while self._retry_at is not None:
            left_s = self._retry_at - self._clock.monotonic()
            if left_s <= 0:
                return
            await self._clock.sleep(left_s)

    def failed(self, error: SinkUnavailable) -> None:
        """Note a failed write; the next may begin after the back-off or the destination's wish."""
        now = self._clock.monotonic()
        if self._retry_at is None:
            self._lost_at = now
        elif now < self._retry_at:
            return  # a write of the other lane that was under way when the first one failed
        delay_s = self._delay(error)
        self._retry_at = now + delay_s
        self._health.tries += 1
        self._health.next_try_s = delay_s
        self._note(error, delay_s)

    def _delay(self, error: SinkUnavailable) -> float:
        delay_s = self._backoff.next_delay()
        if error.hold:
            delay_s = max(delay_s, self._limits.hold_s)
        wish_s = min(error.retry_after_s or 0.0, self._limits.retry_after_max_s)
        return max(delay_s, wish_s)

    def _note(self, error: SinkUnavailable, delay_s: float) -> None:
        """Log the change, not each try."""
        state = SinkState.HOLD if error.hold else SinkState.RETRYING
        changed = state is not self._health.state or not self._health.note.startswith(error.reason)
        self._health.change(state, self._clock.now(), str(error), error.reason)
        if changed:
            say = events.sink_needs_person if error.hold else events.sink_lost
            say(self._health.name, error.reason, error.detail, delay_s)

    def succeeded(self) -> None:
        """Note a write that was answered."""
        self._health.last_accepted = self._clock.now()
        if self._retry_at is not None:
            self._retry_at = None
            self._backoff.reset()
            self._health.tries = 0
            self._health.next_try_s = None
            events.sink_back(self._health.name, self._clock.monotonic() - self._lost_at)
        self.show()

    def show(self) -> None:
        """Show the state of a destination that answers."""
        if self._retry_at is None:
            state = SinkState.CATCHING_UP if self.catching_up else SinkState.GOOD
            self._health.change(state, self._clock.now())
