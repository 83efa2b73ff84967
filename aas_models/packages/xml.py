"""Writes an environment as AAS XML, members in the order of the schema, the same bytes each time.

Source: XML schema of Part 1 (IDTA-01001) 3.0 and 3.1, which differ only in what they allow.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from aas_models.elements import Json
from aas_models.metamodel.schema import CLASSES, Field
from gateway.core.errors import AasError

NAMESPACE: Final = "https://admin-shell.io/aas/{}/{}"
_LANGUAGE_TAGS: Final = {
    "displayName": "langStringNameType",
    "description": "langStringTextType",
    "value": "langStringTextType",
    "preferredName": "langStringPreferredNameTypeIec61360",
    "shortName": "langStringShortNameTypeIec61360",
    "definition": "langStringDefinitionTypeIec61360",
}
_UNSAFE = re.compile("[&<>\r]")
_ESCAPES: Final = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"}
_NOT_WRITTEN: Final = frozenset(("modelType",))


def xml_bytes(environment: Json, metamodel: str) -> bytes:
    """Give the XML of an environment that is valid in that metamodel, such as 3.1.

    Raises:
        AasError: a member that no class of the metamodel has: it would be lost.
    """
    major, _, minor = metamodel.partition(".")
    namespace = NAMESPACE.format(major, minor)
    out = [f'<?xml version="1.0" encoding="UTF-8"?>\n<environment xmlns="{namespace}">']
    _object(out.append, "Environment", environment)
    out.append("</environment>\n")
    return "".join(out).encode("utf-8")


def _object(put: Callable[[str], None], kind: str, value: Json) -> None:
    fields = CLASSES[kind]
    unknown = value.keys() - fields.keys() - _NOT_WRITTEN
    if unknown:
        raise AasError("unknown-member", f"{kind}.{min(unknown)}")
    for name, known in fields.items():
        if name in value:
            put(f"<{name}>")
            _member(put, name, known, value[name])
            put(f"</{name}>")


def _member(put: Callable[[str], None], name: str, known: Field, value: Any) -> None:
    if known.kind in {"text", "enum"}:
        put(_escaped(value))
    elif known.kind == "flag":
        put("true" if value else "false")
    elif known.kind == "languages":
        _languages(put, _LANGUAGE_TAGS[name], value)
    elif known.kind == "element":
        for each in value if known.many else [value]:
            _tagged(put, each["modelType"], each)
    elif known.many:
        for each in value:
            _tagged(put, known.of, each)
    elif known.of == "DataSpecificationIec61360":
        _tagged(put, known.of, value)
    else:
        _object(put, known.of, value)


def _tagged(put: Callable[[str], None], kind: str, value: Json) -> None:
    tag = kind[0].lower() + kind[1:]
    put(f"<{tag}>")
    _object(put, kind, value)
    put(f"</{tag}>")


def _languages(put: Callable[[str], None], tag: str, value: list[Json]) -> None:
    for each in value:
        language, text = _escaped(each["language"]), _escaped(each["text"])
        put(f"<{tag}><language>{language}</language><text>{text}</text></{tag}>")


def _escaped(text: str) -> str:
    # A carriage return that is not written as a reference comes back as a line feed.
    return _UNSAFE.sub(lambda match: _ESCAPES[match[0]], text) if _UNSAFE.search(text) else text
