"""From the spool to one destination, for ever: live data first, a backlog beside it.

There are two lanes over one cursor. The live lane follows the head of the spool. When it is so far
behind that one write cannot take what waits and the oldest of it is old (after an outage, or when
the destination is slower than the machines), it jumps to the head, and the backlog lane sends what
was jumped over, at a rate of its own, in ascending order. The cursor keeps what is settled as
intervals, and reading skips them, so lanes never send a record twice, and a restart or another
outage at any moment only means to jump again. When the backlog lane finds nothing more below the
place of the last jump, there is one lane again.

Each lane has one write in flight: a write carries up to `ForwardLimits.bytes`, which at a round
trip of 50 ms is a million values a second; several in flight would only reorder answers.

What was sent and not answered for may be at the destination. It stays in hand (see `Reader`) and
the very same records are sent again before anything else, until there is an answer. The live lane
alone may leave that to the backlog lane when it jumps, and only while that one has nothing of its
own to send again: so at most three writes of a destination are without an answer at any time, the
live one, the backlog's and the one handed over.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NoReturn

from gateway.core.clock import Clock
from gateway.core.errors import SinkUnavailable
from gateway.core.protocols import Reader, Sink
from gateway.core.records import Record
from gateway.core.types import Offset
from gateway.flow.backoff import Backoff
from gateway.flow.forward_pace import ForwardLimits, Gate
from gateway.flow.forward_write import Transfer, Written, recorded_at
from gateway.ops.events import sinks as events
from gateway.ops.health import SinkHealth

__all__ = ["ForwardLimits", "Forwarder"]

FIRST_OFFSET = Offset(1)
BACKLOG_SHARE = 4
"""A write of the backlog takes this part of a live one's bytes: about a second of its rate."""


@dataclass(slots=True)
class Lane:
    """Where a lane reads on, and what it sent last without being answered."""

    start: Offset = FIRST_OFFSET
    open: list[Record] = field(default_factory=list)
    handed_over: bool = False
    """`open` comes from the live lane: it does not tell where this one reads on."""


