"""What the head of an HTTP/1.x request says. Source: RFC 9112 §3, §5, §6."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

BODY_MAX = 64 * 1024
"""A record is about 400 bytes."""
LENGTH_DIGITS_MAX = 9
ONCE = frozenset({"content-length", "transfer-encoding", "host"})
"""Two of these are two opinions about where a request ends, or whose it is."""
_METHOD = re.compile(rb"[A-Za-z]{1,16}")
_VERSION = re.compile(rb"[Hh][Tt][Tt][Pp]/([0-9])\.([0-9])")
_AUTHORITY = re.compile(rb"[Hh][Tt][Tt][Pp][Ss]?://[^/?#]*")
_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")
_CONTROL = re.compile(rb"[\x00-\x1f\x7f]")
_BODIES = frozenset({"POST", "PUT", "PATCH"})

Framing = int | Literal["chunked", "close"]


class HttpError(Exception):
    """A request that is refused as a whole; `reason` is a fixed word and quotes nothing of it."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(f"{status} {reason}")
        self.status = status
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Request:
    """One request. `target` is path and query as they came; header names are lower case.

    Target, headers and body may hold a key, so that nothing of them is shown by `repr`.
    """

    method: str
    target: bytes = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    keep_alive: bool

    @property
    def path(self) -> bytes:
        """The target without its query."""
        return self.target.partition(b"?")[0]

    @property
    def query(self) -> bytes:
        """What stands behind the first question mark."""
        return self.target.partition(b"?")[2]


@dataclass(slots=True)
class Head:
    """A head as it is read."""

    method: str
    target: bytes = field(repr=False)
    minor: int
    headers: dict[str, str] = field(default_factory=dict, repr=False)

    def framing(self) -> Framing:
        """Give the length of the body, or how its end is told.

        A 1.1 request with a body and without a length has none by the standard; where it announces
        that it closes, what comes before that is its body.

        Raises:
            HttpError: lengths that contradict one another, or more than `BODY_MAX`.
        """
        coding, length = self.headers.get("transfer-encoding"), self.headers.get("content-length")
        if coding is not None:
            if length is not None or self.minor == 0:
                raise HttpError(400, "two-lengths")
            if coding.lower() != "chunked":
                raise HttpError(501, "unknown-coding")
            return "chunked"
        if length is not None:
            return _length(length)
        closes = self.minor == 0 or "close" in self._connection()
        return "close" if self.method in _BODIES and closes else 0

    def expects_continue(self) -> bool:
        """Tell that the client waits before it sends its body; 1.0 has no such thing."""
        return self.minor > 0 and self.headers.get("expect", "").lower() == "100-continue"

    def request(self, body: bytes) -> Request:
        """Give the whole request."""
        return Request(self.method, self.target, self.headers, body, self._keeps_alive())

    def _keeps_alive(self) -> bool:
        if self.framing() == "close":
            return False
        tokens = self._connection()
        return "close" not in tokens if self.minor else "keep-alive" in tokens

    def _connection(self) -> set[str]:
        return {token.strip() for token in self.headers.get("connection", "").lower().split(",")}


def request_line(line: bytes) -> Head:
    """Read a request line; the target may have spaces in it.

    Raises:
        HttpError: it is none, or of another protocol.
    """
    method, _, rest = line.rstrip(b" ").partition(b" ")
    target, _, protocol = rest.rpartition(b" ")
    version = _VERSION.fullmatch(protocol)
    if version is None or not _METHOD.fullmatch(method):
        raise HttpError(400, "bad-request-line")
    if version[1] != b"1":
        raise HttpError(505, "bad-version")
    return Head(method.decode().upper(), _origin_form(target.strip(b" ")), int(version[2]))


def header_of(line: bytes, headers: dict[str, str]) -> None:
    """Put a header line among the others.

    Raises:
        HttpError: it is none, or may not be there twice.
    """
    raw_name, colon, value = line.partition(b":")
    if not colon or not _NAME.fullmatch(raw_name) or b"\r" in value or b"\0" in value:
        raise HttpError(400, "bad-header")
    name, text = raw_name.decode().lower(), value.strip(b" \t").decode("latin-1")
    if name in headers:
        if name in ONCE:
            raise HttpError(400, "two-lengths" if name != "host" else "two-hosts")
        text = f"{headers[name]}, {text}"
    headers[name] = text


def _origin_form(target: bytes) -> bytes:
    if _CONTROL.search(target):
        raise HttpError(400, "bad-target")
    if target.startswith(b"/") or target == b"*":
        return target
    authority = _AUTHORITY.match(target)
    if authority is None:
        raise HttpError(400, "bad-target")
    rest = target[authority.end() :]
    return rest if rest.startswith(b"/") else b"/" + rest


def _length(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise HttpError(400, "bad-length")
    digits = text.lstrip("0") or "0"
    if len(digits) > LENGTH_DIGITS_MAX or int(digits) > BODY_MAX:
        raise HttpError(413, "body-too-large")
    return int(digits)
