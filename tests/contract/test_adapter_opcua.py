"""The adapter contract of `gateway.core.protocols.Adapter`, held by OPC UA against node-opcua."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from adapters.opcua.adapter import OpcUaAdapter
from adapters.opcua.timeline import Memory
from gateway.core.clock import SystemClock
from gateway.core.errors import SourceUnavailable
from gateway.core.protocols import Adapter
from gateway.ops.health import DeviceHealth
from tests.services.node_opcua import NodeServer, free_port, node_server
from tests.services.opcua_peer import Recorder, proxy_to, running, source

pytestmark = [pytest.mark.service, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[NodeServer]:
    async with node_server(tmp_path_factory.mktemp("node"), count=5) as made:
        yield made


def adapter(url: str, folder: Path) -> Adapter:
    made = source(url, folder, ["D0", "D1"])
    return OpcUaAdapter(made, DeviceHealth("press", 2), SystemClock(), Memory())


async def test_one_run_is_one_connection_and_ends_by_raising(
    server: NodeServer, tmp_path: Path
) -> None:
    async with proxy_to(server.port) as proxy:
        intake = Recorder()
        task = asyncio.create_task(adapter(proxy.url, tmp_path).run(intake))
        async with asyncio.timeout(20):
            while intake.count() < 2:
                await asyncio.sleep(0.02)
        proxy.cut()
        with pytest.raises(SourceUnavailable):
            async with asyncio.timeout(5):
                await task


async def test_an_address_where_nothing_listens_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(SourceUnavailable, match="unreachable"):
        await adapter(f"opc.tcp://127.0.0.1:{free_port()}", tmp_path).run(Recorder())


async def test_a_server_that_answers_nothing_is_unavailable(tmp_path: Path) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"opc.tcp://127.0.0.1:{silent.getsockname()[1]}"
        made = source(url, tmp_path, ["D0"], request_timeout_s=0.5)
        silent_adapter = OpcUaAdapter(made, DeviceHealth("press", 1), SystemClock(), Memory())
        with pytest.raises(SourceUnavailable, match="timeout"):
            await silent_adapter.run(Recorder())


async def test_what_answers_something_else_is_unavailable(tmp_path: Path) -> None:
    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await writer.drain()
        writer.close()

    other = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with other:
        port = other.sockets[0].getsockname()[1]
        with pytest.raises(SourceUnavailable):
            await adapter(f"opc.tcp://127.0.0.1:{port}", tmp_path).run(Recorder())


async def test_a_cancel_while_connecting_leaves_nothing_open(tmp_path: Path) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"opc.tcp://127.0.0.1:{silent.getsockname()[1]}"
        task = asyncio.create_task(adapter(url, tmp_path).run(Recorder()))
        await asyncio.sleep(0.2)
        task.cancel()
        async with asyncio.timeout(5):
            await asyncio.wait([task])
        assert task.cancelled()
        taken, _ = silent.accept()
        taken.settimeout(2)
        with taken:
            while taken.recv(4096):
                pass  # ends when the other side is closed


async def test_other_settings_of_the_connection_need_a_new_adapter(
    server: NodeServer, tmp_path: Path
) -> None:
    async with running(source(server.url, tmp_path, ["D0"])) as run:
        assert not await run.adapter.apply(run.source)  # nothing is connected yet
        await run.until(lambda: run.intake.count() == 1)
        assert await run.adapter.apply(run.source)
        assert not await run.adapter.apply(replace(run.source, user="other"))
        assert not await run.adapter.apply(object())


async def test_ten_connections_leave_no_task_behind(server: NodeServer, tmp_path: Path) -> None:
    before = len(asyncio.all_tasks())
    for _ in range(10):
        async with running(source(server.url, tmp_path, ["D0"])) as run:
            await run.until(lambda run=run: run.intake.count() == 1)  # type: ignore[misc]
    await asyncio.sleep(0.1)
    assert len(asyncio.all_tasks()) <= before