class Forwarder:
    """Moves one reader's records to one sink.

    Args:
        reader: the destination's view of the spool.
        sink: the destination.
        health: what `status` shows of it.
        clock: time.
        limits: sizes, rates and pauses.
        head: gives the offset of the newest durable record.
        epoch: the spool's.
    """

    def __init__(
        self,
        reader: Reader,
        sink: Sink,
        health: SinkHealth,
        clock: Clock,
        limits: ForwardLimits,
        *,
        head: Callable[[], Offset],
        epoch: str,
    ) -> None:
        self._reader = reader
        self._health = health
        self._clock = clock
        self._limits = limits
        self._head = head
        self._transfer = Transfer(reader, sink, epoch, clock)
        self._gate = Gate(health, clock, limits)
        self._live = Lane()
        self._backlog = Lane()
        self._backlog_to = Offset(0)
        self._backlog_since = 0.0
        self._jumped = asyncio.Event()

    async def run(self) -> NoReturn:
        """Forward until cancelled.

        Cancel: what is in flight is not settled; it will be sent again. So it is when this is
        called again after a bug ended it; whatever that left open below the live lane is backlog.
        """
        position = max(self._reader.state().position, FIRST_OFFSET)
        if self._live.start > position:
            self._begin_backlog(position)
        else:
            self._live.start = position
        async with asyncio.TaskGroup() as lanes:
            lanes.create_task(self._run_live())
            lanes.create_task(self._run_backlog())
        raise AssertionError("lanes never end")

    async def _run_live(self) -> NoReturn:
        stuck = self._new_backoff()
        while True:
            began = self._clock.monotonic()
            written, took_all = await self._live_step()
            if written is None:
                continue
            self._live.start = Offset(max(self._live.start, written.following))
            if not written.progress:
                await self._clock.sleep(stuck.next_delay())
                continue
            stuck.reset()
            if took_all:
                pause_s = self._limits.interval_s - (self._clock.monotonic() - began)
                await self._clock.sleep(max(0.0, pause_s))

    async def _live_step(self) -> tuple[Written | None, bool]:
        """Send what is next for the live lane; tell whether that was all there is."""
        lane = self._live
        if not lane.open:
            await self._transfer.wait(Offset(lane.start - 1))
        async with self._gate.turn():
            head = self._head()
            records = lane.open or await self._read(lane.start)
            if records and self._is_behind(records) and self._jump(records):
                records = await self._read(lane.start)
            if not records:
                lane.start = Offset(max(lane.start, head + 1))
                return None, True
            took_all = records[-1].offset >= self._head()
            return await self._send(lane, records), took_all

    async def _read(
        self, start: Offset, share: int = 1, last: Offset | None = None
    ) -> list[Record]:
        limits = self._limits
        return await self._transfer.read(start, limits.records, limits.bytes // share, last)

    async def _send(self, lane: Lane, records: list[Record]) -> Written | None:
        """Write once; None when the destination failed. Then the same is sent again."""
        lane.open = records
        try:
            written = await self._transfer.write(records)
        except SinkUnavailable as error:
            self._gate.failed(error)
            return None
        lane.open, lane.handed_over = [], False
        if written.progress:
            self._gate.succeeded()
        return written

    def _is_behind(self, records: Sequence[Record]) -> bool:
        if records[-1].offset >= self._head():
            return False
        age_s = (self._clock.now() - recorded_at(records[0])) / 1e9
        return age_s > self._limits.behind_s

    def _jump(self, records: list[Record]) -> bool:
        """Go on at the head; what lies between becomes, or joins, the backlog.

        What was sent without an answer is handed over; False where that cannot be.
        """
        live, backlog = self._live, self._backlog
        if live.open and backlog.open:
            return False
        if live.open:
            backlog.open, backlog.handed_over, live.open = live.open, True, []
        else:
            self._transfer.give_back(records)
        live.start = self._head()
        self._begin_backlog(records[0].offset)
        return True

    def _begin_backlog(self, start: Offset) -> None:
        """Have the backlog lane send what is below the live one, from an offset on."""
        if self._backlog_to < self._backlog.start:
            self._backlog.start = start
            self._backlog_since = self._clock.monotonic()
            state = self._reader.state()
            events.catch_up_started(self._health.name, state.pending, state.pending_samples)
        self._backlog_to = Offset(self._live.start - 1)
        self._gate.catching_up = True
        self._jumped.set()

    async def _run_backlog(self) -> NoReturn:
        stuck = self._new_backoff()
        due = 0.0
        while True:
            await self._jumped.wait()
            began = self._clock.monotonic()
            written = await self._backlog_step()
            if written is None:
                continue
            if not written.progress:
                await self._clock.sleep(stuck.next_delay())
                continue
            stuck.reset()
            due = max(due, began) + written.samples / self._limits.backlog_rate
            await self._clock.sleep(max(0.0, due - self._clock.monotonic()))

    async def _backlog_step(self) -> Written | None:
        lane = self._backlog
        async with self._gate.turn():
            end = self._backlog_to
            if lane.open:
                own = not lane.handed_over
                written = await self._send(lane, lane.open)
                if written is not None and own:
                    lane.start = written.following
                return written
            records = await self._read(lane.start, BACKLOG_SHARE, end)
            if lane.open:  # handed over while reading
                self._transfer.give_back(records)
                return None
            if records:
                written = await self._send(lane, records)
                if written is not None:
                    lane.start = written.following
                return written
        if self._backlog_to == end:  # no jump while reading
            self._merge()
        return None

    def _merge(self) -> None:
        """Become one lane again: nothing is left below the place of the last jump."""
        self._backlog.start, self._backlog_to = FIRST_OFFSET, Offset(0)
        self._jumped.clear()
        self._gate.catching_up = False
        self._gate.show()
        took_s = self._clock.monotonic() - self._backlog_since
        events.catch_up_finished(self._health.name, took_s)

    def _new_backoff(self) -> Backoff:
        """Back-off of a lane whose records the destination neither accepts nor refuses."""
        return Backoff(self._limits.first_s, self._limits.factor, self._limits.cap_s)
