"""The PublishRequests that are out: how many, what they carry, and answers that are none."""

from __future__ import annotations

import asyncio

from adapters.opcua.deliveries import Ack, Deliveries
from adapters.opcua.errors import edge, rejected_reason, source_error, status_name
from adapters.opcua.fitting import TOO_LARGE, is_too_large
from adapters.opcua.library import UaStatusCodeError, ua
from adapters.opcua.messages import Fault
from adapters.opcua.stream import Stream
from gateway.core.errors import SourceRejected, SourceUnavailable
from gateway.core.types import UnixNs

FAULTS_MAX = 5
"""Error answers one after the other before the connection is given up."""
SILENT = "silent"
"""Reason word for a connection on which nothing arrives any more."""
_AGAIN = frozenset({ua.StatusCodes.BadTimeout, ua.StatusCodes.BadRequestTimeout})


class PublishRequests:
    """Keeps requests at the server and gives their answers in the order in which they came.

    `asked` is when the request left (ns, our clock) that the last answer belongs to, or an earlier
    answer's where that is later: a server answers its requests in their order.
    """

    def __init__(self, stream: Stream, deliveries: Deliveries) -> None:
        self._stream = stream
        self._deliveries = deliveries
        self._most = stream.source.publish_requests
        self._patience_s = stream.progress.keepalive_s * 1.5 + 1.0
        self._out: dict[asyncio.Future[bytes], tuple[list[Ack], UnixNs]] = {}
        self._inbox: asyncio.Queue[asyncio.Future[bytes]] = asyncio.Queue(self._most)
        # As many as requests may be out: one counts as out until its answer is taken from here,
        # and their number only shrinks, so that an answer always finds a place.
        self._carried: tuple[list[Ack], UnixNs] = [], UnixNs(0)
        """Acknowledgements and time of the request whose answer was given last."""
        self._faults = 0
        self.asked = UnixNs(0)

    def top_up(self) -> None:
        """Send the requests that may leave now."""
        deliveries = self._deliveries
        if deliveries.full:
            return
        wanted = (self._most + 1) // 2 if deliveries.pending else self._most
        while len(self._out) < wanted:
            acks = deliveries.take_acks()
            with edge("publishing"):
                asked = self._stream.clock.now()
                future = self._stream.protocol.publish(asked, acks)
            self._out[future] = acks, asked
            future.add_done_callback(self._arrived)

    def _arrived(self, future: asyncio.Future[bytes]) -> None:
        if not future.cancelled():
            future.exception()  # looked at later, or never when the connection has ended
        self._inbox.put_nowait(future)

    async def next_answer(self) -> bytes | None:
        """Wait for an answer; None when there is nothing to read in it.

        `accepted` or `refused` must hear what it was. Raises SourceUnavailable when the connection
        or the subscription ended or fell silent.
        """
        future = self._inbox.get_nowait() if self._inbox.qsize() else await self._next_future()
        if future is None:
            return None
        self._carried = self._out.pop(future, ([], UnixNs(0)))
        if future.cancelled():
            return None
        error = future.exception()
        if error is None:
            return future.result()
        if isinstance(error, UaStatusCodeError) and is_too_large(error.code):
            raise self._too_large(error.code) from None
        self._deliveries.give_back(self._carried[0])
        raise source_error(error, "connection lost") from error

    async def _next_future(self) -> asyncio.Future[bytes] | None:
        try:
            async with asyncio.timeout(self._patience_s):
                return await self._inbox.get()
        except TimeoutError:
            if self._out:
                raise self._silent() from None
            return None  # nothing was asked: the disk is behind, not the server

    def accepted(self, received: UnixNs) -> None:
        """Take note that the last answer was a message."""
        self._faults = 0
        self.asked = max(self._carried[1], min(self.asked, received))

    def refused(self, fault: Fault) -> None:
        """Take note that the last answer was an error; its acknowledgements are sent once more.

        Raises SourceUnavailable or SourceRejected where asking again does not help.
        """
        code = fault.status & 0xFFFF0000
        self._deliveries.give_back(self._carried[0])
        if is_too_large(code):
            raise self._too_large(code)
        self._faults += 1
        if code == ua.StatusCodes.BadTooManyPublishRequests:
            self._most = max(len(self._out), 1)
            return
        if code in _AGAIN and self._faults < FAULTS_MAX:
            return
        reason = rejected_reason(code)
        if reason:
            raise SourceRejected(reason, status_name(code))
        if code == ua.StatusCodes.BadNoSubscription:
            self._stream.memory.session = None
        raise SourceUnavailable("subscription-lost", status_name(code))

    def _silent(self) -> SourceUnavailable:
        """Say whether only the subscription fell silent or everything."""
        quiet = asyncio.get_running_loop().time() - self._stream.protocol.received_at
        if quiet >= self._patience_s:
            return SourceUnavailable(SILENT, f"no byte for {quiet:.1f} s")
        self._stream.memory.session = None
        return SourceUnavailable("publish-silent", f"no keep-alive for {self._patience_s:.1f} s")

    def _too_large(self, code: int) -> SourceUnavailable:
        self._stream.memory.session = None
        return SourceUnavailable(TOO_LARGE, status_name(code))
