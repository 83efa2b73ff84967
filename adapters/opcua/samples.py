"""What one message becomes: batches, gaps where a queue overflowed, items to make again."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from adapters.opcua import events
from adapters.opcua.deliveries import Deliveries
from adapters.opcua.errors import status_name
from adapters.opcua.library import ua
from adapters.opcua.losses import Overflows
from adapters.opcua.messages import Notification
from adapters.opcua.oddities import Oddities
from adapters.opcua.repeats import Repeats
from adapters.opcua.stream import Stream
from gateway.core.records import Batch, Gap
from gateway.core.types import BAD, UnixNs

_GONE = frozenset(
    {
        ua.StatusCodes.BadNodeIdUnknown,
        ua.StatusCodes.BadNodeIdInvalid,
        ua.StatusCodes.BadMonitoredItemIdInvalid,
    }
)


class Samples:
    """Hands over what messages hold.

    `follow` sees all batches; `gone` hears of a signal, and why, whose item has to be made again.
    """

    def __init__(
        self,
        stream: Stream,
        repeats: Repeats,
        deliveries: Deliveries,
        oddities: Oddities,
        gone: Callable[[int, str], None],
        follow: Callable[[Sequence[Batch]], None],
    ) -> None:
        self._stream = stream
        self._repeats = repeats
        self._deliveries = deliveries
        self._oddities = oddities
        self._gone = gone
        self._follow = follow
        progress = stream.progress
        self._overflows = Overflows(
            stream.source,
            stream.memory,
            repeats,
            progress.dated,
            resumed=progress.expected is not None,
        )

    def live(self, message: Notification, received: UnixNs) -> None:
        """Hand over a message that just came, less what is stored already."""
        batches = self._routed(message, received)
        self._stream.memory.source_clock.note(batches, received)
        gaps = self._look_at_status(batches, received)
        self._deliveries.hand_over(message, gaps, self._repeats.without(batches))

    def fetched_again(self, message: Notification, until: UnixNs) -> None:
        """Hand over a message that was lost and fetched; it was published at `until` or before."""
        batches = self._routed(message, self._stream.clock.now())
        gaps = self._look_at_status(batches, until)
        self._repeats.note(batches, self._stream.progress.dated)
        self._deliveries.hand_over(message, gaps, batches)

    def _routed(self, message: Notification, received: UnixNs) -> list[Batch]:
        router = self._stream.router
        before = router.foreign
        batches = router.batches(message.columns, received)
        self._follow(batches)
        self._repeats.follow(router.plan)
        if router.foreign != before:
            events.foreign_samples(self._stream.source.device, router.foreign - before)
            self._oddities.foreign(router.foreign - before, received)
        for handle, reason in message.undecoded:
            self._name_undecoded(handle, reason)
        return batches

    def _name_undecoded(self, handle: int, reason: str) -> None:
        place = self._stream.router.signal(handle)
        if place >= 0:
            name = self._stream.router.plan.signals[place].name
            events.value_undecoded(self._stream.source.device, name, reason)

    def _look_at_status(self, batches: Sequence[Batch], until: UnixNs) -> list[Gap]:
        """State what a queue dropped, and have items made again whose node is gone."""
        marked = [batch for batch in batches if batch.status is not None]
        if not marked:
            return []
        gaps = self._overflow_gaps(batches, until)
        for batch in marked:
            self._report_gone(batch)
        return gaps

    def _overflow_gaps(self, batches: Sequence[Batch], until: UnixNs) -> list[Gap]:
        """Give a gap for each signal whose queue overflowed, and count them."""
        not_durable = self._deliveries.not_durable()
        gaps, count = self._overflows.gaps(batches, self._stream.router.plan, until, not_durable)
        if count:
            self._stream.health.overflows += count
            events.queue_overflowed(self._stream.source.device, count)
        return gaps

    def _report_gone(self, batch: Batch) -> None:
        assert batch.status is not None
        for place in np.flatnonzero(batch.status >= np.uint32(BAD)):
            code = int(batch.status[place]) & 0xFFFF0000
            if code in _GONE:
                self._gone(int(batch.signals[place]), status_name(code))
