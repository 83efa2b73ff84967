"""What happens to MQTT messages when something breaks. Real mosquitto, or a scripted broker."""

from __future__ import annotations

import asyncio
import random
import threading
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import Any

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from adapters.mqtt.adapter import MqttAdapter
from adapters.mqtt.config import MqttSource
from adapters.mqtt.handover import BURSTS_MAX
from adapters.mqtt.memory import new_memory
from adapters.mqtt.packets import varint
from gateway.core.clock import SystemClock
from gateway.core.errors import SourceError, SourceRejected, SourceUnavailable
from gateway.core.records import GapReason
from gateway.ops.health import DeviceHealth
from simulators.listening import stop_listening
from tests.services.mosquitto import Mosquitto, make_broker
from tests.unit.mqtt.support import (
    WAIT_S,
    MemoryIntake,
    Running,
    published,
    running,
    source_of,
)

__all__ = ["make_broker"]
Make = Callable[..., Mosquitto]


def numbered(count: int, start: int = 0) -> list[tuple[str, bytes]]:
    return [("cell/1", b'{"n":%d}' % n) for n in range(start, start + count)]


def cell(port: int, **others: Any) -> MqttSource:
    return source_of({"n": ("cell/1", "$.n")}, port=port, **others)


async def connected_again(source: MqttSource, intake: MemoryIntake, health: DeviceHealth) -> None:
    """Do what the runner does: run one adapter after the other."""
    memory = new_memory(source)
    while True:
        with suppress(SourceError):
            await MqttAdapter(source, health, SystemClock(), memory).run(intake)
        await asyncio.sleep(0.05)


@pytest.mark.service
@pytest.mark.invariant("I1")
async def test_nothing_is_acknowledged_before_it_is_durable(make_broker: Make) -> None:
    broker = make_broker()
    blocked = MemoryIntake()
    blocked.gate.clear()
    async with running(cell(broker.port), blocked) as run:
        await published(broker.port, numbered(50))
        await run.until(lambda: len(blocked.waiting) >= 1)
        connection = run.adapter._connection
        assert connection is not None
        await run.until(lambda: connection._unsettled == 50)
        connection.fail(SourceUnavailable("cut", ""))  # the gateway ends before the commit
    async with running(cell(broker.port), MemoryIntake()) as again:
        await again.until(lambda: len(again.intake.values) >= 50)
    assert again.intake.values == list(range(50))  # so the broker still had all of them


@pytest.mark.service
async def test_what_is_durable_is_acknowledged_and_does_not_come_back(make_broker: Make) -> None:
    broker = make_broker()
    async with running(cell(broker.port)) as run:
        await published(broker.port, numbered(50))
        await run.until(lambda: len(run.intake.values) >= 50)
    async with running(cell(broker.port)) as again:
        await published(broker.port, numbered(1, 50))
        await again.until(lambda: again.intake.values)
    assert again.intake.values == [50]


@pytest.mark.service
@pytest.mark.invariant("I9")
async def test_waiting_for_the_disk_reads_on_up_to_the_receive_maximum(make_broker: Make) -> None:
    broker = make_broker()
    blocked = MemoryIntake()
    blocked.gate.clear()
    async with running(cell(broker.port, receive_maximum=40), blocked) as run:
        await published(broker.port, numbered(300))
        connection = run.adapter._connection
        assert connection is not None
        await run.until(lambda: connection._unsettled == 40)
        await asyncio.sleep(0.2)
        assert connection._unsettled == 40
        assert not connection.held
        blocked.gate.set()
        await run.until(lambda: len(blocked.values) >= 300)
    assert blocked.values == list(range(300))


@pytest.mark.service
async def test_an_old_broker_and_quality_of_service_0_are_held_back_too(make_broker: Make) -> None:
    broker = make_broker(extra=["max_inflight_messages 0"])
    blocked = MemoryIntake()
    blocked.gate.clear()
    source = cell(broker.port, receive_maximum=40, version=4)
    async with running(source, blocked) as run:
        connection = run.adapter._connection
        assert connection is not None
        for start in range(0, 3_000, 100):
            await published(broker.port, numbered(100, start))
        await run.until(lambda: connection.held)
        held = connection._unsettled
        await published(broker.port, numbered(500, 3_000))
        assert connection._unsettled == held < 3_000
        blocked.gate.set()
        await run.until(lambda: len(blocked.values) >= 3_500)
    assert blocked.values == list(range(3_500))


