"""From an adapter to the spool: map, learn types, store, and only then return.

Mapping happens before the first await, so the order of `deliver` calls is the order in the spool.
While the spool cannot write, `deliver` waits: the source is not acknowledged and slows down, which
is the back-pressure (I1, I9).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from gateway.core.clock import Clock
from gateway.core.errors import SpoolFull, SpoolUnavailable
from gateway.core.protocols import Spool
from gateway.core.records import Batch, Gap, Item, Rejected
from gateway.core.signals import PlanTable
from gateway.core.time_policy import TimePolicy
from gateway.core.types import UnixNs
from gateway.flow.claims import TimeClaims
from gateway.flow.counters import DURABLE_LATENCY
from gateway.flow.misfits import Misfits
from gateway.flow.silence import Silence
from gateway.flow.types import TypedTable
from gateway.ops.events import flow as flow_events
from gateway.ops.events import sources as source_events
from gateway.ops.health import DeviceHealth

SPOOL_RETRY_S = 0.5
TRUSTED = TimePolicy()
TABLES_MAX = 8
"""Tables of past configurations whose batches may still be on their way."""


class BatchMapper(Protocol):
    """What the intake needs of a mapper."""

    def map(self, batch: Batch) -> list[Batch]:
        """Convert a batch by the rules of its plan; more than one where its parts differ."""

    def forget(self) -> None:
        """Let go of what deadbands remember: after a gap the next value counts."""


@dataclass(slots=True)
class _Route:
    mapper: BatchMapper
    typed: TypedTable
    claims: TimeClaims
    silence: Silence
    misfits: Misfits


class DeviceIntake:
    """The intake of one device; follows its configuration through reloads."""

    def __init__(self, spool: Spool, health: DeviceHealth, clock: Clock) -> None:
        self._spool = spool
        self._health = health
        self._clock = clock
        self._routes: dict[str, _Route] = {}
        self._last_received = spool.last_received().get(health.device)
        self._account = spool.account(health.device)
        self._latency = DURABLE_LATENCY.labels(health.device)

    def route(
        self,
        table: PlanTable,
        mapper: BatchMapper,
        times: TimePolicy = TRUSTED,
        seldom: frozenset[int] = frozenset(),
    ) -> None:
        """Take batches of this table from now on; those of earlier tables are still understood.

        Args:
            table, mapper: what the batches point into, and what is done with their values.
            times: what is thought of the source's times.
            seldom: signals (by index) that may be silent for long.
        """
        last = self._routes[next(reversed(self._routes))] if self._routes else None
        if last is not None:
            last.claims.end(self._clock.now())
        known = last.typed.table if last else self._spool.plans().get(table.device)
        self._routes.pop(table.digest, None)
        self._routes[table.digest] = _Route(
            mapper,
            TypedTable(table, known),
            TimeClaims(table, times, self._health),
            Silence(table, seldom, self._health, last.silence if last else None),
            Misfits(table, self._health),
        )
        while len(self._routes) > TABLES_MAX:
            self._routes.pop(next(iter(self._routes)))

    def new_connection(self) -> None:
        """Let the first sample of every signal through its deadband.

        What was mapped but not stored when the last connection ended comes again, and must not be
        taken for unchanged (I1).
        """
        for route in self._routes.values():
            route.mapper.forget()
            route.claims.new_connection()

    def look(self, now: float) -> None:
        """Look for signals that never speak; called about once a second, `now` never jumps."""
        if self._routes:
            newest = next(reversed(self._routes.values()))
            newest.silence.look(now, self._clock.now())
            newest.claims.look(self._clock.now())

    def last_received(self) -> UnixNs | None:
        return self._last_received

    async def deliver(self, items: Sequence[Batch | Gap | Rejected]) -> None:
        batches = [item for item in items if isinstance(item, Batch) and len(item)]
        others: list[Item] = [item for item in items if not isinstance(item, Batch)]
        mapped = self._mapped(batches)
        received, spooled = sum(map(len, batches)), sum(map(len, mapped))
        rejected = sum(isinstance(item, Rejected) for item in others)
        account = self._account
        account.received += received + rejected
        account.waiting += received + rejected
        try:
            # What an adapter says beside its samples (a gap) explains what comes before them.
            await self._store([*others, *mapped])
        except BaseException:
            account.returned += received + rejected
            raise
        finally:
            account.waiting -= received + rejected
        account.dropped += received - spooled
        if received:
            self._note_samples(received, batches)
        for item in others:
            self._note_other(item)

    def _mapped(self, batches: list[Batch]) -> list[Batch]:
        """Map all, then let them share one table, so that a first burst makes one revision."""
        routed = [
            (route, part)
            for batch in batches
            for route in (self._routes[batch.plan.digest],)
            for part in route.mapper.map(route.claims.looked_at(batch))
            if len(part)
        ]
        for route, part in routed:
            route.typed.learn(part)
            route.silence.broken_by(part)
            route.misfits.look_at(part)
        return [
            part if part.plan is route.typed.table else replace(part, plan=route.typed.table)
            for route, part in routed
        ]

    async def _store(self, items: list[Item]) -> None:
        while items:
            try:
                await self._spool.append(items)
            except (SpoolFull, SpoolUnavailable) as error:
                flow_events.intake_waits(self._health.device, error.reason, error.detail)
                await self._clock.sleep(SPOOL_RETRY_S)
            else:
                return

    def _note_samples(self, received: int, batches: list[Batch]) -> None:
        now = self._clock.now()
        self._last_received = batches[-1].received
        self._health.samples += received
        self._health.last_received = now
        for batch in batches:
            # A source's clock may run ahead of ours; a latency below zero says nothing.
            self._latency.observe(max(0.0, (now - int(batch.times.min())) / 1e9))

    def _note_other(self, item: Item) -> None:
        if isinstance(item, Gap):
            self._health.gaps += 1
            span_s = (item.end - item.start) / 1e9
            source_events.gap_recorded(item.device, item.reason, span_s, item.count)
        elif isinstance(item, Rejected):
            self._health.rejected += 1
            source_events.message_rejected(item.device, item.reason, item.source)
