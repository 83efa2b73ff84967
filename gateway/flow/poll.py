"""The loop of a device that is asked for its values.

Every period has a grid of its own, on the monotonic clock and the same for all devices: those with
equal periods wake together and their values share a commit. What is due is read shortest period
first, one block at a time, and delivered once a period's blocks are read. A period whose blocks are
not all read when it is due again is left out this time; that is counted and said.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Generic, NoReturn, TypeVar

from gateway.core.clock import Clock
from gateway.core.polling import Block, Polled
from gateway.core.protocols import Intake
from gateway.core.records import Batch, Gap, GapReason, Rejected
from gateway.flow.counters import POLLS_SKIPPED
from gateway.ops.events import flow as flow_events
from gateway.ops.health import DeviceHealth

OVERRUN = "period-overrun"
RELIEF_S = 60.0
"""So long without an overrun until it is over."""
STALL_S = 5.0
"""Nothing was asked for while nothing could be stored: from here on that is a gap of its own."""
IDLE_S = 1.0

B = TypeVar("B", bound=Block)


@dataclass(slots=True)
class _Period(Generic[B]):
    """The blocks of one period: when they are due again, and which of them are still to be read."""

    period_s: float
    due: float
    left: deque[B] = field(default_factory=deque)
    """Never more than the plan has."""
    began: float = 0.0
    ended: float = 0.0

    def begin(self, blocks: Sequence[B], now: float) -> int:
        """Begin a cycle, or leave it out; give how many were left out."""
        late = int((now - self.due) / self.period_s)
        overran = bool(self.left) or self.ended > self.due
        self.due += (late + 1) * self.period_s
        if overran:
            return late + 1
        self.began = now
        self.left.extend(block for block in blocks if block.period_s == self.period_s)
        return late


class DevicePoll:
    """The loop of one device; see `gateway.core.polling.Poll`."""

    def __init__(self, health: DeviceHealth, clock: Clock) -> None:
        self._health = health
        self._clock = clock
        self._skipped_at: float | None = None
        self._counter = POLLS_SKIPPED.labels(health.device)

    async def __call__(self, polled: Polled[B], intake: Intake) -> NoReturn:
        periods: dict[float, _Period[B]] = {}
        known: Sequence[B] | None = None
        stalled: Gap | None = None
        while True:
            blocks = polled.blocks()
            if blocks is not known:
                known = blocks
                periods = self._follow(periods, blocks)
            now = self._clock.monotonic()
            for each in periods.values():
                if each.due <= now:
                    self._note(each, each.begin(blocks, now), now)
            ready = min((p for p in periods.values() if p.left), key=_period_s, default=None)
            if ready is None:
                due = min((p.due for p in periods.values()), default=now + IDLE_S)
                await self._clock.sleep(max(0.0, due - now))
                continue
            await polled.read(ready.left.popleft())
            if not ready.left:
                ready.ended = self._clock.monotonic()
                items = list(polled.taken())
                stalled = await self._deliver(
                    items if stalled is None else [stalled, *items], intake
                )

    def _follow(
        self, before: dict[float, _Period[B]], blocks: Sequence[B]
    ) -> dict[float, _Period[B]]:
        """Keep the grids of periods that stay; a new one begins now."""
        now = self._clock.monotonic()
        after: dict[float, _Period[B]] = {}
        for period_s in sorted({block.period_s for block in blocks}):
            known = before.get(period_s)
            if known is None:
                after[period_s] = _Period(period_s, math.floor(now / period_s) * period_s)
                continue
            known.left = deque(block for block in known.left if block in blocks)
            after[period_s] = known
        return after

    async def _deliver(self, items: Sequence[Batch | Gap | Rejected], intake: Intake) -> Gap | None:
        """Hand over; give a gap to tell where nothing could be asked for so long meanwhile."""
        if not items:
            return None
        start, began = self._clock.now(), self._clock.monotonic()
        await intake.deliver(items)
        if self._clock.monotonic() - began < STALL_S:
            return None
        return Gap(
            device=self._health.device,
            start=start,
            end=self._clock.now(),
            reason=GapReason.OVERFLOW,
            detail="nothing could be stored",
        )

    def _note(self, period: _Period[B], skipped: int, now: float) -> None:
        """Say that polls were left out, or that it is over."""
        if not skipped:
            if self._skipped_at is not None and now - self._skipped_at > RELIEF_S:
                self._skipped_at = None
                self._health.relieved(OVERRUN, self._clock.now())
            return
        self._skipped_at = now
        self._counter.inc(skipped)
        detail = f"{period.period_s:g} s: {now - period.began:.1f} s"
        self._health.trouble(OVERRUN, self._clock.now(), detail)
        flow_events.polls_skipped(self._health.device, period.period_s, skipped)


def _period_s(period: _Period[B]) -> float:
    return period.period_s
