"""The key of the log service never enters the ledger, whoever forgot to take it out before.

Three nets: members named like the key, texts of the key's shape
(source: `$5$API$` and 43 characters, as public senders show it) or beside its name, and the
literal keys that the caller knows, each plain and percent-encoded.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Mapping
from urllib.parse import quote, quote_plus

KEY_FIELD = "crtfckey"
HIDDEN = "[key]"
_SHAPE = r"(?:\$|%24)5(?:\$|%24)API(?:\$|%24)[./0-9A-Za-z%]*"
_QUOTE = r"(?:[\"'\\\s]|%22|%27)*"
_BESIDE = rf"(?<=crtfckey)({_QUOTE}(?:[:=>]|%3[aAdD]){_QUOTE})[^\"'\\&<\s,}}]+"
KEY_MIN = 8
"""A shorter literal would be found inside ordinary words."""


def without_key(fields: Mapping[str, str | None]) -> dict[str, str | None]:
    """Give fields without the key, however its name is written."""
    return {name: value for name, value in fields.items() if name.lower() != KEY_FIELD}


def hider(keys: Collection[str] = ()) -> Callable[[bytes], bytes]:
    """Make what takes keys out of JSON text, leaving it JSON."""
    spellings = {
        form
        for key in keys
        if len(key) >= KEY_MIN
        for form in (json.dumps(key)[1:-1], quote(key, safe=""), quote_plus(key), quote(key))
    }
    longest_first = sorted(map(re.escape, spellings), key=len, reverse=True)
    literal = re.compile("|".join([*longest_first, _SHAPE]).encode())
    beside = re.compile(_BESIDE.encode(), re.IGNORECASE)

    def hide(text: bytes) -> bytes:
        hidden = literal.sub(HIDDEN.encode(), text)
        return beside.sub(rb"\1" + HIDDEN.encode(), hidden)

    return hide
