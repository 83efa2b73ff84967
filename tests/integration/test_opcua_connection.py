"""What a connection to a real server (node-opcua) takes over, and what it leaves behind."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from tests.services.node_opcua import NodeServer, node_server
from tests.services.opcua_peer import running, source

pytestmark = [pytest.mark.service, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[NodeServer]:
    async with node_server(tmp_path_factory.mktemp("node"), count=5) as made:
        yield made


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
