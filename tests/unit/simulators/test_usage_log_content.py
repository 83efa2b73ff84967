"""The log service reads every variant that solutions send, byte for byte, and answers in kind."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from urllib.parse import quote, urlencode
from xml.etree import ElementTree as ET

import pytest

from simulators.usage_log import SAMPLE_KEY, UsageLogService
from tests.unit.simulators.usage_parts import (
    E1,
    E2,
    E3,
    Hand,
    ask,
    json_query,
    order,
    raw,
    record,
    service,
    xml,
)

FORM = "application/x-www-form-urlencoded"


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


def http(method: str, target: str, body: bytes = b"", *headers: str, version: str = "1.1") -> bytes:
    lines = [f"{method} ".encode() + target.encode() + f" HTTP/{version}".encode(), b"Host: log"]
    lines += [header.encode() for header in headers]
    if version == "1.1":
        lines.append(b"Connection: close")
    if body:
        lines.append(f"Content-Length: {len(body)}".encode())
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


FIELDS = record(Hand())
TEXT = json.dumps(FIELDS, ensure_ascii=False)
NUMBERED = json.dumps({**FIELDS, "dataUsgqty": 1024})
DECLARED = '<?xml version="1.0" encoding="UTF-8"?>'
STYLES = {
    "browser form": http(
        "POST", E1, urlencode(FIELDS).encode(), f"Content-Type: {FORM}; charset=UTF-8"
    ),
    "json object": http(
        "POST", E1, NUMBERED.encode(), "Content-Type: application/json;charset=UTF-8"
    ),
    "query": http("POST", f"{E1}?{urlencode(FIELDS)}"),
    "query, get": http("GET", f"{E1}?{urlencode(FIELDS)}"),
    "query, json type, no body": http(
        "POST", f"{E1}?{urlencode(FIELDS)}", b"", "Content-Type: application/json"
    ),
    "logData form": http(
        "POST", E2, urlencode({"logData": TEXT}).encode(), f"Content-Type: {FORM}"
    ),
    "logData form, nothing encoded": http(
        "POST", E2, b"logData=" + TEXT.encode(), f"Content-Type: {FORM}"
    ),
    "logData query": http(
        "POST", f"{E2}?logData={quote(TEXT)}", b"", "Content-Type: application/json"
    ),
    "logData get": http("GET", f"{E2}?logData={quote(TEXT)}"),
    "logData get, nothing encoded": http("GET", f"{E2}?logData={TEXT}"),
    "logData, HTTP/1.0 without a type": http(
        "POST", E2, urlencode({"logData": TEXT}).encode(), version="1.0"
    ),
    "xml form": http(
        "POST", E3, urlencode({"logData": xml(FIELDS)}).encode(), f"Content-Type: {FORM}"
    ),
    "xml get": http("GET", f"{E3}?logData={quote(xml(FIELDS))}"),
    "xml declared": http(
        "GET", f"{E3}?logData={quote(DECLARED + xml(FIELDS))}"
    ),
    "chunked": http(
        "POST", E2, b"", f"Content-Type: {FORM}", "Transfer-Encoding: chunked"
    ) + b"8\r\nlogData=\r\n%x\r\n%s\r\n0\r\n\r\n" % (len(quote(TEXT)), quote(TEXT).encode()),
}  # fmt: skip


@pytest.mark.parametrize("style", STYLES)
async def test_every_style_stores_the_same_record(
    log: UsageLogService, url: str, style: str
) -> None:
    answer = await raw(url, STYLES[style])
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"AP1002" in answer
    kept = {name: value for name, value in FIELDS.items() if name != "crtfcKey"}
    assert log.stored == [
        {"key": SAMPLE_KEY[-4:], **kept, "recptnDt": "2026-03-02 09:00:00.000"}
    ], style


async def test_old_dotnet_waits_for_100_continue(url: str, log: UsageLogService) -> None:
    data = http(
        "POST", E2, urlencode({"logData": TEXT}).encode(), f"Content-Type: {FORM}",
        "Expect: 100-continue",
    )  # fmt: skip
    answer = await raw(url, data)
    assert answer.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n")
    assert len(log.stored) == 1


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (http("POST", E1), "AP1025"),
        (http("GET", f"{E1}?x=1"), "AP1025"),
        (http("POST", E1, b"{", "Content-Type: application/json"), "AP1023"),
        (http("POST", E1, b"[1]", "Content-Type: application/json"), "AP1023"),
        (http("POST", E1, b'{"logDt":[1]}', "Content-Type: application/json"), "AP1023"),
        (http("POST", E1, b"[" * 100_000, "Content-Type: application/json"), "AP1023"),
        (http("POST", E2), "AP1025"),
        (http("POST", E2, TEXT.encode(), "Content-Type: application/json"), "AP1025"),
        (http("POST", E2, urlencode(FIELDS).encode(), f"Content-Type: {FORM}"), "AP1025"),
        (http("GET", f"{E2}?logData="), "AP1025"),
        (http("GET", f"{E2}?logData=%7B"), "AP1023"),
        (http("GET", f"{E2}?logData={quote('[' + TEXT + ',' + TEXT + ']')}"), "AP1023"),
        (http("GET", f"{E3}?logData={quote(TEXT)}"), "AP1023"),
        (http("GET", f"{E3}?logData=%3Cother/%3E"), "AP1023"),
        (http("GET", f"{E3}?logData={quote('<!DOCTYPE a><logData/>')}"), "AP1023"),
    ],
)
async def test_content_that_cannot_be_read_has_its_code(
    url: str, data: bytes, code: str, log: UsageLogService
) -> None:
    answer = await raw(url, data)
    assert code.encode() in answer
    assert log.requests[0]["code"] == code


async def test_a_record_without_a_field_in_a_query_is_no_transport_error(url: str) -> None:
    body = urlencode({"crtfcKey": SAMPLE_KEY})
    assert b"AP1012" in await raw(url, http("GET", f"{E1}?{body}"))


async def test_the_answer_has_the_service_shape_and_its_own_time(hand: Hand, url: str) -> None:
    answer = await raw(url, STYLES["logData form"])
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"Content-Type: application/json;charset=UTF-8" in head
    assert b"Date: Mon, 02 Mar 2026 00:00:00 GMT" in head
    assert json.loads(body) == {
        "result": {
            "recptnDt": "2026-03-02 09:00:00.000",
            "recptnRsltCd": "AP1002",
            "recptnRslt": "데이터 이관 완료",
            "recptnRsltDtl": "",
        }
    }


async def test_the_xml_answer_has_the_same_members(url: str) -> None:
    answer = await raw(url, STYLES["xml form"])
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"Content-Type: application/xml;charset=UTF-8" in head
    root = ET.fromstring(body)
    assert (root.tag, [child.tag for child in root]) == (
        "Result", ["recptnDt", "recptnRsltCd", "recptnRslt", "recptnRsltDtl"],
    )  # fmt: skip
    assert root.findtext("recptnRsltCd") == "AP1002"


async def test_the_answer_may_be_bare_with_a_mark_and_called_html(hand: Hand, url: str) -> None:
    await order(url, "shape", wrapped=False, bom=True, content_type="text/html;charset=UTF-8")
    answer = await raw(url, STYLES["logData get"])
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"Content-Type: text/html;charset=UTF-8" in head
    assert body.startswith(b"\xef\xbb\xbf{")
    assert json.loads(body.decode("utf-8-sig"))["recptnRsltCd"] == "AP1002"
    answer = await raw(url, STYLES["xml get"])
    assert b"text/html" in answer
    assert b"\xef\xbb\xbf<?xml" in answer
    status, _ = await ask(url, "POST", "/__sim__/shape", '{"colour": 1}')
    assert status == 400


async def test_a_page_of_another_site_may_send(url: str) -> None:
    answer = await raw(url, http("OPTIONS", E1, b"", "Origin: http://mes"))
    assert b"Access-Control-Allow-Origin: *" in answer
    assert b"200 OK" in answer.split(b"\r\n")[0]


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (http("GET", "/"), b"404"),
        (http("PUT", E1, b"x"), b"405"),
        (b"\x16\x03\x01\r\n\r\n", b"400"),
        (b"GET /\r\n\r\n", b"400"),
        (b"POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n", b"400"),
        (b"POST / HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n", b"400"),
        (b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", b"400"),
        (b"POST / HTTP/1.1\r\nno header\r\n\r\n", b"400"),
    ],
)
async def test_what_is_no_request_is_no_record(
    url: str, data: bytes, status: bytes, log: UsageLogService
) -> None:
    assert (await raw(url, data)).split(b" ")[1] == status
    assert log.requests == []


async def test_one_connection_carries_many_requests(
    hand: Hand, url: str, log: UsageLogService
) -> None:
    one = f"GET {E2}?logData={json_query(record(hand))} HTTP/1.1\r\nHost: log\r\n\r\n".encode()
    answer = await raw(url, one * 2 + STYLES["logData get"])
    assert answer.count(b"HTTP/1.1 200 OK") == 3
    assert [row["code"] for row in log.requests] == ["AP1002", "AP1029", "AP1029"]


async def test_a_caller_that_goes_away_is_its_own_loss(url: str, log: UsageLogService) -> None:
    port = int(url.rsplit(":", 1)[1])
    for data in (b"", b"POST /a", STYLES["logData form"][:-5]):
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(data)
        writer.close()
    assert b"AP1002" in await raw(url, STYLES["logData form"])
    assert len(log.stored) == 1