@pytest.mark.service
async def test_deliveries_overlap_and_settle_in_the_order_of_receipt(make_broker: Make) -> None:
    broker = make_broker()
    lock = random.Random(7)

    class Uneven(MemoryIntake):
        async def deliver(self, items: object) -> None:
            await asyncio.sleep(lock.random() * 0.05)
            await super().deliver(items)  # type: ignore[arg-type]

    async with running(cell(broker.port), Uneven()) as run:
        connection = run.adapter._connection
        assert connection is not None
        settled: list[int] = []
        settle = connection.settle

        def noted(reads: object) -> None:
            settled.extend(
                int.from_bytes(message[2][2:], "big")
                for read in reads  # type: ignore[attr-defined]
                for message in read.messages
            )
            settle(reads)  # type: ignore[arg-type]

        connection.settle = noted  # type: ignore[method-assign]
        for start in range(0, 600, 20):
            await published(broker.port, numbered(20, start))
        await run.until(lambda: len(settled) >= 600)
    assert settled == sorted(settled)
    assert sorted(run.intake.values) == list(range(600))


JOIN_S = 30.0


class Producer(threading.Thread):
    """Publishes numbers with QoS 1 and notes which ones the broker accepted by its PUBACK.

    No lock: paho calls back while it holds one that `publish` waits for.
    """

    def __init__(self, port: int) -> None:
        super().__init__(daemon=True)
        self.client = paho.Client(
            CallbackAPIVersion.VERSION2, client_id="cell", clean_session=False
        )
        self.client.reconnect_delay_set(1, 1)
        self.client.on_publish = self._accepted
        self.client.connect("127.0.0.1", port)
        self.numbers: dict[int, int] = {}
        self.answered: deque[int] = deque()
        self.stopped = threading.Event()

    @property
    def accepted(self) -> set[int]:
        """Give the accepted numbers; a packet id is used once in the time of a test."""
        return {self.numbers[mid] for mid in tuple(self.answered) if mid in self.numbers}

    def _accepted(self, client: object, userdata: object, mid: int, *_: object) -> None:
        self.answered.append(mid)

    def run(self) -> None:
        self.client.loop_start()
        number = 0
        while not self.stopped.wait(0.002):
            info = self.client.publish("cell/1", b'{"n":%d}' % number, 1)
            self.numbers[info.mid] = number
            number += 1
        self.client.loop_stop()


@asynccontextmanager
async def producing(port: int) -> AsyncIterator[Producer]:
    """Publish while the block runs."""
    producer = Producer(port)
    producer.start()
    try:
        yield producer
    finally:
        producer.stopped.set()
        await asyncio.to_thread(producer.join, JOIN_S)


@pytest.mark.service
async def test_a_broker_that_restarts_loses_nothing_it_had_accepted(make_broker: Make) -> None:
    broker = make_broker()
    intake, health = MemoryIntake(), DeviceHealth("cell", 1)
    task = asyncio.create_task(connected_again(cell(broker.port), intake, health))
    run = Running(cell(broker.port), intake, health)
    await run.until(lambda: health.connects)
    async with producing(broker.port) as producer:
        await asyncio.sleep(0.7)
        broker.stop()
        await asyncio.sleep(0.3)
        broker.start()
        await run.until(lambda: health.connects >= 2)
        await asyncio.sleep(2.0)
    await run.until(lambda: producer.accepted <= set(intake.values))
    task.cancel()
    await asyncio.wait([task])
    assert len(producer.accepted) > 300
    assert not intake.gaps
    assert health.note == "MQTT 5, session resumed"


