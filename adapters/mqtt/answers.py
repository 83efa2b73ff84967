"""What the broker's rare packets say: CONNACK, SUBACK, UNSUBACK, DISCONNECT."""

from __future__ import annotations

from dataclasses import dataclass

from adapters.mqtt.packets import V5, MalformedError
from adapters.mqtt.properties import (
    MAXIMUM_QOS,
    REASON_STRING,
    SERVER_KEEP_ALIVE,
    Properties,
    read_properties,
)
from adapters.mqtt.reasons import UNSUPPORTED_VERSION, v5_from_v311

TEXT_MAX = 200
"""A broker's own words go into logs and the dashboard; they are cut here."""


@dataclass(frozen=True, slots=True)
class Welcome:
    """CONNACK (§3.2); `code` is a v5 reason code also where the broker spoke 3.1.1."""

    code: int
    session_present: bool
    keepalive_s: int | None = None
    maximum_qos: int = 2
    text: str = ""


def read_connack(version: int, body: bytes) -> Welcome:
    """Read CONNACK; a broker that knows no v5 answers a v5 CONNECT with two bytes."""
    if len(body) < 2 or body[0] > 1:
        raise MalformedError("CONNACK")
    if len(body) == 2:
        # Only 3.1.1 answers so: one that welcomes us did not see that we speak 5.
        code = v5_from_v311(body[1]) or (UNSUPPORTED_VERSION if version == V5 else 0)
        return Welcome(code, bool(body[0]))
    if version != V5:
        raise MalformedError("CONNACK longer than two bytes")
    properties = _properties(body, 2)
    return Welcome(
        body[1],
        bool(body[0]),
        _number(properties, SERVER_KEEP_ALIVE),
        2 if (qos := _number(properties, MAXIMUM_QOS)) is None else qos,
        _text(properties),
    )


def read_suback(version: int, body: bytes) -> tuple[int, bytes]:
    """Read SUBACK or UNSUBACK: the packet id, and one code for each filter (§3.9, §3.11)."""
    if len(body) < 2:
        raise MalformedError("SUBACK")
    place = 2
    if version == V5:
        try:
            _, place = read_properties(body, place)
        except IndexError:
            raise MalformedError("SUBACK shorter than its properties") from None
    return body[0] << 8 | body[1], body[place:]


def read_disconnect(body: bytes) -> tuple[int, str]:
    """Read DISCONNECT from the broker: reason code and the broker's own words (§3.14)."""
    if not body:
        return 0, ""
    return body[0], _text(_properties(body, 1)) if len(body) > 1 else ""


def _properties(body: bytes, start: int) -> Properties:
    try:
        properties, end = read_properties(body, start)
    except IndexError:
        raise MalformedError("a packet shorter than its properties") from None
    if end != len(body):
        raise MalformedError("a packet longer than its properties")
    return properties


def _number(properties: Properties, name: int) -> int | None:
    value = properties.get(name)
    return value if isinstance(value, int) else None


def _text(properties: Properties) -> str:
    value = properties.get(REASON_STRING)
    return value.decode(errors="replace")[:TEXT_MAX] if isinstance(value, bytes) else ""
