"""The control channel takes orders from this PC and survives nonsense."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from simulators.control import BadRequest, Control, seconds

WAIT_S = 60.0


async def fault(order: dict[str, Any]) -> dict[str, Any]:
    if order.get("mode") != "known":
        raise BadRequest("mode: known")
    return {"took": order}


@pytest.fixture
async def port() -> AsyncIterator[int]:
    control = Control(fault, lambda: {"fine": True})
    await control.start(0)
    yield control.port
    await control.stop()


async def ask(port: int, method: str, path: str, **options: Any) -> tuple[int, Any]:
    url = f"http://127.0.0.1:{port}{path}"
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, url, **options) as answer,
    ):
        return answer.status, await answer.json()


async def test_an_order_is_answered_when_it_is_done(port: int) -> None:
    order = {"mode": "known", "name": "프레스"}
    assert await ask(port, "POST", "/fault", json=order) == (200, {"took": order})
    assert await ask(port, "GET", "/state") == (200, {"fine": True})


@pytest.mark.parametrize("body", [b"{", b"[1]", b"", b'{"mode": "other"}', b"\xff"])
async def test_nonsense_is_refused_with_a_reason(port: int, body: bytes) -> None:
    status, answer = await ask(port, "POST", "/fault", data=body)
    assert status == 400
    assert answer["error"]


async def test_other_paths_and_large_bodies_are_refused(port: int) -> None:
    assert (await ask(port, "GET", "/other"))[0] == 404
    assert (await ask(port, "GET", "/fault"))[0] == 404


@pytest.mark.parametrize("data", [b"\r\n", b"GET\r\n\r\n", b"\x16\x03\x01", b"GET / HTTP/1.1\r\n"])
async def test_what_is_not_http_ends_that_connection_only(port: int, data: bytes) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(data)
    await writer.drain()
    writer.close()
    assert (await ask(port, "GET", "/state"))[0] == 200


@pytest.mark.parametrize(
    ("value", "expected"), [(2, 2.0), (0.5, 0.5), ("20s", 20.0), ("500ms", 0.5)]
)
def test_times_are_numbers_or_texts(value: Any, expected: float) -> None:
    assert seconds({"for": value}, "for", 1.0) == expected


@pytest.mark.parametrize("value", [-1, True, None, "x", "1h", 1e9, [1]])
def test_other_times_are_refused(value: Any) -> None:
    with pytest.raises((BadRequest, ValueError)):
        seconds({"for": value}, "for", 1.0)


@pytest.mark.slow
def test_the_command_starts_a_simulator_and_passes_its_options_on() -> None:
    code = "from gateway.cli.main import main; main()"
    with subprocess.Popen(
        [sys.executable, "-c", code, "sim", "broker", "--port", "0"], stdout=subprocess.PIPE
    ) as running:
        assert running.stdout is not None
        ready = json.loads(running.stdout.readline())
        assert ready["ready"] == "broker"
        assert ready["port"] > 0
        subprocess.run(["kill", str(ready["pid"])], check=True)
        assert running.wait(WAIT_S) == 0
