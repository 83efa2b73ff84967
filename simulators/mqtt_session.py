"""The broker's memory: sessions, queues, retained messages; saved on a clean stop."""

from __future__ import annotations

import base64
import json
import time
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from simulators.mqtt_codec import Message

QUEUE_MAX = 200_000
"""Messages waiting for one session; beyond it a publisher is refused, never told a lie."""
INFLIGHT_MAX = 1000
"""Unacknowledged messages on one connection, whatever more the client would take."""
FOREVER = 0xFFFFFFFF


class Link(Protocol):
    """A living connection of a session."""

    def send(self, message: Message, number: int, *, duplicate: bool = False) -> None: ...


@dataclass(slots=True)
class Session:
    """What is remembered of one client. `inflight` keeps the order of sending."""

    client_id: str
    expiry_s: int = 0
    filters: dict[str, int] = field(default_factory=dict)
    queue: deque[Message] = field(default_factory=deque)
    inflight: dict[int, Message] = field(default_factory=dict)
    window: int = INFLIGHT_MAX
    link: Link | None = None
    left: float = field(default_factory=time.monotonic)
    number: int = 0

    def attach(self, link: Link, window: int) -> None:
        """Send again what was never acknowledged, in order, then what waits."""
        self.link, self.window = link, max(1, min(window, INFLIGHT_MAX))
        waiting = list(self.inflight.items())
        for number, message in waiting[: self.window]:
            link.send(message, number, duplicate=True)
        for _, message in reversed(waiting[self.window :]):
            self.queue.appendleft(message)
        self.inflight = dict(waiting[: self.window])
        self.pump()

    def detach(self) -> None:
        self.link, self.left = None, time.monotonic()

    def expired(self, now: float) -> bool:
        if self.link is not None or self.expiry_s == FOREVER:
            return False
        return now - self.left >= self.expiry_s

    def full(self) -> bool:
        return len(self.queue) >= QUEUE_MAX

    def put(self, message: Message) -> None:
        """Queue a message; QoS 0 only for who is there."""
        if message.qos == 0:
            if self.link is not None:
                self.link.send(message, 0)
            return
        self.queue.append(message)
        self.pump()

    def pump(self) -> None:
        """Send what the client's Receive Maximum allows."""
        while self.link is not None and self.queue and len(self.inflight) < self.window:
            message = self.queue.popleft()
            number = self._free_number()
            self.inflight[number] = message
            self.link.send(message, number)

    def acknowledged(self, number: int) -> None:
        self.inflight.pop(number, None)
        self.pump()

    def _free_number(self) -> int:
        while True:
            self.number = self.number % 0xFFFF + 1
            if self.number not in self.inflight:
                return self.number


def matches(pattern: str, topic: str) -> bool:
    """Say whether a filter takes a topic. Source: MQTT 5.0, 4.7."""
    if topic.startswith("$") and pattern[:1] in ("+", "#"):
        return False
    levels, parts = pattern.split("/"), topic.split("/")
    for place, level in enumerate(levels):
        if level == "#":
            return True
        if place >= len(parts) or level not in ("+", parts[place]):
            return False
    return len(levels) == len(parts)


def valid_filter(pattern: str) -> bool:
    """Say whether wildcards stand where they may. Source: MQTT 5.0, 4.7.1."""
    levels = pattern.split("/")
    hashes = all("#" not in level for level in levels[:-1]) and levels[-1].count("#") <= 1
    alone = all(len(level) == 1 or not set(level) & {"+", "#"} for level in levels)
    return bool(pattern) and hashes and alone


class Memory:
    """All sessions and retained messages."""

    def __init__(self) -> None:
        self.sessions: dict[str, Session] = {}
        self.retained: dict[str, Message] = {}
        self.routed = 0
        self.again: list[str] = []
        """Filters of topics whose messages are sent twice."""

    def route(self, message: Message) -> bool:
        """Give a message to every session that wants it; False when one cannot take it."""
        wanted = [
            (session, qos)
            for session in self.sessions.values()
            if (qos := self._wanted_qos(session, message)) is not None
        ]
        if any(session.full() for session, qos in wanted if qos):
            return False
        if message.retain:
            self._retain(message)
        for session, qos in wanted:
            session.put(Message(message.topic, message.payload, qos, False, message.properties))
        self.routed += 1
        return True

    def _wanted_qos(self, session: Session, message: Message) -> int | None:
        found = [qos for one, qos in session.filters.items() if matches(one, message.topic)]
        return min(max(found), message.qos) if found else None

    def _retain(self, message: Message) -> None:
        if message.payload:
            self.retained[message.topic] = message
        else:
            self.retained.pop(message.topic, None)

    def expire(self) -> None:
        """Forget sessions whose time is over."""
        now = time.monotonic()
        for name in [name for name, session in self.sessions.items() if session.expired(now)]:
            del self.sessions[name]

    def save(self, path: Path) -> None:
        """Write everything that outlives the broker."""
        kept = [session for session in self.sessions.values() if session.expiry_s]
        state = {
            "sessions": [
                {
                    "id": session.client_id,
                    "expiry": session.expiry_s,
                    "filters": session.filters,
                    "number": session.number,
                    "inflight": [[n, _pack(m)] for n, m in session.inflight.items()],
                    "queue": [_pack(message) for message in session.queue],
                }
                for session in kept
            ],
            "retained": [_pack(message) for message in self.retained.values()],
        }
        fresh = path.with_suffix(".new")
        fresh.write_text(json.dumps(state))
        fresh.replace(path)

    def load(self, path: Path) -> None:
        """Read what `save` wrote, if it is there; after a kill that would be a past long gone."""
        if not path.exists():
            return
        state = json.loads(path.read_text())
        path.unlink()
        for kept in state["sessions"]:
            session = Session(kept["id"], kept["expiry"], kept["filters"])
            session.number, session.left = kept["number"], time.monotonic()
            session.inflight = {number: _unpack(packed) for number, packed in kept["inflight"]}
            session.queue.extend(_unpack(packed) for packed in kept["queue"])
            self.sessions[session.client_id] = session
        self.retained = {message.topic: message for message in map(_unpack, state["retained"])}


def _pack(message: Message) -> list[Any]:
    payload, properties = base64.b64encode(message.payload), base64.b64encode(message.properties)
    return [message.topic, payload.decode(), message.qos, message.retain, properties.decode()]


def _unpack(packed: list[Any]) -> Message:
    topic, payload, qos, retain, properties = packed
    return Message(topic, base64.b64decode(payload), qos, retain, base64.b64decode(properties))
