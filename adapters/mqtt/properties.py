"""The property lists of MQTT 5. Source: MQTT 5.0 §2.2.2."""

from __future__ import annotations

from collections.abc import Callable

from adapters.mqtt.packets import MalformedError

TOPIC_ALIAS = 0x23
RECEIVE_MAXIMUM = 0x21
MAXIMUM_QOS = 0x24
SERVER_KEEP_ALIVE = 0x13
SESSION_EXPIRY = 0x11
REASON_STRING = 0x1F
USER_PROPERTY = 0x26
SUBSCRIPTION_ID = 0x0B
MAXIMUM_PACKET_SIZE = 0x27

Value = int | bytes
Properties = dict[int, Value]
_Reader = Callable[[bytes, int], tuple[Value, int]]

_BYTES = {1: (0x01, 0x17, 0x19, 0x24, 0x25, 0x28, 0x29, 0x2A), 2: (0x13, 0x21, 0x22, 0x23),
          4: (0x02, 0x11, 0x18, 0x27)}  # fmt: skip
_STRINGS = (0x03, 0x08, 0x09, 0x12, 0x15, 0x16, 0x1A, 0x1C, 0x1F)
_MANY = {USER_PROPERTY, SUBSCRIPTION_ID}


def read_varint(data: bytes, place: int) -> tuple[int, int]:
    """Give a variable byte integer and the place behind it.

    Raises:
        MalformedError: longer than four bytes.
        IndexError: the data ends inside it.
    """
    number = 0
    for shift in (0, 7, 14, 21):
        digit = data[place]
        place += 1
        number |= (digit & 0x7F) << shift
        if digit < 0x80:
            return number, place
    raise MalformedError("a length of more than four bytes")


def read_properties(data: bytes, place: int) -> tuple[Properties, int]:
    """Give the properties (user properties left out) and the place behind them.

    Raises:
        MalformedError: unknown, twice, or longer than the list.
        IndexError: the data ends inside them.
    """
    length, place = read_varint(data, place)
    end = place + length
    if end > len(data):
        raise IndexError
    seen: Properties = {}
    while place < end:
        name = data[place]
        reader = _READERS.get(name)
        if reader is None or (name in seen and name not in _MANY):
            raise MalformedError(f"property 0x{name:02X}", 0x82 if reader else 0x81)
        value, place = reader(data, place + 1)
        if name != USER_PROPERTY:
            seen[name] = value
    if place != end:
        raise MalformedError("properties longer than their list")
    return seen, place


def _number(size: int) -> _Reader:
    def read(data: bytes, place: int) -> tuple[Value, int]:
        if place + size > len(data):
            raise IndexError
        return int.from_bytes(data[place : place + size], "big"), place + size

    return read


def _string(data: bytes, place: int) -> tuple[Value, int]:
    start = place + 2
    end = start + (data[place] << 8 | data[place + 1])
    if end > len(data):
        raise IndexError
    return data[start:end], end


def _pair(data: bytes, place: int) -> tuple[Value, int]:
    _, place = _string(data, place)
    return _string(data, place)


_READERS: dict[int, _Reader] = {
    **{name: _number(size) for size, names in _BYTES.items() for name in names},
    **dict.fromkeys(_STRINGS, _string),
    USER_PROPERTY: _pair,
    SUBSCRIPTION_ID: read_varint,
}