@pytest.mark.service
@pytest.mark.invariant("I6")
async def test_a_broker_that_is_killed_before_it_saved_the_session_is_a_gap(
    make_broker: Make,
) -> None:
    broker = make_broker()
    intake, health = MemoryIntake(last=1_000), DeviceHealth("cell", 1, connects=1)
    async with running(cell(broker.port), intake, health) as run:
        await published(broker.port, numbered(10))
        await run.until(lambda: len(intake.values) >= 10)
        broker.kill()
        await run.until(lambda: run.error is not None)
    broker.start()
    lost = intake.gaps[:]
    async with running(cell(broker.port), intake, health) as run:
        await run.until(lambda: len(intake.gaps) > len(lost))
    assert intake.gaps[-1].reason is GapReason.DISCONNECTED


@pytest.mark.service
async def test_a_broker_that_is_killed_after_it_saved_gives_back_what_it_saved(
    make_broker: Make,
) -> None:
    broker = make_broker()
    async with running(cell(broker.port)):
        pass
    await published(broker.port, numbered(200))
    broker.save()
    broker.kill()
    broker.start()
    async with running(cell(broker.port)) as run:
        await run.until(lambda: len(run.intake.values) >= 200)
    assert run.intake.values == list(range(200))
    assert not run.intake.gaps


@pytest.mark.service
async def test_a_gateway_that_dies_at_any_moment_loses_nothing(make_broker: Make) -> None:
    broker = make_broker()
    durable = MemoryIntake()
    async with running(cell(broker.port)):
        pass
    async with producing(broker.port) as producer:
        for _ in range(6):
            adapter = MqttAdapter(
                cell(broker.port),
                DeviceHealth("cell", 1),
                SystemClock(),
                new_memory(cell(broker.port)),
            )
            task = asyncio.create_task(adapter.run(durable))
            await asyncio.sleep(random.uniform(0.05, 0.3))
            if adapter._connection is not None and adapter._connection._transport is not None:
                adapter._connection._transport.abort()  # as the kernel does for a killed process
            task.cancel()
            await asyncio.wait([task])
    async with running(cell(broker.port), durable) as run:
        await run.until(lambda: producer.accepted <= set(durable.values))
    again = Counter(durable.values)
    assert max(again.values()) <= 6


@pytest.mark.service
async def test_a_cancel_lets_what_was_received_become_durable(make_broker: Make) -> None:
    broker = make_broker()
    slow = MemoryIntake()
    slow.gate.clear()
    async with running(cell(broker.port), slow) as run:
        await published(broker.port, numbered(100))
        connection = run.adapter._connection
        assert connection is not None
        await run.until(lambda: connection._unsettled == 100)
        asyncio.get_running_loop().call_later(0.2, slow.gate.set)
    assert slow.values == list(range(100))
    async with running(cell(broker.port)) as again:
        await published(broker.port, numbered(1, 100))
        await again.until(lambda: again.intake.values)
    assert again.intake.values == [100]


@pytest.mark.service
async def test_a_disk_that_never_answers_does_not_keep_an_adapter_from_ending(
    make_broker: Make,
) -> None:
    broker = make_broker()
    blocked = MemoryIntake()
    blocked.gate.clear()
    async with asyncio.timeout(5), running(cell(broker.port), blocked) as run:
        await published(broker.port, numbered(20))
        await run.until(lambda: blocked.waiting)
    assert len(blocked.items) == 0


@pytest.mark.service
async def test_a_broker_that_stops_answering_is_noticed(make_broker: Make) -> None:
    broker = make_broker()
    clock = SystemClock()
    async with running(cell(broker.port, keepalive_s=1.0)) as run:
        await asyncio.sleep(1.2)  # silent but alive: the pings are answered
        assert not run.over
        broker.pause()
        began = clock.monotonic()
        await run.until(lambda: run.over)
        spent = clock.monotonic() - began
        broker.go_on()
    assert run.error is not None
    assert run.error.reason == "half-open"
    assert spent <= 60.0  # TCP itself would take a quarter of an hour; how fast is a benchmark's


