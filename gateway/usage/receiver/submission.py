"""One request of the log service read as one record, whichever of its variants a client uses.

Source: the variants of public senders. The Content-Type decides only the character set: clients
send forms as JSON, JSON as forms, and nothing at all as JSON. As a servlet does, the query's value
of a name comes before the body's, and the first before the second.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from gateway.usage.model import FIELDS
from gateway.usage.receiver import charset
from gateway.usage.receiver.documents import (
    KEY,
    LOG_DATA,
    NAMES,
    Found,
    Unreadable,
    read_document,
)
from gateway.usage.receiver.forms import Pairs, pairs_of, parts_of, rest_of, unquoted
from gateway.usage.receiver.head import Request

KEY_LIKE = re.compile(r"\$5\$API\$[./0-9A-Za-z]{16,}")
"""Source: the shape of the programme's keys in public senders."""
KEY_LENGTH_MIN = 8
HIDDEN = "[key]"
_RAW_NAMES = {name.lower().encode(): name for name in NAMES.values()}


@dataclass(frozen=True, slots=True)
class Submission:
    """What a client said. `fields` has every name of the service but the key.

    `way` is how it came (`POST form`, `GET logData`, ...); `charset` what it was written in.
    """

    fields: Mapping[str, str | None] = field(repr=False)
    key: str = field(repr=False)
    way: str
    charset: str

    def key_among(self, keys: Sequence[str]) -> bool:
        """Tell whether the client's key is one of these, in a time that does not depend on it."""
        given = self.key.encode()
        same = [hmac.compare_digest(given, key.encode()) for key in keys]
        return bool(given) and any(same)


def read_submission(request: Request, *, single: bool) -> Submission:
    """Read a request.

    Args:
        single: the endpoint takes one parameter `logData`, not six names.

    Raises:
        Unreadable: AP1023 what came cannot be read, AP1025 nothing came.
    """
    content_type = request.headers.get("content-type", "")
    named = charset.declared(content_type)
    body = charset.as_utf8(request.body, named).strip(b" \t\r\n\0")
    is_document = body.startswith((b"{", b"[", b"<"))
    query, form = request.query, b"" if is_document else body
    parts = parts_of(body, content_type)
    encoded = [*pairs_of(query), *(pairs_of(form) if parts is None else ())]
    pairs = [(name, unquoted(value)) for name, value in encoded] + (parts or [])
    values = [value for _, value in pairs]
    named = charset.charset_of([*values, body if is_document else b""], named) or ""
    if not named:
        raise Unreadable("AP1023", "bad-charset")
    found, kind = _from_pairs(pairs, named), "fields"
    document = found.pop(LOG_DATA, None)
    if document and document.strip():
        found, kind = _from_log_data(document, (query, form), named), LOG_DATA
    elif is_document:
        kind = "XML" if body.startswith(b"<") else "JSON"
        found = {**_opened(read_document(body.decode(named))), **found}
    elif single or not found:
        raise Unreadable("AP1025", "no-record")
    return _made(found, f"{request.method} {kind}", named)


def _from_pairs(pairs: Pairs, named: str) -> Found:
    found: Found = {}
    for raw_name, value in pairs:
        name = _RAW_NAMES.get(raw_name)
        if name is not None:
            found.setdefault(name, value.decode(named))
    return found


def _from_log_data(document: str, texts: tuple[bytes, bytes], named: str) -> Found:
    """Open the parameter; where it was not encoded, an `&` in it has cut it short."""
    try:
        return read_document(document)
    except Unreadable:
        for text in texts:
            rest = unquoted(rest_of(text, LOG_DATA.lower().encode()))
            rest = rest[: max(rest.rfind(b"}"), rest.rfind(b">")) + 1]
            if b"&" in rest:
                return read_document(rest.decode(named, "replace"))
        raise


def _opened(found: Found) -> Found:
    """Open a `logData` within a document."""
    inner = found.pop(LOG_DATA, None)
    return read_document(inner) if inner else found


def _made(found: Found, way: str, named: str) -> Submission:
    """Take the key out, and whatever looks like one where it does not belong."""
    key = (found.pop(KEY, None) or "").strip()
    fields = {name: without_keys(value, key) for name, value in found.items() if value is not None}
    return Submission({name: fields.get(name) for name in FIELDS}, key, way, named)


def without_keys(text: str, key: str = "") -> str:
    """Give a text with a key, and whatever has the shape of one, hidden."""
    if len(key) >= KEY_LENGTH_MIN:
        text = text.replace(key, HIDDEN)
    return KEY_LIKE.sub(HIDDEN, text)
