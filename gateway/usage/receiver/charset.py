"""Which text bytes are: Korean programs send UTF-8 or cp949, and say so rightly, wrongly or not."""

from __future__ import annotations

import codecs
import re
from collections.abc import Sequence

UTF8, CP949, UTF16 = "utf-8", "cp949", "utf-16"
_NAMES = {
    "utf-8": UTF8, "utf8": UTF8, "euc-kr": CP949, "euckr": CP949, "ks_c_5601-1987": CP949,
    "ksc5601": CP949, "cp949": CP949, "ms949": CP949, "uhc": CP949, "x-windows-949": CP949,
    "utf-16": UTF16, "unicode": UTF16,
}  # fmt: skip
"""Others are as good as none: a client that says Latin-1 sends Korean all the same."""
_DECLARED = re.compile(r"charset\s*=\s*[\"']?([\w.:-]+)", re.IGNORECASE)
_HANGUL = re.compile("[\u1100-\u11ff\u3130-\u318f\uac00-\ud7a3]")
_BOMS = ((codecs.BOM_UTF8, UTF8), (codecs.BOM_UTF16_LE, UTF16), (codecs.BOM_UTF16_BE, UTF16))


def declared(content_type: str) -> str:
    """Give the character set that a Content-Type names, "" where it names none that we know."""
    found = _DECLARED.search(content_type)
    return _NAMES.get(found[1].lower(), "") if found else ""


def charset_of(pieces: Sequence[bytes], named: str = "") -> str | None:
    """Tell the character set of all pieces together, None when it is neither.

    One decision for a whole request: a short word alone may be read either way. What is named
    decides only between two readings that are both possible; Korean in UTF-8 that happens to be
    Korean in cp949, too, does not occur.
    """
    data = b"\n".join(pieces)
    if data.isascii():
        return UTF8
    utf8, cp949 = _decoded(data, UTF8), _decoded(data, CP949)
    if utf8 is None:
        return CP949 if cp949 is not None else None
    if cp949 is None or _HANGUL.search(utf8) or named == UTF8:
        return UTF8
    return CP949 if named == CP949 or _HANGUL.search(cp949) else UTF8


def as_utf8(body: bytes, named: str) -> bytes:
    """Give a body without its byte order mark, and UTF-16 as UTF-8; anything else as it is."""
    for mark, name in _BOMS:
        if body.startswith(mark):
            if name == UTF8:
                return body[len(mark) :]
            return _recoded(body)
    return _recoded(body) if named == UTF16 else body


def _recoded(body: bytes) -> bytes:
    text = _decoded(body, UTF16)
    return body if text is None else text.encode("utf-8", "replace")


def _decoded(data: bytes, name: str) -> str | None:
    try:
        return data.decode(name)
    except UnicodeDecodeError:
        return None
