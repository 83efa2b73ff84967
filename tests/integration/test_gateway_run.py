"""The process as a technician runs it, against a real server and the reference platform."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.ports import free_port
from tests.services.node_opcua import URI, NodeServer, node_server

pytestmark = [pytest.mark.service, pytest.mark.slow]

DEVICE = """version: 1
device: line
connect: {url}
security: {{ mode: "None", unsafe: true }}
every: 100ms
tags:
{tags}"""
TERM_S = 10.0


def tags(*names: str) -> str:
    return "".join(f'  - {name}: "nsu={URI};s={name}"\n' for name in names)


class Site:
    """One gateway, its platform, and the folder it reads."""

    def __init__(self, folder: Path, server: NodeServer) -> None:
        self.folder = folder
        self.server = server
        self.config = folder / "config"
        self.data = folder / "data"
        self.api = f"http://127.0.0.1:{free_port()}"
        self.platform = f"http://127.0.0.1:{free_port()}"
        (self.config / "devices").mkdir(parents=True)
        (self.config / "gateway.yaml").write_text(
            "version: 1\n"
            "gateway: { id: edge }\n"
            f'platform: [{{ name: central, kind: http, url: "{self.platform}" }}]\n'
            f'api: {{ listen: "{self.api.removeprefix("http://")}" }}\n'
        )

    def device(self, text: str) -> None:
        (self.config / "devices" / "line.yaml").write_text(
            DEVICE.format(url=self.server.url, tags=text)
        )

    async def get(self, url: str) -> Any:
        async with aiohttp.ClientSession() as client, client.get(url) as answer:
            return json.loads(await answer.read())

    async def status(self) -> dict[str, Any]:
        return dict(await self.get(f"{self.api}/api/status"))

    async def samples(self, name: str) -> list[Any]:
        found = await self.get(f"{self.platform}/v1/gateways/edge/samples?device=line&name={name}")
        return list(found["rows"])

    @asynccontextmanager
    async def process(self, *command: str) -> AsyncIterator[asyncio.subprocess.Process]:
        log = (self.folder / "process.log").open("ab")
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", *command, stdout=log, stderr=log
        )
        try:
            yield process
        finally:
            log.close()
            if process.returncode is None:
                process.kill()
            await process.wait()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[asyncio.subprocess.Process]:
        port = self.platform.rsplit(":", 1)[1]
        store = str(self.folder / "platform.db")
        run = ("gateway", "run", str(self.config), "--data", str(self.data))
        async with (
            self.process("simulators.platform", "--port", port, "--store", store),
            self.process(*run) as gateway,
        ):
            yield gateway


async def until(check: Callable[[], Any], seconds: float = 30.0) -> Any:
    """Wait for a truth; connection errors of a starting process count as not yet."""
    async with asyncio.timeout(seconds):
        while True:
            try:
                found = await check()
            except (aiohttp.ClientError, OSError, KeyError, ValueError):
                found = None
            if found:
                return found
            await asyncio.sleep(0.1)


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    async with node_server(tmp_path, count=20, rateMs=200) as server:
        yield Site(tmp_path, server)


def line_of(status: dict[str, Any]) -> dict[str, Any]:
    return next(dict(device) for device in status["devices"] if device["device"] == "line")


@pytest.mark.invariant("I8")
async def test_one_bad_node_and_one_bad_tag_cost_only_themselves(site: Site) -> None:
    wrong = '  - Wrong: "nsu=urn:not:there;s=D1"\n  - { name: Bad, node: "nsu=x;s=y", colour: 1 }\n'
    site.device(tags("D0", "D1", "Gone") + wrong)
    async with site.running():
        assert await until(lambda: site.samples("D0"))
        assert await until(lambda: site.samples("D1"))
        text = json.dumps(line_of(await site.status()))
        assert "Gone" in text
        assert "Wrong" in text
    log = (site.folder / "process.log").read_text()
    assert "colour" in log
    assert "line.yaml" in log


@pytest.mark.invariant("I10")
async def test_an_edit_touches_only_what_changed_and_a_bad_edit_touches_nothing(site: Site) -> None:
    site.device(tags("D0", "D1"))
    async with site.running():
        await until(lambda: site.samples("D1"))
        before = (await site.server.ask("state"))["subscriptions"]
        site.device(tags("D0", "D1", "D2"))
        assert await until(lambda: site.samples("D2"))
        after = (await site.server.ask("state"))["subscriptions"]
        assert [s["id"] for s in after] == [s["id"] for s in before]
        assert after[0]["items"] == before[0]["items"] + 1

        site.device(tags("D0") + "  - { name: D3, nodee: x }\n")

        async def told() -> bool:
            return "line.yaml" in (await site.status())["config"]

        await until(told)
        known = len(await site.samples("D1"))

        async def goes_on() -> bool:
            return len(await site.samples("D1")) > known

        await until(goes_on)


async def test_sigterm_ends_in_order_and_leaves_nothing_unspooled(site: Site) -> None:
    site.device(tags("D0", "D1"))
    async with site.running() as gateway:
        await until(lambda: site.samples("D0"))
        gateway.send_signal(signal.SIGTERM)
        async with asyncio.timeout(TERM_S):
            assert await gateway.wait() == 0
        assert (await site.server.ask("state"))["subscriptions"] == []
    assert "gateway_stopped" in (site.folder / "process.log").read_text()


async def test_a_second_gateway_on_the_same_data_ends_with_a_word(site: Site) -> None:
    site.device(tags("D0"))
    async with site.running():
        await until(lambda: site.samples("D0"))
        run = ("gateway", "run", str(site.config), "--data", str(site.data))
        async with site.process(*run) as second, asyncio.timeout(20):
            assert await second.wait() == 4
    assert "spool" in (site.folder / "process.log").read_text()