@pytest.mark.service
async def test_two_clients_with_one_id_do_not_throw_each_other_out_for_ever(
    make_broker: Make,
) -> None:
    broker = make_broker()
    source = cell(broker.port, client_id="twin")
    errors: list[SourceError] = []
    memory = new_memory(source)
    for _ in range(3):
        async with running(source, memory=memory) as one:
            async with running(replace(source, device="other")):
                await one.until(lambda run=one: run.error is not None)
            assert one.error is not None
            errors.append(one.error)
    assert [type(error) for error in errors] == [SourceUnavailable] * 2 + [SourceRejected]
    assert "twin" in errors[-1].detail  # the runner tries again slowly, and says why


class ScriptedBroker:
    """Answers CONNECT and SUBSCRIBE as told, then sends whatever bytes a test wants."""

    def __init__(self, connack: bytes, wave: bytes = b"", codes: bytes = b"\x01") -> None:
        self.connack = connack
        self.wave = wave
        self.codes = codes
        self.heard = bytearray()
        self.connections = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            connect = await self._packet(reader)
            v5 = connect[6:7] == b"\x05"
            writer.write(self.connack)
            subscribe = await self._packet(reader)
            body = subscribe[:2] + (b"\x00" if v5 else b"") + self.codes
            writer.write(b"\x90" + varint(len(body)) + body + self.wave)
            while data := await reader.read(4_096):
                self.heard += data
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _packet(self, reader: asyncio.StreamReader) -> bytes:
        await reader.readexactly(1)
        length, shift = 0, 0
        while True:
            (digit,) = await reader.readexactly(1)
            length |= (digit & 0x7F) << shift
            shift += 7
            if digit < 0x80:
                return await reader.readexactly(length)


@asynccontextmanager
async def scripted(*arguments: bytes) -> AsyncIterator[tuple[ScriptedBroker, int]]:
    """Run a scripted broker."""
    broker = ScriptedBroker(*arguments)
    server = await asyncio.start_server(broker.serve, "127.0.0.1", 0)
    try:
        yield broker, server.sockets[0].getsockname()[1]
    finally:
        await stop_listening(server)


V5_WELCOME, V311_WELCOME = b"\x20\x03\x00\x00\x00", b"\x20\x02\x00\x00"
MESSAGE = b'\x32\x12\x00\x06cell/1\x00\x07\x00{"n":1}'[:20]


async def ended(port: int, **others: Any) -> tuple[SourceError, MemoryIntake]:
    """Run one connection to its end."""
    run = Running(cell(port, **others), MemoryIntake(), DeviceHealth("cell", 1))
    async with asyncio.timeout(WAIT_S):
        await run.run()
    assert run.error is not None
    return run.error, run.intake


@pytest.mark.parametrize(
    ("wave", "reason", "code"),
    [
        (b"\x00\x00", "malformed-packet", 0x81),
        (b"\xf0\x00", "protocol-error", 0x82),
        (b"\x10\x00", "protocol-error", 0x82),
        (b"\x30\xff\xff\xff\xff\x7f", "malformed-packet", 0x81),
        (b"\x32\x05\x00\x01t\x00\x00", "malformed-packet", 0x81),
        (b"\x30\x06\x00\x00\x03\x23\x00\x01", "topic-alias-invalid", 0x94),
    ],
)
async def test_a_malformed_packet_ends_the_connection_with_its_reason(
    wave: bytes, reason: str, code: int
) -> None:
    async with scripted(V5_WELCOME, MESSAGE + wave) as (broker, port):
        error, intake = await ended(port)
    assert isinstance(error, SourceUnavailable)
    assert error.reason == reason
    assert intake.values == [1]  # what came before it was good
    assert bytes((0xE0, 0x01, code)) in broker.heard


