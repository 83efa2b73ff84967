"""CPU of receiving one QoS 1 message with five values: this adapter, and paho in the same run.

    python -m tests.bench.mqtt_bench [--rate 2000] [--messages 20000] [--loop uvloop|asyncio]

Broker and publisher are processes of their own and are not counted. The adapter receives, decodes
to columns, delivers to an intake that answers after 2 ms, and acknowledges; paho receives and
acknowledges, and its callback only counts.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import selectors
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from adapters.mqtt.adapter import MqttAdapter
from adapters.mqtt.config import MqttItem, MqttSource
from adapters.mqtt.connection import GATHER_S
from adapters.mqtt.memory import new_memory
from adapters.mqtt.packets import V311, Hello, connect
from gateway.core.clock import SystemClock
from gateway.core.records import Batch, Gap, Rejected
from gateway.core.signals import PlanTable, Signal
from gateway.core.types import UnixNs
from gateway.ops.health import DeviceHealth
from tests.services.mosquitto import Mosquitto

TOPIC = "factory/cell/press-01"
NAMES = ("temperature", "pressure", "power", "speed", "position")
DURABLE_AFTER_S = 0.002
READY = "ready"


def payload(number: int) -> bytes:
    """Give one message: a time in ms and five numbers."""
    values = {name: 20.0 + place + number % 1000 / 8 for place, name in enumerate(NAMES)}
    return json.dumps({"ts": 1_795_439_647_000 + number, **values}).encode()


def source(port: int) -> MqttSource:
    """Give the description of the cell behind the broker."""
    signals = tuple(
        Signal(i, "cell", name, TOPIC, "aas", "asset", "sm", "OperationalData", "", name)
        for i, name in enumerate(NAMES)
    )
    items = tuple(MqttItem(i, TOPIC, f"$.{name}") for i, name in enumerate(NAMES))
    plan = PlanTable("cell", signals)
    return MqttSource("cell", "127.0.0.1", port, plan, items, "bench", time_json="$.ts")


class CountingIntake:
    """Counts samples; durable a moment later, as a group commit is."""

    def __init__(self, wanted: int) -> None:
        self.wanted = wanted * len(NAMES)
        self.samples = self.calls = 0
        self.began: float | None = None
        self.cpu = 0.0
        self.done = asyncio.Event()

    async def deliver(self, items: Sequence[Batch | Gap | Rejected]) -> None:
        if self.began is None:
            self.began = time.process_time()
        self.calls += 1
        self.samples += sum(len(item) for item in items if isinstance(item, Batch))
        await asyncio.sleep(DURABLE_AFTER_S)
        if self.samples >= self.wanted:
            self.cpu = time.process_time() - self.began
            self.done.set()

    def last_received(self) -> UnixNs | None:
        return None


async def receive_adapter(port: int, messages: int) -> tuple[float, int]:
    """Give CPU seconds and the number of bursts."""
    intake, health = CountingIntake(messages), DeviceHealth("cell", len(NAMES))
    async with asyncio.TaskGroup() as group:
        wanted = source(port)
        adapter = MqttAdapter(wanted, health, SystemClock(), new_memory(wanted))
        run = group.create_task(adapter.run(intake))
        while not health.connects:
            await asyncio.sleep(0.01)
        print(READY, flush=True)
        await intake.done.wait()
        run.cancel()
    return intake.cpu, intake.calls


class _Counter:
    def __init__(self, client: paho.Client, wanted: int) -> None:
        self.left = wanted
        self.began: float | None = None
        self.cpu = 0.0
        client.on_message = self.on_message
        client.on_subscribe = self.on_subscribe

    def on_message(self, client: paho.Client, _: Any, message: paho.MQTTMessage) -> None:
        if self.began is None:
            self.began = time.process_time()
        client.ack(message.mid, message.qos)
        self.left -= 1
        if not self.left:
            self.cpu = time.process_time() - self.began

    def on_subscribe(self, *_: Any) -> None:
        print(READY, flush=True)


def _paho_client(kind: type[paho.Client]) -> paho.Client:
    return kind(
        CallbackAPIVersion.VERSION2,
        client_id="bench",
        protocol=paho.MQTTv5,
        manual_ack=True,
    )


def receive_paho(port: int, messages: int) -> float:
    """Give CPU seconds of paho as it comes."""
    client = _paho_client(paho.Client)
    counter = _Counter(client, messages)
    client.connect("127.0.0.1", port)
    client.subscribe(TOPIC, 1)
    while counter.left:
        client.loop(0.1)
    return counter.cpu


class BufferedSocket:
    """What paho reads byte by byte comes out of one read; what it writes waits for one write."""

    def __init__(self, inner: socket.socket) -> None:
        self.inner = inner
        self.pending = bytearray()
        self.place = 0
        self.out = bytearray()

    def fill(self) -> None:
        """Read what is there."""
        del self.pending[: self.place]
        self.place = 0
        data = self.inner.recv(65_536)
        if not data:
            raise ConnectionError
        self.pending += data

    def recv(self, size: int) -> bytes:
        if self.place == len(self.pending):
            raise BlockingIOError
        data = bytes(self.pending[self.place : self.place + size])
        self.place += len(data)
        return data

    def send(self, data: bytes) -> int:
        self.out += data
        return len(data)

    def flush(self) -> None:
        """Write what was collected."""
        if self.out:
            self.inner.sendall(self.out)
            self.out.clear()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


class BufferedPaho(paho.Client):
    """paho over a `BufferedSocket`."""

    def _create_socket(self) -> Any:
        return BufferedSocket(cast("socket.socket", super()._create_socket()))


def receive_paho_buffered(port: int, messages: int) -> float:
    """Give CPU seconds of paho when reads and acknowledgements are coalesced as ours are."""
    client = _paho_client(BufferedPaho)
    counter = _Counter(client, messages)
    client.connect("127.0.0.1", port)
    buffered: Any = client.socket()
    client.subscribe(TOPIC, 1)
    buffered.flush()
    selector = selectors.DefaultSelector()
    selector.register(buffered.inner, selectors.EVENT_READ)
    while counter.left:
        if selector.select(1.0):
            buffered.fill()
            while buffered.place < len(buffered.pending):
                client.loop_read()
            while client.want_write():
                client.loop_write()
            buffered.flush()
            time.sleep(GATHER_S)
    return counter.cpu


def publish(port: int, messages: int, rate: float) -> None:
    """Publish over a plain socket at an even pace; PUBACKs are read and thrown away."""
    topic = TOPIC.encode()
    with socket.create_connection(("127.0.0.1", port)) as wire:
        wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        wire.sendall(connect(Hello(V311, "publisher", 600, True, 0, 1)))
        wire.recv(4)
        began = time.perf_counter()
        wire.setblocking(False)
        for number in range(messages):
            body = len(topic).to_bytes(2, "big") + topic + (number % 65_535 + 1).to_bytes(2, "big")
            body += payload(number)
            wire.setblocking(True)
            length = bytes((len(body) & 0x7F | 0x80, len(body) >> 7))
            wire.sendall(b"\x32" + (length if len(body) > 127 else bytes((len(body),))) + body)
            ahead = began + (number + 1) / rate - time.perf_counter()
            if ahead > 0:
                time.sleep(ahead)
            wire.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                wire.recv(65_536)
        wire.setblocking(True)
        time.sleep(2)


def measure(kind: str, port: int, messages: int, loop: str) -> dict[str, float]:
    """Run one receiver in this process."""
    if kind == "adapter":
        if loop == "uvloop":
            import uvloop

            cpu, bursts = uvloop.run(receive_adapter(port, messages))
        else:
            cpu, bursts = asyncio.run(receive_adapter(port, messages))
        return {"us": cpu / messages * 1e6, "bursts": bursts}
    receive = receive_paho if kind == "paho" else receive_paho_buffered
    return {"us": receive(port, messages) / messages * 1e6}


def compare(messages: int, rate: float, loop: str) -> None:
    """Measure all receivers one after the other, each with a fresh broker."""
    module = [sys.executable, "-m", "tests.bench.mqtt_bench", "--loop", loop]
    module += ["--messages", str(messages), "--rate", str(rate)]
    for kind in ("adapter", "paho-buffered", "paho"):
        with tempfile.TemporaryDirectory() as folder:
            broker = Mosquitto(Path(folder), extra=["max_inflight_messages 500"])
            broker.start()
            try:
                there = [*module, "--port", str(broker.port)]
                command = [*there, "--receive", kind]
                with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as receiver:
                    assert receiver.stdout is not None
                    assert receiver.stdout.readline().strip() == READY
                    with subprocess.Popen([*there, "--publish"]) as publisher:
                        result = json.loads(receiver.stdout.readline())
                        publisher.terminate()
                bursts = (
                    f"  {messages / result['bursts']:.0f} a burst" if "bursts" in result else ""
                )
                print(
                    f"{kind:14} {rate:8.0f}/s  {result['us']:6.1f} us a message{bursts}", flush=True
                )
            finally:
                broker.stop()


def main() -> None:
    """Read the arguments and run."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rate", type=float, default=2_000)
    parser.add_argument("--messages", type=int, default=10_000)
    parser.add_argument("--loop", choices=("uvloop", "asyncio"), default="uvloop")
    parser.add_argument("--port", type=int)
    parser.add_argument("--receive", choices=("adapter", "paho", "paho-buffered"))
    parser.add_argument("--publish", action="store_true")
    given = parser.parse_args()
    if given.receive:
        print(
            json.dumps(measure(given.receive, given.port, given.messages, given.loop)), flush=True
        )
    elif given.publish:
        publish(given.port, given.messages, given.rate)
    else:
        compare(given.messages, given.rate, given.loop)


if __name__ == "__main__":
    main()
