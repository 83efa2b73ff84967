"""Claims about the three endpoints: the service's shape, codes and order; nothing before the disk."""

from __future__ import annotations

import asyncio
import json
import logging
from typing import Any

import pytest

from gateway.core.types import UnixNs
from gateway.ops.events import emit
from gateway.usage.config import Reply as Mode
from gateway.usage.config import ReceiverConfig
from gateway.usage.model import Attempt, State, Taken
from gateway.usage.receiver import endpoints
from gateway.usage.receiver.endpoints import Endpoints, Relay
from gateway.usage.receiver.health import ReceiverHealth
from gateway.usage.receiver.replies import Reply, answer_bytes
from tests.unit.usage.receiver.support import (
    CANARY,
    KEY,
    NOW,
    ORIGIN,
    RECORD,
    STYLES,
    FakeIntake,
    FixedClock,
    assert_no_canary,
    form,
    get,
    parsed,
    post,
    result_of,
)

SIX, DO, XML = "/apisvc/sendLogData.json", "/apisvc/sendLogDataJSON.do", "/apisvc/sendLogDataXML.do"
PEER = "192.168.0.77"


class Parts:
    """The endpoints with a fake behind them."""

    def __init__(self, relay: Relay | None = None, **config: Any) -> None:
        self.intake = FakeIntake()
        self.health = ReceiverHealth()
        made = ReceiverConfig("127.0.0.1:0", origins=(ORIGIN,), **config)
        self.endpoints = Endpoints(made, self.intake, FixedClock(), self.health, relay)

    async def ask(self, request: Any) -> Reply:
        return await self.endpoints.answer(request, PEER)

    async def result(self, request: Any) -> dict[str, str]:
        reply = await self.ask(request)
        assert reply.status == 200
        return result_of(reply.body)


@pytest.mark.parametrize("style", STYLES)
async def test_every_style_is_accepted_and_answered_in_its_shape(style: str) -> None:
    parts = Parts()
    reply = await parts.ask(parsed(STYLES[style]))
    assert reply.status == 200
    assert reply.content_type.startswith(
        "application/xml" if style == "xml" else "application/json"
    )
    result = result_of(reply.body)
    assert result["recptnRsltCd"] == "AP1001"
    assert result["recptnDt"] == "2026-11-26 09:12:33.100"
    assert result["recptnRslt"] == "수신 확인"
    assert result["recptnRsltDtl"] == "게이트웨이 접수"
    (raw,) = parts.intake.raws
    assert (raw.intake, raw.received, raw.peer, raw.source_id) == ("receiver", NOW, PEER, "")
    assert raw.fields == RECORD
    assert raw.extra["endpoint"] in {SIX[8:], DO[8:], XML[8:]}
    assert_no_canary(raw, reply, reply.body, reply.headers)


async def test_compat_says_that_the_gateway_accepted_and_nobody_stored() -> None:
    result = await Parts(reply="compat").result(post(SIX, form()))
    assert result["recptnRsltCd"] == "AP1002"
    assert result["recptnRslt"] == "데이터 이관 완료"
    assert result["recptnRsltDtl"] == "게이트웨이 접수, 사업관리시스템 적재 아님"


@pytest.mark.parametrize("mode", ["queued", "compat"])
@pytest.mark.parametrize("code", ["DO6999", "D06999", " do6999 "])
async def test_a_test_record_is_answered_as_the_service_does(mode: Mode, code: str) -> None:
    parts = Parts(reply=mode)
    result = await parts.result(post(SIX, json.dumps({**RECORD, "useSe": code})))
    assert result["recptnRsltCd"] == "AP1028"
    assert "게이트웨이 접수" in result["recptnRsltDtl"]
    assert len(parts.intake.raws) == 1


async def test_nothing_is_answered_before_it_is_durable() -> None:
    parts = Parts()
    parts.intake.gate = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        answer = group.create_task(parts.ask(post(SIX, form())))
        await parts.intake.begun.wait()
        for _ in range(20):
            await asyncio.sleep(0)
        assert not answer.done()
        parts.intake.gate.set()
    assert result_of(answer.result().body)["recptnRsltCd"] == "AP1001"


