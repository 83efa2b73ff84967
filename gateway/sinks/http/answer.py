"""What a platform answers, taken at its word only where it has the agreed shape.

Source: platform interface, version 1, §2.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import orjson

from gateway.core.errors import SinkUnavailable
from gateway.core.records import Answer, Refusal
from gateway.core.types import Offset, UnixNs

RETRY_AFTER_MAX_S = 300.0
TEXT_MAX = 300
"""Characters of a server's text that are kept with a quarantined record."""
_DIGITS = re.compile(r"[0-9]{1,400}")


def parse_answer(body: bytes, epoch: str) -> Answer:
    """Read an acknowledgement.

    Raises:
        SinkUnavailable: it is something else: nothing counts as accepted.
    """
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise SinkUnavailable("not-an-answer", f"no JSON: {text_of(body)}") from error
    if not isinstance(found, dict) or not isinstance(found.get("accepted"), list):
        raise SinkUnavailable("not-an-answer", text_of(body))
    if found.get("epoch") != epoch:
        raise SinkUnavailable("other-epoch", str(found.get("epoch"))[:TEXT_MAX])
    try:
        accepted = tuple(_pair(entry) for entry in found["accepted"])
        refused = tuple(_refusal(entry) for entry in found.get("refused") or ())
    except (TypeError, ValueError, KeyError) as error:
        raise SinkUnavailable("not-an-answer", text_of(body)) from error
    return Answer(accepted, refused)


def _pair(entry: Any) -> tuple[int, int]:
    first, last = entry
    if type(first) is not int or type(last) is not int or last < first:
        raise ValueError(entry)
    return first, last


def _refusal(entry: Any) -> Refusal:
    offset, reason = entry["offset"], entry.get("reason")
    if type(offset) is not int:
        raise ValueError(entry)
    return Refusal(Offset(offset), str(reason or "no reason given")[:TEXT_MAX])


def unknown_plan(body: bytes) -> bool:
    """Tell whether a 404 or 409 asks for a plan."""
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        return False
    return isinstance(found, dict) and found.get("error") == "unknown-plan"


def text_of(body: bytes) -> str:
    """Give the beginning of a body as one printable line."""
    text = body[: 4 * TEXT_MAX].decode("utf-8", "replace")
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:TEXT_MAX]


def retry_after_s(value: str | None, now: UnixNs) -> float | None:
    """Read `Retry-After`, seconds or a date, capped at five minutes; None where it says nothing."""
    if value is None:
        return None
    value = value.strip()
    if _DIGITS.fullmatch(value):
        return min(float(value), RETRY_AFTER_MAX_S)
    try:
        date = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    if date.tzinfo is None:
        date = date.replace(tzinfo=UTC)
    wait_s = (date - datetime.fromtimestamp(now / 1e9, UTC)).total_seconds()
    return min(max(wait_s, 0.0), RETRY_AFTER_MAX_S)
