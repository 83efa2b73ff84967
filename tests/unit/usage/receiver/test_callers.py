"""Claims about who may call, and what a stranger is told."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.unit.usage.receiver.parts import DO, SIX, XML, Parts
from tests.unit.usage.receiver.styles import KEY, ORIGIN
from tests.unit.usage.receiver.support import form, get, parsed, post


async def test_a_page_of_a_configured_origin_may_call_and_read() -> None:
    parts = Parts()
    reply = await parts.ask(post(SIX, form(), f"Origin: {ORIGIN}"))
    headers = dict(reply.headers)
    assert headers["Access-Control-Allow-Origin"] == ORIGIN
    assert headers["Vary"] == "Origin"
    assert "*" not in headers.values()
    assert parts.intake.raws[0].extra["origin"] == ORIGIN
    parts.intake.broken = "disk-full"
    refused = await parts.ask(post(SIX, form(), f"Origin: {ORIGIN}"))
    assert dict(refused.headers)["Access-Control-Allow-Origin"] == ORIGIN


@pytest.mark.parametrize(
    "headers",
    [
        ("Origin: http://evil.example",),
        ("Origin: null",),
        (f"Origin: {ORIGIN}.evil.example",),
        ("Origin: http://mes.factory.local",),
        ("Sec-Fetch-Site: cross-site",),
        ("Sec-Fetch-Site: cross-site", "Referer: http://evil.example/a"),
        ("Sec-Fetch-Site: cross-site", "Referer: http://[/"),
    ],
)
async def test_a_foreign_page_writes_nothing_and_reads_nothing(headers: tuple[str, ...]) -> None:
    parts = Parts()
    for request in (post(SIX, form(), *headers), get(f"{SIX}?{form()}", *headers)):
        reply = await parts.ask(request)
        assert reply.status == 403
        assert not any("Access-Control" in name for name, _ in reply.headers)
    assert parts.intake.raws == []
    assert len(parts.health.origins) == 1


async def test_an_image_of_a_configured_page_may_call() -> None:
    parts = Parts()
    headers = ("Sec-Fetch-Site: cross-site", f"Referer: {ORIGIN}/login.do")
    assert (await parts.result(get(f"{SIX}?{form()}", *headers)))["recptnRsltCd"] == "AP1001"


def preflight(origin: str, *headers: str) -> Any:
    lines = "".join(f"{header}\r\n" for header in (f"Origin: {origin}", *headers))
    return parsed(f"OPTIONS {SIX} HTTP/1.1\r\n{lines}\r\n".encode())


async def test_a_preflight_is_answered_for_configured_origins_only() -> None:
    asked = (
        "Access-Control-Request-Method: POST",
        "Access-Control-Request-Headers: content-type,x-requested-with",
        "Access-Control-Request-Private-Network: true",
    )
    reply = await Parts().ask(preflight(ORIGIN, *asked))
    headers = dict(reply.headers)
    assert reply.status == 204
    assert headers["Access-Control-Allow-Origin"] == ORIGIN
    assert "POST" in headers["Access-Control-Allow-Methods"]
    assert headers["Access-Control-Allow-Headers"] == "content-type,x-requested-with"
    assert headers["Access-Control-Allow-Private-Network"] == "true"
    plain = dict((await Parts().ask(preflight(ORIGIN))).headers)
    assert "Access-Control-Allow-Private-Network" not in plain
    foreign = await Parts().ask(preflight("http://evil.example", *asked))
    assert foreign.status == 403
    assert not any("Access-Control" in name for name, _ in foreign.headers)


async def test_other_paths_and_methods_are_told_what_there_is() -> None:
    parts = Parts()
    lost = await parts.ask(post("/apisvc/other.do", form()))
    assert lost.status == 404
    told = json.loads(lost.body)
    assert told["paths"] == [SIX, DO, XML]
    assert told["ko"]
    assert told["en"]
    put = await parts.ask(parsed(f"PUT {SIX} HTTP/1.1\r\nContent-Length: 0\r\n\r\n".encode()))
    assert (put.status, dict(put.headers)["Allow"]) == (405, "GET, POST, OPTIONS")
    packed = await parts.ask(post(SIX, b"\x1f\x8b", "Content-Encoding: gzip"))
    assert packed.status == 415
    assert parts.health.requests == 0


async def test_a_browser_finds_a_page_that_says_what_this_is() -> None:
    parts = Parts(check_key=True, expected_keys=(KEY,))
    page = await parts.ask(get("/"))
    assert page.content_type.startswith("text/html")
    assert "솔루션 사용 로그 수신" in page.body.decode()
    assert "Usage log receiver" in page.body.decode()
    icon = await parts.ask(get("/favicon.ico"))
    assert (icon.status, icon.body) == (404, b"")
    assert parts.health.last_error == ""


@pytest.mark.parametrize("path", ["//apisvc/sendLogData.json", "/apisvc//sendLogData.json/"])
async def test_a_slash_too_many_does_no_harm(path: str) -> None:
    assert (await Parts().result(post(path, form())))["recptnRsltCd"] == "AP1001"
