"""The log service's contents and answers: six fields in every variant, JSON and XML back.

`sendLogData.json` takes form fields, a JSON object or a query; `sendLogDataJSON.do` one parameter
`logData` with JSON, `sendLogDataXML.do` the same with XML, in a form or a query.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_to_bytes
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

from simulators.control import BadRequest
from simulators.small_http import Reply, Request
from simulators.usage_log_rules import Content, Verdict

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
XML_TYPE = "application/xml;charset=UTF-8"
NAMES = ("crtfcKey", "logDt", "useSe", "sysUser", "conectIp", "dataUsgqty")
BOM = "\ufeff".encode()


@dataclass(frozen=True, slots=True)
class Shape:
    """How answers look; services behind the same address differ in this."""

    wrapped: bool = True
    bom: bool = False
    content_type: str = "application/json;charset=UTF-8"


def read_shape(order: Mapping[str, Any]) -> Shape:
    """Read `{"wrapped": false, "bom": true, "content_type": "text/html;charset=UTF-8"}`."""
    try:
        return Shape(**order)
    except TypeError as error:
        raise BadRequest(f"wrapped, bom and content_type are known: {error}") from error


def pairs(data: bytes) -> dict[str, str]:
    """Read form data; the first of several values counts."""
    found: dict[str, str] = {}
    for part in data.split(b"&"):
        name, _, value = part.partition(b"=")
        found.setdefault(_text(name), _text(value))
    return found


def _text(raw: bytes) -> str:
    return unquote_to_bytes(raw.replace(b"+", b" ")).decode("utf-8", "replace")


def fields_of(request: Request) -> Content:
    """Read what `sendLogData.json` takes."""
    body = request.body.strip()
    named_json = request.content_type == JSON
    if body and (named_json or (not request.content_type and body.startswith(b"{"))):
        return _parsed("json", request.body.decode("utf-8", "replace"), json_fields)
    found = _parameters(request)
    named = {name: found[name] for name in NAMES if name in found}
    variant = "form" if body and not named_json else "query"
    return Content(variant, named, "" if named else "AP1025")


def json_parameter(request: Request) -> Content:
    """Read what `sendLogDataJSON.do` takes."""
    return _parameter(request, "json", json_fields)


def xml_parameter(request: Request) -> Content:
    """Read what `sendLogDataXML.do` takes."""
    return _parameter(request, "xml", xml_fields)


def _parameter(request: Request, kind: str, read: Callable[[str], dict[str, str]]) -> Content:
    in_query = "logData" in pairs(request.query)
    variant = f"logData-{kind}-{'query' if in_query else 'form'}"
    text = _parameters(request).get("logData")
    if text is None or not text.strip():
        return Content(variant, trouble="AP1025")
    return _parsed(variant, text, read)


def _parameters(request: Request) -> dict[str, str]:
    found = pairs(request.query)
    if request.content_type in {"", FORM}:
        for name, value in pairs(request.body).items():
            found.setdefault(name, value)
    return found


def _parsed(variant: str, text: str, read: Callable[[str], dict[str, str]]) -> Content:
    try:
        return Content(variant, read(text))
    except (ValueError, ET.ParseError, RecursionError):
        return Content(variant, trouble="AP1023")


def json_fields(text: str) -> dict[str, str]:
    """Read one JSON object; numbers become text.

    Raises:
        ValueError: it is not one object of plain values.
    """
    value = json.loads(text)
    if not isinstance(value, dict) or any(isinstance(each, dict | list) for each in value.values()):
        raise ValueError("one object of plain values is needed")
    return {
        name: each if isinstance(each, str) else json.dumps(each)
        for name, each in value.items()
        if each is not None
    }


def xml_fields(text: str) -> dict[str, str]:
    """Read the children of `logData`.

    Raises:
        ValueError: it has another root, or declares entities.
        ParseError: it is not XML.
    """
    if "<!" in text.replace("<![CDATA[", ""):
        raise ValueError("no document type is taken")
    root = ET.fromstring(text)  # noqa: S314 - without a document type there are no entities
    if root.tag != "logData":
        raise ValueError("the root must be logData")
    return {child.tag: child.text or "" for child in root}


def json_answer(verdict: Verdict, text: str, shape: Shape) -> Reply:
    """Give the answer of the JSON endpoints."""
    inner = _members(verdict, text)
    body = json.dumps({"result": inner} if shape.wrapped else inner, ensure_ascii=False).encode()
    return Reply((BOM if shape.bom else b"") + body, shape.content_type)


def xml_answer(verdict: Verdict, text: str, shape: Shape) -> Reply:
    """Give the answer of the XML endpoint."""
    inside = "".join(
        f"<{name}>{escape(value)}</{name}>" for name, value in _members(verdict, text).items()
    )
    body = f'<?xml version="1.0" encoding="UTF-8"?><Result>{inside}</Result>'.encode()
    kind = shape.content_type if "html" in shape.content_type else XML_TYPE
    return Reply((BOM if shape.bom else b"") + body, kind)


def _members(verdict: Verdict, text: str) -> dict[str, str]:
    return {
        "recptnDt": verdict.received,
        "recptnRsltCd": verdict.code,
        "recptnRslt": text,
        "recptnRsltDtl": verdict.detail,
    }


ENDPOINTS = {
    "/apisvc/sendLogData.json": (fields_of, json_answer),
    "/apisvc/sendLogDataJSON.do": (json_parameter, json_answer),
    "/apisvc/sendLogDataXML.do": (xml_parameter, xml_answer),
}
