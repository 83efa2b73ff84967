"""What was read and is on its way to the disk, and what may be acknowledged of it (I1)."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from adapters.opcua.messages import Notification
from adapters.opcua.repeats import Repeats
from adapters.opcua.sequence import distance, following
from adapters.opcua.session_file import Mark
from adapters.opcua.stream import Stream
from gateway.core.protocols import Intake
from gateway.core.records import Batch, Gap, Rejected
from gateway.core.types import UnixNs

PENDING_MAX = 64
"""Notifications that wait for the disk; then no request is sent and the server keeps the data."""
PENDING_SAMPLES_MAX = 500_000
DRAIN_S = 1.0
Items = Sequence[Batch | Gap | Rejected]
Ack = tuple[int, int]
"""Subscription and sequence number."""


@dataclass(slots=True, eq=False)
class _Delivery:
    """One call of `deliver`; of a message, or of what is said beside them (number None)."""

    number: int | None
    date: UnixNs
    batches: Sequence[Batch]
    samples: int
    done: bool = False


class Deliveries:
    """Hands over in order, and acknowledges a message once it and all before it are durable.

    `freed` is called after each delivery: another request may leave now.
    """

    def __init__(
        self,
        stream: Stream,
        repeats: Repeats,
        intake: Intake,
        tasks: asyncio.TaskGroup,
        freed: Callable[[], None],
    ) -> None:
        self._stream = stream
        self._repeats = repeats
        self._intake = intake
        self._group = tasks
        self._freed = freed
        self._acks: list[Ack] = []
        self._order: deque[_Delivery] = deque()
        # Bounded by PENDING_MAX: then nothing is asked for any more.
        self._tasks: set[asyncio.Task[None]] = set()
        self._idle = asyncio.Event()
        self._idle.set()
        self._samples = 0
        self.pending = 0
        """Deliveries that the disk has not taken yet."""

    @property
    def full(self) -> bool:
        """Whether so much waits for the disk that the server has to keep what comes."""
        return self.pending >= PENDING_MAX or self._samples >= PENDING_SAMPLES_MAX

    def take_acks(self) -> list[Ack]:
        """Take what may be acknowledged, for the request that leaves now."""
        acks, self._acks = self._acks, []
        return acks

    def give_back(self, acks: Sequence[Ack]) -> None:
        """Take acknowledgements back that a request carried and the server did not take."""
        self._acks[:0] = acks

    def acknowledge_known(self, message: Notification) -> None:
        """Acknowledge a message that came once more, if it is durable by now."""
        settled = self._stream.progress.settled
        done = settled is not None and distance(settled, message.sequence) < 0
        if done and not message.keep_alive:
            self._acknowledge(message.sequence)

    def acknowledge_old(self, available: Sequence[int]) -> None:
        """Acknowledge what became durable before a cut and is still kept for us."""
        settled = self._stream.progress.settled
        if settled is not None:
            for number in available:
                if distance(settled, number) < 0:
                    self._acknowledge(number)

    def _acknowledge(self, number: int) -> None:
        self._acks.append((self._stream.progress.subscription, number))

    def note_alive(self, number: int) -> None:
        """Note that nothing came before the message `number`, which is still to come."""
        progress = self._stream.progress
        progress.expected = number
        if not self.pending:
            self._note_settled(number, progress.dated)

    def say(self, items: Items) -> None:
        """Hand over what is said beside the messages: gaps, and what could not be read."""
        self._start(items, _Delivery(None, self._stream.progress.dated, (), 0))

    def hand_over(self, message: Notification, gaps: Sequence[Gap], batches: list[Batch]) -> None:
        """Hand over what a message held; it is acknowledged when all of that is durable."""
        samples = message.samples if batches else 0
        date = self._stream.progress.dated
        delivery = _Delivery(message.sequence, date, batches, samples)
        self._start([*gaps, *batches] if gaps else batches, delivery)

    def _start(self, items: Items, delivery: _Delivery) -> None:
        """Start a delivery; they start in the order of the calls and so become durable in it."""
        self.pending += 1
        self._idle.clear()
        self._samples += delivery.samples
        self._order.append(delivery)
        task = self._group.create_task(self._deliver(items, delivery))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _deliver(self, items: Items, delivery: _Delivery) -> None:
        if items:
            await self._intake.deliver(items)
        self.pending -= 1
        self._samples -= delivery.samples
        if not self.pending:
            self._idle.set()
        delivery.done = True
        self._settle()
        self._freed()

    def _settle(self) -> None:
        """Acknowledge what is durable together with all before it: some deliveries are empty."""
        order = self._order
        while order and order[0].done:
            delivery = order.popleft()
            if delivery.number is not None:
                self._repeats.note_durable(delivery.batches, delivery.date)
                self._acknowledge(delivery.number)
                self._note_settled(following(delivery.number), delivery.date)

    def _note_settled(self, number: int, date: UnixNs) -> None:
        progress, memory = self._stream.progress, self._stream.memory
        progress.settled, progress.durable, memory.durable = number, date, date
        if memory.session_file is not None and progress.key:
            mark = Mark(number, date, progress.clock.distance, memory.source_clock.ahead)
            memory.session_file.mark(progress.key, mark)

    def not_durable(self) -> list[tuple[Sequence[Batch], UnixNs]]:
        """Give the batches of each message that is on its way, with its date, oldest first."""
        return [(delivery.batches, delivery.date) for delivery in self._order]

    async def drain(self) -> None:
        """Let what was read become durable, at most `DRAIN_S` seconds, when the end has come."""
        try:
            async with asyncio.timeout(DRAIN_S):
                await self._idle.wait()
        except TimeoutError:
            pass  # the disk is behind: not acknowledged, so fetched again or stated as a gap

    def stop(self) -> None:
        """Give up the deliveries that still wait; they are not acknowledged."""
        for task in self._tasks:
            task.cancel()
