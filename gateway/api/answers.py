"""Answers and query reading shared by all routes.

Errors have the body of AAS Part 2 (Result: a list `messages`) and nothing beside it.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

PAGE_DEFAULT = 100
PAGE_MAX = 1_000
NO_CURSOR = "the cursor is not one that this server gave"
CURSOR = re.compile(r"[0-9]{1,9}")
_BASE64URL = re.compile(r"[A-Za-z0-9_-]*={0,2}")


class ApiError(Exception):
    """A request that is answered with an error; `text` goes to the client."""

    def __init__(self, status: int, text: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(text)
        self.status = status
        self.text = text
        self.headers = dict(headers or {})


def error_body(status: int, text: str, now_ns: int) -> bytes:
    """Write a Part 2 error."""
    stamp = datetime.fromtimestamp(now_ns / 1e9, UTC).isoformat(timespec="milliseconds")
    message = {
        "code": str(status),
        "messageType": "Error",
        "text": text,
        "timestamp": stamp.replace("+00:00", "Z"),
    }
    return orjson.dumps({"messages": [message]})


def json_bytes(
    body: bytes, headers: Mapping[str, str] | None = None, status: int = 200
) -> Response:
    """Send JSON that is written already."""
    return Response(body, status, dict(headers or {}), "application/json")


def json_answer(content: Any, status: int = 200) -> Response:
    """Send JSON."""
    option = orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS
    return json_bytes(orjson.dumps(content, default=str, option=option), status=status)


def tagged(etag: str, body: bytes | None) -> Response:
    """Send JSON with an entity tag, or 304 (body None) when the client has it."""
    headers = {"etag": etag, "cache-control": "no-cache"}
    return Response(None, 304, headers) if body is None else json_bytes(body, headers)


def has_tag(request: Request, etag: str) -> bool:
    """Tell whether the client names this entity tag (RFC 9110 §13.1.2, weak comparison)."""
    given = request.headers.get("if-none-match", "")
    tags = {part.strip().removeprefix("W/") for part in given.split(",")}
    return etag in tags or "*" in tags


class Query:
    """Query parameters whose names are compared without case; the last one of a name counts."""

    def __init__(self, request: Request) -> None:
        self._items = [(k.lower(), v) for k, v in request.query_params.multi_items()]
        self._given = dict(self._items)

    def text(self, name: str) -> str | None:
        """Give a parameter; None where it is missing or empty."""
        return self._given.get(name.lower()) or None

    def every(self, name: str) -> list[str]:
        """Give all values of a parameter that may come again or be a list with commas."""
        given = [value for key, value in self._items if key == name.lower()]
        return [part for value in given for part in value.split(",") if part]

    def flag(self, name: str, *, default: bool) -> bool:
        """Give a truth value.

        Raises:
            ApiError: it is neither true nor false.
        """
        given = (self.text(name) or str(default)).lower()
        if given not in {"true", "false"}:
            raise ApiError(400, f"{name} must be true or false")
        return given == "true"

    def number(self, name: str, default: int, low: int, high: int) -> int:
        """Give a whole number; more than `high` counts as `high`.

        Raises:
            ApiError: it is no number or below `low`.
        """
        given = self.text(name)
        if given is None:
            return default
        if not re.fullmatch(r"[+-]?[0-9]{1,19}", given) or int(given) < low:
            raise ApiError(400, f"{name} must be a whole number from {low} on")
        return min(int(given), high)

    def word(self, name: str, words: Sequence[str]) -> str:
        """Give one of these words, the first where nothing is said.

        Raises:
            ApiError: it is another one.
        """
        given = self.text(name)
        if given is None:
            return words[0]
        if given not in words:
            raise ApiError(400, f"{name} must be one of {', '.join(words)}")
        return given


def identifier(given: str) -> str:
    """Decode an identifier of a path: base64url, with or without its padding.

    Raises:
        ApiError: it is not.
    """
    try:
        if not _BASE64URL.fullmatch(given):
            raise ValueError(given)
        bare = given.rstrip("=")
        return base64.urlsafe_b64decode(bare + "=" * (-len(bare) % 4)).decode()
    except (ValueError, binascii.Error) as error:
        raise ApiError(400, "the identifier is not base64url of UTF-8") from error


def page(bodies: Sequence[bytes], first: int, more: bool) -> bytes:
    """Write a page of results that begins at `first`; the cursor names the next one."""
    cursor = page_cursor(first + len(bodies)) if more else None
    paging = b'{"cursor":"' + cursor + b'"}' if cursor else b"{}"
    return b'{"result":[' + b",".join(bodies) + b'],"paging_metadata":' + paging + b"}"


def page_cursor(place: int) -> bytes:
    """Give the cursor of the page that begins at a place."""
    return base64.urlsafe_b64encode(str(place).encode()).rstrip(b"=")


def window(query: Query, count: int) -> tuple[int, int]:
    """Give the range of a page from `limit` and `cursor`.

    Raises:
        ApiError: one of them is invalid.
    """
    limit = query.number("limit", PAGE_DEFAULT, 1, PAGE_MAX)
    first = page_start(query)
    if first > count:
        raise ApiError(400, NO_CURSOR)
    return first, min(first + limit, count)


def page_start(query: Query) -> int:
    """Give the place at which a page begins, from `cursor`.

    Raises:
        ApiError: it is not a cursor.
    """
    cursor = query.text("cursor")
    if cursor is None:
        return 0
    place = identifier(cursor)
    if not CURSOR.fullmatch(place):
        raise ApiError(400, NO_CURSOR)
    return int(place)
