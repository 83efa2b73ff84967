"""Bytes from the broker into packets; no I/O. Strict: what is malformed ends the connection.

PUBLISH is taken apart right here, without an object for each packet, because there are thousands
a second of it; all other packets are rare.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from adapters.mqtt.packets import (
    PUBACK_HEAD,
    PUBREC_HEAD,
    V5,
    Kind,
    MalformedError,
)
from adapters.mqtt.properties import TOPIC_ALIAS, read_properties, read_varint
from gateway.core.types import UnixNs

CONTROL_BYTES_MAX = 262_144
"""Longest packet other than PUBLISH: a SUBACK for 65,535 filters and a reason string."""
CLIPPED_BYTES = 65_535 + 2 + 2 + 5 + 4_096
"""What is kept of a message that is too long: its topic, its packet id, and a piece of the rest."""

Message = tuple[bytes, bytes, bytes]
"""Topic, payload (maybe `Clipped`), and the acknowledgement to send once it is durable."""


class Clipped(bytes):
    """The beginning of a payload that was longer than allowed; `size` is what it had."""

    size: int = 0


class Retained(bytes):
    """A payload that the broker had kept: how old it is, nobody knows.

    The JSON parser takes only plain bytes, so that such a message leaves the fast path by itself.
    """


@dataclass(slots=True)
class Read:
    """The messages that arrived together."""

    at: UnixNs
    messages: list[Message]
    size: int


@dataclass(frozen=True, slots=True)
class Control:
    """A packet other than PUBLISH, without its length."""

    kind: Kind
    body: bytes


@dataclass(slots=True)
class _Skip:
    """A message too long to keep: what is left of it to come, and its beginning."""

    first: int
    length: int
    head: bytearray
    left: int


@dataclass(slots=True)
class PacketReader:
    """Feed it bytes as they come; take `messages` and `controls` away after each feed."""

    version: int
    payload_max: int
    messages: list[Message] = field(default_factory=list)
    controls: list[Control] = field(default_factory=list)
    retained: int = 0
    redelivered: int = 0
    _rest: bytearray = field(default_factory=bytearray)
    _needed: int = 0
    _skip: _Skip | None = None

    def feed(self, data: bytes) -> None:
        """Take what arrived.

        Raises:
            MalformedError: packets up to the malformed one have been taken.
        """
        if self._skip is not None:
            data = self._skip_on(self._skip, data)
        if self._rest:
            self._rest += data
            if len(self._rest) < self._needed:
                return  # a long packet comes in many pieces: do not join them again and again
            data = bytes(self._rest)
            self._rest.clear()
        place = self._take_packets(data)
        if place < len(data):
            self._rest += data[place:]

    def _take_packets(self, data: bytes) -> int:
        """Take all whole packets and give the place behind them."""
        place, end = 0, len(data)
        self._needed = 2
        while end - place >= 2:
            first, length, body = data[place], data[place + 1], place + 2
            if length > 0x7F:
                try:
                    length, body = read_varint(data, place + 1)
                except IndexError:
                    self._needed = end - place + 1
                    return place
            stop = body + length
            if stop > end:
                self._needed = stop - place
                return self._wait_for(data, place, body, length)
            if first & 0xF0 == 0x30:
                self._take_publish(first, data, body, stop)
            else:
                self._take_control(first, data[body:stop])
            place = stop
        return place

    def _wait_for(self, data: bytes, place: int, body: int, length: int) -> int:
        """Keep the beginning of a packet, or start to skip one that is too long."""
        first = data[place]
        if first & 0xF0 != 0x30:
            _checked_kind(first)
            if length > CONTROL_BYTES_MAX:
                raise MalformedError(f"a packet of {length} bytes", 0x95)
        elif length > self.payload_max + CLIPPED_BYTES:
            self._skip = _Skip(first, length, bytearray(), length)
            self._skip_on(self._skip, data[body:])
            return len(data)
        return place

    def _skip_on(self, skip: _Skip, data: bytes) -> bytes:
        """Take the next piece of a message that is too long; give what comes behind it."""
        piece = data[: skip.left]
        skip.left -= len(piece)
        skip.head += piece[: CLIPPED_BYTES - len(skip.head)]
        if not skip.left:
            self._skip = None
            self._take_publish(skip.first, bytes(skip.head), 0, len(skip.head), skip.length)
        return data[len(piece) :]

    def _take_publish(self, first: int, data: bytes, body: int, stop: int, size: int = 0) -> None:
        """Take one message; `size` is its length where `data` is only its beginning. §3.3."""
        try:
            topic_end = body + 2 + (data[body] << 8 | data[body + 1])
            start = topic_end
            acknowledgement = b""
            if first & 0x06:
                start += 2
                acknowledgement = self._acknowledgement(first, data[topic_end:start])
            if self.version == V5:
                if data[start]:
                    start = self._behind_properties(data, start, bool(size))
                else:
                    start += 1
        except IndexError:
            raise MalformedError("a message shorter than its header") from None
        if start > stop:
            raise MalformedError("a message shorter than its header")
        payload = data[start:stop]
        if size or len(payload) > self.payload_max:
            payload = _clipped(payload, size - (start - body) if size else len(payload))
        if first & 0x09:
            if first & 0x01:
                self.retained += 1
                payload = _retained(payload)
            self.redelivered += first >> 3 & 0x01
        self.messages.append((data[body + 2 : topic_end], payload, acknowledgement))

    def _acknowledgement(self, first: int, packet_id: bytes) -> bytes:
        qos = first & 0x06
        if qos == 0x06 or packet_id in {b"\x00\x00", b""}:
            raise MalformedError("QoS 3 or packet id 0")
        # QoS 2 is never asked for, but a session that someone else began may still hold some.
        return (PUBACK_HEAD if qos == 0x02 else PUBREC_HEAD) + packet_id

    def _behind_properties(self, data: bytes, start: int, clipped: bool) -> int:
        try:
            properties, place = read_properties(data, start)
        except IndexError:
            if not clipped:
                raise
            return len(data)
        if TOPIC_ALIAS in properties:
            raise MalformedError("a topic alias although none are allowed", 0x94)
        return place

    def _take_control(self, first: int, body: bytes) -> None:
        self.controls.append(Control(_checked_kind(first), body))


def _checked_kind(first: int) -> Kind:
    """Refuse a first byte that no packet has, before its length is believed (§2.1.3)."""
    kind, flags = first >> 4, first & 0x0F
    if kind == 0 or flags != (0x02 if kind == Kind.PUBREL else 0):
        raise MalformedError(f"a packet that begins with 0x{first:02X}")
    return Kind(kind)


def _retained(payload: bytes) -> bytes:
    return payload if isinstance(payload, Clipped) else Retained(payload)


def _clipped(payload: bytes, size: int) -> Clipped:
    clipped = Clipped(payload[:4_096])
    clipped.size = size
    return clipped
