"""What is missing when a new subscription begins: filled from history, else a gap says so (I6)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from adapters.opcua import events
from adapters.opcua.errors import edge
from adapters.opcua.history import Filled, fill
from adapters.opcua.items import Items, ItemState
from adapters.opcua.link import Link, read_clock
from adapters.opcua.losses import make_gap, margin_ns
from adapters.opcua.router import Router
from adapters.opcua.structures import TypeBook
from adapters.opcua.timeline import Memory, server_ahead, span_of_history
from gateway.core.clock import Clock
from gateway.core.records import Batch, Gap, GapReason
from gateway.core.types import UnixNs


class Outage:
    """The time from the last durable sample to a new subscription of one connection.

    A reload may replace items and plan at any moment: both are asked for when they are needed.
    """

    def __init__(
        self, link: Link, items: Items, router: Router, memory: Memory, clock: Clock
    ) -> None:
        self._link = link
        self._items = items
        self._router = router
        self._memory = memory
        self._clock = clock
        self._server: tuple[int | None, int | None] = None, None
        """The server's clock less ours before this connection and now."""

    def since(self, last_received: UnixNs | None) -> UnixNs | None:
        """Give from when on samples are missing by our clock, None if there is nothing yet."""
        last = self._memory.durable or last_received
        if last is None:
            return None
        return UnixNs(min(last, self._clock.now()) - margin_ns(self._items.source))

    async def read_clock(self) -> int | None:
        """Ask how far the server's clock is ahead of ours (ns) and remember it; None: not told."""
        asked = self._clock.now()
        with edge("reading the server's time"):
            stamps = await read_clock(self._link.client)
        ahead = server_ahead(stamps, asked, self._clock.now())
        self._server = self._memory.server_ahead, ahead
        if ahead is not None:
            self._memory.server_ahead = ahead
        return ahead

    async def told(
        self, book: TypeBook, start: UnixNs, end: UnixNs, reason: GapReason, detail: str
    ) -> list[Batch | Gap]:
        """Give what history has of the span, and a gap of the signals that it does not complete."""
        filled = await self._filled(book, start, end)
        states = self._items.states
        wanted = [s.item.index for s in states if s.item.index not in filled.signals]
        if not wanted:
            return [*filled.batches]
        signals = None if len(wanted) == len(states) else wanted
        source, plan = self._items.source, self._router.plan
        gap = make_gap(source, self._memory, plan, (start, end), reason, signals, detail)
        return [gap, *filled.batches]

    async def _filled(self, book: TypeBook, start: UnixNs, end: UnixNs) -> Filled:
        historized = [s for s in self._items.states if s.history and s.monitored is not None]
        if not historized:
            return Filled([], set())
        source = self._items.source
        filled = await fill(
            self._link,
            self._router,
            book,
            historized,
            *span_of_history(start, end, self._memory.source_clock.ahead, self._server),
            self._clock.now(),
            source.stall_tolerance_s / 2,
        )
        events.history_filled(source.device, len(filled.signals), filled.samples)
        return filled


def note_missing(memory: Memory, states: Iterable[ItemState], since: UnixNs) -> None:
    """Remember since when (our clock) items are not delivered that the server has not got."""
    for state in states:
        if state.monitored is None:
            memory.missing.setdefault(state.item.address, since)


def gaps_of_late(items: Items, memory: Memory, made: Sequence[ItemState], end: UnixNs) -> list[Gap]:
    """State since when signals were missing whose items exist only now."""
    since: dict[UnixNs, list[int]] = {}
    for state in made:
        start = memory.missing.pop(state.item.address, None)
        if start is not None:
            since.setdefault(UnixNs(min(start, end)), []).append(state.item.index)
    source, reason = items.source, GapReason.REJECTED_BY_SOURCE
    return [
        make_gap(source, memory, source.plan, (start, end), reason, signals)
        for start, signals in since.items()
    ]
