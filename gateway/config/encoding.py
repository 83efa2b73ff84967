"""Tells what a file was saved as when it is not UTF-8: Korean Notepad and Excel still do that."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.config.findings import Span

BOMS = ((b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))


@dataclass(frozen=True, slots=True)
class Decoded:
    """A file's text; `code` says what is wrong with how it was saved."""

    text: str
    code: str | None = None
    encoding: str = "UTF-8"
    span: Span | None = None


def decode(raw: bytes) -> Decoded:
    """Read UTF-8 (with or without a mark); name every other encoding found."""
    for mark, encoding in BOMS:
        if raw.startswith(mark):
            return Decoded(raw.decode(encoding, "replace").lstrip("\ufeff"), "E1003", "UTF-16")
    if b"\x00" in raw[:200]:
        return Decoded("", "E1003", "UTF-16")
    try:
        return Decoded(raw.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        return _not_utf8(raw, error.start)


def _not_utf8(raw: bytes, start: int) -> Decoded:
    try:
        text, encoding = raw.decode("cp949"), "CP949"
    except UnicodeDecodeError:
        text, encoding = raw.decode("utf-8", "replace"), "?"
    line = raw.count(b"\n", 0, start) + 1
    head = raw[raw.rfind(b"\n", 0, start) + 1 : start]
    return Decoded(text, "E1002", encoding, Span(line, len(head.decode("utf-8", "replace")) + 1))
