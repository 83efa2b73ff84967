"""JSON in and out of the platform: fast, and exact for integers beyond 64 bits."""

from __future__ import annotations

import gzip
import json
import re
import zlib
from typing import Any

import orjson
import zstandard

BODY_MAX = 8 * 1024 * 1024
_LONG_INTEGER = re.compile(rb"[\[,:-]\d{19}\d")


class BodyError(ValueError):
    """The body cannot be read; `status` is what the platform answers."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


def unpacked(body: bytes, encoding: str) -> bytes:
    """Undo the content encoding, never beyond `BODY_MAX` bytes."""
    try:
        plain = _unpacked(body, encoding)
    except (zstandard.ZstdError, zlib.error, OSError, EOFError) as error:
        raise BodyError(400, f"bad {encoding} body: {error}") from error
    if len(plain) > BODY_MAX:
        raise BodyError(413, f"more than {BODY_MAX} bytes")
    return plain


def _unpacked(body: bytes, encoding: str) -> bytes:
    match encoding:
        case "" | "identity":
            return body
        case "zstd":
            reader = zstandard.ZstdDecompressor().stream_reader(body)
            return reader.read(BODY_MAX + 1)
        case "gzip":
            return gzip.decompress(body) if len(body) <= BODY_MAX else body
        case _:
            raise BodyError(415, f"unknown content encoding {encoding}")


def loads(text: bytes) -> Any:
    """Read JSON; numbers of twenty digits and more take the slow, exact way."""
    try:
        return json.loads(text) if _LONG_INTEGER.search(text) else orjson.loads(text)
    except ValueError as error:
        raise BodyError(400, f"not JSON: {error}") from error


def dumps(value: Any) -> bytes:
    """Write JSON."""
    try:
        return orjson.dumps(value)
    except TypeError:
        return json.dumps(value, separators=(",", ":")).encode()
