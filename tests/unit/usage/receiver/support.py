"""Requests, a fake intake and a clock that stands, for tests of the receiver."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from xml.etree import ElementTree as ET

from gateway.core.errors import LedgerUnavailable
from gateway.core.types import UnixNs
from gateway.usage.model import FIELDS, Raw, State, Taken, Unfit
from gateway.usage.receiver.head import Request
from gateway.usage.receiver.http1 import RequestReader
from tests.unit.usage.receiver.styles import CANARY, KEY, RECORD

NOW = UnixNs(1_795_651_953_100_000_000)
"""2026-11-26 09:12:33.100 in Korea."""


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
