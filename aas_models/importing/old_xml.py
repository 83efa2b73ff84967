"""Reads AAS XML of the metamodels 1.0 and 2.0 into the shape of their JSON.

Source: the XML schemas of "Details of the Asset Administration Shell", versions 1.0 and 2.0.1.
"""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree as ET

from aas_models.elements import Json
from aas_models.importing.elements import kind_of
from aas_models.importing.limits import DEPTH_MAX
from aas_models.importing.reading_xml import (
    any_content,
    free_name,
    local,
    put_attributes,
    strays,
)
from gateway.core.errors import AasError

_LISTS = frozenset(
    (
        *("assetAdministrationShells", "assets", "submodels", "conceptDescriptions"),
        *("submodelRefs", "submodelElements", "statements", "annotations", "qualifiers"),
    )
)
_REPEATED = frozenset(("embeddedDataSpecification", "isCaseOf"))
_VARIABLES = {
    "inputVariable": "inputVariables",
    "outputVariable": "outputVariables",
    "inoutputVariable": "inoutputVariables",
    "inputVariables": "inputVariables",
    "outputVariables": "outputVariables",
    "inoutputVariables": "inoutputVariables",
}
_WRAPPER = "submodelElement"
_ATTRIBUTES = frozenset(("type", "local", "idType", "lang", "index"))


def old_document(root: ET.Element) -> Json:
    """Give the environment in the shape of metamodel 2 JSON.

    Raises:
        AasError: too deep.
    """
    found = _object(root, 0)
    found.pop("#text", None)
    return found


def _object(node: ET.Element, depth: int, besides: str = "") -> Json:
    if depth > DEPTH_MAX:
        raise AasError("too-deep", f"more than {DEPTH_MAX} levels")
    made: Json = {}
    for child in node:
        if local(child.tag) != besides:
            _put(made, local(child.tag), child, depth + 1)
    for each in strays(node, _ATTRIBUTES):
        made[free_name(made, "#text") if "#text" in made else "#text"] = each["#text"]
    return made


def _put(made: Json, name: str, child: ET.Element, depth: int) -> None:
    if name in _VARIABLES:
        made.setdefault(_VARIABLES[name], []).extend(_variables(child, depth))
    elif name == "qualifier":
        made.setdefault("qualifiers", []).extend(_qualifiers(child, depth))
    elif name in _REPEATED:
        made.setdefault(name, []).append(_value(child, depth))
    elif name in made:
        made[free_name(made, name)] = any_content(child, depth)
    else:
        made[name] = _value(child, depth)
        if child.attrib and not len(child):
            put_attributes(child, made, name, _ATTRIBUTES)


def _value(node: ET.Element, depth: int) -> Any:
    name = local(node.tag)
    inner = [local(each.tag) for each in node]
    if "langString" in inner:
        return [_language(each) for each in node] + strays(node, _ATTRIBUTES)
    if "keys" in inner:
        return _reference(node, depth)
    if name in _LISTS or (_WRAPPER in inner and name != "operationVariable"):
        items = [each for child in node for each in _items(child, depth)]
        return items + strays(node, _ATTRIBUTES)
    return _object(node, depth) if inner else (node.text or "")


def _reference(node: ET.Element, depth: int) -> Json:
    made = _object(node, depth, besides="keys")
    lists = [each for each in node if local(each.tag) == "keys"]
    made["keys"] = [_key(each) for keys in lists for each in keys]
    for keys in lists:
        made["keys"] += strays(keys, _ATTRIBUTES)
    return made


def _items(node: ET.Element, depth: int) -> list[Json]:
    if local(node.tag) != _WRAPPER:
        return [_item(node, depth)]
    return [_item(each, depth) for each in node] + strays(node, _ATTRIBUTES)


def _item(node: ET.Element, depth: int) -> Json:
    found = _value(node, depth)
    if not isinstance(found, dict):
        found = {"content": found} if found else {}
        put_attributes(node, found, "", _ATTRIBUTES)
    tag = local(node.tag)
    kind = kind_of({"modelType": tag})
    if kind is not None:
        found["modelType"] = kind
    elif "keys" not in found:
        found["modelType"] = tag[0].upper() + tag[1:]
    return found


def _language(node: ET.Element) -> Any:
    if len(node):
        return any_content(node, 0)
    tag = node.get("lang", "")
    made = {"language": tag.lower() if len(tag) == 2 else tag, "text": node.text or ""}
    put_attributes(node, made, "", _ATTRIBUTES)
    return made


def _key(node: ET.Element) -> Any:
    if len(node):
        return any_content(node, 0)
    made = {"type": node.get("type", ""), "value": node.text or ""}
    put_attributes(node, made, "", _ATTRIBUTES)
    return made


def _qualifiers(node: ET.Element, depth: int) -> list[Any]:
    if not any(local(each.tag) in {"qualifier", "formula"} for each in node):
        return [_object(node, depth)]
    return [_object(each, depth) for each in node] + strays(node, _ATTRIBUTES)


def _variables(node: ET.Element, depth: int) -> list[Json]:
    """Find the elements in the many ways that schemas and tools wrapped them."""
    if depth > DEPTH_MAX:
        raise AasError("too-deep", f"more than {DEPTH_MAX} levels")
    found: list[Json] = []
    for each in node:
        name = local(each.tag)
        if name in {"operationVariable", "value", _WRAPPER}:
            found += _variables(each, depth + 1)
        else:
            found.append({"value": _item(each, depth + 1)})
    return found + strays(node, _ATTRIBUTES)
