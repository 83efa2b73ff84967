"""Looks out for devices of a hall that its file does not list, so that none is silently dropped.

It listens with QoS 0 under a client id of its own and leaves no session: what the hall's devices
say is never queued for it, and their own connections do not know of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

from adapters.mqtt.config import Hall, MqttSource
from adapters.mqtt.connect import CLOSE_S, Visit, open_connection
from adapters.mqtt.connection import Connection
from adapters.mqtt.liveness import watch
from adapters.mqtt.notes import printable
from adapters.mqtt.reasons import DEVICE_NOT_LISTED, FAILURE, HALL_UNWATCHED, reason_name
from gateway.core.clock import Clock
from gateway.core.errors import SourceError
from gateway.ops.health import DeviceHealth

LOOK_AGAIN_S = 60.0
"""Rest after a look that the broker ended or did not allow."""
CHANGED_S = 5.0
"""Pace at which a hall that changed in the file is noticed."""
NAMED_MAX = 5
"""Topics told of; a hall where more are missing from the file needs no longer list."""
PLUS = "+"

GiveSource = Callable[[], MqttSource]


class Lookout:
    """The lookout of one device, the first of its hall."""

    def __init__(self, health: DeviceHealth, clock: Clock) -> None:
        self._health = health
        self._clock = clock
        self._seen: dict[str, None] = {}

    async def look(self, source: GiveSource) -> float:
        """Listen until the connection ends or the hall changes; does nothing where there is none.

        Never raises for a broker that does not let us. Cancel: closes the connection.

        Returns:
            How many seconds to rest before the next look.
        """
        given = source()
        now = self._clock.now()
        if given.hall is None:
            self._health.relieved(DEVICE_NOT_LISTED, now)
            self._health.relieved(HALL_UNWATCHED, now)
            return LOOK_AGAIN_S
        self._forget_listed(given.hall)
        visit = Visit(f"{given.client_id}-hall", clean=True, session_expiry_s=0)
        try:
            connection, _ = await open_connection(given, visit, self._clock)
        except SourceError as error:
            self._health.trouble(HALL_UNWATCHED, now, error.reason)
            return LOOK_AGAIN_S
        try:
            await self._listen(connection, given.hall, source)
        except (SourceError, TimeoutError):
            pass
        finally:
            await connection.close(CLOSE_S)
        return LOOK_AGAIN_S if source().hall == given.hall else 0.0

    async def _listen(self, connection: Connection, hall: Hall, source: GiveSource) -> None:
        async with asyncio.timeout(source().connect_timeout_s):
            codes = await connection.subscribe(dict.fromkeys(hall.topics, 0))
        refused = [topic for topic, code in codes.items() if code >= FAILURE]
        if refused:
            detail = f"{printable(refused[0])}: {reason_name(codes[refused[0]])}"
            self._health.trouble(HALL_UNWATCHED, self._clock.now(), detail)
        else:
            self._health.relieved(HALL_UNWATCHED, self._clock.now())
        async with asyncio.TaskGroup() as group:
            guard = group.create_task(watch(connection, source().keepalive_s, self._clock))
            while connection.error is None and source().hall == hall:
                await self._next(connection, hall)
            guard.cancel()

    async def _next(self, connection: Connection, hall: Hall) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(CHANGED_S):
                await connection.wake.wait()
        connection.wake.clear()
        reads = connection.take()
        connection.settle(reads)
        for read in reads:
            for topic, _, _ in read.messages:
                self._look_at(topic.decode(errors="replace"), hall)

    def _look_at(self, topic: str, hall: Hall) -> None:
        if topic in self._seen or not stranger(topic, hall):
            return
        if len(self._seen) < NAMED_MAX:
            self._seen[topic] = None
        self._tell()

    def _forget_listed(self, hall: Hall) -> None:
        """A file that lists now what was missing has nothing to hear of it any more."""
        self._seen = {topic: None for topic in self._seen if stranger(topic, hall)}
        if not self._seen:
            self._health.relieved(DEVICE_NOT_LISTED, self._clock.now())

    def _tell(self) -> None:
        names = ", ".join(printable(topic) for topic in self._seen)
        self._health.trouble(DEVICE_NOT_LISTED, self._clock.now(), names)


def stranger(topic: str, hall: Hall) -> bool:
    """Tell whether a topic is one of the hall's, with a word that its file does not list."""
    levels = topic.split("/")
    words = [word for one in hall.topics if (word := _word(levels, one.split("/"))) is not None]
    return bool(words) and not any(word in hall.known for word in words)


def _word(levels: list[str], wanted: list[str]) -> str | None:
    """Give what stands in the place of the first +, where a topic fits a filter (MQTT 5 §4.7)."""
    for place, level in enumerate(wanted):
        if level == "#":
            break
        if place >= len(levels) or level not in (PLUS, levels[place]):
            return None
    else:
        if len(levels) != len(wanted):
            return None
    return levels[wanted.index(PLUS)]
