"""MQTT 3.1.1 and 5 packets, as far as a broker without QoS 2 needs them; no I/O.

Sources: OASIS MQTT 3.1.1, chapters 2 and 3; OASIS MQTT 5.0, chapters 2 and 3.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import Any

CONNECT, CONNACK, PUBLISH, PUBACK = 1, 2, 3, 4
SUBSCRIBE, SUBACK, UNSUBSCRIBE, UNSUBACK = 8, 9, 10, 11
PINGREQ, PINGRESP, DISCONNECT = 12, 13, 14
V5 = 5
PACKET_BYTES_MAX = 4_000_000
P_SESSION_EXPIRY, P_RECEIVE_MAXIMUM, P_ASSIGNED_ID = 0x11, 0x21, 0x12
P_MAXIMUM_QOS, P_SHARED_AVAILABLE = 0x24, 0x2A
_U8, _U16, _U32, _TEXT, _VARINT, _PAIR = "B", ">H", ">I", "text", "varint", "pair"
_PROPERTY_FORMS = {
    0x01: _U8, 0x02: _U32, 0x03: _TEXT, 0x08: _TEXT, 0x09: _TEXT, 0x0B: _VARINT, 0x11: _U32,
    0x12: _TEXT, 0x13: _U16, 0x15: _TEXT, 0x16: _TEXT, 0x17: _U8, 0x18: _U32, 0x19: _U8,
    0x1A: _TEXT, 0x1C: _TEXT, 0x1F: _TEXT, 0x21: _U16, 0x22: _U16, 0x23: _U16, 0x24: _U8,
    0x25: _U8, 0x26: _PAIR, 0x27: _U32, 0x28: _U8, 0x29: _U8, 0x2A: _U8,
}  # fmt: skip


class ProtocolError(Exception):
    """The peer does not follow the protocol; `reason` is the version 5 reason code."""

    def __init__(self, text: str, reason: int = 0x82) -> None:
        super().__init__(text)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Message:
    """An application message; `properties` are the version 5 bytes as they came, without length."""

    topic: str
    payload: bytes
    qos: int
    retain: bool = False
    properties: bytes = b""


@dataclass(frozen=True, slots=True)
class Connect:
    """What a client asks for."""

    version: int
    client_id: str
    clean: bool
    keepalive_s: int
    expiry_s: int
    receive_maximum: int
    will: Message | None


@dataclass(frozen=True, slots=True)
class Subscribe:
    """Packet id and (filter, options byte) pairs."""

    packet: int
    filters: list[tuple[str, int]] = field(default_factory=list)


class Body:
    """Reads a packet's content from the front."""

    def __init__(self, data: bytes) -> None:
        self.data, self.place = data, 0

    def number(self, form: str) -> int:
        try:
            value: int = struct.unpack_from(form, self.data, self.place)[0]
        except struct.error:
            raise ProtocolError("packet ends too early", 0x81) from None
        self.place += struct.calcsize(form)
        return value

    def take(self, count: int) -> bytes:
        if self.place + count > len(self.data):
            raise ProtocolError("packet ends too early", 0x81)
        self.place += count
        return self.data[self.place - count : self.place]

    def binary(self) -> bytes:
        return self.take(self.number(_U16))

    def text(self) -> str:
        try:
            return self.binary().decode()
        except UnicodeDecodeError:
            raise ProtocolError("text is not UTF-8", 0x81) from None

    def varint(self) -> int:
        value = 0
        for place in range(4):
            byte = self.number(_U8)
            value |= (byte & 0x7F) << 7 * place
            if byte < 0x80:
                return value
        raise ProtocolError("length is not valid", 0x81)

    def rest(self) -> bytes:
        return self.take(len(self.data) - self.place)

    def properties(self) -> dict[int, Any]:
        """Read the version 5 properties; of a repeated one the last counts."""
        end = self.varint() + self.place
        found: dict[int, Any] = {}
        while self.place < end:
            kind = self.varint()
            form = _PROPERTY_FORMS.get(kind)
            if form is None:
                raise ProtocolError(f"property {kind} is not known", 0x81)
            found[kind] = self._property(form)
        return found

    def _property(self, form: str) -> Any:
        if form == _TEXT:
            return self.binary()
        if form == _VARINT:
            return self.varint()
        if form == _PAIR:
            return self.binary(), self.binary()
        return self.number(form)


def take_packet(buffer: bytearray) -> tuple[int, int, bytes] | None:
    """Cut the first whole packet off: (type, flags, content); None when it is not there yet."""
    length = 0
    for place in range(1, 5):
        if len(buffer) <= place:
            return None
        length |= (buffer[place] & 0x7F) << 7 * (place - 1)
        if buffer[place] < 0x80:
            break
    else:
        raise ProtocolError("length is not valid", 0x81)
    if length > PACKET_BYTES_MAX:
        raise ProtocolError("packet is too large", 0x95)
    if len(buffer) < place + 1 + length:
        return None
    kind, content = buffer[0], bytes(buffer[place + 1 : place + 1 + length])
    del buffer[: place + 1 + length]
    return kind >> 4, kind & 0x0F, content


