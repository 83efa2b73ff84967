"""Answers in the log service's own shape, and the bytes of an HTTP answer.

Source: JSON object `result` with four members, XML root `Result` with the same four; HTTP 200 for
what is wrong in a record, too. Only what the gateway itself cannot do has another status.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http import HTTPStatus
from xml.sax.saxutils import escape

from gateway.core.types import UnixNs
from gateway.usage.config import KST_OFFSET_S
from gateway.usage.model import Attempt
from gateway.usage.rules.codes import load_codes

ACCEPTED, STORED, TRY_AGAIN, NO_KEY, TEST = "AP1001", "AP1002", "AP1010", "AP1011", "AP1028"
HELD = "게이트웨이 접수"
HELD_COMPAT = "게이트웨이 접수, 사업관리시스템 적재 아님"
"""Accepted by the gateway, not stored by the management system."""
RETRY_AFTER_S = 5

Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP answer before it is bytes. `code` is the service's, "" for pages and HTTP errors."""

    status: int
    body: bytes = field(default=b"", repr=False)
    content_type: str = ""
    headers: Headers = ()
    code: str = ""

    def with_headers(self, headers: Headers) -> Reply:
        """Give the same answer with more headers."""
        more = (*self.headers, *headers)
        return Reply(self.status, self.body, self.content_type, more, self.code)


@dataclass(frozen=True, slots=True)
class Result:
    """The four members of the service's answer; `when` is Korean time with milliseconds."""

    when: str
    code: str
    text: str
    detail: str = ""

    def members(self) -> dict[str, str]:
        """Give the members by the service's names, in its order."""
        return {
            "recptnDt": self.when,
            "recptnRsltCd": self.code,
            "recptnRslt": self.text,
            "recptnRsltDtl": self.detail,
        }


def result_of(code: str, detail: str, now: UnixNs) -> Result:
    """Give the gateway's own answer; the text is the short one of the code table."""
    text = load_codes().of(code).ko.partition(":")[0].rstrip(".")
    return Result(korean_time(now), code, text, detail)


def relayed(attempt: Attempt, now: UnixNs) -> Result:
    """Give the service's own answer on."""
    when = attempt.answered or korean_time(now)
    return Result(when, attempt.code, attempt.text, attempt.detail)


def service_reply(result: Result, *, xml: bool, status: int = 200, headers: Headers = ()) -> Reply:
    """Put a result into the shape of its endpoint."""
    members = result.members()
    if xml:
        inner = "".join(f"<{name}>{_xml(value)}</{name}>" for name, value in members.items())
        text = f'<?xml version="1.0" encoding="UTF-8"?>\n<Result>{inner}</Result>'
        kind = "application/xml;charset=UTF-8"
    else:
        text = json.dumps({"result": members}, ensure_ascii=False, separators=(",", ":"))
        kind = "application/json;charset=UTF-8"
    return Reply(status, text.encode("utf-8", "replace"), kind, headers, result.code)


def json_reply(status: int, members: dict[str, object], headers: Headers = ()) -> Reply:
    """Give a JSON object that is none of the service's."""
    body = json.dumps(members, ensure_ascii=False, indent=1).encode() + b"\n"
    return Reply(status, body, "application/json;charset=UTF-8", headers)


def korean_time(now: UnixNs) -> str:
    """Give `yyyy-MM-dd HH:mm:ss.SSS` in Korea."""
    seconds, rest = divmod(now, 10**9)
    at = datetime.fromtimestamp(seconds, UTC) + timedelta(seconds=KST_OFFSET_S)
    return f"{at:%Y-%m-%d %H:%M:%S}.{rest // 10**6:03d}"


def answer_bytes(reply: Reply, now: UnixNs, *, keep_alive: bool, head_only: bool = False) -> bytes:
    """Give the bytes of an answer. The version is 1.1 as RFC 9110 §2.5 has it, for 1.0 too."""
    lines = [
        f"HTTP/1.1 {reply.status} {_phrase(reply.status)}",
        f"Date: {format_datetime(datetime.fromtimestamp(now // 10**9, UTC), usegmt=True)}",
        f"Connection: {'keep-alive' if keep_alive else 'close'}",
        "Cache-Control: no-store",
        "X-Content-Type-Options: nosniff",
    ]
    if reply.status not in {204, 304}:
        lines.append(f"Content-Length: {len(reply.body)}")
    if reply.content_type:
        lines.append(f"Content-Type: {reply.content_type}")
    lines += _header_lines(reply.headers)
    head = "\r\n".join(lines).encode("latin-1", "replace") + b"\r\n\r\n"
    return head if head_only else head + reply.body


def _header_lines(headers: Sequence[tuple[str, str]]) -> list[str]:
    return [f"{name}: {''.join(c for c in value if c.isprintable())}" for name, value in headers]


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"


def _xml(value: str) -> str:
    """Escape text; characters that XML cannot have are left out."""
    fit = (c for c in value if c in "\t\n\r" or " " <= c < "\ud800" or "\ue000" <= c <= "\ufffd")
    return escape("".join(fit))
