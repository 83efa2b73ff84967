"""The log service has every bad day that is ordered: answers late, lost, false, or none at all."""

from __future__ import annotations

import asyncio
import json
import ssl
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree as ET

import aiohttp
import pytest

from simulators.control import BadRequest
from simulators.service_faults import MODES, ServiceFaults
from simulators.usage_log import SAMPLE_KEY, UsageLogService
from simulators.usage_log_rules import TEXTS
from tests.unit.simulators.usage_parts import (
    E1,
    E2,
    E3,
    Hand,
    ask,
    json_query,
    order,
    record,
    send,
    service,
    told,
    xml,
)

WAIT_S = 60.0


@pytest.fixture
def hand() -> Hand:
    return Hand()


@pytest.fixture
def log(hand: Hand) -> UsageLogService:
    return service(hand)


@pytest.fixture
async def url(log: UsageLogService) -> AsyncIterator[str]:
    async with log.serving() as url:
        yield url


async def post(url: str, hand: Hand, **change: str) -> tuple[int, bytes]:
    """Send by POST: aiohttp sends a GET again by itself when its connection breaks."""
    body = json.dumps(record(hand, **change))
    return await ask(url, "POST", E1, body, **{"Content-Type": "application/json"})


@pytest.mark.parametrize(("mode", "stored"), [("reset", 0), ("drop-reply", 1)])
async def test_a_reset_leaves_the_caller_without_an_answer(
    hand: Hand, log: UsageLogService, url: str, mode: str, stored: int
) -> None:
    await order(url, "fault", mode=mode, count=1)
    with pytest.raises(aiohttp.ClientConnectionError):
        await post(url, hand)
    assert len(log.stored) == stored
    _, again = await post(url, hand)
    assert (b"AP1029" in again) == bool(stored)
    assert [(row["fault"], row["code"]) for row in log.requests[:1]] == [
        (mode, "AP1002" if stored else "")
    ]


@pytest.mark.parametrize(
    ("wish", "status", "body"),
    [
        ({"mode": "500"}, 500, b"Internal"),
        ({"mode": "500", "status": 503}, 503, b"Internal"),
        ({"mode": "html"}, 200, b"<html>"),
        ({"mode": "html", "status": 502}, 502, b"<html>"),
        ({"mode": "empty"}, 200, b""),
        ({"mode": "shape"}, 200, b'{"ok":true}'),
        ({"mode": "list"}, 200, b"[1,2,3]"),
    ],
)
@pytest.mark.parametrize("stored", [False, True])
async def test_a_false_answer_may_hide_a_stored_record(
    hand: Hand,
    log: UsageLogService,
    url: str,
    wish: dict[str, Any],
    status: int,
    body: bytes,
    stored: bool,
) -> None:
    log.faults.set({**wish, "count": 1, "stored": stored})
    answer = await post(url, hand)
    assert answer[0] == status
    assert answer[1].startswith(body)
    assert len(log.stored) == int(stored)


async def test_half_an_answer_is_no_json(hand: Hand, log: UsageLogService, url: str) -> None:
    log.faults.set({"mode": "truncated"})
    _, text = await post(url, hand)
    with pytest.raises(ValueError):
        json.loads(text)
    assert len(log.stored) == 1


async def test_a_late_answer_was_stored_at_once(hand: Hand, log: UsageLogService) -> None:
    log.faults.set({"mode": "delay", "delay": "3600s"})
    async with asyncio.TaskGroup() as group, log.serving() as url:
        asked = group.create_task(failed(url, hand))
        async with asyncio.timeout(WAIT_S):
            while not log.stored:
                await asyncio.sleep(0.01)
        assert not asked.done()
    assert len(log.stored) == 1


async def test_a_silent_service_stores_nothing_and_ends_by_a_reset(
    hand: Hand, log: UsageLogService, url: str
) -> None:
    log.faults.set({"mode": "timeout", "delay": "50ms", "count": 1})
    with pytest.raises(aiohttp.ClientConnectionError):
        await post(url, hand)
    assert log.stored == []


async def test_a_slow_body_comes_byte_by_byte(hand: Hand, log: UsageLogService, url: str) -> None:
    log.faults.set({"mode": "slow", "delay": 0.001})
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{url}{E2}?logData={json_query(record(hand))}") as answer,
    ):
        first = await answer.content.readany()
        assert len(first) < int(answer.headers["Content-Length"])
        assert b"AP1002" in first + await answer.read()


