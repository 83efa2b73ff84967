"""The HTTP side over a real spool on a free port."""

from __future__ import annotations

import asyncio
import base64
import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import numpy as np

from aas_models.live import LiveValues
from aas_models.repository.package import package
from aas_models.repository.repository import Repository
from gateway.api.aas.ports import AasPort
from gateway.api.ports import Listening, Ports, UsagePort
from gateway.api.server import ApiServer
from gateway.api.users import User, users_text
from gateway.core.assets import AssetModel
from gateway.core.clock import SystemClock
from gateway.core.protocols import Reader
from gateway.ops.health import (
    DeviceHealth,
    DeviceState,
    Health,
    SinkHealth,
    SpoolHealth,
    SpoolState,
)
from gateway.ops.status import StatusBoard
from gateway.spool.log import SqliteSpool
from gateway.web.aas_page import page_routes
from tests.unit.aas.parts import batch, press

QUOTA = 100_000_000


def b64(identifier: str) -> str:
    return base64.urlsafe_b64encode(identifier.encode()).decode().rstrip("=")


@dataclass(slots=True)
class Running:
    """A served gateway: everything real but the machines and destinations."""

    server: ApiServer
    board: StatusBoard
    spool: SqliteSpool
    reader: Reader
    live: LiveValues
    models: list[AssetModel]
    client: httpx.AsyncClient
    data: Path

    async def get(self, path: str, **more: Any) -> httpx.Response:
        return await self.client.get(self.server.url + path, **more)

    async def store(self, value: float = 179.9) -> None:
        """Let a sample of the first signal come."""
        table = self.models[0].table
        await self.spool.append([batch(table, [0], np.array([value]), at=SystemClock().now())])


@contextlib.asynccontextmanager
async def served(
    data: Path,
    users: Sequence[User] = (),
    *,
    listen: str = "127.0.0.1:0",
    models: Sequence[AssetModel] | None = None,
    change: Any = None,
    patience_s: float = 5.0,
    break_users: bool = False,
    **more: Any,
) -> AsyncIterator[Running]:
    clock = SystemClock()
    known = list(models if models is not None else [press("press-01"), press("press-02")])
    live = LiveValues(known)
    spool = await SqliteSpool.open(
        data / "spool", quota_bytes=QUOTA, clock=clock, listener=live.on_records
    )
    try:
        reader = await spool.reader("central")
        written = Repository(live, data / "aas" / "content.db")
        ports = _changed(_ports(spool, reader, written, known, clock), change or {})
        users_file = _users_file(data, users)
        if break_users and users_file is not None:
            users_file.unlink()
        pages = page_routes(ports.aas.view, ports.board.gateway, ports.board.site)
        server = ApiServer(ports, Listening(listen, users_file, data, **more), pages)
        async with asyncio.TaskGroup() as group, httpx.AsyncClient(timeout=30) as client:
            task = group.create_task(server.run())
            async with asyncio.timeout(patience_s):
                await server.started.wait()
            yield Running(server, ports.board, spool, reader, live, known, client, data)
            task.cancel()
        written.close()
    finally:
        await spool.close()


def _users_file(data: Path, users: Sequence[User]) -> Path | None:
    if not users:
        return None
    path = data / "users.yaml"
    path.write_text(users_text(users))
    return path


def _changed(ports: Ports, change: Mapping[str, Any]) -> Ports:
    """Put other things in their places: those of the board, of usage, or of the ports."""
    for name, value in change.items():
        if name in {"health", "head", "advice"}:
            setattr(ports.board, name, value)
        elif name == "append":
            ports = replace(ports, usage=UsagePort(value))
        else:
            ports = replace(ports, **{name: value})
    return ports


def _ports(
    spool: SqliteSpool,
    reader: Reader,
    written: Repository,
    models: Sequence[AssetModel],
    clock: SystemClock,
) -> Ports:
    health = Health(clock.now(), spool=SpoolHealth(SpoolState.GOOD, ""))
    for model in models:
        device = DeviceHealth(model.info.device, len(model.table.signals))
        device.change(DeviceState.GOOD, clock.now())
        health.devices[device.device] = device
    health.sinks["central"] = SinkHealth("central", "http")
    board = StatusBoard(
        "edge-07", "0.1.0", spool.epoch, health, clock, spool.head, lambda: [reader.state()],
        label=written.label,
    )  # fmt: skip
    return Ports(board, AasPort(written, written.content, package), UsagePort(spool.append))
