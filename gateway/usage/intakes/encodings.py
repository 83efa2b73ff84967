"""Which encoding a file is in: UTF-8 with or without a mark, or cp949 (Korean Windows)."""

from __future__ import annotations

from typing import Literal

Encoding = Literal["utf-8", "cp949"]
UTF8_MARK = b"\xef\xbb\xbf"
_WIDE_MARKS = (b"\xff\xfe", b"\xfe\xff")


def is_utf16(start: bytes) -> bool:
    """Tell whether a file begins with the mark of UTF-16, which is not read here."""
    return start.startswith(_WIDE_MARKS)


def detect(sample: bytes) -> Encoding | None:
    """Tell a sample's encoding; None while it is plain ASCII, which is both.

    The sample may end inside a character. Short cp949 words can look like UTF-8, so give as much
    of the file as there is.
    """
    if sample.isascii():
        return None
    try:
        sample.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.end == len(sample) and error.reason == "unexpected end of data":
            return None if sample[: error.start].isascii() else "utf-8"
        return "cp949"
    return "utf-8"


def decode(data: bytes, encoding: Encoding | None) -> str:
    """Read one line; a line that is not in the file's encoding is tried in the other one.

    Raises:
        UnicodeDecodeError: neither fits.
    """
    first: Encoding = encoding or "utf-8"
    other: Encoding = "cp949" if first == "utf-8" else "utf-8"
    try:
        return data.decode(first)
    except UnicodeDecodeError:
        return data.decode(other)
