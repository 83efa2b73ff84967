"""Bytes to text, and text to an XML tree without anything that XML can do to a reader."""

from __future__ import annotations

import codecs
import re
from typing import Any, NoReturn
from xml.etree import ElementTree as ET
from xml.parsers import expat

from aas_models.importing.limits import MARKUP_MAX, MODEL_MAX
from aas_models.importing.report import Report
from aas_models.metamodel.texts import NOT_XML
from gateway.core.errors import AasError

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_DECLARED = re.compile(rb"<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([A-Za-z0-9._-]{1,40})[\"']")
_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")
_CHAR_REFERENCE = re.compile(r"&#(x[0-9A-Fa-f]+|[0-9]+);")
_ENCODINGS = {"euc-kr": "cp949", "ks_c_5601-1987": "cp949", "ksc5601": "cp949"}
KOREAN = "cp949"


def decoded(data: bytes, name: str, report: Report) -> str:
    """Give the text of a file: byte order mark, XML declaration, UTF-8, else Korean Windows.

    Raises:
        AasError: too large, or in no encoding that was tried.
    """
    if len(data) > MODEL_MAX:
        raise AasError("too-large", f"{name}: {len(data)} bytes")
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return _as(data, encoding, name)
    declared = _DECLARED.match(data)
    encoding = declared[1].decode().casefold() if declared else "utf-8"
    for each in (encoding, "utf-8", KOREAN):
        try:
            text = data.decode(_ENCODINGS.get(each, each))
        except (UnicodeDecodeError, LookupError):
            continue
        if each not in {"utf-8", "us-ascii", "ascii"}:
            report.add(name, "encoding", "read", "", each)
        return text
    raise AasError("encoding", f"{name} is neither UTF-8 nor {KOREAN}")


def _as(data: bytes, encoding: str, name: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise AasError("encoding", f"{name}: {error}") from error


def parsed(text: str, name: str, report: Report) -> ET.Element:
    """Give the root of an XML text.

    Raises:
        AasError: it has a document type (entities, external files), is too large, or no XML.
    """
    if text.count("<") > MARKUP_MAX:
        raise AasError("too-large", f"{name} has more than {MARKUP_MAX} tags")
    text = _DECLARATION.sub("", text, count=1)
    _refuse_document_type(text, name)
    try:
        return _tree(text)
    except ET.ParseError as error:
        cleaned = _CHAR_REFERENCE.sub(_allowed_reference, NOT_XML.sub("", text))
        if cleaned == text:
            raise AasError("not-xml", f"{name}: {error}") from error
    try:
        root = _tree(cleaned)
    except ET.ParseError as error:
        raise AasError("not-xml", f"{name}: {error}") from error
    report.add(name, "bad-characters", "removed")
    return root


def _tree(text: str) -> ET.Element:
    # Entities cannot be declared: documents with a document type were refused before.
    parser = ET.XMLParser()  # noqa: S314 - document types are refused before
    parser.feed(text)
    root: ET.Element = parser.close()
    return root


class _RootReached(Exception):
    """The part of an XML text where a document type can stand is over."""


def _refuse_document_type(text: str, name: str) -> None:
    def document_type(*_: Any) -> NoReturn:
        raise AasError("document-type", f"{name} declares a document type")

    def root(*_: Any) -> NoReturn:
        raise _RootReached

    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = document_type
    parser.StartElementHandler = root
    try:
        parser.Parse(text, True)
    except _RootReached:
        return
    except expat.ExpatError as error:
        if NOT_XML.search(text) or _CHAR_REFERENCE.search(text):
            _refuse_any_document_type(text, name)
            return
        raise AasError("not-xml", f"{name}: {error}") from error


def _refuse_any_document_type(text: str, name: str) -> None:
    """For texts whose beginning is no XML either: the word alone is enough."""
    if "<!doctype" in text.casefold() or "<!entity" in text.casefold():
        raise AasError("document-type", f"{name} declares a document type")


def _allowed_reference(match: re.Match[str]) -> str:
    digits = match[1]
    code = int(digits[1:], 16) if digits.startswith("x") else int(digits)
    return "" if code > 0x10FFFF or NOT_XML.match(chr(code)) else match[0]
