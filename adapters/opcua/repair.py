"""Messages that did not come or cannot be read: fetched again, else stated as a gap (I6).

Source: OPC UA Part 4 §5.14.6 (Republish).
"""

from __future__ import annotations

import asyncio

from adapters.opcua import events
from adapters.opcua.deliveries import Deliveries
from adapters.opcua.errors import edge
from adapters.opcua.fitting import is_too_large
from adapters.opcua.library import UaStatusCodeError
from adapters.opcua.losses import make_gap, margin_ns
from adapters.opcua.messages import Fault, Notification, read_publish
from adapters.opcua.samples import Samples
from adapters.opcua.sequence import span
from adapters.opcua.stream import Stream
from adapters.opcua.timeline import claimed
from adapters.opcua.variants import DecodeError
from gateway.core.records import Gap, GapReason, Rejected
from gateway.core.types import UnixNs

REPUBLISH_MAX = 100
"""Lost messages fetched again after one hole; the rest is stated as a gap."""
HEAD_BYTES = 256
"""Of a message that stays unreadable, kept beside the gap."""


class Repair:
    """Closes the holes of one subscription, before what came after them is handed over."""

    def __init__(self, stream: Stream, deliveries: Deliveries, samples: Samples) -> None:
        self._stream = stream
        self._deliveries = deliveries
        self._samples = samples

    async def fetch_lost(self, count: int, message: Notification, received: UnixNs) -> None:
        """Fetch the `count` messages before this one as far as the server has them.

        A gap states the rest. Raises SourceUnavailable when the connection ended.
        """
        progress = self._stream.progress
        first = progress.expected or message.sequence
        available = set(message.available)
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
            claims = claimed(again.published), claimed(message.published)
            until = UnixNs(progress.clock.until(*claims, progress.dated, received))
            if lost:
                self._state_lost(lost[0], lost[-1], until)
                lost = []
            progress.dated = UnixNs(progress.clock.again(*claims, progress.dated, received))
            self._samples.fetched_again(again, until)
        if lost:
            self._state_lost(lost[0], first + count - 1, received)

    async def read_again(
        self, message: Notification, body: bytes, received: UnixNs, before: UnixNs
    ) -> Notification:
        """Fetch a message that could not be read once more.

        Where that does not help either, its head is kept, a gap begins at the message of `before`,
        and the message is given back as it is: without samples.
        """
        again = await self._republish(message.sequence)
        if again is not None:
            return again
        device = self._stream.source.device
        head = body[:HEAD_BYTES]
        rejected = Rejected(device, received, message.fault, "publish", head, len(body))
        detail = f"unreadable: {message.fault}"
        gap = self._gap(before, received, GapReason.REJECTED_BY_SOURCE, detail)
        self._deliveries.say([rejected, gap])
        return message

    async def _republish(self, number: int) -> Notification | None:
        """Ask once for one message; None when the server cannot give exactly this one."""
        stream = self._stream
        body = await self._republished(number)
        if body is None:
            return None
        try:
            again = read_publish(body, stream.book.reader)
        except DecodeError:
            return None
        if isinstance(again, Fault) or again.fault or again.sequence != number:
            return None
        events.notification_republished(stream.source.device, number)
        again.subscription = stream.progress.subscription
        return again

    async def _republished(self, number: int) -> bytes | None:
        stream = self._stream
        with edge("fetching a lost notification"):
            subscription = stream.progress.subscription
            future = stream.protocol.republish(stream.clock.now(), subscription, number)
            try:
                async with asyncio.timeout(stream.source.request_timeout_s):
                    return await future
            except UaStatusCodeError as error:
                if is_too_large(error.code):
                    return None
                raise
            except TimeoutError:
                stream.protocol.forget(future)
                return None

    def _state_lost(self, first: int, last: int, until: UnixNs) -> None:
        """State a gap from the last message that was read to one that was published `until`."""
        detail = f"notifications {first} to {last} are lost"
        events.notification_lost(self._stream.source.device, first, last, "")
        gap = self._gap(self._stream.progress.dated, until, GapReason.DISCONNECTED, detail)
        self._deliveries.say([gap])

    def _gap(self, before: UnixNs, until: UnixNs, reason: GapReason, detail: str) -> Gap:
        """State what is missing between the message of `before` and one of `until`."""
        stream = self._stream
        missing = (before - margin_ns(stream.source), until)
        plan = stream.router.plan
        return make_gap(stream.source, stream.memory, plan, missing, reason, detail=detail)
