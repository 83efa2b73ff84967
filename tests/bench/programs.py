"""Starts the programs that are measured, each on its own core."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp

from tests.ports import free_port

LOAD_CORE = "0"
MEASURED_CORE = "1"
CACHE = Path(os.environ.get("GATEWAY_TEST_CACHE", Path.home() / ".cache" / "gateway-test-services"))
TELEGRAF = CACHE / "telegraf-1.39.3"


def pinned(core: str, *command: str) -> list[str]:
    """Give a command that runs on one core where there are several."""
    if shutil.which("taskset") is None or (os.cpu_count() or 1) < 2:
        return list(command)
    return ["taskset", "-c", core, *command]


@contextlib.asynccontextmanager
async def program(core: str, log: Path, *command: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run a program with its output in a file; end it afterwards."""
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            *pinned(core, *command), stdout=output, stderr=output
        )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
            try:
                await asyncio.wait_for(process.wait(), 15)
            except TimeoutError:
                process.kill()
                await process.wait()


@contextlib.asynccontextmanager
async def reference_platform(folder: Path) -> AsyncIterator[int]:
    """Run the platform simulator on the load's core; gives its port."""
    port = free_port()
    store = folder / "platform.db"
    command = [sys.executable, "-m", "simulators.platform", "--port", str(port), "--store"]
    async with program(LOAD_CORE, folder / "platform.log", *command, str(store)):
        await answering(f"http://127.0.0.1:{port}/v1/gateways/none/summary")
        yield port


async def answering(url: str, seconds: float = 20.0) -> None:
    """Wait until an address answers anything at all."""
    async with asyncio.timeout(seconds), aiohttp.ClientSession() as client:
        while True:
            with contextlib.suppress(aiohttp.ClientError):
                async with client.get(url):
                    return
            await asyncio.sleep(0.1)


async def fetched(url: str) -> bytes:
    async with aiohttp.ClientSession() as client, client.get(url) as answer:
        return await answer.read()