async def test_any_code_is_answered_for_the_next_requests(
    hand: Hand, log: UsageLogService, url: str
) -> None:
    await order(url, "fault", mode="code", code="AP1013", text="처음 보는 코드", count=2, after=1)
    codes = [(await send(url, record(hand)))["recptnRsltCd"] for _ in range(4)]
    assert codes == ["AP1002", "AP1013", "AP1013", "AP1029"]
    await order(url, "fault", mode="code", code="AP1010", detail="x")
    answer = await send(url, record(hand))
    assert (answer["recptnRslt"], answer["recptnRsltDtl"]) == ("기타 오류", "x")
    assert len(log.stored) == 1


@pytest.mark.parametrize("code", [*TEXTS, "AP1003", "AP9999", "E-1"])
async def test_every_code_can_be_forced_in_json_and_in_xml(
    hand: Hand, log: UsageLogService, url: str, code: str
) -> None:
    log.faults.set({"mode": "code", "code": code})
    assert (await send(url, record(hand)))["recptnRsltCd"] == code
    _, text = await ask(url, "GET", f"{E3}?logData={quote(xml(record(hand)))}")
    assert ET.fromstring(text).findtext("recptnRsltCd") == code
    assert log.stored == []


async def test_a_forced_code_may_belie_a_stored_record(
    hand: Hand, log: UsageLogService, url: str
) -> None:
    log.faults.set({"mode": "code", "code": "AP1010", "stored": True})
    assert (await send(url, record(hand)))["recptnRsltCd"] == "AP1010"
    assert len(log.stored) == 1


async def test_faults_come_one_after_the_other(hand: Hand, url: str) -> None:
    sequence = [
        {"mode": "500", "count": 1},
        {"mode": "code", "code": "AP1031", "count": 1},
        {"mode": "html", "count": 1},
    ]
    state = await order(url, "fault", sequence=sequence)
    assert state["faults"] == ["500", "code", "html"]
    seen = [await post(url, hand) for _ in range(4)]
    assert [status for status, _ in seen] == [500, 200, 200, 200]
    assert b"AP1031" in seen[1][1]
    assert b"AP1002" in seen[3][1]


async def test_ok_ends_all_faults(hand: Hand, url: str) -> None:
    await order(url, "fault", mode="500")
    assert (await post(url, hand))[0] == 500
    await order(url, "fault", mode="ok")
    assert (await post(url, hand))[0] == 200


def test_a_fault_ends_with_its_time() -> None:
    faults = ServiceFaults()
    faults.set({"mode": "500", "for": "20ms"})
    assert faults.meet() is not None
    time.sleep(0.03)
    assert faults.meet() is None


def test_every_mode_is_understood() -> None:
    for mode in MODES:
        ServiceFaults().set({"mode": mode, "code": "AP1001"})


@pytest.mark.parametrize(
    "wish",
    [
        {}, {"mode": "other"}, {"mode": "code"}, {"mode": "500", "count": -1},
        {"mode": "500", "count": True}, {"mode": "500", "for": "soon"}, {"sequence": {}},
        {"sequence": [1]}, {"mode": "delay", "delay": -1}, {"mode": "500", "status": "x"},
        {"mode": "500", "status": 999},
    ],
)  # fmt: skip
def test_a_wish_that_makes_no_sense_changes_nothing(wish: dict[str, Any]) -> None:
    faults = ServiceFaults()
    faults.set({"mode": "html"})
    with pytest.raises((BadRequest, ValueError)):
        faults.set(wish)
    assert faults.names() == ["html"]


async def test_stopping_does_not_wait_for_a_silent_answer(hand: Hand, log: UsageLogService) -> None:
    begun = time.monotonic()
    log.faults.set({"mode": "timeout"})
    async with asyncio.TaskGroup() as group:
        async with log.serving() as url:
            asked = group.create_task(failed(url, hand))
            while not log.requests:
                await asyncio.sleep(0.01)
        await asked
    assert time.monotonic() - begun < WAIT_S


async def failed(url: str, hand: Hand) -> None:
    with pytest.raises(aiohttp.ClientConnectionError):
        await post(url, hand)


