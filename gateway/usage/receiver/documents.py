"""The JSON object and the XML document that carry one record."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from xml.parsers import expat

from gateway.usage.model import FIELDS

KEY = "crtfcKey"
LOG_DATA = "logData"
NAMES = {name.lower(): name for name in (*FIELDS, KEY, LOG_DATA)}
"""Names are told apart without regard to case."""
DEPTH_MAX = 8

Found = dict[str, str | None]


class Unreadable(Exception):
    """What came is no record; `code` is the service's. Quotes nothing: there may be a key in it."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(f"{code} {reason}")
        self.code = code
        self.reason = reason


def read_document(text: str) -> Found:
    """Give the known fields of a JSON object or an XML document; numbers as they are written.

    Raises:
        Unreadable: it is neither.
    """
    text = text.lstrip("\ufeff").strip(" \t\r\n\0")
    found = _from_xml(text) if text.startswith("<") else _from_json(text)
    for value in found.values():
        _check(value)
    return found


def _from_json(text: str) -> Found:
    try:
        made = json.loads(text, parse_int=str, parse_float=str, parse_constant=str)
        if not isinstance(made, dict):
            raise Unreadable("AP1023", "no-object")
        return _known(made)
    except (ValueError, RecursionError):
        raise Unreadable("AP1023", "bad-json") from None


def _known(made: Mapping[str, Any]) -> Found:
    found: Found = {}
    for given, value in made.items():
        name = NAMES.get(given.strip().lower())
        if name is not None:
            found.setdefault(name, _text(value))
    return found


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)


def _from_xml(text: str) -> Found:
    """Read elements by their names. A document type is refused, and entities with it."""
    reader = _XmlReader()
    parser = expat.ParserCreate("utf-8")
    parser.buffer_text = True
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    parser.StartDoctypeDeclHandler = reader.doctype
    try:
        parser.Parse(text.encode("utf-8"), True)
    except (expat.ExpatError, UnicodeEncodeError):
        raise Unreadable("AP1023", "bad-xml") from None
    return reader.found


class _XmlReader:
    def __init__(self) -> None:
        self.found: Found = {}
        self._depth = 0
        self._name: str | None = None
        self._pieces: list[str] = []

    def doctype(self, *_: Any) -> None:
        raise Unreadable("AP1023", "document-type")

    def start(self, name: str, _: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > DEPTH_MAX:
            raise Unreadable("AP1023", "too-deep")
        self._name = NAMES.get(name.rpartition(":")[2].lower())
        self._pieces = []

    def text(self, data: str) -> None:
        self._pieces.append(data)

    def end(self, _: str) -> None:
        self._depth -= 1
        if self._name is not None and self._name != LOG_DATA:
            self.found.setdefault(self._name, "".join(self._pieces))
        self._name = None


def _check(value: str | None) -> None:
    """Refuse half a surrogate pair: nothing can store it."""
    try:
        (value or "").encode("utf-8")
    except UnicodeEncodeError:
        raise Unreadable("AP1023", "bad-text") from None
