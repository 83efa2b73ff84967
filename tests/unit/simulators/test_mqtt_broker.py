"""The broker keeps what it acknowledged: checked with a real client."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from simulators import mqtt_codec as codec
from simulators.mqtt_broker import Broker
from simulators.mqtt_codec import Message
from simulators.mqtt_session import Memory, Session, matches, valid_filter

WAIT_S = 60.0


@pytest.fixture
async def broker() -> AsyncIterator[Broker]:
    async with Broker() as running:
        yield running


class Client:
    """paho on a thread, its messages in an asyncio queue."""

    def __init__(self, name: str, *, version: int = 5, manual: bool = False) -> None:
        self.loop = asyncio.get_running_loop()
        self.messages: asyncio.Queue[mqtt.MQTTMessage] = asyncio.Queue()
        self.connected: asyncio.Queue[bool] = asyncio.Queue()
        self.published: asyncio.Queue[Any] = asyncio.Queue()
        self.granted: asyncio.Queue[list[Any]] = asyncio.Queue()
        self.version = version
        self.paho = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=name,
            protocol=MQTTProtocolVersion(version),
            manual_ack=manual,
            clean_session=None if version == 5 else False,
        )
        self.paho.on_connect = lambda c, u, f, r, p: self._put(self.connected, f.session_present)
        self.paho.on_message = lambda c, u, m: self._put(self.messages, m)
        self.paho.on_publish = lambda c, u, i, r, p: self._put(self.published, r)
        self.paho.on_subscribe = lambda c, u, i, r, p: self._put(self.granted, r)

    def _put(self, queue: asyncio.Queue[Any], item: Any) -> None:
        self.loop.call_soon_threadsafe(queue.put_nowait, item)

    async def connect(self, port: int, *, expiry: int = 3600, window: int = 100) -> bool:
        options: dict[str, Any] = {}
        if self.version == 5:
            properties: Any = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
            properties.SessionExpiryInterval = expiry
            properties.ReceiveMaximum = window
            options = {"clean_start": False, "properties": properties}
        self.paho.connect("127.0.0.1", port, **options)
        self.paho.loop_start()
        return bool(await self.get(self.connected))

    async def get(self, queue: asyncio.Queue[Any]) -> Any:
        async with asyncio.timeout(WAIT_S):
            return await queue.get()

    async def payloads(self, count: int) -> list[bytes]:
        return [(await self.get(self.messages)).payload for _ in range(count)]

    async def subscribe(self, topic: str, qos: int = 1) -> list[Any]:
        self.paho.subscribe(topic, qos)
        return list(await self.get(self.granted))

    async def publish(self, topic: str, payload: str, **options: Any) -> Any:
        self.paho.publish(topic, payload, qos=1, **options)
        return await self.get(self.published)

    async def drop(self) -> None:
        """Lose the connection without a goodbye."""
        sock = self.paho.socket()
        self.paho.loop_stop()
        if isinstance(sock, socket.socket):
            sock.close()
        await asyncio.sleep(0.05)

    async def leave(self) -> None:
        self.paho.disconnect()
        self.paho.loop_stop()
        await asyncio.sleep(0.05)


@pytest.mark.parametrize("version", [4, 5])
async def test_what_was_acknowledged_waits_for_who_is_away(broker: Broker, version: int) -> None:
    reader = Client("reader", version=version)
    assert await reader.connect(broker.port) is False
    await reader.subscribe("a/#")
    await reader.leave()
    writer = Client("writer", version=version)
    await writer.connect(broker.port)
    for number in range(5):
        assert not (await writer.publish("a/b", f"{number}")).is_failure
    again = Client("reader", version=version)
    assert await again.connect(broker.port) is True
    assert await again.payloads(5) == [b"0", b"1", b"2", b"3", b"4"]
    await again.leave()
    await writer.leave()


@pytest.mark.slow
async def test_unacknowledged_messages_come_again_in_order_and_marked(broker: Broker) -> None:
    reader = Client("reader", manual=True)
    await reader.connect(broker.port, window=3)
    await reader.subscribe("a")
    writer = Client("writer")
    await writer.connect(broker.port)
    for number in range(6):
        await writer.publish("a", f"{number}")
    assert await reader.payloads(3) == [b"0", b"1", b"2"]
    await asyncio.sleep(0.1)
    assert reader.messages.empty(), "Receive Maximum holds the rest back"
    await reader.drop()
    again = Client("reader", manual=False)
    assert await again.connect(broker.port, window=100) is True
    messages = [await again.get(again.messages) for _ in range(6)]
    assert [m.payload for m in messages] == [b"0", b"1", b"2", b"3", b"4", b"5"]
    assert [m.dup for m in messages] == [True] * 3 + [False] * 3
    await again.leave()
    await writer.leave()


async def test_sessions_and_queues_survive_a_clean_restart(tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    async with Broker(state=state) as first:
        port = first.port
        reader = Client("reader")
        await reader.connect(port)
        await reader.subscribe("a/+/c")
        await reader.leave()
        writer = Client("writer")
        await writer.connect(port)
        await writer.publish("a/b/c", "kept")
        await writer.publish("a/x/c", "shown", retain=True)
        await writer.leave()
    async with Broker(port, state) as second:
        reader = Client("reader")
        assert await reader.connect(second.port) is True
        assert await reader.payloads(2) == [b"kept", b"shown"]
        other = Client("other")
        await other.connect(second.port)
        await other.subscribe("#")
        message = await other.get(other.messages)
        assert (message.topic, message.payload, message.retain) == ("a/x/c", b"shown", True)
        await reader.leave()
        await other.leave()


async def test_a_session_is_forgotten_after_its_expiry(broker: Broker) -> None:
    reader = Client("reader")
    await reader.connect(broker.port, expiry=0)
    await reader.subscribe("a")
    await reader.leave()
    assert "reader" not in broker.memory.sessions


async def test_an_empty_retained_message_deletes(broker: Broker) -> None:
    writer = Client("writer")
    await writer.connect(broker.port)
    await writer.publish("a", "x", retain=True)
    assert set(broker.memory.retained) == {"a"}
    await writer.publish("a", "", retain=True)
    assert not broker.memory.retained
    await writer.leave()


async def test_a_full_queue_refuses_instead_of_lying(
    broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("simulators.mqtt_session.QUEUE_MAX", 2)
    broker.memory.sessions["away"] = Session("away", 3600, {"a": 1})
    writer = Client("writer")
    await writer.connect(broker.port)
    answers = [await writer.publish("a", f"{number}") for number in range(3)]
    assert [answer.is_failure for answer in answers] == [False, False, True]
    assert len(broker.memory.sessions["away"].queue) == 2
    await writer.leave()


@pytest.mark.slow
async def test_a_second_client_of_the_same_name_takes_over(broker: Broker) -> None:
    first = Client("same")
    first.paho.reconnect_delay_set(60, 60)
    await first.connect(broker.port)
    second = Client("same")
    assert await second.connect(broker.port) is True
    await second.subscribe("a")
    await second.publish("a", "x")
    assert await second.payloads(1) == [b"x"]
    await first.leave()
    await second.leave()


async def test_shared_subscriptions_are_refused_and_qos_2_granted_as_1(broker: Broker) -> None:
    client = Client("client")
    await client.connect(broker.port)
    assert (await client.subscribe("$share/g/a"))[0].value == 0x9E
    assert (await client.subscribe("a", qos=2))[0].value == 1
    await client.leave()


@pytest.mark.slow
async def test_a_silent_client_is_closed_and_its_will_sent(broker: Broker) -> None:
    watcher = Client("watcher")
    await watcher.connect(broker.port)
    await watcher.subscribe("will")
    silent = Client("silent")
    silent.paho.will_set("will", "gone", qos=1)
    await silent.connect(broker.port)
    silent.paho.loop_stop()
    later = asyncio.get_running_loop().time() + 100
    [link] = [one for one in broker._connections if one.will is not None]
    link.check(later)
    assert await watcher.payloads(1) == [b"gone"]
    await watcher.leave()


@pytest.mark.parametrize(
    ("pattern", "topic", "expected"),
    [
        ("a/b", "a/b", True),
        ("a/+", "a/b", True),
        ("a/+", "a/b/c", False),
        ("a/#", "a", True),
        ("a/#", "a/b/c", True),
        ("+/+", "/b", True),
        ("#", "$SYS/x", False),
        ("+/x", "$SYS/x", False),
        ("$SYS/#", "$SYS/x", True),
        ("a", "a/b", False),
    ],
)
def test_filters_match_as_specified(pattern: str, topic: str, expected: bool) -> None:
    assert matches(pattern, topic) is expected


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("a/#", True),
        ("#", True),
        ("+/b", True),
        ("a#", False),
        ("#/a", False),
        ("a+/b", False),
        ("", False),
    ],
)
def test_wildcards_stand_alone(pattern: str, expected: bool) -> None:
    assert valid_filter(pattern) is expected


def test_packets_are_cut_from_a_stream_at_any_place() -> None:
    stream = codec.publish(Message("a/b", b"x" * 300, 1), 5, 7) + codec.packet(12, b"")
    buffer, found = bytearray(), []
    for byte in stream:
        buffer.append(byte)
        while (packet := codec.take_packet(buffer)) is not None:
            found.append(packet)
    assert [kind for kind, _, _ in found] == [codec.PUBLISH, codec.PINGREQ]
    assert codec.read_publish(found[0][2], found[0][1], 5) == (7, Message("a/b", b"x" * 300, 1))


@pytest.mark.parametrize("content", [b"", b"\x00", b"\x00\x04MQTT", b"\x00\x04MQTT\x05\x02\x00"])
def test_a_short_packet_is_a_protocol_error(content: bytes) -> None:
    with pytest.raises(codec.ProtocolError):
        codec.read_connect(content)


def test_packet_numbers_skip_those_in_flight() -> None:
    session = Session("one")
    session.inflight = {1: Message("a", b"", 1), 2: Message("a", b"", 1)}
    assert session._free_number() == 3
    session.number = 0xFFFF
    assert session._free_number() == 3


def test_routing_takes_the_highest_granted_qos() -> None:
    memory = Memory()
    memory.sessions["one"] = Session("one", 10, {"a/#": 0, "a/b": 1})
    memory.route(Message("a/b", b"x", 1))
    assert [message.qos for message in memory.sessions["one"].queue] == [1]
