"""Reads AAS XML of the metamodels 1.0 and 2.0 into the shape of their JSON.

Source: the XML schemas of "Details of the Asset Administration Shell", versions 1.0 and 2.0.1.
"""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree as ET

from aas_models.elements import Json
from aas_models.importing.elements import kind_of
from aas_models.importing.limits import DEPTH_MAX
from aas_models.importing.reading_xml import any_content, free_name, local
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


def old_document(root: ET.Element) -> Json:
    """Give the environment in the shape of metamodel 2 JSON.

    Raises:
        AasError: too deep.
    """
    found = _object(root, 0)
    found.pop("#text", None)
    return found


def _object(node: ET.Element, depth: int) -> Json:
    if depth > DEPTH_MAX:
        raise AasError("too-deep", f"more than {DEPTH_MAX} levels")
    made: Json = {}
    for child in node:
        _put(made, local(child.tag), child, depth + 1)
    if node.text and not node.text.isspace():
        made["#text"] = node.text
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


def _value(node: ET.Element, depth: int) -> Any:
    name = local(node.tag)
    inner = [local(each.tag) for each in node]
    if "langString" in inner:
        return [_language(each) for each in node]
    if "keys" in inner:
        return {"keys": [_key(each) for keys in node for each in keys]}
    if name in _LISTS or (_WRAPPER in inner and name != "operationVariable"):
        return [_item(each, depth) for each in node]
    if inner:
        return _object(node, depth)
    return node.text or ""


def _item(node: ET.Element, depth: int) -> Json:
    if local(node.tag) == _WRAPPER and len(node) == 1:
        node = node[0]
    found = _value(node, depth)
    if not isinstance(found, dict):
        found = {"#text": found} if found else {}
    tag = local(node.tag)
    if kind_of({"modelType": tag}) is not None:
        found["modelType"] = kind_of({"modelType": tag})
    elif "keys" not in found:
        found["modelType"] = tag[0].upper() + tag[1:]
    return found


def _language(node: ET.Element) -> Json:
    tag = node.get("lang", "")
    return {"language": tag.lower() if len(tag) == 2 else tag, "text": node.text or ""}


def _key(node: ET.Element) -> Json:
    return {"type": node.get("type", ""), "value": node.text or ""}


def _qualifiers(node: ET.Element, depth: int) -> list[Any]:
    inner = [each for each in node if local(each.tag) in {"qualifier", "formula"}]
    if not inner:
        return [_object(node, depth)]
    return [_object(each, depth) for each in inner]


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
    return found
