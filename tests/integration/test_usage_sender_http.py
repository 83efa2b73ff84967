"""The client of the log service against the simulated one, over real connections."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from gateway.core.clock import SystemClock
from gateway.usage.config import DeliveryConfig, Variant
from gateway.usage.sender.log_service import Exchange, HttpLogService, Outcome
from simulators.usage_log import SAMPLE_KEY, Shape, UsageLogService
from simulators.usage_log_rules import RuleConfig
from simulators.virtual_clock import stamp

USER = "김철수+100% & <테스트>"


def fields(service: UsageLogService, **other: str) -> dict[str, str]:
    return {
        "logDt": stamp(service.clock.true()),
        "useSe": "DO6001",
        "sysUser": USER,
        "conectIp": "192.168.0.7",
        "dataUsgqty": "1024",
        **other,
    }


@asynccontextmanager
async def client(url: str, **other: Any) -> AsyncIterator[HttpLogService]:
    values = {"name": "mes", "url": url, "key": SAMPLE_KEY, **other}
    made = HttpLogService(DeliveryConfig(**values), SystemClock())
    try:
        yield made
    finally:
        await made.close()


async def send(
    url: str, record: dict[str, str], variant: Variant = "form", **other: Any
) -> Exchange:
    async with client(url, **other) as made:
        return await made.send(record, variant)


@pytest.mark.parametrize("variant", ["form", "json", "xml"])
@pytest.mark.parametrize(
    "shape",
    [Shape(), Shape(wrapped=False), Shape(bom=True, content_type="text/plain")],
    ids=["wrapped", "unwrapped", "bom"],
)
async def test_each_form_is_stored_as_it_was_said(variant: Variant, shape: Shape) -> None:
    service = UsageLogService(shape=shape)
    async with service.serving() as url:
        exchange = await send(url, fields(service), variant)
    assert exchange.outcome is Outcome.ANSWERED
    assert exchange.answer is not None
    assert exchange.answer.code == "AP1002"
    assert exchange.answer.answered == service.stored[0]["recptnDt"]
    assert service.stored[0]["sysUser"] == USER
    assert exchange.date is not None
    (request,) = service.requests
    assert request["method"] == "POST"
    assert "?" not in request["path"]


async def test_a_whole_endpoint_as_address_is_understood() -> None:
    service = UsageLogService()
    async with service.serving() as url:
        exchange = await send(f"{url}/apisvc/sendLogDataJSON.do", fields(service))
    assert exchange.outcome is Outcome.ANSWERED


FAULTS: dict[str, tuple[dict[str, Any], Outcome]] = {
    "500": ({"mode": "500"}, Outcome.UNKNOWN),
    "a page with 200": ({"mode": "html"}, Outcome.UNKNOWN),
    "a page with 503": ({"mode": "html", "status": 503}, Outcome.UNKNOWN),
    "a page with 404": ({"mode": "html", "status": 404}, Outcome.NOT_TAKEN),
    "a redirect": ({"mode": "redirect"}, Outcome.NOT_TAKEN),
    "a reset": ({"mode": "reset"}, Outcome.UNKNOWN),
    "a reset after storing": ({"mode": "drop-reply"}, Outcome.UNKNOWN),
    "half an answer": ({"mode": "truncated"}, Outcome.UNKNOWN),
    "nothing": ({"mode": "empty"}, Outcome.UNKNOWN),
    "other json": ({"mode": "shape"}, Outcome.UNKNOWN),
    "a list": ({"mode": "list"}, Outcome.UNKNOWN),
    "silence": ({"mode": "timeout", "delay": "30s"}, Outcome.UNKNOWN),
    "a slow body": ({"mode": "slow", "delay": "1s"}, Outcome.UNKNOWN),
}


@pytest.mark.parametrize("name", FAULTS)
async def test_what_goes_wrong_is_known_for_what_it_is(name: str) -> None:
    wish, outcome = FAULTS[name]
    service = UsageLogService()
    async with service.serving() as url:
        service.faults.set({"count": 1, **wish})
        exchange = await send(url, fields(service), timeout_s=0.5)
        assert exchange.outcome is outcome
        assert exchange.answer is None
        assert exchange.text
        assert len(service.requests) <= 1


async def test_nobody_there_and_no_name_are_surely_not_stored() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    service = UsageLogService()
    for url in (f"http://127.0.0.1:{port}", "http://name.invalid", "nonsense"):
        exchange = await send(url, fields(service))
        assert exchange.outcome is Outcome.NOT_TAKEN, exchange


async def test_a_connection_that_never_opens_ends_after_the_connect_time() -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        port = full.getsockname()[1]
        held = [socket.socket() for _ in range(4)]
        for each in held:
            each.setblocking(False)
            each.connect_ex(("127.0.0.1", port))
        exchange = await send(
            f"http://127.0.0.1:{port}", {"logDt": ""}, connect_timeout_s=0.3, timeout_s=100.0
        )
        for each in held:
            each.close()
    assert exchange.outcome is Outcome.NOT_TAKEN
    assert exchange.took_s < 100.0  # the other limit did not end it


async def test_an_answer_without_end_is_cut_off() -> None:
    async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        try:
            while True:
                writer.write(b"x" * 65_536)
                await writer.drain()
        except OSError:
            writer.close()

    server = await asyncio.start_server(endless, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        exchange = await send(f"http://127.0.0.1:{port}", {"logDt": "x"})
    assert exchange.outcome is Outcome.UNKNOWN
    assert "65536" in exchange.text


@pytest.mark.parametrize("kind", ["expired", "self-signed", "wrong-host"])
async def test_a_certificate_that_cannot_be_trusted_takes_nothing(
    kind: str, tmp_path: Path
) -> None:
    service = UsageLogService()
    async with service.serving(tls="good", folder=tmp_path) as url:
        ca = tmp_path / "ca.pem"
        assert (await send(url, fields(service), ca=ca)).outcome is Outcome.ANSWERED
        service.show_certificate(kind)
        exchange = await send(url, fields(service), ca=ca)
        assert exchange.outcome is Outcome.NOT_TAKEN
        assert len(service.requests) == 1
        missing = await send(url, fields(service), ca=tmp_path / "none.pem")
        assert missing.outcome is Outcome.NOT_TAKEN


async def test_the_key_is_in_no_text_exception_or_repr(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    secret = SAMPLE_KEY
    echo = f"wrong key {secret}, {secret.replace('$', '%24').replace('/', '%2F')}"
    service = UsageLogService(rules=RuleConfig())
    texts = []
    async with service.serving() as url:
        service.faults.set({"mode": "code", "code": "AP1011", "text": echo, "detail": echo})
        async with client(url) as made:
            texts.append(repr(await made.send(fields(service), "form")))
            texts.append(repr(made))
        config = DeliveryConfig("mes", url, secret, proxy="http://user:pass-canary@127.0.0.1:9")
        texts.append(repr(dataclasses.replace(config, proxy=None)))
        async with client(url, proxy=config.proxy) as made:
            texts.append(repr(await made.send(fields(service), "form")))
    shown = "\n".join([*texts, caplog.text])
    assert "****" in shown
    assert secret not in shown
    assert secret.replace("$", "%24").replace("/", "%2F") not in shown
    assert "pass-canary" not in shown