def trusting(folder: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=folder / "ca.pem")


async def https(url: str, hand: Hand, trust: ssl.SSLContext) -> int:
    async with (
        aiohttp.ClientSession() as session,
        session.post(url + E1, json=record(hand), ssl=trust) as answer,
    ):
        return answer.status


async def test_a_good_certificate_is_trusted_through_its_ca(
    hand: Hand, log: UsageLogService, tmp_path: Path
) -> None:
    async with log.serving(tls="good", folder=tmp_path) as url:
        assert url.startswith("https://")
        assert await https(url, hand, trusting(tmp_path)) == 200
    assert len(log.stored) == 1


@pytest.mark.parametrize(
    ("kind", "reason"),
    [("expired", "expired"), ("self-signed", "self-signed"), ("wrong-host", "mismatch")],
)
async def test_a_wrong_certificate_is_refused_by_a_careful_client(
    hand: Hand, log: UsageLogService, tmp_path: Path, kind: str, reason: str
) -> None:
    async with log.serving(tls="good", folder=tmp_path) as url:
        log.show_certificate(kind)
        with pytest.raises(aiohttp.ClientConnectorCertificateError, match=reason):
            await https(url, hand, trusting(tmp_path))
        log.show_certificate("good")
        assert await https(url, hand, trusting(tmp_path)) == 200


async def test_tls_1_2_is_spoken_to_old_programs(
    hand: Hand, log: UsageLogService, tmp_path: Path
) -> None:
    async with log.serving(tls="good", folder=tmp_path) as url:
        trust = trusting(tmp_path)
        trust.maximum_version = ssl.TLSVersion.TLSv1_2
        assert await https(url, hand, trust) == 200


async def test_there_is_no_certificate_to_change_without_https(url: str) -> None:
    status, text = await ask(url, "POST", "/__sim__/certificate", '{"kind": "expired"}')
    assert (status, "HTTPS" in text.decode()) == (400, True)


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "other", "", 404),
        ("POST", "other", "{}", 404),
        ("POST", "fault", "[1]", 400),
        ("POST", "fault", "{", 400),
        ("POST", "keys", "{}", 400),
        ("POST", "keys", '{"key": "k", "status": "happy"}', 400),
        ("GET", "stored?after=x", "", 400),
    ],
)
async def test_the_control_refuses_nonsense_with_a_reason(
    url: str, method: str, path: str, body: str, status: int
) -> None:
    got, text = await ask(url, method, f"/__sim__/{path}", body)
    assert (got, "error" in json.loads(text)) == (status, True)


@pytest.fixture
def running(tmp_path: Path) -> Iterator[dict[str, Any]]:
    command = [
        sys.executable, "-m", "simulators.usage_log", "--port", "0", "--key", SAMPLE_KEY,
        "--now", "2026-03-02 09:00:00", "--rate", "0", "--unwrapped", "--bom",
        "--tls", "good", "--tls-folder", str(tmp_path), "--truth", str(tmp_path / "truth"),
    ]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        yield json.loads(child.stdout.readline())
        child.terminate()
        assert child.wait(WAIT_S) == 0


async def test_the_program_says_where_it_is_and_does_as_its_options_say(
    running: dict[str, Any], tmp_path: Path, hand: Hand
) -> None:
    assert running["ready"] == "usage-log"
    url = running["listening"]
    assert await https(url, hand, trusting(Path(running["ca"]).parent)) == 200
    control = f"http://127.0.0.1:{running['control_port']}"
    assert (await told(control, "state"))["now"] == "2026-03-02 09:00:00.000"
    stored = await told(control, "stored")
    assert [row["logDt"] for row in stored] == ["2026-03-02 09:00:00.000"]
    truth = [json.loads(line) for line in (tmp_path / "truth").read_text("utf-8").splitlines()]
    assert truth == [{"stored": stored[0]}]


@pytest.mark.slow
def test_the_command_line_knows_the_log_service() -> None:
    code = "from gateway.cli.main import main; main()"
    command = [sys.executable, "-c", code, "sim", "usage-log", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        ready = json.loads(child.stdout.readline())
        assert ready["listening"] == f"http://127.0.0.1:{ready['port']}"
        child.terminate()
        assert child.wait(WAIT_S) == 0
