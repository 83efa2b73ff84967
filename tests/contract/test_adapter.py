"""What every kind of adapter promises; what only one of them does stands in its own tests.

Each runs against a machine from `tests/contract/peers`, through the face of its kind alone.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import socket
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path
from subprocess import PIPE, Popen
from types import ModuleType
from typing import Any

import pytest

from gateway.app.kinds import ADAPTERS
from gateway.config.live import probe_device
from gateway.config.plan import DevicePlan
from gateway.core.clock import SystemClock
from gateway.core.errors import SourceError, SourceUnavailable
from gateway.core.kinds import AdapterContext, AnyKind
from gateway.core.polling import Polling
from gateway.core.records import Batch, Gap, Rejected
from gateway.core.types import UnixNs
from gateway.flow.line import SharedLine
from gateway.flow.poll import DevicePoll
from gateway.ops.health import DeviceHealth, DeviceState
from simulators.listening import stop_listening
from tests.contract.relay import Relay, relay_to
from tests.ports import free_port
from tests.unit.exchange.parts import folder, planned

EACH = pytest.mark.parametrize("kind", ADAPTERS, ids=lambda each: each.name)
WAIT_S = 60.0
"""Against hanging; how fast something is stands in the benchmarks."""
CLOSE_S = 5.0
"""`Adapter.run`: a cancel closes the connection within this time; a promise, not a speed."""


class Kept:
    """An intake that keeps what it is given, and may keep the giver waiting."""

    def __init__(self) -> None:
        self.items: list[Batch | Gap | Rejected] = []
        self.waiting = 0
        self.gate = asyncio.Event()
        self.gate.set()

    async def deliver(self, items: Sequence[Batch | Gap | Rejected]) -> None:
        self.waiting += 1
        await self.gate.wait()
        self.waiting -= 1
        self.items += items

    def last_received(self) -> UnixNs | None:
        return None

    @property
    def batches(self) -> list[Batch]:
        return [item for item in self.items if isinstance(item, Batch)]


class Device:
    """One device of a kind: makes adapters as the fleet does, and runs them."""

    def __init__(self, plan: DevicePlan) -> None:
        self.plan = plan
        self.clock = SystemClock()
        self.health = DeviceHealth(plan.name, len(plan.table.signals))
        self.memory = plan.kind.memory_maker()(plan.source)
        self.intake = Kept()
        self.adapter = self.made()

    def made(self) -> Any:
        polling = None
        if self.plan.kind.line(self.plan.source) is not None:
            polling = Polling(SharedLine(self.clock), DevicePoll(self.health, self.clock))
        return self.plan.kind.make_adapter(
            AdapterContext(self.plan.source, self.health, self.memory, self.clock, polling)
        )

    @asynccontextmanager
    async def running(self) -> AsyncIterator[asyncio.Task[Any]]:
        """Run one connection; at the end of the block it is cancelled and has to be gone."""
        self.adapter = self.made()
        task = asyncio.create_task(self.adapter.run(self.intake))
        try:
            yield task
        finally:
            task.cancel()
            async with asyncio.timeout(CLOSE_S):
                await asyncio.wait([task])

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(WAIT_S):
            while not condition():
                await asyncio.sleep(0.01)


def peer_of(kind: AnyKind) -> ModuleType:
    return importlib.import_module(f"tests.contract.peers.{kind.name}")


def device_at(kind: AnyKind, port: int, path: Path) -> Device:
    text = peer_of(kind).device(port)
    return Device(planned(folder(path / str(port), device=text)).devices["device"])


@pytest.fixture(scope="module")
def machines() -> Iterator[Callable[[AnyKind], int]]:
    """Start a machine of each kind once, when it is first asked for, and tell its port."""
    with ExitStack() as stack:

        @cache
        def port_of(kind: AnyKind) -> int:
            port = free_port()
            command = peer_of(kind).command(port)
            made = stack.enter_context(Popen(command, stdout=PIPE, text=True))
            stack.callback(made.terminate)
            assert made.stdout is not None
            assert json.loads(made.stdout.readline())["ready"]
            return port

        yield port_of


@pytest.fixture
async def relay(kind: AnyKind, machines: Callable[[AnyKind], int]) -> AsyncIterator[Relay]:
    """Reach a machine of the kind over a wire that can be cut."""
    async with relay_to(machines(kind)) as made:
        yield made


@pytest.fixture
def device(kind: AnyKind, relay: Relay, tmp_path: Path) -> Device:
    return device_at(kind, relay.port, tmp_path)


@asynccontextmanager
async def listening(answer: bytes | None) -> AsyncIterator[int]:
    """Listen and answer everything with this; None: take the connection and say nothing."""

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(65_536):
            if answer is not None:
                writer.write(answer)
        writer.close()

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        await stop_listening(server)


async def ended(device: Device) -> SourceError:
    """Run one connection to its end."""
    async with device.running() as task:
        await device.until(task.done)
        error = task.exception()
    assert isinstance(error, SourceError)
    return error


@EACH
async def test_values_come_with_their_plan_and_the_time_of_their_receipt(device: Device) -> None:
    before = device.clock.now()
    async with device.running():
        await device.until(lambda: device.intake.batches)
    batch = device.intake.batches[0]
    assert batch.plan is device.plan.table
    assert {int(signal) for signal in batch.signals} <= {0, 1}
    assert len(batch.signals) == len(batch.times) == len(batch.values)
    assert before <= batch.received <= device.clock.now()


@EACH
async def test_one_run_is_one_connection_and_ends_by_raising(device: Device, relay: Relay) -> None:
    async with device.running() as task:
        await device.until(lambda: device.intake.batches)
        relay.away()
        await device.until(task.done)
        assert isinstance(task.exception(), SourceUnavailable)
    assert device.health.connects == 1


@EACH
async def test_the_next_connection_goes_on_with_the_memory_of_the_last(
    device: Device, relay: Relay
) -> None:
    for connects in (1, 2):
        device.intake.items.clear()
        async with device.running() as task:
            await device.until(lambda: device.intake.batches)
            assert device.health.connects == connects
            relay.away()
            await device.until(task.done)
        relay.back()


@EACH
async def test_a_device_that_says_values_is_shown_as_good(device: Device) -> None:
    async with device.running():
        await device.until(lambda: device.health.state is DeviceState.GOOD)
    assert not device.health.bad


@EACH
async def test_where_nothing_listens_is_unavailable(kind: AnyKind, tmp_path: Path) -> None:
    error = await ended(device_at(kind, free_port(), tmp_path))
    assert isinstance(error, SourceUnavailable)
    assert device_reason_is_known(kind, error)


@EACH
@pytest.mark.slow
async def test_who_answers_nothing_is_unavailable(kind: AnyKind, tmp_path: Path) -> None:
    async with listening(None) as port:
        error = await ended(device_at(kind, port, tmp_path))
    assert isinstance(error, SourceUnavailable)
    assert device_reason_is_known(kind, error)


@EACH
async def test_who_speaks_something_else_is_an_error_with_a_reason(
    kind: AnyKind, tmp_path: Path
) -> None:
    async with listening(b"HTTP/1.1 400 Bad Request\r\n\r\n") as port:
        error = await ended(device_at(kind, port, tmp_path))
    assert device_reason_is_known(kind, error)


def device_reason_is_known(kind: AnyKind, error: SourceError) -> bool:
    """Tell whether a person is told what to do about it."""
    from gateway.app.advice import book_of

    return book_of(kind).advice_for(error.reason) is not None


@EACH
async def test_a_cancel_while_connecting_leaves_nothing_open(kind: AnyKind, tmp_path: Path) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        async with device_at(kind, silent.getsockname()[1], tmp_path).running():
            taken, _ = await asyncio.to_thread(silent.accept)
            await asyncio.sleep(0.05)
        taken.settimeout(CLOSE_S)
        with taken:
            while taken.recv(4096):
                pass  # ends when the other side is closed


@EACH
async def test_a_cancel_while_nothing_can_be_stored_closes_in_time(device: Device) -> None:
    device.intake.gate.clear()
    async with device.running() as task:
        await device.until(lambda: device.intake.waiting)
    assert task.cancelled()
    assert not device.intake.items


@EACH
async def test_ten_connections_leave_no_task_behind(device: Device) -> None:
    async with device.running():
        await device.until(lambda: device.health.connects)
    await asyncio.sleep(0)
    before = len(asyncio.all_tasks())
    for _ in range(10):
        device.health.connects = 0
        async with device.running():
            await device.until(lambda: device.health.connects)
    await device.until(lambda: len(asyncio.all_tasks()) <= before + 4)  # four are the relay's


@EACH
async def test_the_same_description_is_taken_over_and_another_is_not(device: Device) -> None:
    async with device.running():
        await device.until(lambda: device.intake.batches)
        assert await device.adapter.apply(device.plan.source)


@EACH
async def test_a_device_that_is_elsewhere_needs_a_new_connection(
    kind: AnyKind, device: Device, tmp_path: Path
) -> None:
    other = device_at(kind, free_port(), tmp_path).plan.source
    async with device.running():
        await device.until(lambda: device.intake.batches)
        assert not await device.adapter.apply(other)


@EACH
def test_two_readings_of_one_file_describe_the_same_source(kind: AnyKind, tmp_path: Path) -> None:
    text = peer_of(kind).device(1)
    config = folder(tmp_path, device=text)
    one, other = planned(config).devices["device"], planned(config).devices["device"]
    assert one.source == other.source
    assert one.source.device == "device"
    assert one.source.plan == one.table
    assert [item.index for item in one.source.items] == [0, 1]
    elsewhere = planned(folder(tmp_path / "x", device=peer_of(kind).device(2))).devices["device"]
    assert elsewhere.source != one.source


@EACH
def test_each_device_and_each_gateway_has_a_memory_of_its_own(
    kind: AnyKind, tmp_path: Path
) -> None:
    source = planned(folder(tmp_path, device=peer_of(kind).device(1))).devices["device"].source
    makers = [kind.memory_maker(), kind.memory_maker()]
    memories = [make(source) for make in makers for _ in range(2)]
    assert len({id(memory) for memory in memories}) == len(memories)
    assert hash(kind.memory_key(source)) == hash(kind.memory_key(replace(source)))


@EACH
async def test_a_look_finds_every_tag_and_says_when_nothing_is_there(
    kind: AnyKind, relay: Relay, tmp_path: Path
) -> None:
    there = device_at(kind, relay.port, tmp_path).plan
    found = await probe_device(there, SystemClock())
    assert found.fine, found
    assert set(found.good) | set(found.waiting) == {"Upper", "Lower"}
    away = device_at(kind, free_port(), tmp_path).plan
    assert (await probe_device(away, SystemClock())).failure is not None
