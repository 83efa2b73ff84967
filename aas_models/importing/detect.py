"""Tells from the content which form and metamodel a file has."""

from __future__ import annotations

import re
from typing import Any, Final
from xml.etree import ElementTree as ET

from aas_models.elements import Json
from aas_models.metamodel.schema import IDENTIFIABLES

_NAMESPACE = re.compile(r"admin-shell\.io/aas/([0-9]+)/([0-9]+)")
_ZIP = b"PK"
UNKNOWN: Final = "3.0"


def is_package(data: bytes) -> bool:
    """Tell whether a file is a ZIP."""
    return data.startswith(_ZIP)


def is_xml(text: str) -> bool:
    """Tell whether a text is XML rather than JSON."""
    return text.lstrip("\ufeff \t\r\n").startswith("<")


def version_of_xml(root: ET.Element) -> str:
    """Give the metamodel that the namespace of the root names."""
    match = _NAMESPACE.search(root.tag)
    if match is not None:
        return f"{int(match[1])}.{int(match[2])}"
    tag = root.tag.rpartition("}")[2].casefold()
    return "2.0" if tag == "aasenv" else UNKNOWN


def version_of_json(document: Json) -> str:
    """Give the metamodel of a JSON document, which does not name it.

    2.0 has assets, identification objects or modelType objects; 3.2 has time stamps. The rest is
    read as 3.1, which only widens 3.0; whether it fits 3.0 is known afterwards.
    """
    if "assets" in document:
        return "2.0"
    for member in IDENTIFIABLES:
        for each in document.get(member) or ():
            if isinstance(each, dict) and (
                "identification" in each or isinstance(each.get("modelType"), dict)
            ):
                return "2.0"
            if isinstance(each, dict) and _has_time_stamp(each):
                return "3.2"
    return "3.1"


def _has_time_stamp(each: Json) -> bool:
    administration: Any = each.get("administration")
    return isinstance(administration, dict) and bool(
        {"createdAt", "updatedAt"} & set(administration)
    )
