"""The publish loop of one subscription: several requests out, acknowledgements after the commit.

A response is decoded and handed to the intake as a task; the acknowledgement leaves with a later
request, after `deliver` returned (I1). As long as at least half of the requests are out, the next
one waits for the commit, so that it can carry the acknowledgement; below that it leaves at once,
so that waiting for the disk never stops the stream. Source: OPC UA Part 4 §5.14.

Each message is dated by our clock (`PublishClock`): its publish time, moved by the shortest way
that a message of this subscription took to us, held between the moment in which the answered
request left and the receipt. What is missing after a message begins at its date, less one sampling
and one publishing interval, and ends when the next one came: no clock of a server or a source can
move a gap beyond what our own clock and the order of the messages allow.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NoReturn

import numpy as np

from adapters.opcua.config import OpcUaSource
from adapters.opcua.errors import edge, rejected_reason, source_error, status_name
from adapters.opcua.fitting import TOO_LARGE, is_too_large
from adapters.opcua.kept import Mark
from adapters.opcua.library import UaStatusCodeError, ua
from adapters.opcua.losses import Overflows, make_gap, margin_ns
from adapters.opcua.messages import Fault, Notification, read_fault, read_publish
from adapters.opcua.oddities import Oddities
from adapters.opcua.repeats import Repeats
from adapters.opcua.router import Router
from adapters.opcua.sequence import distance, following, span
from adapters.opcua.structures import TypeBook
from adapters.opcua.timeline import Memory, PublishClock, claimed
from adapters.opcua.transport import Protocol
from adapters.opcua.variants import DecodeError
from gateway.core.clock import Clock
from gateway.core.errors import SourceRejected, SourceUnavailable
from gateway.core.protocols import Intake
from gateway.core.records import Batch, Gap, GapReason, Rejected
from gateway.core.types import UnixNs
from gateway.ops.events import opcua as events
from gateway.ops.health import DeviceHealth

PENDING_MAX = 64
"""Notifications that wait for the disk; then no request is sent and the server keeps the data."""
PENDING_SAMPLES_MAX = 500_000
REPUBLISH_MAX = 100
"""Lost messages fetched again after one hole; the rest is stated as a gap."""
FAULTS_MAX = 5
"""Error answers one after the other before the connection is given up."""
HEAD_BYTES = 256
DRAIN_S = 1.0
SILENT = "silent"
"""Reason word for a connection on which nothing arrives any more."""
_GONE = frozenset(
    {
        ua.StatusCodes.BadNodeIdUnknown,
        ua.StatusCodes.BadNodeIdInvalid,
        ua.StatusCodes.BadMonitoredItemIdInvalid,
    }
)
_AGAIN = frozenset({ua.StatusCodes.BadTimeout, ua.StatusCodes.BadRequestTimeout})
Items = list[Batch | Gap | Rejected]
Ack = tuple[int, int]


@dataclass(slots=True)
class PumpState:
    """Where the sequence stands; survives a network cut together with the session.

    `expected` is None until the first message; `settled` is the first number that is not durable.
    `dated` is the date (our clock) of the last message that was read, `durable` of the last settled
    one; before the first message, both are when the items were asked for. `key` ties the mark on
    the disk to this subscription.
    """

    subscription: int
    keepalive_s: float
    expected: int | None = None
    settled: int | None = None
    dated: UnixNs = UnixNs(0)
    durable: UnixNs = UnixNs(0)
    key: int = 0
    clock: PublishClock = field(default_factory=PublishClock)


@dataclass(slots=True, eq=False)
class _Delivery:
    """One call of `deliver`; of a notification, or of what is said beside them (None)."""

    found: Notification | None
    date: UnixNs
    batches: list[Batch]
    done: bool = False


class Pump:
    """Reads one subscription of one connection."""

    def __init__(
        self,
        protocol: Protocol,
        source: OpcUaSource,
        state: PumpState,
        router: Router,
        book: TypeBook,
        memory: Memory,
        health: DeviceHealth,
        clock: Clock,
        gone: Callable[[int, str], None],
        follow: Callable[[Sequence[Batch]], None],
    ) -> None:
        self._protocol = protocol
        self._source = source
        self._state = state
        self._router = router
        self._book = book
        self._memory = memory
        self._health = health
        self._clock = clock
        self._gone = gone
        self._follow = follow
        self._requests = source.publish_requests
        self._oddities = Oddities(health, memory)
        self._out: dict[asyncio.Future[bytes], tuple[list[Ack], UnixNs]] = {}
        self._asked = UnixNs(0)
        self._inbox: asyncio.Queue[asyncio.Future[bytes]] = asyncio.Queue(self._requests)
        # As many as requests may be out: one counts as out until its answer is taken from here,
        # and their number only shrinks, so that an answer always finds a place.
        self._acks: list[Ack] = []
        self._pending = 0
        self._order: deque[_Delivery] = deque()
        # Bounded by PENDING_MAX: then nothing is asked for any more.
        self._tasks: set[asyncio.Task[None]] = set()
        self._idle = asyncio.Event()
        self._idle.set()
        self._pending_samples = 0
        self._faults = 0
        self._repeats = memory.repeats or Repeats(router.plan)
        memory.repeats = self._repeats
        self._resumed = state.expected is not None
        self._repeats.begin(router.plan, resumed=self._resumed)
        self._overflows = Overflows(
            source, memory, self._repeats, state.dated, resumed=self._resumed
        )

    async def run(self, intake: Intake, tasks: asyncio.TaskGroup) -> NoReturn:
        """Publish for ever.

        Raises SourceUnavailable when the subscription or the connection ended or fell silent.
        """
        while True:
            self._top_up()
            body = await self._next_body()
            if body is None:
                continue
            received = self._clock.now()
            found = self._read(body)
            if isinstance(found, Fault):
                continue
            if self._book.unknown and await self._learned():
                again = self._read(body)
                found = found if isinstance(again, Fault) else again
            await self._take(found, body, received, intake, tasks)

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

    def _top_up(self) -> None:
        """Send the requests that may leave now."""
        if self._pending >= PENDING_MAX or self._pending_samples >= PENDING_SAMPLES_MAX:
            return
        wanted = self._requests if not self._pending else (self._requests + 1) // 2
        while len(self._out) < wanted:
            acks, self._acks = self._acks, []
            with edge("publishing"):
                asked = self._clock.now()
                future = self._protocol.publish(asked, acks)
            self._out[future] = acks, asked
            future.add_done_callback(self._arrived)

    def _arrived(self, future: asyncio.Future[bytes]) -> None:
        if not future.cancelled():
            future.exception()  # looked at later, or never when the connection has ended
        self._inbox.put_nowait(future)

    async def _next_body(self) -> bytes | None:
        """Give the next answer; None when there is nothing to read in it."""
        patience = self._state.keepalive_s * 1.5 + 1.0
        try:
            async with asyncio.timeout(patience):
                future = await self._inbox.get()
        except TimeoutError:
            if self._out:
                raise self._silent(patience) from None
            return None  # nothing was asked: the disk is behind, not the server
        acks, asked = self._out.pop(future, ([], UnixNs(0)))
        if future.cancelled():
            return None
        error = future.exception()
        if error is not None:
            if isinstance(error, UaStatusCodeError) and is_too_large(error.code):
                raise self._too_large(error.code) from None
            self._acks[:0] = acks
            raise source_error(error, "connection lost") from error
        body = future.result()
        if isinstance(fault := self._peek_fault(body), Fault):
            self._acks[:0] = acks
            self._on_fault(fault)
            return None
        self._faults = 0
        self._asked = max(asked, min(self._asked, self._clock.now()))
        return body

    def _silent(self, patience: float) -> SourceUnavailable:
        """Say whether only the subscription fell silent or everything."""
        quiet = asyncio.get_running_loop().time() - self._protocol.received_at
        if quiet >= patience:
            return SourceUnavailable(SILENT, f"no byte for {quiet:.1f} s")
        self._memory.session = None
        return SourceUnavailable("publish-silent", f"no keep-alive for {patience:.1f} s")

    def _peek_fault(self, body: bytes) -> Fault | None:
        with edge("reading a publish answer"):
            return read_fault(body)

    def _on_fault(self, fault: Fault) -> None:
        code = fault.status & 0xFFFF0000
        if is_too_large(code):
            raise self._too_large(code)
        self._faults += 1
        if code == ua.StatusCodes.BadTooManyPublishRequests:
            self._requests = max(len(self._out), 1)
            return
        if code in _AGAIN and self._faults < FAULTS_MAX:
            return
        reason = rejected_reason(code)
        if reason:
            raise SourceRejected(reason, status_name(code))
        if code == ua.StatusCodes.BadNoSubscription:
            self._memory.session = None
        raise SourceUnavailable("subscription-lost", status_name(code))

    def _too_large(self, code: int) -> SourceUnavailable:
        self._memory.session = None
        return SourceUnavailable(TOO_LARGE, status_name(code))

    def _read(self, body: bytes) -> Notification | Fault:
        with edge("reading a publish answer"):
            return read_publish(body, self._book.reader)

    async def _learned(self) -> bool:
        try:
            async with asyncio.timeout(self._source.request_timeout_s):
                return await self._book.learn()
        except (OSError, TimeoutError):
            return False

    async def _take(
        self,
        found: Notification,
        body: bytes,
        received: UnixNs,
        intake: Intake,
        tasks: asyncio.TaskGroup,
    ) -> None:
        state = self._state
        if found.subscription != state.subscription:
            return  # of a subscription that was deleted or is not ours: never attributed
        if state.expected is None:
            state.expected = state.settled = found.sequence
        ahead = distance(state.expected, found.sequence)
        if ahead < 0:
            done = state.settled is not None and distance(state.settled, found.sequence) < 0
            if done and not found.keep_alive:
                self._acks.append((state.subscription, found.sequence))
            return
        if self._resumed:
            self._acknowledge_old(found)
        if ahead:
            await self._recover(ahead, found, received, intake, tasks)
        before, state.dated = state.dated, self._dated(found, received)
        if found.keep_alive:
            self._alive(found)
            return
        if found.fault:
            found = await self._again(found, body, received, before, intake, tasks)
        self._data(found, received, received, intake, tasks, live=True)
        state.expected = following(found.sequence)
        if found.end is not None:
            self._memory.session = None
            raise SourceUnavailable("subscription-ended", status_name(found.end))

    def _dated(self, found: Notification, received: UnixNs) -> UnixNs:
        """Date a message that just came by our clock; never before the one ahead of it."""
        state = self._state
        held_ns = round(self._source.stall_tolerance_s * 1e9)
        claim = claimed(found.published)
        date = state.clock.date(claim, self._asked, received, held_ns)
        distance = state.clock.distance
        if claim is not None and distance is not None:
            self._memory.server_ahead = -distance
            self._health.clock_offset_s = round(-distance / 1e9, 3)
        self._oddities.look(received)
        return UnixNs(min(max(date, state.dated), received))

    def _alive(self, found: Notification) -> None:
        self._state.expected = found.sequence
        if not self._pending:
            self._note_settled(found.sequence, self._state.dated)

    def _acknowledge_old(self, found: Notification) -> None:
        """Acknowledge what became durable before a network cut and is still kept for us."""
        self._resumed = False
        first = self._state.settled
        if first is None:
            return
        done = (number for number in found.available if distance(first, number) < 0)
        self._acks.extend((self._state.subscription, number) for number in done)

    async def _recover(
        self,
        count: int,
        found: Notification,
        received: UnixNs,
        intake: Intake,
        tasks: asyncio.TaskGroup,
    ) -> None:
        """Fetch lost messages again as far as the server has them; state the rest as a gap."""
        state = self._state
        first = state.expected or found.sequence
        available = set(found.available)
        lost: list[int] = []
        for place, number in enumerate(span(first, count)):
            again = None
            if number in available and place < REPUBLISH_MAX:
                again = await self._republish(number)
            if again is None:
                lost.append(number)
                if place >= REPUBLISH_MAX:
                    break
                continue
            claims = claimed(again.published), claimed(found.published)
            until = UnixNs(state.clock.until(*claims, received))
            if lost:
                self._lost(lost[0], lost[-1], until, intake, tasks)
                lost = []
            state.dated = UnixNs(state.clock.again(*claims, state.dated, received))
            self._data(again, self._clock.now(), until, intake, tasks, live=False)
        if lost:
            self._lost(lost[0], (first + count - 1), received, intake, tasks)

    async def _republish(self, number: int) -> Notification | None:
        """Ask once for one message; None when the server cannot give exactly this one."""
        with edge("fetching a lost notification"):
            future = self._protocol.republish(self._clock.now(), self._state.subscription, number)
            try:
                async with asyncio.timeout(self._source.request_timeout_s):
                    body = await future
            except UaStatusCodeError as error:
                if is_too_large(error.code):
                    return None
                raise
            except TimeoutError:
                self._protocol.forget(future)
                return None
        try:
            again = read_publish(body, self._book.reader)
        except DecodeError:
            return None
        if isinstance(again, Fault) or again.fault or again.sequence != number:
            return None
        events.notification_republished(self._source.device, number)
        again.subscription = self._state.subscription
        return again

    async def _again(
        self,
        found: Notification,
        body: bytes,
        received: UnixNs,
        before: UnixNs,
        intake: Intake,
        tasks: asyncio.TaskGroup,
    ) -> Notification:
        """Fetch a message that could not be read once more; keep its head and state a gap else."""
        again = await self._republish(found.sequence)
        if again is not None:
            return again
        device = self._source.device
        rejected = Rejected(device, received, found.fault, "publish", body[:HEAD_BYTES], len(body))
        detail = f"unreadable: {found.fault}"
        gap = self._gap(before, received, GapReason.REJECTED_BY_SOURCE, detail)
        self._hand_over([rejected, gap], None, 0, intake, tasks)
        return found

    def _lost(
        self, first: int, last: int, until: UnixNs, intake: Intake, tasks: asyncio.TaskGroup
    ) -> None:
        detail = f"notifications {first} to {last} are lost"
        events.notification_lost(self._source.device, first, last, "")
        gap = self._gap(self._state.dated, until, GapReason.DISCONNECTED, detail)
        self._hand_over([gap], None, 0, intake, tasks)

    def _gap(self, before: UnixNs, until: UnixNs, reason: GapReason, detail: str) -> Gap:
        """State what is missing between the message of `before` and one of `until`."""
        span = (before - margin_ns(self._source), until)
        return make_gap(self._source, self._memory, self._router.plan, span, reason, detail=detail)

    def _data(
        self,
        found: Notification,
        received: UnixNs,
        until: UnixNs,
        intake: Intake,
        tasks: asyncio.TaskGroup,
        *,
        live: bool,
    ) -> None:
        """Hand over a message that was published at `until` (our clock) or before."""
        foreign = self._router.foreign
        batches = self._router.batches(found.columns, received)
        self._follow(batches)
        self._repeats.follow(self._router.plan)
        if live:
            self._memory.source_clock.note(batches, received)
        items: Items = list(self._overflown(batches, until))
        if live:
            batches = self._repeats.without(batches)
        else:
            self._repeats.note(batches, self._state.dated)
        items.extend(batches)
        self._hand_over(items, found, len(batches) and found.samples, intake, tasks)
        if self._router.foreign != foreign:
            events.foreign_samples(self._source.device, self._router.foreign - foreign)
            self._oddities.foreign(self._router.foreign - foreign, received)
        for handle, reason in found.undecoded:
            self._name_undecoded(handle, reason)

    def _overflown(self, batches: Sequence[Batch], until: UnixNs) -> list[Gap]:
        """Give a gap for each signal whose queue overflowed; see after nodes that are gone."""
        if all(batch.status is None for batch in batches):
            return []
        pending = [(entry.batches, entry.date) for entry in self._order]
        gaps, count = self._overflows.gaps(batches, self._router.plan, until, pending)
        if count:
            self._health.overflows += count
            events.queue_overflowed(self._source.device, count)
        for batch in batches:
            if batch.status is not None:
                self._find_gone(batch)
        return gaps

    def _name_undecoded(self, handle: int, reason: str) -> None:
        place = self._router.signal(handle)
        if place >= 0:
            name = self._router.plan.signals[place].name
            events.value_undecoded(self._source.device, name, reason)

    def _find_gone(self, batch: Batch) -> None:
        assert batch.status is not None
        for place in np.flatnonzero(batch.status >= np.uint32(0x80000000)):
            code = int(batch.status[place]) & 0xFFFF0000
            if code in _GONE:
                self._gone(int(batch.signals[place]), status_name(code))

    def _hand_over(
        self,
        items: Items,
        found: Notification | None,
        samples: int,
        intake: Intake,
        tasks: asyncio.TaskGroup,
    ) -> None:
        """Start a delivery; they start in the order of the calls and so become durable in it."""
        self._pending += 1
        self._idle.clear()
        self._pending_samples += samples
        batches = [] if found is None else [item for item in items if isinstance(item, Batch)]
        entry = _Delivery(found, self._state.dated, batches)
        self._order.append(entry)
        task = tasks.create_task(self._deliver(items, entry, samples, intake))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _deliver(self, items: Items, entry: _Delivery, samples: int, intake: Intake) -> None:
        if items:
            await intake.deliver(items)
        self._pending -= 1
        self._pending_samples -= samples
        if not self._pending:
            self._idle.set()
        entry.done = True
        self._settle()
        if self._protocol.lost is None:
            self._top_up()

    def _settle(self) -> None:
        """Acknowledge what is durable together with all before it: some deliveries are empty."""
        while self._order and self._order[0].done:
            entry = self._order.popleft()
            if entry.found is not None:
                self._repeats.note_durable(entry.batches, entry.date)
                self._acks.append((self._state.subscription, entry.found.sequence))
                self._note_settled(following(entry.found.sequence), entry.date)

    def _note_settled(self, number: int, date: UnixNs) -> None:
        state, memory = self._state, self._memory
        state.settled, state.durable, memory.durable = number, date, date
        if memory.shelf is not None and state.key:
            mark = Mark(number, date, state.clock.distance, memory.source_clock.ahead)
            memory.shelf.mark(state.key, mark)