def read_connect(content: bytes) -> Connect:
    """Read a CONNECT packet."""
    body = Body(content)
    if body.text() != "MQTT":
        raise ProtocolError("not MQTT", 0x84)
    version, flags, keepalive = body.number(_U8), body.number(_U8), body.number(_U16)
    if version not in (4, V5):
        raise ProtocolError("version is not known", 0x84)
    clean = bool(flags & 2)
    properties = body.properties() if version == V5 else {}
    client_id = body.text()
    will = _read_will(body, version, flags) if flags & 4 else None
    kept = 0 if clean else 0xFFFFFFFF
    return Connect(
        version=version,
        client_id=client_id,
        clean=clean,
        keepalive_s=keepalive,
        expiry_s=properties.get(P_SESSION_EXPIRY, 0) if version == V5 else kept,
        receive_maximum=properties.get(P_RECEIVE_MAXIMUM, 0xFFFF),
        will=will,
    )


def _read_will(body: Body, version: int, flags: int) -> Message:
    if version == V5:
        body.properties()
    topic, payload = body.text(), body.binary()
    return Message(topic, payload, min(flags >> 3 & 3, 1), bool(flags & 0x20))


def read_publish(content: bytes, flags: int, version: int) -> tuple[int, Message]:
    """Read a PUBLISH packet: (packet id, or 0 at QoS 0; message)."""
    body = Body(content)
    topic, qos = body.text(), flags >> 1 & 3
    if qos > 1:
        raise ProtocolError("QoS 2 is not offered", 0x9B)
    if not topic or "+" in topic or "#" in topic:
        raise ProtocolError("topic name is not valid", 0x90)
    packet = body.number(_U16) if qos else 0
    properties = body.take(body.varint()) if version == V5 else b""
    return packet, Message(topic, body.rest(), qos, bool(flags & 1), properties)


def read_subscribe(content: bytes, version: int, *, options: bool) -> Subscribe:
    """Read a SUBSCRIBE (with options) or UNSUBSCRIBE packet."""
    body = Body(content)
    packet = body.number(_U16)
    if version == V5:
        body.properties()
    filters = []
    while body.place < len(content):
        topic = body.text()
        filters.append((topic, body.number(_U8) if options else 0))
    return Subscribe(packet, filters)


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def packet(kind: int, content: bytes, flags: int = 0) -> bytes:
    """Put the fixed header before a content."""
    return bytes((kind << 4 | flags,)) + _varint(len(content)) + content


def _text(value: str) -> bytes:
    raw = value.encode()
    return struct.pack(">H", len(raw)) + raw


def connack(version: int, reason: int, *, present: bool = False, assigned: str = "") -> bytes:
    """Answer a CONNECT; in version 5 it says that there is no QoS 2 and nothing shared."""
    content = bytes((present, reason))
    if version == V5:
        properties = bytes((P_MAXIMUM_QOS, 1, P_SHARED_AVAILABLE, 0))
        if assigned:
            properties += bytes((P_ASSIGNED_ID,)) + _text(assigned)
        content += _varint(len(properties)) + properties
    return packet(CONNACK, content)


def publish(message: Message, version: int, number: int, *, duplicate: bool = False) -> bytes:
    """Send a message on; `number` is its packet id at QoS 1."""
    content = _text(message.topic)
    if message.qos:
        content += struct.pack(">H", number)
    if version == V5:
        content += _varint(len(message.properties)) + message.properties
    flags = duplicate << 3 | message.qos << 1 | message.retain
    return packet(PUBLISH, content + message.payload, flags)


def puback(version: int, number: int, reason: int = 0) -> bytes:
    """Acknowledge a message; version 3.1.1 cannot say a reason."""
    content = struct.pack(">H", number)
    return packet(PUBACK, content + (bytes((reason,)) if version == V5 and reason else b""))


def suback(kind: int, version: int, number: int, reasons: list[int]) -> bytes:
    """Answer SUBSCRIBE or UNSUBSCRIBE; an UNSUBACK has reasons in version 5 only."""
    content = struct.pack(">H", number) + (b"\0" if version == V5 else b"")
    if version == V5 or kind == SUBACK:
        content += bytes(reasons)
    return packet(kind, content)


def disconnect(version: int, reason: int) -> bytes:
    """Say goodbye; only version 5 lets a server do so."""
    return packet(DISCONNECT, bytes((reason,))) if version == V5 else b""
