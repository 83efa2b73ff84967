"""From when to when samples are missing, by our clock; the source's own times stand beside."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from adapters.opcua.config import OpcUaSource
from adapters.opcua.repeats import Repeats
from adapters.opcua.router import OVERFLOW, OVERFLOW_MASK
from adapters.opcua.timeline import IN_STEP_NS, Memory, at_source
from gateway.core.records import Batch, Gap, GapReason
from gateway.core.signals import PlanTable
from gateway.core.times import STORE_AHEAD_NS, implausible
from gateway.core.types import UnixNs

IN_TIME_NS = 50_000_000
"""How much longer than it may take a fresh sample may be on its way."""
_Span = tuple[int, int, int, int]


def margin_ns(source: OpcUaSource) -> int:
    """Give how much older than its publish time a sample may be: a sampling and a publishing."""
    sampling = max((item.sampling_s for item in source.items), default=0.0)
    return round((source.publishing_s + sampling) * 1e9)


def make_gap(
    source: OpcUaSource,
    memory: Memory,
    plan: PlanTable,
    span: tuple[int, int],
    reason: GapReason,
    signals: Sequence[int] | None = None,
    detail: str = "",
) -> Gap:
    """Give a gap over a span of our clock, with the source's times where they are others."""
    start, end = min(span), span[1]
    ahead = memory.source_ahead()
    first, last = at_source(start, end, ahead, ahead)
    named = None if signals is None else tuple(sorted(set(signals)))
    return Gap(
        source.device,
        UnixNs(start),
        UnixNs(end),
        reason,
        plan,
        named,
        detail=detail,
        source_start=first,
        source_end=last,
    )


class Overflows:
    """Finds what a server's queues threw away, by the overflow bit at the oldest sample left.

    What is missing of a signal was sampled after the message with its newest sample was published
    and before the marked one came. Where each sample of the signal in this message has a later time
    than the one before it, and the newest is as fresh by our clock as it has to be, its clock is
    ours: then the times of the samples on both sides bound it closer, but never beyond what the
    messages allow. A clock that moves in steps may look fresh by chance. What was before a
    subscription was made is stated already; one that was taken up again goes on from `since` on
    where nothing is known of a signal.
    """

    def __init__(
        self,
        source: OpcUaSource,
        memory: Memory,
        repeats: Repeats,
        since: int,
        *,
        resumed: bool,
    ) -> None:
        self._source = source
        self._memory = memory
        self._repeats = repeats
        self._since = since
        self._resumed = resumed
        self._margin = margin_ns(source)

    def gaps(
        self,
        batches: Sequence[Batch],
        plan: PlanTable,
        until: int,
        pending: Sequence[tuple[Sequence[Batch], int]],
    ) -> tuple[list[Gap], int]:
        """Give the gaps of a message published at `until` or before, and how many marks it had.

        `pending` are the messages before it that are not durable yet, with their dates.
        """
        marked = list(_marked(batches))
        if not marked:
            return [], 0
        dates, times = self._repeats.newest(pending)
        spans: dict[_Span, list[int]] = {}
        for signal, time in marked:
            known = int(dates[signal]), int(times[signal]), time, _last_of(batches, signal)
            spans.setdefault(self._span(known, until), []).append(signal)
        return [self._gap(span, signals, plan) for span, signals in spans.items()], len(marked)

    def _span(self, known: tuple[int, int, int, int], until: int) -> _Span:
        """Give start and end by our clock, then by the source's; 0, 0 where that says nothing.

        `known` are the date of the message with the signal's newest sample, that sample's time, the
        time of the marked one, and of the last one in this message (0: its clock is not believed).
        """
        date, before, time, last = known
        date = min((date or self._since) if self._resumed else max(date, self._since), until)
        start, end = date - self._margin, until
        ahead = self._memory.source_clock.ahead
        if time and until - self._margin - IN_TIME_NS <= last <= until + IN_TIME_NS:
            if start < time <= end:
                end = time - 1
            if start <= before < end:
                start = min(before + 1, date)
        elif ahead is not None and abs(ahead) > IN_STEP_NS and 0 < before < time:
            return start, end, before + 1, time - 1
        return start, end, 0, 0

    def _gap(self, span: tuple[int, int, int, int], signals: Sequence[int], plan: PlanTable) -> Gap:
        start, end, first, last = span
        own = np.array([first, last], np.int64)
        known = first > 0 and implausible(own, UnixNs(end), STORE_AHEAD_NS) is None
        return Gap(
            self._source.device,
            UnixNs(start),
            UnixNs(end),
            GapReason.OVERFLOW,
            plan,
            tuple(sorted(set(signals))),
            source_start=UnixNs(first) if known else None,
            source_end=UnixNs(last) if known else None,
        )


def _last_of(batches: Sequence[Batch], signal: int) -> int:
    """Give the newest time of a signal whose times move on with every sample here; 0: they do not.

    One sample alone does not show it.
    """
    parts = [
        np.zeros(2, np.int64) if batch.received_time else batch.times[batch.signals == signal]
        for batch in batches
        if (batch.signals == signal).any()
    ]
    times = np.concatenate(parts) if parts else np.zeros(0, np.int64)
    return int(times[-1]) if len(times) > 1 and bool((np.diff(times) > 0).all()) else 0


def _marked(batches: Sequence[Batch]) -> Iterator[tuple[int, int]]:
    """Give signal and source time (0: none) of each sample with the overflow bit."""
    for batch in batches:
        if batch.status is None:
            continue
        for place in np.flatnonzero((batch.status & OVERFLOW_MASK) == OVERFLOW):
            yield int(batch.signals[place]), 0 if batch.received_time else int(batch.times[place])
