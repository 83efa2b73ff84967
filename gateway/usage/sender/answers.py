"""Reads what the service answers, in any of the shapes that were seen.

Source: research §1.4. JSON with or without `result` around it, XML with root `Result`, a byte order
mark, any content type. What has no result code is not an answer.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from html import unescape
from typing import Any

TEXT_MAX = 500
"""Characters of any text of the service that are kept."""
_DEPTH_MAX = 4
_CODE = re.compile(r"[A-Za-z0-9_-]{1,20}")
_MEMBERS = ("recptnRsltCd", "recptnDt", "recptnRslt", "recptnRsltDtl")


@dataclass(frozen=True, slots=True)
class ServiceAnswer:
    """The four members; `answered` is the service's stamp as it wrote it."""

    code: str
    answered: str = ""
    text: str = ""
    detail: str = ""


def read_answer(body: bytes) -> ServiceAnswer | None:
    """Give the answer in a body; None when no result code can be found in it."""
    text = decoded(body).strip().lstrip("\ufeff").strip()
    members = _of_xml(text) if text.startswith("<") else _of_json(text)
    if members is None:
        return None
    code, answered, result, detail = (_text(members.get(name)) for name in _MEMBERS)
    code = code.strip().upper()
    if not _CODE.fullmatch(code):
        return None
    return ServiceAnswer(code, answered.strip()[:40], result[:TEXT_MAX], detail[:TEXT_MAX])


def decoded(body: bytes) -> str:
    """Give text: UTF-8, else the Korean code page."""
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError:
        return body.decode("cp949", errors="replace")


def _of_json(text: str) -> Mapping[str, Any] | None:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    for _ in range(_DEPTH_MAX):
        if isinstance(found, str):  # JSON that was made a string once more
            try:
                found = json.loads(found)
            except (ValueError, RecursionError):
                return None
        if isinstance(found, list) and len(found) == 1:
            found = found[0]
        if not isinstance(found, dict):
            return None
        if "recptnRsltCd" in found:
            return found
        found = found.get("result", found.get("Result"))
    return None


def _of_xml(text: str) -> Mapping[str, str] | None:
    """Take the four elements by their names; entities are never expanded beyond the basic ones."""
    members: dict[str, str] = {}
    for name in _MEMBERS:
        found = re.search(
            rf"<(?:\w+:)?{name}(?:\s[^>]*)?>\s*(?:<!\[CDATA\[)?(.*?)(?:\]\]>)?\s*</(?:\w+:)?{name}\s*>",
            text,
            re.DOTALL,
        )
        if found:
            members[name] = unescape(found[1])
    return members if "recptnRsltCd" in members else None


def _text(value: object) -> str:
    return "" if value is None else str(value)
