"""Sources and messages for the tests of this room."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from adapters.mqtt.adapter import MqttAdapter
from adapters.mqtt.config import MqttItem, MqttSource
from adapters.mqtt.decode import Decoder
from adapters.mqtt.framing import Read
from adapters.mqtt.memory import Memory, new_memory
from gateway.core.clock import SystemClock
from gateway.core.errors import SourceError
from gateway.core.records import Batch, Gap, Rejected
from gateway.core.signals import PlanTable, Signal
from gateway.core.types import UnixNs
from gateway.ops.health import DeviceHealth

AT = UnixNs(1_795_439_647_817_927_000)


def plan_of(names: list[str], types: dict[str, str] | None = None) -> PlanTable:
    """Give a plan table with these signal names."""
    signals = (
        Signal(
            index, "cell", name, "t", "aas", "asset", "sm", "OperationalData", "", name,
            value_type=(types or {}).get(name),
        )
        for index, name in enumerate(names)
    )  # fmt: skip
    return PlanTable("cell", tuple(signals))


def source_of(
    items: Mapping[str, tuple[str, str | None]],
    *,
    types: dict[str, str] | None = None,
    port: int = 1883,
    **others: Any,
) -> MqttSource:
    """Give a source whose items are name: (topic, JSON path or None for text)."""
    return MqttSource(
        device="cell",
        host="127.0.0.1",
        port=port,
        plan=plan_of(list(items), types),
        items=tuple(
            MqttItem(index, topic, path, text=path is None)
            for index, (topic, path) in enumerate(items.values())
        ),
        client_id=others.pop("client_id", "gateway-cell"),
        **others,
    )


def decoder_of(source: MqttSource) -> tuple[Decoder, DeviceHealth]:
    """Give a decoder and the health it writes to."""
    health = DeviceHealth("cell", len(source.items))
    return Decoder(source, health), health


def read_of(*messages: tuple[str, bytes]) -> list[Read]:
    """Give messages as if they had arrived together."""
    taken = [(topic.encode(), payload, b"") for topic, payload in messages]
    return [Read(AT, taken, 0)]


def samples_of(items: list[Any]) -> list[tuple[str, int, Any]]:
    """Give (signal, source time, value) of all batches; a Bad sample is None."""
    found: list[tuple[str, int, Any]] = []
    for batch in items:
        if not isinstance(batch, Batch):
            continue
        values = batch.values if isinstance(batch.values, list) else batch.values.tolist()
        bad = [False] * len(batch) if batch.status is None else (batch.status != 0).tolist()
        names = [batch.plan.signals[index].name for index in batch.signals.tolist()]
        for name, time, value, none in zip(names, batch.times.tolist(), values, bad, strict=True):
            found.append((name, time, None if none else value))
    return found


def rejected_of(items: list[Any]) -> list[Rejected]:
    """Give what could not be read."""
    return [item for item in items if isinstance(item, Rejected)]


WAIT_S = 60.0


class MemoryIntake:
    """Keeps what is delivered; durable at once, or when `gate` is opened."""

    def __init__(self, last: int | None = None) -> None:
        self.items: list[Batch | Gap | Rejected] = []
        self.waiting: list[Batch | Gap | Rejected] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.last = last

    async def deliver(self, items: Sequence[Batch | Gap | Rejected]) -> None:
        self.waiting += items
        await self.gate.wait()
        for item in items:
            self.waiting.remove(item)
        self.items += items

    def last_received(self) -> UnixNs | None:
        return None if self.last is None else UnixNs(self.last)

    @property
    def values(self) -> list[Any]:
        """Give all durable values in order of delivery."""
        return [value for _, _, value in samples_of(self.items)]

    @property
    def gaps(self) -> list[Gap]:
        """Give all gaps."""
        return [item for item in self.items if isinstance(item, Gap)]


class Running:
    """An adapter whose one connection runs."""

    def __init__(
        self,
        source: MqttSource,
        intake: MemoryIntake,
        health: DeviceHealth,
        memory: Memory | None = None,
    ) -> None:
        self.intake = intake
        self.health = health
        self.memory = memory or new_memory(source)
        self.adapter = MqttAdapter(source, health, SystemClock(), self.memory)
        self.error: SourceError | None = None

    @property
    def over(self) -> bool:
        """Tell whether the connection has ended by itself."""
        return self.error is not None

    async def run(self) -> None:
        """Run to the end of the connection and keep the reason."""
        try:
            await self.adapter.run(self.intake)
        except SourceError as error:
            self.error = error

    async def until(self, condition: Any) -> None:
        """Wait for a condition."""
        async with asyncio.timeout(WAIT_S):
            while not condition():
                await asyncio.sleep(0.01)


@asynccontextmanager
async def running(
    source: MqttSource,
    intake: MemoryIntake | None = None,
    health: DeviceHealth | None = None,
    memory: Memory | None = None,
) -> AsyncIterator[Running]:
    """Run an adapter until the block ends; enters once it is connected.

    Without the `memory` of another connection it begins as in a new process.
    """
    health = health or DeviceHealth("cell", len(source.items))
    connects = health.connects
    run = Running(source, intake or MemoryIntake(), health, memory)
    task = asyncio.create_task(run.run())
    try:
        await run.until(lambda: health.connects > connects or task.done())
        if run.error is not None:
            raise run.error
        yield run
    finally:
        task.cancel()
        await asyncio.wait([task])
    if not task.cancelled():
        task.result()


def publish(
    port: int, messages: Iterable[tuple[str, bytes | str]], *, retain: bool = False, **login: str
) -> int:
    """Publish with QoS 1, wait for every PUBACK, and give their number."""
    client = paho.Client(CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5)
    if login:
        client.username_pw_set(login["user"], login["password"])
    client.connect("127.0.0.1", port)
    client.loop_start()
    sent = [client.publish(topic, payload, 1, retain) for topic, payload in messages]
    for info in sent:
        info.wait_for_publish(WAIT_S)
    client.disconnect()
    client.loop_stop()
    return sum(info.is_published() for info in sent)


async def published(port: int, messages: Iterable[tuple[str, bytes | str]], **more: Any) -> int:
    """Publish beside the loop."""
    return await asyncio.to_thread(publish, port, list(messages), **more)
