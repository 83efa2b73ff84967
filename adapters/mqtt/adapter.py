"""The MQTT adapter: a persistent session, acknowledged only when durable."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import NoReturn

from adapters.mqtt.answers import Welcome
from adapters.mqtt.backlog import UNREMEMBERED_NS, Backlog
from adapters.mqtt.config import MqttSource
from adapters.mqtt.connect import CLOSE_S, VERSION_NAMES, as_gateway, open_connection
from adapters.mqtt.connection import Connection
from adapters.mqtt.counters import DUPLICATES, MESSAGES, RETAINED
from adapters.mqtt.decode import Decoder
from adapters.mqtt.handover import Handover
from adapters.mqtt.liveness import watch
from adapters.mqtt.lookout import Lookout
from adapters.mqtt.memory import Memory
from adapters.mqtt.packets import V5
from adapters.mqtt.reasons import TOPIC_UNMATCHED
from adapters.mqtt.subscriptions import Subscriptions, filters_of
from gateway.core.clock import Clock
from gateway.core.errors import SourceError, SourceUnavailable
from gateway.core.protocols import Intake
from gateway.core.records import Gap, GapReason
from gateway.core.types import UnixNs
from gateway.ops.events import sources as source_events
from gateway.ops.health import DeviceHealth

DRAIN_S = 2.0
"""How long the end of a connection waits for what was received to become durable."""
REVIEW_S = 10.0
"""Pace of what only shows by waiting."""
ASK_AGAIN_S = 60.0
"""Pace at which refused subscriptions are tried again."""


class MqttAdapter:
    """One device behind a broker; one `run` is one connection.

    `memory` is what the connections before this one left; its owner hands it to the next one, too.
    """

    def __init__(
        self, source: MqttSource, health: DeviceHealth, clock: Clock, memory: Memory
    ) -> None:
        self._memory = memory
        self._source = source
        self._health = health
        self._clock = clock
        self._decoder = Decoder(source, health)
        self._connection: Connection | None = None
        self._subscriptions: Subscriptions | None = None

    async def run(self, intake: Intake) -> NoReturn:
        """Connect, deliver until the connection ends, then raise. See `Adapter.run`."""
        memory = self._memory
        await memory.backlog.load()
        connection, welcome = await self._open(memory)
        began = self._clock.monotonic()
        self._connection = connection
        try:
            gap = await self._begin(connection, welcome, intake, memory)
            keepalive_s = self._keepalive_s(welcome)
            await self._serve(connection, intake, gap, keepalive_s, memory.backlog)
        finally:
            self._connection = self._subscriptions = None
            await connection.close(CLOSE_S)
        assert connection.error is not None
        raise memory.ended(connection.error, self._clock.monotonic() - began)

    async def apply(self, source: MqttSource) -> bool:
        """Take over other tags while running; False when the connection itself would change."""
        before = self._source
        if not _same_connection(before, source):
            return False
        self._source, self._decoder = source, Decoder(source, self._health)
        for name in set(self._health.bad) - {signal.name for signal in source.plan.signals}:
            self._health.signal_good(name, self._clock.now())
        self._health.relieved(TOPIC_UNMATCHED, self._clock.now())
        old, new = filters_of(before), filters_of(source)
        if self._subscriptions is not None:
            try:
                async with asyncio.timeout(source.connect_timeout_s):
                    await self._subscriptions.add(
                        source, {topic: qos for topic, qos in new.items() if topic not in old}
                    )
                    await self._subscriptions.remove([topic for topic in old if topic not in new])
            except (SourceError, TimeoutError) as error:
                self._give_up(error)
        return True

    async def _open(self, memory: Memory) -> tuple[Connection, Welcome]:
        source = self._source
        try:
            connection, welcome = await open_connection(
                source, as_gateway(source), self._clock, spoke_v5=memory.spoke_v5
            )
        except SourceError:
            memory.spoke_v5 = False  # an outage is over at the next try; an old broker is not
            raise
        memory.spoke_v5 = connection.hello.version == V5
        return connection, welcome

    async def _begin(
        self, connection: Connection, welcome: Welcome, intake: Intake, memory: Memory
    ) -> Gap | None:
        """Say what was missed, subscribe everything, and give what was missed meanwhile.

        The first is durable before the broker hears of us: killed in between, the next process
        would find a session and a subscription, and nothing would ever say what was before them.
        """
        backlog = memory.backlog
        backlog.lost |= not welcome.session_present
        gap = self._gap(intake, backlog.since) if backlog.lost else None
        if gap is not None:
            backlog.lose_now(gap.start)
            await intake.deliver([gap])
            await backlog.lose(gap.end)
        elif not backlog.lost:
            await backlog.begin(intake.last_received())
        self._subscriptions = Subscriptions(connection, self._health, self._clock)
        try:
            async with asyncio.timeout(self._source.connect_timeout_s):
                await self._subscriptions.add(self._source, filters_of(self._source))
        except TimeoutError as error:
            raise SourceUnavailable("timeout", "SUBSCRIBE") from error
        self._note_connected(connection, welcome)
        if gap is None:
            backlog.lost = False
            return None
        return replace(gap, start=gap.end, end=self._clock.now())

    def _gap(self, intake: Intake, waiting: UnixNs | None) -> Gap | None:
        """Cover the time since the last durable sample: the broker kept nothing for us.

        Or since the first message that was still `waiting` there.
        """
        now = self._clock.now()
        first_of_process = not self._health.connects
        last, start = intake.last_received(), waiting
        if start is None and last is not None:
            start = UnixNs(max(last - UNREMEMBERED_NS, 0))
        if start is None:
            if first_of_process:
                return None
            start = self._health.since
        return Gap(
            device=self._source.device,
            start=UnixNs(min(start, now)),
            end=now,
            reason=GapReason.GATEWAY_DOWN if first_of_process else GapReason.DISCONNECTED,
            detail="the broker had no session for this client",
        )

    def _note_connected(self, connection: Connection, welcome: Welcome) -> None:
        version = VERSION_NAMES[connection.hello.version]
        session = "resumed" if welcome.session_present else "new"
        note = f"MQTT {version}, session {session}"
        self._health.security = connection.cipher
        self._health.connected(self._clock.now(), note)
        source_events.source_connected(self._source.device, note)

    def _keepalive_s(self, welcome: Welcome) -> float:
        return min(self._source.keepalive_s, welcome.keepalive_s or self._source.keepalive_s)

    async def _serve(
        self,
        connection: Connection,
        intake: Intake,
        gap: Gap | None,
        keepalive_s: float,
        backlog: Backlog,
    ) -> None:
        async with asyncio.TaskGroup() as group:
            handover = Handover(group, connection, intake)
            tasks = (
                group.create_task(_tell(gap, intake, backlog)),
                group.create_task(backlog.follow(connection, self._clock)),
                group.create_task(watch(connection, keepalive_s, self._clock)),
                group.create_task(self._ask_again(connection)),
                group.create_task(self._review(connection)),
                group.create_task(self._look_out(connection)),
            )
            try:
                while connection.error is None:
                    await self._next_burst(connection, handover)
            finally:
                await self._drain(connection, handover)
                for task in tasks:
                    task.cancel()

    async def _next_burst(self, connection: Connection, handover: Handover) -> None:
        if not (connection.reads and handover.free):
            connection.wake.clear()
            await connection.wake.wait()
            return
        self._count(connection)
        reads = connection.take()
        handover.start(self._decoder.decode(reads), reads)

    async def _drain(self, connection: Connection, handover: Handover) -> None:
        """Let what was received become durable; what does not make it in time is sent again."""
        connection.stop_reading()
        try:
            async with asyncio.timeout(DRAIN_S):
                while connection.reads or not handover.idle:
                    await self._next_burst(connection, handover)
        except TimeoutError:
            handover.stop()

    async def _ask_again(self, connection: Connection) -> None:
        while connection.error is None:
            await self._clock.sleep(ASK_AGAIN_S)
            if self._subscriptions is None:
                return
            try:
                async with asyncio.timeout(self._source.connect_timeout_s):
                    await self._subscriptions.try_refused(self._source)
            except (SourceError, TimeoutError) as error:
                self._give_up(error)
                return

    async def _review(self, connection: Connection) -> None:
        while connection.error is None:
            await self._clock.sleep(REVIEW_S)
            self._decoder.review(self._clock.now())

    async def _look_out(self, connection: Connection) -> None:
        lookout = Lookout(self._health, self._clock)
        while connection.error is None:
            rest_s = await lookout.look(lambda: self._source)
            await self._clock.sleep(rest_s)

    def _give_up(self, error: SourceError | TimeoutError) -> None:
        if self._connection is not None:
            known = error if isinstance(error, SourceError) else None
            self._connection.fail(known or SourceUnavailable("timeout", "SUBSCRIBE"))

    def _count(self, connection: Connection) -> None:
        reader, device = connection.reader, self._source.device
        MESSAGES.labels(device).inc(sum(len(read.messages) for read in connection.reads))
        if reader.retained:
            RETAINED.labels(device).inc(reader.retained)
        if reader.redelivered:
            DUPLICATES.labels(device).inc(reader.redelivered)
        reader.retained = reader.redelivered = 0


async def _tell(gap: Gap | None, intake: Intake, backlog: Backlog) -> None:
    if gap is not None:
        await intake.deliver([gap])
        await backlog.end()


def _same_connection(before: MqttSource, after: MqttSource) -> bool:
    """Tell whether only tags differ."""
    return before == replace(
        after,
        plan=before.plan,
        items=before.items,
        time_json=before.time_json,
        time_unit=before.time_unit,
        time_zone=before.time_zone,
        encoding=before.encoding,
        format=before.format,
        hall=before.hall,
    )
