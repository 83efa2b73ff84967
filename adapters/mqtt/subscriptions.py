"""Which filters are subscribed, which are refused, and what the dashboard says of it."""

from __future__ import annotations

from adapters.mqtt import events
from adapters.mqtt.config import MqttSource
from adapters.mqtt.connection import Connection
from adapters.mqtt.notes import printable
from adapters.mqtt.reasons import FAILURE, SUBSCRIPTION_REFUSED, reason_name
from gateway.core.clock import Clock
from gateway.ops.health import DeviceHealth

QOS_MAX = 1
"""QoS 2 is subscribed as QoS 1: its handshake ends before the disk has the message."""


def filters_of(source: MqttSource) -> dict[str, int]:
    """Give each filter of a source once, with the QoS to ask for."""
    return dict.fromkeys((item.topic for item in source.items), min(source.qos, QOS_MAX))


class Subscriptions:
    """The filters of one connection."""

    def __init__(self, connection: Connection, health: DeviceHealth, clock: Clock) -> None:
        self._connection = connection
        self._health = health
        self._clock = clock
        self._refused: set[str] = set()

    async def add(self, source: MqttSource, filters: dict[str, int]) -> None:
        """Subscribe these filters; a refused one costs only its own signals (I8).

        Raises:
            SourceError: the connection ended.
        """
        codes = await self._connection.subscribe(filters)
        names: dict[str, list[str]] = {topic: [] for topic in codes}
        for item in source.items:
            if item.topic in names:
                names[item.topic].append(source.plan.signals[item.index].name)
        for topic, code in codes.items():
            if code >= FAILURE:
                self._refuse(topic, reason_name(code), names[topic])
                continue
            if code < filters[topic]:
                events.subscription_weakened(self._health.device, topic, code)
            self._grant(topic, names[topic])

    async def try_refused(self, source: MqttSource) -> None:
        """Ask again for what was refused: somebody may have changed the broker's rights."""
        wanted = filters_of(source)
        again = {topic: wanted[topic] for topic in self._refused if topic in wanted}
        if again:
            await self.add(source, again)

    async def remove(self, filters: list[str]) -> None:
        """Unsubscribe.

        Raises:
            SourceError: the connection ended.
        """
        self._refused.difference_update(filters)
        await self._connection.unsubscribe(filters)

    def _refuse(self, topic: str, reason: str, names: list[str]) -> None:
        if topic not in self._refused:
            events.subscription_refused(self._health.device, topic, reason)
        self._refused.add(topic)
        for name in names:
            detail = f"{printable(topic)}: {reason}"
            self._health.signal_bad(name, SUBSCRIPTION_REFUSED, self._clock.now(), detail)

    def _grant(self, topic: str, names: list[str]) -> None:
        if topic in self._refused:
            self._refused.discard(topic)
            events.subscription_granted(self._health.device, topic)
        for name in names:
            self._health.signal_good(name, self._clock.now(), SUBSCRIPTION_REFUSED)
