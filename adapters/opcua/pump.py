"""Reads one subscription by publishing: the design of OPC UA publishing, and the loop itself.

Constraints. A server sends a notification only as the answer to a PublishRequest and keeps it until
it is acknowledged (or its queue is full, or the subscription's lifetime ends); messages are
numbered without holes. Nothing is acknowledged before it is durable (I1), what is missing lies in a
gap (I6), and all memory is bounded (I9). Clocks of servers and sources may be anything.
Source: OPC UA Part 4 §5.14 (Subscription), §5.14.5 (Publish), §5.14.6 (Republish).

Requests (`requests.py`). `publish_requests` (4) are out, so that a burst of several messages needs
no round trip for each, and the server never runs dry between two publishings. While something waits
for the disk, a new one leaves only when fewer than half are out: at or above half the next request
waits for the commit so that it carries the acknowledgement; below, waiting for the disk must not
stop the stream. With 64 notifications or 500,000 samples waiting none leaves: the server keeps the
data, which is the backpressure. A server that bears fewer (Bad_TooManyPublishRequests) gets as many
as are out then. An error answer took no acknowledgement: it goes again with the next request. No
answer for 1.5 keep-alives and a second ends the connection.

Reading (this file, `samples.py`). An answer is decoded, routed and looked through in the one task
of `run`, which never waits for the disk: each message is delivered by a task of its own. A message
of another subscription is dropped, and so is one whose number was seen already (acknowledged once
more, where it is durable). Of the first samples after a cut those that are stored already are
dropped (`repeats.py`): the same time, status and value.

Acknowledging (`deliveries.py`). Deliveries start in the order of the messages. A message is settled
when its delivery and all those before it returned, so that a gap stated ahead of it is durable too;
only then it is acknowledged, and the mark on the disk (`session_file.py`) moves behind it. A
keep-alive settles its moment when nothing waits.

Dating (`timeline.py`). Each message is dated by our clock: its publish time, moved by the shortest
way that a message of this subscription took to us, held between the moment in which the answered
request left (less what a server may hold back) and the receipt; never before the message ahead of
it. A gap begins at the date of the message before the hole, less one sampling and one publishing
interval (samples may be that much older than their message), and ends when the next message was
published at the latest. No clock of a server or a source can move a gap beyond what our own clock
and the order of the messages allow; where the source's clock is another, its times stand beside.

Lost messages (`repair.py`). A number ahead of the expected one, also in a keep-alive, is a hole.
What the server says it still has is fetched by Republish, one by one and at most 100, before the
newer message is handed over, so that the order of a signal never changes. The rest is a
`disconnected` gap. A message that cannot be read is fetched once more; else it is a
`rejected-by-source` gap with its first bytes beside it, and the stream goes on.

Overflow (`losses.py`). A queue at the server that was full marks its oldest sample left. What it
dropped was sampled after the message with the signal's newest sample and before the marked one
came: a gap of this signal alone, closer where the source's clock can be trusted.

The end. Bytes stop (a cut, or silence on the socket): after `DRAIN_S` for the disk the adapter
leaves the session at the server, `Progress` goes back to what is durable, and the next connection
takes the session up (ActivateSession), acknowledges what is durable and fetches the rest as lost
messages: no gap while the server has them. A kill is the same from the file: a mark is written
after the commit and before the acknowledgement leaves, so that at worst one message comes twice. A
restart of the server, seen by its start time, its namespaces or a subscription that it does not
know, ends both: a new subscription, created with publishing off, and a gap from the last durable
date until all its items sample (or history instead). So does a message that is too large to be
sent: what it held is lost, and the gap is `rejected-by-source`. An orderly stop closes the session
and forgets the file.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import NoReturn

from adapters.opcua.deliveries import Deliveries
from adapters.opcua.errors import edge, status_name
from adapters.opcua.messages import Fault, Notification, read_publish
from adapters.opcua.oddities import Oddities
from adapters.opcua.repair import Repair
from adapters.opcua.repeats import Repeats
from adapters.opcua.requests import PublishRequests
from adapters.opcua.samples import Samples
from adapters.opcua.sequence import distance, following
from adapters.opcua.stream import Stream
from adapters.opcua.timeline import claimed
from gateway.core.errors import SourceUnavailable
from gateway.core.protocols import Intake
from gateway.core.records import Batch
from gateway.core.types import UnixNs


class Pump:
    """Reads one subscription of one connection.

    Deliveries are tasks of `tasks` and may outlive `run`. `gone` hears of a signal, and why, whose
    item has to be made again; `follow` sees every batch.
    """

    def __init__(
        self,
        stream: Stream,
        intake: Intake,
        tasks: asyncio.TaskGroup,
        gone: Callable[[int, str], None],
        follow: Callable[[Sequence[Batch]], None],
    ) -> None:
        self._stream = stream
        self._progress = stream.progress
        self._held_ns = round(stream.source.stall_tolerance_s * 1e9)
        self._resumed = stream.progress.expected is not None
        repeats = _repeats_of(stream, resumed=self._resumed)
        self._oddities = Oddities(stream.health, stream.memory)
        self._deliveries = Deliveries(stream, repeats, intake, tasks, self._ask)
        self._requests = PublishRequests(stream, self._deliveries)
        self._samples = Samples(stream, repeats, self._deliveries, self._oddities, gone, follow)
        self._repair = Repair(stream, self._deliveries, self._samples)

    async def run(self) -> NoReturn:
        """Publish for ever.

        Raises SourceUnavailable when the subscription or the connection ended or fell silent, and
        SourceRejected when the server takes us no more.
        """
        requests, clock, book = self._requests, self._stream.clock, self._stream.book
        while True:
            requests.top_up()
            body = await requests.next_answer()
            if body is None:
                continue
            received = clock.now()
            message = self._read(body)
            if isinstance(message, Fault):
                requests.refused(message)
                continue
            requests.accepted(received)
            if book.unknown and await self._learned():
                again = self._read(body)
                message = message if isinstance(again, Fault) else again
            await self._take(message, body, received)

    async def finish(self) -> None:
        """Let what was read become durable for a moment, then give up what still waits."""
        try:
            await self._deliveries.drain()
        finally:
            self._deliveries.stop()

    def _ask(self) -> None:
        if self._stream.protocol.lost is None:
            self._requests.top_up()

    def _read(self, body: bytes) -> Notification | Fault:
        with edge("reading a publish answer"):
            return read_publish(body, self._stream.book.reader)

    async def _learned(self) -> bool:
        """Ask the server for types that a message had and we do not know yet."""
        try:
            async with asyncio.timeout(self._stream.source.request_timeout_s):
                return await self._stream.book.learn()
        except (OSError, TimeoutError):
            return False

    async def _take(self, message: Notification, body: bytes, received: UnixNs) -> None:
        progress = self._progress
        if message.subscription != progress.subscription:
            return  # of a subscription that was deleted or is not ours: never attributed
        if progress.expected is None:
            progress.expected = progress.settled = message.sequence
        ahead = distance(progress.expected, message.sequence)
        if ahead < 0:
            self._deliveries.acknowledge_known(message)
            return
        if self._resumed:
            self._resumed = False
            self._deliveries.acknowledge_old(message.available)
        if ahead:
            await self._repair.fetch_lost(ahead, message, received)
        before, progress.dated = progress.dated, self._date(message, received)
        self._oddities.look(received)
        if message.keep_alive:
            self._deliveries.note_alive(message.sequence)
            return
        if message.fault:
            message = await self._repair.read_again(message, body, received, before)
        self._samples.live(message, received)
        progress.expected = following(message.sequence)
        if message.end is not None:
            self._stream.memory.session = None
            raise SourceUnavailable("subscription-ended", status_name(message.end))

    def _date(self, message: Notification, received: UnixNs) -> UnixNs:
        """Date a message that just came by our clock; never before the one ahead of it.

        What that tells of the server's clock is noted.
        """
        clock, dated = self._progress.clock, self._progress.dated
        claim = claimed(message.published)
        date = clock.date(claim, self._requests.asked, received, self._held_ns)
        if claim is not None and clock.distance is not None:
            self._stream.memory.server_ahead = -clock.distance
            self._stream.health.clock_offset_s = round(-clock.distance / 1e9, 3)
        return UnixNs(min(max(date, dated), received))


def _repeats_of(stream: Stream, *, resumed: bool) -> Repeats:
    """Give what is known of the stored samples, made ready for this connection."""
    plan, memory = stream.router.plan, stream.memory
    repeats = memory.repeats or Repeats(plan)
    memory.repeats = repeats
    repeats.begin(plan, resumed=resumed)
    return repeats
