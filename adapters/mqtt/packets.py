"""Bytes of the MQTT packets that a subscriber sends. Source: MQTT 5.0 §3, MQTT 3.1.1 §3."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum

V311, V5 = 4, 5
"""The protocol level in CONNECT."""

LENGTH_MAX = 268_435_455
PINGREQ = b"\xc0\x00"
PUBACK_HEAD, PUBREC_HEAD, PUBCOMP_HEAD = b"\x40\x02", b"\x50\x02", b"\x70\x02"
_CLEAN_START, _PASSWORD, _USER = 0x02, 0x40, 0x80
_SESSION_EXPIRY, _RECEIVE_MAXIMUM = 0x11, 0x21
_RETAIN_ONLY_WHEN_NEW = 0x10
"""Subscription option (v5 §3.8.3.1): subscribing again does not send retained messages again."""
EXPIRY_MAX_S = 0xFFFF_FFFE
"""One more would mean: never."""


class Kind(IntEnum):
    """The packet type in the high half of the first byte (§2.1.2)."""

    CONNECT = 1
    CONNACK = 2
    PUBLISH = 3
    PUBACK = 4
    PUBREC = 5
    PUBREL = 6
    PUBCOMP = 7
    SUBSCRIBE = 8
    SUBACK = 9
    UNSUBSCRIBE = 10
    UNSUBACK = 11
    PINGREQ = 12
    PINGRESP = 13
    DISCONNECT = 14
    AUTH = 15


class MalformedError(Exception):
    """The other side does not follow the protocol; `reason` is the code to disconnect with."""

    def __init__(self, text: str, reason: int = 0x81) -> None:
        super().__init__(text)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Hello:
    """What CONNECT says."""

    version: int
    client_id: str
    keepalive_s: int
    clean: bool
    session_expiry_s: int
    receive_maximum: int
    user: str | None = None
    password: str | None = None


def varint(number: int) -> bytes:
    """Give a variable byte integer (§1.5.5)."""
    assert 0 <= number <= LENGTH_MAX
    digits = bytearray()
    while True:
        number, digit = number >> 7, number & 0x7F
        digits.append(digit | 0x80 if number else digit)
        if not number:
            return bytes(digits)


def connect(hello: Hello) -> bytes:
    """Give CONNECT (§3.1)."""
    v5 = hello.version == V5
    flags = _CLEAN_START if hello.clean else 0
    flags |= _USER if hello.user is not None else 0
    flags |= _PASSWORD if hello.password is not None else 0
    properties = b"".join(
        (
            bytes((_SESSION_EXPIRY,)) + hello.session_expiry_s.to_bytes(4, "big"),
            bytes((_RECEIVE_MAXIMUM,)) + hello.receive_maximum.to_bytes(2, "big"),
        )
    )
    texts = (hello.client_id, hello.user, hello.password)
    return _packet(
        Kind.CONNECT,
        0,
        _text("MQTT")
        + bytes((hello.version, flags))
        + hello.keepalive_s.to_bytes(2, "big")
        + (varint(len(properties)) + properties if v5 else b"")
        + b"".join(_text(text) for text in texts if text is not None),
    )


def subscribe(version: int, packet_id: int, filters: Mapping[str, int]) -> bytes:
    """Give SUBSCRIBE for filters with their QoS (§3.8)."""
    v5 = version == V5
    options = _RETAIN_ONLY_WHEN_NEW if v5 else 0
    return _packet(
        Kind.SUBSCRIBE,
        2,
        packet_id.to_bytes(2, "big")
        + (b"\x00" if v5 else b"")
        + b"".join(_text(text) + bytes((qos | options,)) for text, qos in filters.items()),
    )


def unsubscribe(version: int, packet_id: int, filters: Sequence[str]) -> bytes:
    """Give UNSUBSCRIBE (§3.10)."""
    return _packet(
        Kind.UNSUBSCRIBE,
        2,
        packet_id.to_bytes(2, "big")
        + (b"\x00" if version == V5 else b"")
        + b"".join(map(_text, filters)),
    )


def disconnect(version: int, reason: int = 0) -> bytes:
    """Give DISCONNECT; 3.1.1 knows no reason (§3.14)."""
    return b"\xe0\x01" + bytes((reason,)) if version == V5 and reason else b"\xe0\x00"


def _packet(kind: Kind, flags: int, body: bytes) -> bytes:
    return bytes((kind << 4 | flags,)) + varint(len(body)) + body


def _text(text: str) -> bytes:
    raw = text.encode()
    return len(raw).to_bytes(2, "big") + raw
