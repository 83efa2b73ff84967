"""PublishRequest and PublishResponse as bytes, without an object for each value.

Source: OPC UA Part 4 §5.14.5 (Publish), §7.32 and §7.33 (headers), Part 6 §5.2 (encoding).
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field

from adapters.opcua.decode import Column, ItemReader
from adapters.opcua.variants import (
    DecodeError,
    ValueReader,
    skip_bytes,
    skip_diagnostic_info,
    skip_extension_object,
)

PUBLISH_REQUEST, PUBLISH_RESPONSE, SERVICE_FAULT = 826, 829, 397
REPUBLISH_REQUEST, REPUBLISH_RESPONSE = 832, 835
DATA_CHANGE, STATUS_CHANGE = 811, 820
"""Numbers of the binary encodings in namespace 0."""
ITEMS_MAX = 1_000_000
_TYPE = struct.Struct("<BBH")
_HEADER = struct.Struct("<qII")
_UINT32 = struct.Struct("<I")
_INT32 = struct.Struct("<i")
_MESSAGE = struct.Struct("<Iq")


@dataclass(slots=True)
class Notification:
    """One notification message. Times are 100 ns since 1601, of the server's clock.

    `end` is the status with which the server ended the subscription, None while it lives.
    """

    subscription: int
    sequence: int
    published: int
    available: tuple[int, ...] = ()
    more: bool = False
    columns: list[list[Column]] = field(default_factory=list)
    samples: int = 0
    undecoded: list[tuple[int, str]] = field(default_factory=list)
    end: int | None = None
    keep_alive: bool = True
    fault: str = ""
    """Why the data could not be read; sequence and times are known all the same."""


@dataclass(frozen=True, slots=True)
class Fault:
    """The server answered a publish with an error."""

    status: int


def publish_request(
    token: bytes, handle: int, now: int, acknowledged: Sequence[tuple[int, int]]
) -> bytes:
    """Encode a PublishRequest; `token` is the encoded authentication token."""
    acks = b"".join(struct.pack("<II", *pair) for pair in acknowledged)
    return (
        _TYPE.pack(1, 0, PUBLISH_REQUEST)
        + request_header(token, handle, now)
        + _INT32.pack(len(acknowledged))
        + acks
    )


def republish_request(
    token: bytes, handle: int, now: int, subscription: int, sequence: int
) -> bytes:
    """Encode a RepublishRequest."""
    return (
        _TYPE.pack(1, 0, REPUBLISH_REQUEST)
        + request_header(token, handle, now)
        + struct.pack("<II", subscription, sequence)
    )


def request_header(token: bytes, handle: int, now: int) -> bytes:
    """Encode a RequestHeader without timeout hint: the server may hold a publish for long."""
    return token + struct.pack("<qIIiI", now, handle, 0, -1, 0) + b"\x00\x00\x00"


def type_of(body: bytes) -> int:
    """Give the encoding number of a message of namespace 0, else 0."""
    if body[0] == 0:
        return body[1]
    if body[0] == 1 and body[1] == 0:
        return int(_TYPE.unpack_from(body)[2])
    return 0


def _response_header(body: bytes, pos: int) -> tuple[int, int]:
    """Give the service result and the place after the header."""
    status = _HEADER.unpack_from(body, pos)[2]
    pos = skip_diagnostic_info(body, pos + 16)
    count, pos = _count(body, pos)
    for _ in range(count):
        pos = skip_bytes(body, pos)
    return status, skip_extension_object(body, pos)


def _count(body: bytes, pos: int) -> tuple[int, int]:
    count = _INT32.unpack_from(body, pos)[0]
    if count > ITEMS_MAX or count > len(body) - pos:
        raise DecodeError(f"{count} entries do not fit into the message")
    return max(count, 0), pos + 4


def read_fault(body: bytes) -> Fault | None:
    """Say whether the answer is an error. Raises DecodeError."""
    try:
        kind = type_of(body)
        status, _ = _response_header(body, 4)
    except (IndexError, struct.error) as error:
        raise DecodeError(f"a response ends too early: {error}") from error
    return Fault(status) if kind == SERVICE_FAULT or status & 0x80000000 else None


def read_publish(body: bytes, reader: ValueReader) -> Notification | Fault:
    """Read the answer to a Publish or Republish.

    Raises DecodeError when not even the sequence number can be read. Data that cannot be read is
    reported in `Notification.fault`, because then the server can be asked for it again.
    """
    try:
        return _read(body, reader)
    except (IndexError, struct.error) as error:
        raise DecodeError(f"a publish response ends too early: {error}") from error


def _read(body: bytes, reader: ValueReader) -> Notification | Fault:
    kind = type_of(body)
    if kind not in (PUBLISH_RESPONSE, REPUBLISH_RESPONSE, SERVICE_FAULT):
        raise DecodeError(f"message type {kind} instead of a publish response")
    status, pos = _response_header(body, 4)
    if kind == SERVICE_FAULT or status & 0x80000000:
        return Fault(status)
    subscription, available, more = 0, (), False
    if kind == PUBLISH_RESPONSE:
        subscription = _UINT32.unpack_from(body, pos)[0]
        count, pos = _count(body, pos + 4)
        available = struct.unpack_from(f"<{count}I", body, pos)
        more = body[pos + 4 * count] != 0
        pos += 4 * count + 1
    sequence, published = _MESSAGE.unpack_from(body, pos)
    message = Notification(subscription, sequence, published, available, more)
    try:
        _read_data(body, pos + 12, reader, message)
    except (DecodeError, IndexError, struct.error) as error:
        message.columns, message.samples = [], 0
        message.fault, message.keep_alive = str(error), False
    return message


def _read_data(body: bytes, pos: int, reader: ValueReader, message: Notification) -> None:
    count, pos = _count(body, pos)
    for _ in range(count):
        message.keep_alive = False
        start, pos = pos, skip_extension_object(body, pos)
        number = type_of(body[start : start + 4])
        place = start + (2 if body[start] == 0 else 4) + 5
        if number == DATA_CHANGE:
            _read_items(body[:pos], place, reader, message)
        elif number == STATUS_CHANGE:
            message.end = _UINT32.unpack_from(body, place)[0]


def _read_items(body: bytes, pos: int, reader: ValueReader, message: Notification) -> None:
    count, pos = _count(body, pos)
    items = ItemReader(body, reader)
    columns, _ = items.read(pos, count)
    message.columns.extend(columns)
    message.samples += count
    message.undecoded.extend(items.undecoded)
