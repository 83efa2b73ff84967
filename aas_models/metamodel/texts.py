"""The string types of the AAS metamodel: what each allows (Part 1, primitive data types).

Where 3.0 and 3.1 differ, the narrower rule counts; only the idShort has a rule for each.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from aas_models.metamodel.datatypes import DURATION, is_date_time_utc, is_value

XML_TEXT: Final = re.compile("[\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]*")
"""AASd-130: what XML 1.0 can hold."""
NOT_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

ID_SHORT_3_1: Final = re.compile("[a-zA-Z][a-zA-Z0-9_-]*[a-zA-Z0-9_]")
ID_SHORT_BOTH: Final = re.compile("[a-zA-Z][a-zA-Z0-9_]*[a-zA-Z0-9_]")
"""AASd-002 of 3.1 without the hyphen that 3.0 refuses."""
ID_SHORT_MAX = 128

_TOKEN = r"[!#$%&'*+\-.^_`|~0-9a-zA-Z]+"  # noqa: S105  # RFC 7230 calls it so
CONTENT_TYPE: Final = re.compile(
    rf"{_TOKEN}/{_TOKEN}(?:[ \t]*;[ \t]*{_TOKEN}=(?:{_TOKEN}|\"[\t !#-\[\]-~]*\"))*"
)
_VERSION = re.compile("0|[1-9][0-9]{0,3}")
_URI_CHARS = re.compile(r"(?:[A-Za-z0-9\-_.!~*'();/?:@&=+$,#]|%[0-9A-Fa-f]{2})+")


@dataclass(frozen=True, slots=True)
class TextType:
    """Length of a string type; `form` of those that need more than a length."""

    longest: int | None
    empty: bool = False
    form: str = ""


TEXTS: Final = {
    "Name": TextType(128),
    "Label": TextType(64),
    "Identifier": TextType(2000),
    "Topic": TextType(255),
    "Text": TextType(None),
    "Value": TextType(None, empty=True),
    "Value2000": TextType(2000),
    "Version": TextType(4, form="Version"),
    "ContentType": TextType(100, form="ContentType"),
    "Path": TextType(2000, form="Path"),
    "Base64": TextType(None, form="Base64"),
    "DateTimeUtc": TextType(None, form="DateTimeUtc"),
    "Duration": TextType(None, form="Duration"),
}


def has_form(form: str, text: str) -> bool:
    """Tell whether a text has the form that its type asks for."""
    if form == "Version":
        return _VERSION.fullmatch(text) is not None
    if form == "ContentType":
        return CONTENT_TYPE.fullmatch(text) is not None
    if form == "Path":
        return _URI_CHARS.fullmatch(text) is not None and is_value("xs:anyURI", text)
    if form == "Base64":
        return is_value("xs:base64Binary", text)
    if form == "DateTimeUtc":
        return is_date_time_utc(text)
    return DURATION.fullmatch(text) is not None
