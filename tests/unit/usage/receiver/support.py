"""The eight ways in which real programs send one record, byte by byte; a fake intake and clock."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree as ET

from gateway.core.errors import LedgerUnavailable
from gateway.core.types import UnixNs
from gateway.usage.model import FIELDS, Raw, State, Taken, Unfit
from gateway.usage.receiver.head import Request
from gateway.usage.receiver.http1 import RequestReader

KEY = "$5$API$CanaryCanaryCanaryCanaryCanaryCanaryCanary."
KEY_ENCODED = "%245%24API%24CanaryCanaryCanaryCanaryCanaryCanaryCanary."
CANARY = "CanaryCanary"
ORIGIN = "http://mes.factory.local:8080"
NOW = UnixNs(1_795_651_953_100_000_000)
"""2026-11-26 09:12:33.100 in Korea."""
RECORD = {
    "logDt": "2026-11-26 09:12:33.045",
    "useSe": "DO6001",
    "sysUser": "김민수",
    "conectIp": "192.168.0.21",
    "dataUsgqty": "1024",
}
_JSON = (
    '{"crtfcKey":"@KEY@","logDt":"2026-11-26 09:12:33.045","useSe":"DO6001",'
    '"sysUser":"김민수","conectIp":"192.168.0.21","dataUsgqty":"1024"}'
)
_JSON_ENCODED = (
    "%7B%22crtfcKey%22%3A%22@ENC@%22%2C%22logDt%22%3A%222026-11-26+09%3A12%3A33.045%22%2C"
    "%22useSe%22%3A%22DO6001%22%2C%22sysUser%22%3A%22%EA%B9%80%EB%AF%BC%EC%88%98%22%2C"
    "%22conectIp%22%3A%22192.168.0.21%22%2C%22dataUsgqty%22%3A%221024%22%7D"
)

_STYLES: dict[str, tuple[str, str, str]] = {
    "browser-ajax-form": (
        "POST /apisvc/sendLogData.json HTTP/1.1\r\nHost: 192.168.0.5:8480\r\n"
        "Connection: keep-alive\r\nContent-Length: @LENGTH@\r\n"
        "Accept: application/json, text/javascript, */*; q=0.01\r\n"
        f"Origin: {ORIGIN}\r\n"
        "User-Agent: Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/138.0.0.0\r\n"
        "Content-Type: application/x-www-form-urlencoded; charset=UTF-8\r\n"
        f"Referer: {ORIGIN}/login.do\r\n"
        "Accept-Encoding: gzip, deflate\r\nAccept-Language: ko-KR,ko;q=0.9\r\n\r\n",
        "crtfcKey=@ENC@&logDt=2026-11-26+09%3A12%3A33.045&useSe=DO6001&"
        "sysUser=%EA%B9%80%EB%AF%BC%EC%88%98&conectIp=192.168.0.21&dataUsgqty=1024",
        "utf-8",
    ),
    "json": (
        "POST /apisvc/sendLogData.json HTTP/1.1\r\nhost: 192.168.0.5:8480\r\n"
        "accept: application/json, text/plain, */*\r\n"
        "content-type: application/json;charset=UTF-8\r\nuser-agent: axios/1.7.9\r\n"
        "content-length: @LENGTH@\r\nconnection: close\r\n\r\n",
        '{\r\n  "crtfcKey": "@KEY@",\r\n  "logDt": "2026-11-26 09:12:33.045",\r\n'
        '  "useSe": "DO6001",\r\n  "sysUser": "김민수",\r\n  "conectIp": "192.168.0.21",\r\n'
        '  "dataUsgqty": 1024\r\n}',
        "utf-8",
    ),
    "winforms-get-raw-korean": (
        f"GET /apisvc/sendLogDataJSON.do?logData={_JSON} HTTP/1.1\r\n"
        "Host: 192.168.0.5:8480\r\nConnection: Keep-Alive\r\n\r\n",
        "",
        "utf-8",
    ),
    "php-stream-context": (
        "POST /apisvc/sendLogDataJSON.do HTTP/1.1\r\nHost: 192.168.0.5:8480\r\n"
        "Connection: close\r\nContent-Length: @LENGTH@\r\n"
        "Content-type: application/x-www-form-urlencoded\r\n\r\n",
        f"logData={_JSON_ENCODED}",
        "utf-8",
    ),
    "spring-resttemplate-json-do": (
        f"POST /apisvc/sendLogDataJSON.do?logData={_JSON_ENCODED.replace('+', '%20')} HTTP/1.1\r\n"
        "Accept: text/plain, application/json, application/*+json, */*\r\n"
        "Content-Type: application/json;charset=UTF-8\r\nUser-Agent: Java/1.8.0_202\r\n"
        "Host: 192.168.0.5:8480\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n",
        "",
        "utf-8",
    ),
    "xml": (
        "POST /apisvc/sendLogDataXML.do HTTP/1.1\r\nHost: 192.168.0.5:8480\r\n"
        "Content-Type: application/x-www-form-urlencoded;charset=utf-8\r\n"
        "Expect: 100-continue\r\nContent-Length: @LENGTH@\r\n\r\n",
        "logData=%3C%3Fxml+version%3D%221.0%22+encoding%3D%22UTF-8%22%3F%3E%3ClogData%3E"
        "%3CcrtfcKey%3E@ENC@%3C%2FcrtfcKey%3E%3ClogDt%3E2026-11-26+09%3A12%3A33.045%3C%2FlogDt%3E"
        "%3CuseSe%3EDO6001%3C%2FuseSe%3E%3CsysUser%3E%EA%B9%80%EB%AF%BC%EC%88%98%3C%2FsysUser%3E"
        "%3CconectIp%3E192.168.0.21%3C%2FconectIp%3E%3CdataUsgqty%3E1024%3C%2FdataUsgqty%3E"
        "%3C%2FlogData%3E",
        "utf-8",
    ),
    "http-1.0-without-content-type": (
        "POST /apisvc/sendLogData.json HTTP/1.0\r\n\r\n",
        "crtfcKey=@KEY@&logDt=2026-11-26 09:12:33.045&useSe=DO6001&"
        "sysUser=김민수&conectIp=192.168.0.21&dataUsgqty=1024\r\n",
        "utf-8",
    ),
    "cp949-form": (
        "POST /apisvc/sendLogData.json HTTP/1.1\r\nHost: 192.168.0.5\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: @LENGTH@\r\n"
        "Cache-Control: no-cache\r\n\r\n",
        "crtfcKey=@ENC@&logDt=2026-11-26+09%3A12%3A33.045&useSe=DO6001&"
        "sysUser=%B1%E8%B9%CE%BC%F6&conectIp=192.168.0.21&dataUsgqty=1024",
        "cp949",
    ),
}
NO_LENGTH = "http-1.0-without-content-type"


def request_bytes(style: str) -> bytes:
    """Give a style's request as it is on the wire."""
    head, body, charset = _STYLES[style]
    sent = _filled(body).encode(charset)
    return _filled(head).replace("@LENGTH@", str(len(sent))).encode(charset) + sent


