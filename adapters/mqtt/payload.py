"""The bytes of a message into a document or a text, as leniently as can be without inventing.

What orjson reads is taken as it is, which is the fast path. Only what it refuses is looked at
again: a byte order mark before, NUL and white space behind, and words for numbers that are none.
"""

from __future__ import annotations

import codecs
import json
import re
import secrets
from collections.abc import Callable
from typing import Any, NoReturn

import orjson

from adapters.mqtt.framing import Clipped

Loads = Callable[[bytes], Any]

UTF_8 = "utf-8"
TAIL = "\x00 \t\r\n\v\f\x1a"
"""What buffers, terminals and old files leave behind a message."""
MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
"""A mark says which of the UTFs a message is, whichever was declared: no UTF-8 text begins so."""
WIDTHS = {"utf-16": 2, "utf-16-le": 2, "utf-16-be": 2, "utf-32": 4, "utf-32-le": 4, "utf-32-be": 4}
_MARK = f"\x01{secrets.token_hex(8)}:"
_NOT_FINITE = {
    f"{_MARK}nan": float("nan"),
    f"{_MARK}inf": float("inf"),
    f"{_MARK}-inf": float("-inf"),
}
_TOKEN = re.compile(
    r'"[^"\\]*(?:\\.[^"\\]*)*"'
    r"|(?<![^:,\[\s])(?P<sign>[+-]?)"
    r"(?:(?P<nan>nan(?:\([a-z0-9]*\))?|1\.#(?:ind|[qs]nan)0*)|(?P<inf>inf(?:inity)?|1\.#inf0*)"
    r"|(?P<word>true|false|null)|(?P<none>none|undefined))"
    r"(?![^,\]}\s])",
    re.IGNORECASE | re.DOTALL,
)


class UnreadableError(Exception):
    """A message that cannot be read: `reason` is a fixed word, `detail` what only this one has."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail


class PayloadReader:
    """Reads the payloads of one source."""

    def __init__(self, encoding: str, bytes_max: int) -> None:
        self._encoding = codecs.lookup(encoding).name
        self._bytes_max = bytes_max
        self._plain = self._encoding == UTF_8

    def loads(self, *, exact: bool) -> Loads:
        """Give the fast way; it raises ValueError for what `document` has to look at again."""
        loads = _exact_loads if exact else orjson.loads
        if self._plain:
            return loads
        encoding = self._encoding

        def decoded(payload: bytes) -> Any:
            if type(payload) is not bytes:
                raise ValueError("to be looked at again")
            return loads(payload.decode(encoding))

        return decoded

    def document(self, payload: bytes, *, exact: bool) -> Any:
        """Read a message that the fast way refused.

        Raises:
            UnreadableError: it cannot be read.
        """
        loads: Callable[[str], Any] = _exact_loads if exact else orjson.loads
        text = self.text(payload)
        if not text:
            raise UnreadableError("payload-empty")
        try:
            return loads(text)
        except json.JSONDecodeError as error:
            refused = error
        plain, found = _without_words(text)
        try:
            if found:
                return _with_numbers(loads(plain))
        except json.JSONDecodeError as error:
            refused = error
        raise UnreadableError("payload-not-json", f"character {refused.pos + 1}") from None

    def text(self, payload: bytes) -> str:
        """Give the text of a message without its mark and what trails behind it.

        Raises:
            UnreadableError: too long, or not in its encoding.
        """
        if self._plain and type(payload) is bytes and payload.isascii():
            return payload.decode("ascii").rstrip(TAIL)  # no mark, and nothing to go wrong
        if isinstance(payload, Clipped):
            raise UnreadableError(
                "message-too-large", f"{payload.size} > max_message {self._bytes_max}"
            )
        encoding = self._encoding
        if encoding.startswith("utf"):
            encoding = next((name for mark, name in MARKS if payload.startswith(mark)), encoding)
        try:
            text = _whole(payload, WIDTHS.get(encoding, 1)).decode(encoding)
        except UnicodeError:
            reason = "payload-not-utf-8" if encoding == UTF_8 else "payload-not-decodable"
            raise UnreadableError(reason, encoding) from None
        return text.removeprefix("\ufeff").rstrip(TAIL)


def _whole(payload: bytes, width: int) -> bytes:
    """Leave away NULs that are no whole character: a buffer ends where it ends."""
    extra = len(payload) % width
    return payload[:-extra] if extra and not any(payload[-extra:]) else bytes(payload)


def _without_words(text: str) -> tuple[str, bool]:
    """Put marked texts in the place of NaN and its like; what stands in quotes stays as it is."""
    found = False

    def replaced(match: re.Match[str]) -> str:
        nonlocal found
        if match["sign"] is None:
            return match[0]
        if match["word"] is not None or match["none"] is not None:
            if match["sign"]:
                return match[0]
            found = True
            return (match["word"] or "null").lower()
        found = True
        name = "nan" if match["nan"] else "-inf" if match["sign"] == "-" else "inf"
        return f'"\\u0001{_MARK[1:]}{name}"'

    return _TOKEN.sub(replaced, text), found


def _with_numbers(document: Any) -> Any:
    """Put the numbers in the place of their marks, without recursion."""
    holder = [document]
    waiting: list[Any] = [holder]
    while waiting:
        inside = waiting.pop()
        for key, value in inside.items() if type(inside) is dict else enumerate(inside):
            if type(value) is str:
                if value in _NOT_FINITE:
                    inside[key] = _NOT_FINITE[value]
            elif type(value) in {dict, list}:
                waiting.append(value)
    return holder[0]


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _exact_loads(payload: Any) -> Any:
    document = orjson.loads(payload)
    try:
        return json.loads(payload, parse_constant=_refuse_constant)
    except RecursionError:
        return document
