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
from gateway.usage.receiver.form_fields import Pairs, pairs_of, parts_of, rest_of, unquoted
from gateway.usage.receiver.head import Request
from gateway.usage.rules.lints import Lint, in_order

KEY_LIKE = re.compile(r"\$5\$API\$[./0-9A-Za-z]{16,}")
"""Source: the shape of the programme's keys in public senders."""
_KEY_SHAPE = re.compile(r"\$5\$API\$[./0-9A-Za-z]{30,60}")
_RAW = re.compile(rb"[ \"{}<>\x80-\xff]")
"""What an encoder would have encoded."""
KEY_LENGTH_MIN = 8
HIDDEN = "[key]"
_RAW_NAMES = {name.lower().encode(): name for name in NAMES.values()}


@dataclass(frozen=True, slots=True)
class Submission:
    """What a client said. `fields` has every name of the service but the key.

    `way` is how it came (`POST fields`, `GET logData`, ...); `charset` what it was written in;
    `lints` what it should do otherwise.
    """

    fields: Mapping[str, str | None] = field(repr=False)
    key: str = field(repr=False)
    way: str
    charset: str
    lints: tuple[str, ...] = ()

    def key_among(self, keys: Sequence[str]) -> bool:
        """Tell whether the client's key is one of these, in a time that does not depend on it."""
        given = self.key.encode()
        same = [hmac.compare_digest(given, key.encode()) for key in keys]
        return bool(given) and any(same)


@dataclass(slots=True)
class _Wire:
    """A request taken apart: names with values in query and form, or a document as its body."""

    query: bytes
    form: bytes
    pairs: Pairs
    document: bytes
    charset: str


def read_submission(request: Request, *, single: bool) -> Submission:
    """Read a request.

    Args:
        single: the endpoint takes one parameter `logData`, not six names.

    Raises:
        Unreadable: AP1023 what came cannot be read, AP1025 nothing came.
    """
    wire = _taken_apart(request)
    found, kind = _from_pairs(wire), "fields"
    log_data = found.pop(LOG_DATA, None)
    if log_data and log_data.strip():
        found, kind = {KEY: found.get(KEY), **_from_log_data(log_data, wire)}, LOG_DATA
    elif wire.document:
        kind = "XML" if wire.document.startswith(b"<") else "JSON"
        found = {**_opened(read_document(wire.document.decode(wire.charset))), **found}
    elif single or not found:
        raise Unreadable("AP1025", "no-record")
    key = (found.pop(KEY, None) or "").strip()
    fields = {name: without_keys(value, key) for name, value in found.items() if value is not None}
    return Submission(
        {name: fields.get(name) for name in FIELDS},
        key,
        f"{request.method} {kind}",
        wire.charset,
        _lints(wire, key),
    )


def _taken_apart(request: Request) -> _Wire:
    content_type = request.headers.get("content-type", "")
    named = charset.declared(content_type)
    body = charset.as_utf8(request.body, named).strip(b" \t\r\n\0")
    is_document = body.startswith((b"{", b"[", b"<"))
    parts = parts_of(body, content_type)
    document, form = (body, b"") if is_document else (b"", body if parts is None else b"")
    pairs = [(name, unquoted(value)) for name, value in (*pairs_of(request.query), *pairs_of(form))]
    pairs += parts or []
    found = charset.charset_of([*(value for _, value in pairs), document], named)
    if found is None:
        raise Unreadable("AP1023", "bad-charset")
    return _Wire(request.query, form, pairs, document, found)


def _lints(wire: _Wire, key: str) -> tuple[str, ...]:
    found = []
    if _RAW.search(wire.query) or _RAW.search(wire.form):
        found.append(Lint.NOT_ENCODED)
    if key and not _KEY_SHAPE.fullmatch(key):
        found.append(Lint.KEY_DAMAGED)
    in_query = (unquoted(value) for _, value in pairs_of(wire.query))
    if key and any(key.encode(wire.charset, "replace") in value for value in in_query):
        found.append(Lint.KEY_IN_URL)
    return in_order(found)


def _from_pairs(wire: _Wire) -> Found:
    found: Found = {}
    for raw_name, value in wire.pairs:
        name = _RAW_NAMES.get(raw_name)
        if name is not None:
            found.setdefault(name, value.decode(wire.charset))
    return found


def _from_log_data(document: str, wire: _Wire) -> Found:
    """Open the parameter; where it was not encoded, an `&` in it has cut it short."""
    try:
        return read_document(document)
    except Unreadable:
        for text in (wire.query, wire.form):
            rest = unquoted(rest_of(text, LOG_DATA.lower().encode()))
            rest = rest[: max(rest.rfind(b"}"), rest.rfind(b">")) + 1]
            if b"&" in rest:
                return read_document(rest.decode(wire.charset, "replace"))
        raise


def _opened(found: Found) -> Found:
    """Open a `logData` within a document."""
    inner = found.pop(LOG_DATA, None)
    return read_document(inner) if inner else found


def without_keys(text: str, key: str = "") -> str:
    """Give a text with a key, and whatever has the shape of one, hidden."""
    if len(key) >= KEY_LENGTH_MIN:
        text = text.replace(key, HIDDEN)
    return KEY_LIKE.sub(HIDDEN, text)