def _filled(text: str) -> str:
    return text.replace("@KEY@", KEY).replace("@ENC@", KEY_ENCODED)


STYLES = {style: request_bytes(style) for style in _STYLES}


def parsed(data: bytes) -> Request:
    """Read one request, to its end."""
    reader = RequestReader()
    reader.feed(data)
    reader.feed_eof()
    made = reader.next_request()
    assert made is not None
    return made


def post(path: str, body: str | bytes = b"", *headers: str) -> Request:
    """Make a POST request."""
    sent = body.encode() if isinstance(body, str) else body
    lines = [f"POST {path} HTTP/1.1", f"Content-Length: {len(sent)}", *headers]
    return parsed("\r\n".join(lines).encode() + b"\r\n\r\n" + sent)


def get(target: str | bytes, *headers: str) -> Request:
    """Make a GET request."""
    sent = target.encode() if isinstance(target, str) else target
    more = "".join(f"{header}\r\n" for header in headers).encode()
    return parsed(b"GET " + sent + b" HTTP/1.1\r\n" + more + b"\r\n")


def form(**changed: str | None) -> str:
    """Give a form body, with fields changed or left out."""
    fields = {"crtfcKey": KEY, **RECORD, **changed}
    return "&".join(f"{name}={value}" for name, value in fields.items() if value is not None)


def result_of(body: bytes) -> dict[str, str]:
    """Read the service's answer, JSON or XML, and insist on its shape."""
    if body.startswith(b"<"):
        root = ET.fromstring(body.decode())
        assert root.tag == "Result"
        found = {child.tag: child.text or "" for child in root}
    else:
        whole = json.loads(body)
        assert list(whole) == ["result"]
        found = whole["result"]
    assert list(found) == ["recptnDt", "recptnRsltCd", "recptnRslt", "recptnRsltDtl"]
    assert len(found["recptnDt"]) == 23
    return found


@dataclass
class FixedClock:
    """A wall clock that stands; waiting is real."""

    at: UnixNs = NOW

    def now(self) -> UnixNs:
        return self.at

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


@dataclass
class FakeIntake:
    """Takes everything, or says what it is told to."""

    raws: list[Raw] = field(default_factory=list)
    unfit: tuple[str, str, str] | None = None
    broken: str = ""
    gate: asyncio.Event | None = None
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    known: dict[str, Taken] = field(default_factory=dict)

    async def take(self, raws: Sequence[Raw]) -> list[Taken | Unfit]:
        self.begun.set()
        if self.gate is not None:
            await self.gate.wait()
        if self.broken:
            raise LedgerUnavailable(self.broken)
        return [self._one(raw) for raw in raws]

    def _one(self, raw: Raw) -> Taken | Unfit:
        if raw.source_id in self.known:
            first = self.known[raw.source_id]
            return Taken(first.id, first.state, known=True)
        self.raws.append(raw)
        if self.unfit is not None:
            code, name, detail = self.unfit
            return Unfit(raw, code, name, detail)
        taken = Taken(f"e{len(self.raws)}", State.QUEUED)
        if raw.source_id:
            self.known[raw.source_id] = taken
        return taken


def assert_no_canary(*texts: object) -> None:
    for text in texts:
        assert CANARY not in (
            text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)
        )


def fields_of(raw: Raw) -> dict[str, str | None]:
    assert set(raw.fields) == set(FIELDS)
    return dict(raw.fields)


def key_in(path: Path) -> bool:
    return CANARY.encode() in path.read_bytes()