@pytest.mark.parametrize(
    ("code", "kind", "reason"),
    [
        (0x8B, SourceUnavailable, "server-shutting-down"),
        (0x8E, SourceRejected, "session-taken-over"),
        (0x87, SourceRejected, "not-authorized"),
        (0x00, SourceUnavailable, "closed-by-broker"),
    ],
)
async def test_a_broker_that_says_goodbye_is_understood(
    code: int, kind: type[SourceError], reason: str
) -> None:
    async with scripted(V5_WELCOME, bytes((0xE0, 0x01, code))) as (_, port):
        error, _ = await ended(port)
    assert (type(error), error.reason) == (kind, reason)


@pytest.mark.parametrize(
    ("connack", "kind", "reason"),
    [
        (b"\x20\x03\x00\x88\x00", SourceUnavailable, "server-unavailable"),
        (b"\x20\x03\x00\x85\x00", SourceRejected, "client-id-not-valid"),
        (b"\x20\x03\x00\x86\x00", SourceRejected, "bad-user-or-password"),
        (b"\x20\x02\x00\x03", SourceUnavailable, "server-unavailable"),
        (b"\x20\x02\x00\x05", SourceRejected, "not-authorized"),
        (b"\x20\x00", SourceUnavailable, "malformed-packet"),
        (b"\x20\x03\x00\x00\x05", SourceUnavailable, "malformed-packet"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", SourceUnavailable, "malformed-packet"),
    ],
)
async def test_a_refused_connect_says_whether_a_person_must_act(
    connack: bytes, kind: type[SourceError], reason: str
) -> None:
    async with scripted(connack) as (_, port):
        error, _ = await ended(port, connect_timeout_s=2.0)
    assert (type(error), error.reason) == (kind, reason)


@pytest.mark.parametrize("refusal", [b"\x20\x02\x00\x01", b"\x20\x03\x00\x84\x00"])
async def test_a_broker_that_knows_no_version_5_is_asked_with_3_1_1(refusal: bytes) -> None:
    async with scripted(refusal) as (broker, port):
        error, _ = await ended(port)
        assert broker.connections == 2
        assert error.reason in {"unsupported-protocol-version", "malformed-packet"}
        error, _ = await ended(port, version=5)
        assert broker.connections == 3
        assert isinstance(error, SourceRejected)


async def test_a_suback_with_another_number_of_codes_ends_the_connection() -> None:
    async with scripted(V5_WELCOME, b"", b"\x01\x01") as (_, port):
        error, _ = await ended(port)
    assert error.reason == "protocol-error"


async def test_quality_of_service_2_of_an_older_session_is_brought_to_an_end() -> None:
    publish = b"\x34" + MESSAGE[1:]
    async with scripted(V5_WELCOME, publish + b"\x62\x02\x00\x07") as (broker, port):
        run = Running(cell(port), MemoryIntake(), DeviceHealth("cell", 1))
        task = asyncio.create_task(run.run())
        await run.until(lambda: b"\x70\x02\x00\x07" in broker.heard and run.intake.values)
        await run.until(lambda: b"\x50\x02\x00\x07" in broker.heard)
        task.cancel()
        await asyncio.wait([task])


async def test_a_new_session_whose_subscriptions_failed_is_still_a_gap_next_time() -> None:
    health, intake = DeviceHealth("cell", 1), MemoryIntake(last=1_000)
    async with scripted(V5_WELCOME, b"", b"") as (_, port):
        await Running(cell(port, client_id="x"), intake, health).run()
    async with (
        scripted(b"\x20\x03\x01\x00\x00") as (_, port),
        running(cell(port, client_id="x"), intake, health) as run,
    ):
        await run.until(lambda: intake.gaps)
    assert intake.gaps[0].start <= 1_000


@pytest.mark.slow
@pytest.mark.service
async def test_many_reconnects_leave_nothing_behind(make_broker: Make) -> None:
    broker = make_broker()
    source = replace(cell(broker.port), keepalive_s=5.0)
    health = DeviceHealth("cell", 1)
    before = len(asyncio.all_tasks())
    for _ in range(300):
        async with running(source, health=health):
            pass
    assert len(asyncio.all_tasks()) == before
    assert health.connects == 300


@pytest.mark.invariant("I9")
def test_the_bursts_under_way_are_bounded() -> None:
    assert BURSTS_MAX <= 16
