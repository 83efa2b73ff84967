"""Reads AAS XML of metamodel 3 along the table of classes, without judging it."""

from __future__ import annotations

from collections.abc import Container
from functools import partial
from typing import Any
from xml.etree import ElementTree as ET

from aas_models.elements import Json
from aas_models.importing.limits import DEPTH_MAX
from aas_models.importing.names import numbered
from aas_models.metamodel.schema import CLASSES, ELEMENT_KINDS, IDENTIFIABLES, Field
from gateway.core.errors import AasError

_XSI = "{http://www.w3.org/2001/XMLSchema-instance}"
_PLAIN = frozenset(("text", "enum", "flag"))
_TAGS: dict[str, str] = {}
_TAGS_MAX = 10_000
_KINDS = {kind[0].lower() + kind[1:]: kind for kind in ELEMENT_KINDS}
_KINDS_FOLDED = {tag.casefold(): kind for tag, kind in _KINDS.items()}
_ROOTS = {kind.casefold(): name for name, kind in IDENTIFIABLES.items()}
_FOLDED = {kind: {name.casefold(): name for name in fields} for kind, fields in CLASSES.items()}


def local(tag: str) -> str:
    """Give the name of a tag without its namespace."""
    known = _TAGS.get(tag)
    if known is None:
        if len(_TAGS) >= _TAGS_MAX:
            _TAGS.clear()
        known = _TAGS[tag] = tag.rpartition("}")[2]
    return known


def xml_document(root: ET.Element, name: str) -> Json:
    """Give the environment of a tree, still as it was written.

    Raises:
        AasError: too deep, or nothing of an AAS.
    """
    tag = local(root.tag)
    if tag.casefold() == "environment":
        return _object(root, "Environment", 0)
    member = _ROOTS.get(tag.casefold())
    if member is None:
        raise AasError("no-objects", f"{name}: {tag} is no environment")
    return {member: [_object(root, IDENTIFIABLES[member], 0)]}


def _object(node: ET.Element, kind: str, depth: int) -> Json:
    if depth > DEPTH_MAX:
        raise AasError("too-deep", f"more than {DEPTH_MAX} levels")
    fields = CLASSES[kind]
    made: Json = {}
    for child in node:
        name = local(child.tag)
        known = fields.get(name)
        if known is None:
            right = _FOLDED[kind].get(name.casefold())
            known, name = (fields[right], right) if right else (None, name)
        value = any_content(child, depth) if known is None else _member(child, known, depth)
        if name in made:
            name = free_name(made, name)
        made[name] = value
        if child.attrib and known is not None and known.kind in _PLAIN and not len(child):
            put_attributes(child, made, name)
        if child.tail and not child.tail.isspace():
            made[free_name(made, "#text")] = child.tail
    if node.text and not node.text.isspace():
        made["#text"] = node.text
    if node.attrib:
        put_attributes(node, made)
    return made


def free_name(made: Json, name: str) -> str:
    """Give the name under which a member that stands again is put beside the first."""
    return numbered(partial("{}#{}".format, name), made)


def put_attributes(node: ET.Element, made: Json, of: str = "", known: Container[str] = ()) -> None:
    """Put the attributes of a node, which metamodel 3 has none of, beside its members."""
    for name, value in node.attrib.items():
        if name not in known and not name.startswith((_XSI, "{http://www.w3.org/XML/")):
            made[f"{of}@{local(name)}"] = value


def _member(node: ET.Element, known: Field, depth: int) -> Any:
    kind = known.kind
    if kind in {"text", "enum"}:
        return any_content(node, depth) if len(node) else (node.text or "")
    if kind == "flag":
        text = (node.text or "").strip()
        return {"true": True, "1": True, "false": False, "0": False}.get(text, text)
    if not known.many and kind == "object":
        return _single(node, known, depth)
    if kind == "languages":
        found: list[Any] = [_object_of_text(each, depth) for each in node]
    elif kind == "element":
        found = [_element(each, depth + 1) for each in node]
    else:
        found = [_object(each, known.of, depth + 1) for each in node]
    found += strays(node)
    if kind == "element" and not known.many:
        return found[0] if len(found) == 1 else (found or {})
    return found


def _single(node: ET.Element, known: Field, depth: int) -> Any:
    if known.of != "DataSpecificationIec61360" or len(node) != 1:
        return _object(node, known.of, depth + 1)
    made = _object(node[0], known.of, depth + 1)
    for each in strays(node):
        made[free_name(made, "#text")] = each["#text"]
    return made


def strays(node: ET.Element, known: Container[str] = ()) -> list[Json]:
    """Give texts and attributes where only objects were due, as objects that nothing knows."""
    made: Json = {}
    if node.attrib:
        put_attributes(node, made, "", known)
    texts = [each.tail for each in node]
    texts.append(node.text)
    found = [{"#text": text} for text in texts if text and not text.isspace()]
    return [{"#text": made}, *found] if made else found


def _object_of_text(node: ET.Element, depth: int) -> Any:
    found = any_content(node, depth)
    return {} if found == "" else found


def _element(node: ET.Element, depth: int) -> Json:
    tag = local(node.tag)
    kind = _KINDS.get(tag) or _KINDS_FOLDED.get(tag.casefold())
    if kind is None:
        found = any_content(node, depth)
        return {"modelType": tag, "content": found}
    made = _object(node, kind, depth)
    made["modelType"] = kind
    return made


def any_content(node: ET.Element, depth: int) -> Any:
    """Give a tree that no table knows as JSON: texts, and objects with lists for repeated names."""
    if depth > DEPTH_MAX:
        raise AasError("too-deep", f"more than {DEPTH_MAX} levels")
    if not len(node) and not node.attrib:
        return node.text or ""
    made: Json = {}
    for child in node:
        name = local(child.tag)
        if child.attrib and not len(child):
            value: Any = child.text or ""
            put_attributes(child, made, name)
        else:
            value = any_content(child, depth + 1)
        if name not in made:
            made[name] = value
        elif isinstance(made[name], list):
            made[name].append(value)
        else:
            made[name] = [made[name], value]
    for each in strays(node):
        made[free_name(made, "#text") if "#text" in made else "#text"] = each["#text"]
    return made