@pytest.mark.parametrize("path", [SIX, DO, XML])
async def test_a_ledger_that_cannot_write_says_send_again(path: str) -> None:
    parts = Parts(reply="compat")
    parts.intake.broken = "disk-full"
    reply = await parts.ask(post(path, form() if path == SIX else "logData={}"))
    assert reply.status == 503
    assert dict(reply.headers)["Retry-After"] == "5"
    assert result_of(reply.body)["recptnRsltCd"] == "AP1010"
    assert parts.health.last_error == f"not-stored disk-full ({PEER})"
    assert parts.health.accepted == 0


async def test_a_disk_that_takes_too_long_says_send_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoints, "COMMIT_TIMEOUT_S", 0.02)
    parts = Parts()
    parts.intake.gate = asyncio.Event()
    reply = await parts.ask(post(SIX, form()))
    assert (reply.status, result_of(reply.body)["recptnRsltCd"]) == (503, "AP1010")


@pytest.mark.parametrize(
    ("code", "field"),
    [("AP1004", "sysUser"), ("AP1012", "logDt"), ("AP1014", "logDt"), ("AP1015", "useSe"),
     ("AP1017", "sysUser"), ("AP1019", "conectIp"), ("AP1022", "dataUsgqty"),
     ("AP1026", "dataUsgqty")],
)  # fmt: skip
async def test_a_record_that_is_unfit_has_the_code_of_the_service(code: str, field: str) -> None:
    for mode in ("queued", "compat"):
        parts = Parts(reply=mode)
        parts.intake.unfit = (code, field, "까닭")
        for path in (SIX, XML):
            request = post(path, form() if path == SIX else "logData={}")
            result = await parts.result(request)
            assert result["recptnRsltCd"] == code
            assert result["recptnRsltDtl"] == "까닭"
            assert result["recptnRslt"]
        assert parts.health.codes == {code: 2}


@pytest.mark.parametrize(
    ("request_", "code"),
    [(post(DO, form()), "AP1025"), (post(XML), "AP1025"), (post(DO, "logData={"), "AP1023"),
     (post(XML, "logData=<a"), "AP1023"), (post(SIX, "{"), "AP1023"), (get(SIX), "AP1025")],
)  # fmt: skip
async def test_what_cannot_be_read_has_the_code_of_the_service(request_: Any, code: str) -> None:
    parts = Parts(check_key=True, expected_keys=(KEY,))
    assert (await parts.result(request_))["recptnRsltCd"] == code
    assert parts.intake.raws == []


@pytest.mark.parametrize("wrong", [None, "", KEY[:-1], KEY.lower(), "x"])
async def test_a_missing_or_wrong_key_is_refused_where_keys_are_checked(wrong: str | None) -> None:
    checking = Parts(check_key=True, expected_keys=("$5$API$other", KEY))
    assert (await checking.result(post(SIX, form(crtfcKey=wrong))))["recptnRsltCd"] == "AP1011"
    assert checking.intake.raws == []
    assert (await checking.result(post(SIX, form())))["recptnRsltCd"] == "AP1001"
    trusting = Parts()
    assert (await trusting.result(post(SIX, form(crtfcKey=wrong))))["recptnRsltCd"] == "AP1001"


async def test_no_key_is_right_where_none_is_expected() -> None:
    parts = Parts(check_key=True)
    assert (await parts.result(post(SIX, form())))["recptnRsltCd"] == "AP1011"


async def test_two_alike_are_two_events_and_a_key_of_the_client_makes_them_one() -> None:
    parts = Parts()
    for _ in range(2):
        await parts.result(post(SIX, form()))
    assert len(parts.intake.raws) == 2
    replies = [await parts.ask(post(SIX, form(), "Idempotency-Key: a1")) for _ in range(2)]
    assert len(parts.intake.raws) == 3
    assert parts.intake.raws[2].source_id == "a1"
    assert {dict(reply.headers)["X-Gateway-Event"] for reply in replies} == {"e3"}
    assert {result_of(reply.body)["recptnRsltCd"] for reply in replies} == {"AP1001"}


def attempt(code: str, **more: str) -> Attempt:
    return Attempt(UnixNs(1), {}, code, more.pop("text", "본문"), **more)


