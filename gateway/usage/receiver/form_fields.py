"""Names and values of queries and form bodies, percent-encoded well, half or not at all."""

from __future__ import annotations

import re
from urllib.parse import unquote_to_bytes

PAIRS_MAX = 64
"""The service has six names; what stands behind the sixty-fourth is not read."""
_NOT_ENCODED = re.compile(rb"%20|[ \"{}<>\\^`|\x80-\xff]")
"""An encoder that writes `+` for a space writes none of these."""
_ESCAPED = re.compile(rb"%[uU]([0-9A-Fa-f]{4})")

_BOUNDARY = re.compile(r"multipart/form-data\b.*\bboundary=\"?([^\";,\s]{1,70})", re.IGNORECASE)
_PART_NAME = re.compile(rb"[;\s]name=\"?([^\";\r\n]{1,100})", re.IGNORECASE)

Pairs = list[tuple[bytes, bytes]]


def pairs_of(text: bytes) -> Pairs:
    """Give names, decoded and in lower case, with values as they came, in order."""
    pairs = []
    for part in text.split(b"&", PAIRS_MAX)[:PAIRS_MAX]:
        name, _, value = part.strip(b"\r\n").partition(b"=")
        if name:
            pairs.append((unquote_to_bytes(name).strip().lower(), value))
    return pairs


def unquoted(value: bytes) -> bytes:
    """Decode a value.

    `+` is a space only where the client's encoder writes it so: in a value that was not encoded, or
    that has `%20`, it is a plus. `%uD55C` is what old scripts' `escape()` makes of Korean.
    """
    if not _NOT_ENCODED.search(value):
        value = value.replace(b"+", b" ")
    return unquote_to_bytes(_ESCAPED.sub(_from_escape, value))


def parts_of(body: bytes, content_type: str) -> Pairs | None:
    """Give names and values of a multipart form, None where the type says it is none."""
    boundary = _BOUNDARY.search(content_type)
    if boundary is None:
        return None
    pairs = []
    for part in body.split(b"--" + boundary[1].encode("latin-1"), PAIRS_MAX)[1:PAIRS_MAX]:
        head, gap, value = part.partition(b"\r\n\r\n")
        name = _PART_NAME.search(head)
        if gap and name:
            pairs.append((name[1].strip().lower(), value.removesuffix(b"\r\n")))
    return pairs


def rest_of(text: bytes, name: bytes) -> bytes:
    """Give everything behind `name=`: a document that was not encoded may have `&` in it."""
    found = re.search(rb"(?:^|&)" + re.escape(name) + rb"=", text, re.IGNORECASE)
    return text[found.end() :] if found else b""


def _from_escape(found: re.Match[bytes]) -> bytes:
    return chr(int(found[1], 16)).encode("utf-8", "surrogatepass")
