"""One record as the service takes it, in three forms. Source: research §1.1 and §1.2."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import assert_never
from urllib.parse import quote
from xml.sax.saxutils import escape

from gateway.usage.config import Variant

PATHS: Mapping[Variant, str] = {
    "form": "/apisvc/sendLogDataJSON.do",
    "json": "/apisvc/sendLogData.json",
    "xml": "/apisvc/sendLogDataXML.do",
}
FORM = "application/x-www-form-urlencoded; charset=UTF-8"
JSON = "application/json;charset=UTF-8"
KEY_FIELD = "crtfcKey"


def percent(text: str) -> str:
    """Encode everything but letters, digits, `-`, `_` and `~`; keys carry `$`, `/` and `.`."""
    return quote(text, safe="").replace(".", "%2E")


def request_of(variant: Variant, key: str, fields: Mapping[str, str]) -> tuple[str, bytes]:
    """Give content type and body of one record; the key comes first, as in the interface."""
    record = {KEY_FIELD: key, **fields}
    match variant:
        case "form":
            return FORM, f"logData={percent(_json(record))}".encode("ascii")
        case "json":
            return JSON, _json(record).encode()
        case "xml":
            return FORM, f"logData={percent(_xml(record))}".encode("ascii")
    assert_never(variant)


def _json(record: Mapping[str, str]) -> str:
    return json.dumps(record, ensure_ascii=False, separators=(",", ":"))


def _xml(record: Mapping[str, str]) -> str:
    inside = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in record.items())
    return f'<?xml version="1.0" encoding="UTF-8"?><logData>{inside}</logData>'


def base_of(url: str) -> str:
    """Give the base address, also where somebody wrote a whole endpoint."""
    base = url.rstrip("/")
    for path in PATHS.values():
        base = base.removesuffix(path)
    return base