async def test_relay_gives_the_services_own_answer_on() -> None:
    async def relay(taken: Taken, seconds: float) -> Attempt:
        assert taken == Taken("e1", State.QUEUED)
        assert 0 < seconds < 5
        return attempt("AP1002", text="저장", detail="상세", answered="2026-11-26 09:12:34.000")

    for path in (SIX, XML):
        parts = Parts(relay, reply="relay")
        result = await parts.result(post(path, form() if path == SIX else "logData={}"))
        assert list(result.values()) == ["2026-11-26 09:12:34.000", "AP1002", "저장", "상세"]


@pytest.mark.parametrize("code", ["AP1010", "AP1011", "AP1029", "AP1030", "AP1032", "AP1099"])
async def test_relay_never_makes_a_client_repeat_what_the_gateway_will_send(code: str) -> None:
    async def relay(taken: Taken, seconds: float) -> Attempt:
        return attempt(code)

    result = await Parts(relay, reply="relay").result(post(SIX, form()))
    assert result["recptnRsltCd"] == "AP1001"
    assert code in result["recptnRsltDtl"]


async def test_relay_answers_as_queued_when_no_slot_is_free_or_nothing_is_known(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(endpoints, "RELAY_TIMEOUT_S", 0.02)
    monkeypatch.setattr(endpoints, "RELAY_MARGIN_S", 0.02)

    async def taken_slot(taken: Taken, seconds: float) -> None:
        return None

    async def unknown(taken: Taken, seconds: float) -> Attempt:
        return attempt("", text="timeout")

    async def slow(taken: Taken, seconds: float) -> None:
        await asyncio.Event().wait()

    for relay in (taken_slot, unknown, slow, None):
        result = await Parts(relay, reply="relay").result(post(SIX, form()))
        assert (result["recptnRsltCd"], result["recptnRsltDtl"]) == ("AP1001", "게이트웨이 접수")


async def test_relay_sends_a_known_event_no_second_time() -> None:
    sent: list[str] = []

    async def relay(taken: Taken, seconds: float) -> Attempt:
        sent.append(taken.id)
        return attempt("AP1002")

    parts = Parts(relay, reply="relay")
    for _ in range(2):
        await parts.result(post(SIX, form(), "Idempotency-Key: a1"))
    assert sent == ["e1"]


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


async def test_the_key_is_in_no_log_line_answer_or_event(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(emit, "_repeats", emit._Repeats())  # other tests' lines hold none back
    caplog.set_level(logging.DEBUG, logger="gateway")
    parts = Parts(check_key=True, expected_keys=(KEY,))
    requests = [
        post(SIX, form()), post(SIX, form(crtfcKey=KEY + "x")), post(SIX, f'{{"crtfcKey":"{KEY}'),
        post(DO, f"logData={KEY}"), get(f"{DO}?logData={KEY}"), get(f"/{KEY}?{KEY}"),
        post(SIX, form(sysUser=KEY)), post(SIX, form(), "Content-Encoding: gzip"),
        post(SIX, form(), f"Origin: http://evil.example/{KEY}"),
        post(SIX, form(), f"Idempotency-Key: {KEY}"),
        post(XML, f"logData=<logData><crtfcKey>{KEY}</logData>"),
    ]  # fmt: skip
    for request in requests:
        for broken in ("", "disk-full"):
            parts.intake.broken = broken
            reply = await parts.ask(request)
            assert_no_canary(answer_bytes(reply, NOW, keep_alive=False), repr(reply))
    assert_no_canary(parts.intake.raws, parts.health)
    lines = [emit.JsonFormatter().format(record) for record in caplog.records]
    assert lines
    assert_no_canary(*lines)
    assert CANARY in KEY


async def test_an_answer_is_written_with_its_length_and_nothing_that_splits_it() -> None:
    reply = Reply(200, "한".encode(), "text/plain", (("X-A", "a\r\nInjected: 1"),))
    written = answer_bytes(reply, NOW, keep_alive=True)
    head, _, body = written.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK\r\nDate: Thu, 26 Nov 2026 00:12:33 GMT\r\n")
    assert b"Content-Length: 3" in head
    assert b"Connection: keep-alive" in head
    assert b"\r\nInjected" not in head
    assert body == "한".encode()
    assert answer_bytes(reply, NOW, keep_alive=True, head_only=True) == head + b"\r\n\r\n"
