"""What has to be remembered of a device from one connection to the next."""

from __future__ import annotations

from dataclasses import dataclass

from adapters.mqtt.backlog import Backlog
from adapters.mqtt.config import MqttSource
from adapters.mqtt.reasons import CLOSED
from gateway.core.errors import SourceError, SourceRejected

SHORT_LIFE_S = 30.0
SHORT_LIVES_MAX = 3


@dataclass(slots=True)
class Memory:
    """One device's memory; `session` names the client id it is about."""

    session: str
    backlog: Backlog
    short_lives: int = 0
    spoke_v5: bool = False
    """The broker has welcomed us with MQTT 5: a connection that it cut says nothing of versions."""

    def ended(self, error: SourceError, life_s: float) -> SourceError:
        """Give the error to raise for a connection that ended.

        A broker that closes a healthy connection without a word, again and again, most likely has a
        second client with our id: two of them throw each other out for ever, and mosquitto 2.0
        does not say so. A person must act, and the retry becomes slow.
        """
        if error.reason != CLOSED or life_s > SHORT_LIFE_S:
            self.short_lives = 0
            return error
        self.short_lives += 1
        if self.short_lives < SHORT_LIVES_MAX:
            return error
        return SourceRejected("closed-again-and-again", f"{self.short_lives} x, {self.session}")


def new_memory(source: MqttSource) -> Memory:
    """Begin to remember a device."""
    return Memory(source.client_id, Backlog(source.state_folder, source.device, source.client_id))
