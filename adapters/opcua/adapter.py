"""One OPC UA server as a source: connect, subscribe, publish, state what is missing.

See README.md for what is delivered, acknowledged, ordered, and lost when.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NoReturn

from adapters.opcua import events
from adapters.opcua.config import OpcUaSource
from adapters.opcua.errors import edge, system_words
from adapters.opcua.fitting import TOO_LARGE, ask_for_fewer, find_fault, leave_out
from adapters.opcua.granted import subscribe, subscription_note
from adapters.opcua.items import Items, ItemState
from adapters.opcua.library import UaError, ua
from adapters.opcua.link import Link, abort, close, connect, keep_channel
from adapters.opcua.outage import Outage, gaps_of_late, note_missing
from adapters.opcua.pump import Pump
from adapters.opcua.requests import SILENT
from adapters.opcua.router import Router
from adapters.opcua.session import Session, restored, saved
from adapters.opcua.session_file import SessionFile
from adapters.opcua.stream import Progress, Stream
from adapters.opcua.structures import TypeBook
from adapters.opcua.timeline import Memory
from gateway.core.clock import Clock
from gateway.core.errors import SourceError, SourceUnavailable
from gateway.core.protocols import Intake
from gateway.core.records import Batch, GapReason
from gateway.core.types import UnixNs
from gateway.ops.events import sources as source_events
from gateway.ops.health import DeviceHealth

PROBE_S = 3.0
"""A server that answers nothing for this long is gone."""


class OpcUaAdapter:
    """One device behind one server. See `gateway.core.protocols.Adapter` for the promises.

    `memory` is what the connections before this one left; its owner hands it to the next one, too.
    """

    def __init__(
        self,
        source: OpcUaSource,
        health: DeviceHealth,
        clock: Clock,
        memory: Memory,
    ) -> None:
        self._source = source
        self._health = health
        self._clock = clock
        self._memory = memory
        self._router = Router(source.plan)
        self._items: Items | None = None
        self._restarted = self._moved = False
        self._changed = asyncio.Event()
        self._note = ""
        """What is worse about the subscription than asked, and loses nothing."""
        self._shown: dict[str, str] = {}
        """What the items of a connection said of their signals; the next one takes it back."""

    async def run(self, intake: Intake) -> NoReturn:
        await self._open_session_file(intake)
        session: Session | None = self._memory.session
        link = await connect(self._source, self._clock, session.ticket if session else None)
        self._memory.session = None
        progress: Progress | None = None
        try:
            self._check_identity(link)
            progress = await self._subscription(link, session)
            await self._serve(link, progress, intake)
        except SourceError as error:
            if error.reason == TOO_LARGE:
                self._memory.too_large = str(error)
                await self._make_fit(link)
            elif progress is not None and (link.client.cut_off or error.reason == SILENT):
                self._leave_session(link, progress)
                abort(link)
            raise
        finally:
            self._items = None
            if self._memory.session is None and self._memory.session_file is not None:
                self._memory.session_file.forget()
            await close(link)
        raise AssertionError("a connection ends by raising")

    async def apply(self, source: Any) -> bool:
        """See the protocol. False while no connection is up, so that a new one is made."""
        if not isinstance(source, OpcUaSource) or self._items is None:
            return False
        same = replace(source, plan=self._source.plan, items=self._source.items)
        if same != self._source:
            return False
        self._source = source
        self._items.replace(source)
        self._router.assign(self._items.handles(), source.plan, self._items.elements())
        self._changed.set()
        return True

    async def _make_fit(self, link: Link) -> None:
        """Find out why a notification did not fit, so that the next subscription has others."""
        if self._items is None or link.client.cut_off:
            ask_for_fewer(self._memory)
            return
        try:
            async with asyncio.timeout(self._source.stall_tolerance_s):
                await find_fault(link, self._items, self._memory)
        except (UaError, OSError, TimeoutError):
            ask_for_fewer(self._memory)

    def _leave_session(self, link: Link, progress: Progress) -> None:
        """Remember a session that was cut off, for the next connection to go on with."""
        if self._items is None or progress.settled is None:
            return
        progress.go_back()
        self._memory.session = Session(link.ticket(), progress, self._items.states)

    async def _open_session_file(self, intake: Intake) -> None:
        """Once in a process: take up what the process before this one left of its session."""
        source, memory = self._source, self._memory
        if source.state_folder is None or memory.session_file is not None:
            return
        file = memory.session_file = SessionFile(source.state_folder, source.device)
        dated, received = await asyncio.to_thread(file.dated), intake.last_received()
        if dated is not None and received is not None and memory.durable is None:
            memory.durable = UnixNs(min(dated, received))
        left = await asyncio.to_thread(file.load)
        if left is not None:
            memory.session = restored(*left, source, memory)

    async def _save_session(self, link: Link, progress: Progress) -> None:
        """Write the session down, so that it can outlive the process."""
        file = self._memory.session_file
        if file is None or self._items is None:
            return
        session = saved(link, progress, self._items.states, self._memory, self._source)
        try:
            await asyncio.to_thread(file.save, session)
        except OSError as error:
            file.forget()  # an old file would take items for active that are gone
            events.session_not_kept(self._source.device, system_words(error))

    def _check_identity(self, link: Link) -> None:
        """Note what server this is; after a restart nothing of before holds."""
        memory = self._memory
        started, memory.started = memory.started, link.started
        namespaces, memory.namespaces = memory.namespaces, link.namespaces
        self._restarted = started is not None and started != link.started
        self._moved = namespaces is not None and namespaces != link.namespaces
        if self._restarted or self._moved:
            detail = "started again" if self._restarted else "namespaces changed"
            events.source_restarted(self._source.device, detail)
        self._health.security = str(link.choice)

    async def _subscription(self, link: Link, session: Session | None) -> Progress:
        """Go on with the old subscription, or make a new one with publishing off."""
        self._items = Items(
            link, self._source, self._health, self._clock, self._memory.handles, self._shown
        )
        same_server = link.resumed and not self._restarted and not self._moved
        if session is not None and session.fits and same_server:
            self._items.adopt(session.states)
            self._items.replace(self._source)
            self._items.subscription = session.progress.subscription
            self._router.assign(self._items.handles(), self._source.plan, self._items.elements())
            events.session_resumed(self._source.device)
            return session.progress
        self._router.assign(self._items.handles(), self._source.plan, self._items.elements())
        with edge("creating the subscription"):
            if link.resumed and session is not None:
                await link.client.uaclient.delete_subscriptions([session.progress.subscription])
            made = await subscribe(link.client, self._source, self._memory.notifications_max)
        self._items.subscription, self._items.publishing_s = made.number, made.publishing_s
        self._note = subscription_note(self._source, made)
        if self._note:
            events.subscription_granted(self._source.device, self._note)
        now = self._clock.now()
        key = 1 + secrets.randbelow(1 << 63)
        return Progress(made.number, made.keepalive_s, dated=now, durable=now, key=key)

    async def _serve(self, link: Link, progress: Progress, intake: Intake) -> None:
        book = TypeBook(link.client, link.namespaces)
        if progress.expected is None:
            await self._fill_items(link, book, intake)
        await self._save_session(link, progress)
        self._health.connected(self._clock.now(), self._note)
        source_events.source_connected(self._source.device, f"security {link.choice}")
        self._memory.connected_before = True
        stream = Stream(
            link.client.protocol,
            self._source,
            progress,
            self._router,
            book,
            self._memory,
            self._health,
            self._clock,
        )
        await self._work(link, stream, intake)

    async def _work(self, link: Link, stream: Stream, intake: Intake) -> None:
        """Run until something ends the connection; deliveries may finish after it."""
        failure: BaseException | None = None
        async with asyncio.TaskGroup() as deliveries:
            pump = Pump(stream, intake, deliveries, self._renew, self._follow)
            try:
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(pump.run())
                    tasks.create_task(self._watch(link))
                    tasks.create_task(keep_channel(link.client, self._clock))
                    tasks.create_task(self._manage(link, stream.progress, intake))
            except* SourceError as group:
                failure = _first(group)
            finally:
                await pump.finish()
        if failure is not None:
            raise failure

    async def _fill_items(self, link: Link, book: TypeBook, intake: Intake) -> None:
        """Create the items, say what is missing since the last connection, start publishing."""
        items = self._items
        assert items is not None
        outage = Outage(link, items, self._router, self._memory, self._clock)
        since = outage.since(intake.last_received())
        refused_from = self._clock.now()
        with edge("creating monitored items"):
            await leave_out(link, items, self._memory)
            made = await items.update()
        end = self._clock.now()  # every item is sampling by now
        note_missing(self._memory, items.states, since or refused_from)
        ahead = await outage.read_clock()
        if ahead is not None:
            self._health.clock_offset_s = round(ahead / 1e9, 3)
        if since is not None:
            reason, detail = self._cause()
            missing = await outage.told(book, since, end, reason, detail)
            if missing:
                await intake.deliver(missing)
        self._memory.too_large = ""
        await self._state_late(made, intake)
        self._memory.durable = refused_from if since is None else end
        with edge("starting to publish"):
            await link.client.uaclient.set_publishing_mode(
                ua.SetPublishingModeParameters(True, [items.subscription])
            )
        events.items_active(self._source.device, items.active(), len(items.states))

    def _cause(self) -> tuple[GapReason, str]:
        """Say why samples are missing since the last connection."""
        detail = self._memory.too_large
        if self._restarted:
            return GapReason.SOURCE_RESTART, detail
        if detail:
            return GapReason.REJECTED_BY_SOURCE, detail
        again = self._memory.connected_before
        return (GapReason.DISCONNECTED if again else GapReason.GATEWAY_DOWN), ""

    def _follow(self, batches: Sequence[Batch]) -> None:
        """Let every signal whose values are bad be seen as such."""
        if self._items is not None:
            self._items.qualities.follow(batches)

    def _renew(self, signal: int, reason: str) -> None:
        """Make an item again whose node the server says is gone."""
        if self._items is None:
            return
        for state in self._items.states:
            if state.item.index == signal and state.monitored is not None:
                self._items.renew(state, reason)
                known = self._memory.durable or self._clock.now()
                self._memory.missing.setdefault(state.item.address, UnixNs(known))
                self._changed.set()

    async def _manage(self, link: Link, progress: Progress, intake: Intake) -> NoReturn:
        """The one task that changes items while the subscription runs.

        What is given up is written down before the server hears of it, what is new after it
        exists: what is written there is always at the server, too.
        """
        while True:
            items = self._items
            assert items is not None
            self._changed.clear()
            await self._save_session(link, progress)
            with edge("changing monitored items"):
                made = await items.update()
            if made:
                await self._state_late(made, intake)
                events.items_active(self._source.device, items.active(), len(items.states))
                await self._save_session(link, progress)
            due = items.next_due()
            wait = 3600.0 if due is None else max(due - self._clock.monotonic(), 0.2)
            try:
                async with asyncio.timeout(wait):
                    await self._changed.wait()
            except TimeoutError:
                pass

    async def _state_late(self, made: Sequence[ItemState], intake: Intake) -> None:
        """State since when signals were missing that exist only now."""
        assert self._items is not None
        gaps = gaps_of_late(self._items, self._memory, made, self._clock.now())
        if gaps:
            await intake.deliver(gaps)

    async def _watch(self, link: Link) -> NoReturn:
        """Look regularly whether this is still the same server and whether it answers at all."""
        loop = asyncio.get_running_loop()
        while True:
            await self._clock.sleep(min(self._source.keepalive_s, 10.0))
            asked = loop.time()
            try:
                async with asyncio.timeout(PROBE_S):
                    with edge("looking after the server"):
                        started, namespaces = await link.read_identity()
            except TimeoutError:
                if link.client.protocol.received_at < asked:
                    detail = f"no byte for {PROBE_S:.0f} s"
                    raise SourceUnavailable(SILENT, detail) from None
                continue
            if started != link.started:
                raise SourceUnavailable("source-restart", "the server started again")
            if namespaces != link.namespaces:
                raise SourceUnavailable("source-restart", "the server's namespaces changed")


def _first(group: BaseExceptionGroup[SourceError]) -> SourceError:
    """Give the error that says most: one that a person must act on, else the first."""
    errors: list[SourceError] = []
    errors.extend(
        _first(error) if isinstance(error, BaseExceptionGroup) else error
        for error in group.exceptions
    )
    return next((e for e in errors if not isinstance(e, SourceUnavailable)), errors[0])
