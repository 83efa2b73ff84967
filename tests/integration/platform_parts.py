"""The reference platform as a process of its own, and what tests ask of it."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import numpy as np

from gateway.core.clock import SystemClock
from gateway.core.records import Batch, Item, Record
from gateway.core.signals import PlanTable, Signal
from gateway.core.types import Column, Offset, Statuses, UnixNs
from gateway.sinks.http.config import HttpPlatformConfig
from gateway.sinks.http.platform import HttpPlatformSink

GATEWAY = "edge-07"
EPOCH = "6f1c0000-0000-4000-8000-000000000001"
TOKEN = "only-for-tests"


@dataclass
class PlatformProcess:
    """One running platform; ended and started again by tests."""

    store: Path
    port: int = 0
    url: str = ""
    process: subprocess.Popen[str] | None = None
    more: tuple[str, ...] = ()
    _session: aiohttp.ClientSession | None = None

    @property
    def session(self) -> aiohttp.ClientSession:
        assert self._session is not None, "ask within `fresh`"
        return self._session

    @asynccontextmanager
    async def fresh(self) -> AsyncIterator[PlatformProcess]:
        """Give the platform with an empty store and no fault, for one test."""
        connector = aiohttp.TCPConnector(ssl=False)  # any certificate: the test knows its own
        async with aiohttp.ClientSession(connector=connector) as self._session:
            if self.process is None:
                self.start()
            await self.fault("forget")
            await self.refuse()
            yield self
        self._session = None

    def start(self) -> None:
        self.process = subprocess.Popen(
            [
                sys.executable, "-m", "simulators.platform", "--port", str(self.port),
                "--store", str(self.store), "--token", TOKEN, *self.more,
            ],
            stdout=subprocess.PIPE,
            text=True,
        )  # fmt: skip
        assert self.process.stdout is not None
        self.url = json.loads(self.process.stdout.readline())["listening"]
        self.port = int(self.url.rsplit(":", 1)[1])

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait(10)
            assert self.process.stdout is not None
            self.process.stdout.close()
            self.process = None

    async def fault(self, mode: str, **wish: Any) -> None:
        async with self.session.post(f"{self.url}/fault", json={"mode": mode, **wish}) as answer:
            assert answer.status == 200, await answer.text()

    async def refuse(self, *rules: dict[str, Any]) -> None:
        async with self.session.post(f"{self.url}/fault", json={"refuse": rules}) as answer:
            assert answer.status == 200, await answer.text()

    async def get(self, path: str, **query: Any) -> Any:
        address = f"{self.url}/v1/gateways/{GATEWAY}/{path}"
        headers = {"Authorization": f"Bearer {TOKEN}"}
        async with self.session.get(address, params=query, headers=headers) as answer:
            assert answer.status == 200, await answer.text()
            return json.loads(await answer.text())

    async def stored(self) -> list[dict[str, Any]]:
        """Give records as stored, in order of arrival."""
        return [entry["record"] for entry in (await self.get("records", limit=100_000))["records"]]

    async def offsets(self) -> list[int]:
        return [record["offset"] for record in await self.stored()]

    async def until_stored(self, count: int) -> None:
        while (await self.get("summary"))["records"] < count:
            await asyncio.sleep(0.02)


@contextmanager
def running_platform(folder: Path, *more: str) -> Iterator[PlatformProcess]:
    platform = PlatformProcess(folder / "platform.db", more=more)
    platform.start()
    try:
        yield platform
    finally:
        platform.kill()


@asynccontextmanager
async def platform_process(folder: Path, *more: str) -> AsyncIterator[PlatformProcess]:
    """Give a platform of one's own."""
    with running_platform(folder, *more) as running:
        async with running.fresh() as platform:
            yield platform


@asynccontextmanager
async def http_sink(
    url: str, plans: Callable[[], Mapping[str, PlanTable]] = dict, **settings: Any
) -> AsyncIterator[HttpPlatformSink]:
    defaults: dict[str, Any] = {"token": TOKEN, "timeout_s": 10.0}
    config = HttpPlatformConfig("central", url, GATEWAY, **{**defaults, **settings})
    sink = HttpPlatformSink(config, SystemClock(), plans)
    try:
        yield sink
    finally:
        await sink.close()


def table(device: str = "press-01", *types: str | None) -> PlanTable:
    return PlanTable(
        device,
        tuple(
            Signal(
                place, device, f"금형온도_{place}", f"nsu=urn:hanil:press;s={place}", "urn:aas",
                "urn:asset", "urn:sm", "OperationalData", "urn:sem", f"T{place}", None, kind, None,
            )
            for place, kind in enumerate(types or ("xs:double",))
        ),
    )  # fmt: skip


def samples(
    plan: PlanTable,
    values: Column,
    *,
    signals: Sequence[int] | None = None,
    status: Statuses | None = None,
    received: int | None = None,
    **more: Any,
) -> Batch:
    at = time.time_ns() if received is None else received
    count = len(values)
    return Batch(
        plan,
        np.array(signals if signals is not None else [0] * count, dtype=np.int32),
        np.arange(at, at + count, dtype=np.int64),
        values,
        UnixNs(at),
        status,
        **more,
    )


def numbers(plan: PlanTable, count: int = 3, **more: Any) -> Batch:
    return samples(plan, np.arange(count, dtype=np.float64) + 0.5, **more)


def records(items: Sequence[Item], first: int = 1) -> list[Record]:
    return [Record(Offset(first + place), item) for place, item in enumerate(items)]
