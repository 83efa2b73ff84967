"""Claims about the three endpoints: the service's shape and codes, nothing before the disk."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from gateway.core.types import UnixNs
from gateway.ops.events import emit
from gateway.ops.scope import own_scope
from gateway.usage.config import Reply as Mode
from gateway.usage.model import Attempt, State, Taken
from gateway.usage.receiver import endpoints
from gateway.usage.receiver.replies import Reply, answer_bytes
from tests.unit.usage.receiver.parts import DO, PEER, SIX, XML, Parts
from tests.unit.usage.receiver.styles import CANARY, KEY, RECORD, STYLES
from tests.unit.usage.receiver.support import (
    NOW,
    assert_no_canary,
    form,
    get,
    parsed,
    post,
    result_of,
)


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


def attempt(code: str, text: str = "본문", detail: str = "", answered: str = "") -> Attempt:
    return Attempt(UnixNs(1), {}, code, text, detail, answered)


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


@pytest.fixture
def log_of_its_own() -> Iterator[None]:
    """Let no line of another test hold one back."""
    with own_scope():
        yield


@pytest.mark.usefixtures("log_of_its_own")
async def test_the_key_is_in_no_log_line_answer_or_event(
    caplog: pytest.LogCaptureFixture,
) -> None:
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
