"""Bytes into packets: compared with what paho packs, cut at every place, and broken on purpose."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties, VariableByteIntegers

from adapters.mqtt.answers import read_connack, read_disconnect, read_suback
from adapters.mqtt.framing import CLIPPED_BYTES, CONTROL_BYTES_MAX, Clipped, PacketReader
from adapters.mqtt.packets import (
    V5,
    V311,
    Hello,
    Kind,
    MalformedError,
    connect,
    disconnect,
    subscribe,
    unsubscribe,
    varint,
)
from adapters.mqtt.properties import read_varint

LIMIT = 1_000


def publish(
    topic: bytes,
    payload: bytes,
    *,
    version: int = V5,
    qos: int = 1,
    packet_id: int = 7,
    flags: int = 0,
    properties: bytes = b"\x00",
) -> bytes:
    """Pack PUBLISH as a broker does."""
    body = len(topic).to_bytes(2, "big") + topic
    body += packet_id.to_bytes(2, "big") if qos else b""
    body += (properties if version == V5 else b"") + payload
    return bytes((0x30 | qos << 1 | flags,)) + varint(len(body)) + body


def feed(data: bytes, version: int = V5, cuts: list[int] | None = None) -> PacketReader:
    """Feed bytes in pieces."""
    reader = PacketReader(version, LIMIT)
    places = [0, *sorted(cut % (len(data) + 1) for cut in cuts or []), len(data)]
    for start, end in pairwise(places):
        reader.feed(data[start:end])
    return reader


MESSAGES = st.lists(
    st.tuples(
        st.binary(min_size=1, max_size=10),
        st.binary(max_size=300),
        st.integers(0, 2),
        st.integers(1, 65_535),
    ),
    max_size=6,
)


@given(MESSAGES, st.lists(st.integers(0, 10_000), max_size=8), st.sampled_from([V5, V311]))
def test_messages_survive_any_cut(sent: list[Any], cuts: list[int], version: int) -> None:
    data = b"".join(
        publish(topic, payload, version=version, qos=qos, packet_id=packet_id)
        for topic, payload, qos, packet_id in sent
    )
    heads = {0: b"", 1: b"\x40\x02", 2: b"\x50\x02"}
    assert feed(data, version, cuts).messages == [
        (topic, payload, heads[qos] + packet_id.to_bytes(2, "big") if qos else b"")
        for topic, payload, qos, packet_id in sent
    ]


@given(st.integers(0, 268_435_455))
def test_lengths_agree_with_paho(number: int) -> None:
    assert varint(number) == VariableByteIntegers.encode(number)  # type: ignore[no-untyped-call]
    assert read_varint(varint(number), 0) == (number, len(varint(number)))


@given(
    st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=20),
    st.integers(0, 2**32 - 1),
    st.lists(st.integers(1, 268_435_455), max_size=3, unique=True),
)
def test_properties_as_paho_packs_them_are_read(text: str, expiry: int, ids: list[int]) -> None:
    properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
    properties.MessageExpiryInterval = expiry
    properties.ContentType = text
    properties.UserProperty = [(text, "1"), ("b", text)]
    if ids:
        properties.SubscriptionIdentifier = ids
    data = publish(b"t", b"payload", properties=properties.pack())  # type: ignore[no-untyped-call]
    assert feed(data).messages == [(b"t", b"payload", b"\x40\x02\x00\x07")]


@given(
    st.integers(LIMIT + 1, LIMIT + 2 * CLIPPED_BYTES), st.lists(st.integers(0, 200_000), max_size=5)
)
@settings(max_examples=25)
def test_a_message_that_is_too_long_is_clipped_and_its_neighbours_arrive(
    size: int, cuts: list[int]
) -> None:
    small = publish(b"t", b"small")
    reader = feed(small + publish(b"big", b"x" * size, packet_id=9) + small, V5, cuts)
    before, clipped, behind = reader.messages
    assert before == behind == (b"t", b"small", b"\x40\x02\x00\x07")
    assert clipped[0] == b"big"
    assert clipped[2] == b"\x40\x02\x00\x09"
    assert isinstance(clipped[1], Clipped)
    assert clipped[1].size == size
    assert 256 <= len(clipped[1]) <= 4_096


def test_a_message_of_exactly_the_limit_is_whole() -> None:
    ((_, payload, _),) = feed(publish(b"t", b"x" * LIMIT)).messages
    assert payload == b"x" * LIMIT
    assert not isinstance(payload, Clipped)


def test_a_flood_of_properties_in_a_long_message_can_still_be_acknowledged() -> None:
    pair = b"\x26\x00\x01k" + (60_000).to_bytes(2, "big") + b"v" * 60_000
    flood = publish(b"t", b"x", properties=varint(len(pair) * 4) + pair * 4)
    ((topic, payload, acknowledgement),) = feed(flood, V5, [100]).messages
    assert (topic, acknowledgement) == (b"t", b"\x40\x02\x00\x07")
    assert isinstance(payload, Clipped)


def test_retained_and_repeated_messages_are_counted_and_kept() -> None:
    reader = feed(publish(b"t", b"1", flags=1) + publish(b"t", b"2", flags=8) + publish(b"t", b"3"))
    assert (reader.retained, reader.redelivered, len(reader.messages)) == (1, 1, 3)


BROKEN = {
    "type 0": b"\x00\x00",
    "flags of a PINGRESP": b"\xd1\x00",
    "flags of a PUBREL": b"\x60\x02\x00\x01",
    "length of five bytes": b"\x30\xff\xff\xff\xff\x01",
    "QoS 3": publish(b"t", b"", qos=3),
    "packet id 0": publish(b"t", b"", packet_id=0),
    "topic beyond the packet": b"\x30\x04\x00\x09ab",
    "no packet id": b"\x32\x03\x00\x01t",
    "no properties": b"\x32\x05\x00\x01t\x00\x07",
    "properties beyond the packet": b"\x32\x06\x00\x01t\x00\x07\x05",
    "unknown property": publish(b"t", b"", properties=b"\x02\x7f\x00"),
    "a property twice": publish(b"t", b"", properties=b"\x04\x01\x00\x01\x00"),
    "a property cut off": publish(b"t", b"", properties=b"\x02\x02\x00"),
    "a topic alias": publish(b"", b"", properties=b"\x03\x23\x00\x01"),
    "a control packet without end": b"\x90" + varint(CONTROL_BYTES_MAX + 1),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_packet_is_refused(name: str) -> None:
    with pytest.raises(MalformedError) as refused:
        feed(BROKEN[name] + publish(b"t", b""))
    assert 0x81 <= refused.value.reason <= 0x95


def test_what_came_before_a_broken_packet_is_kept() -> None:
    reader = PacketReader(V5, LIMIT)
    with pytest.raises(MalformedError):
        reader.feed(publish(b"t", b"good") + b"\x00\x00")
    assert len(reader.messages) == 1


@given(st.lists(st.binary(max_size=80), max_size=4), st.sampled_from([V5, V311]))
@settings(max_examples=300)
def test_bytes_of_any_kind_are_packets_or_refused(pieces: list[bytes], version: int) -> None:
    reader = PacketReader(version, LIMIT)
    try:
        for piece in pieces:
            reader.feed(piece)
    except MalformedError:
        return
    assert len(reader._rest) <= sum(map(len, pieces))


@given(st.binary(max_size=40), st.sampled_from([V5, V311]))
def test_answers_of_any_kind_are_read_or_refused(body: bytes, version: int) -> None:
    for read in (
        lambda: read_connack(version, body),
        lambda: read_suback(version, body),
        lambda: read_disconnect(body),
    ):
        try:
            read()
        except MalformedError:
            continue


def test_answers_are_read() -> None:
    properties = Properties(PacketTypes.CONNACK)  # type: ignore[no-untyped-call]
    properties.ServerKeepAlive = 5
    properties.ReasonString = "too many"
    welcome = read_connack(V5, b"\x01\x00" + properties.pack())  # type: ignore[no-untyped-call]
    assert (welcome.code, welcome.session_present, welcome.keepalive_s) == (0, True, 5)
    assert welcome.text == "too many"
    assert read_connack(V5, b"\x00\x01").code == 0x84
    assert read_connack(V311, b"\x00\x05").code == 0x87
    assert read_suback(V5, b"\x00\x09\x00\x01\x87") == (9, b"\x01\x87")
    assert read_suback(V311, b"\x00\x09\x80") == (9, b"\x80")
    assert read_disconnect(b"\x8e\x00") == (0x8E, "")
    assert read_disconnect(b"") == (0, "")


def test_what_a_subscriber_sends_has_the_bytes_of_the_standard() -> None:
    hello = Hello(
        V311, "id", 10, clean=False, session_expiry_s=0, receive_maximum=5, user="u", password="p"
    )
    assert connect(hello) == b"\x10\x14\x00\x04MQTT\x04\xc0\x00\x0a\x00\x02id\x00\x01u\x00\x01p"
    hello = Hello(V5, "id", 10, clean=True, session_expiry_s=60, receive_maximum=5)
    assert (
        connect(hello)
        == b"\x10\x17\x00\x04MQTT\x05\x02\x00\x0a\x08\x11\x00\x00\x00\x3c\x21\x00\x05\x00\x02id"
    )
    assert subscribe(V311, 1, {"a": 1}) == b"\x82\x06\x00\x01\x00\x01a\x01"
    assert subscribe(V5, 1, {"a": 1}) == b"\x82\x07\x00\x01\x00\x00\x01a\x11"
    assert unsubscribe(V5, 2, ["a"]) == b"\xa2\x06\x00\x02\x00\x00\x01a"
    assert disconnect(V311, 0x81) == b"\xe0\x00"
    assert disconnect(V5, 0x81) == b"\xe0\x01\x81"


def test_control_packets_come_with_their_kind() -> None:
    (control,) = feed(b"\xd0\x00").controls
    assert control.kind is Kind.PINGRESP
