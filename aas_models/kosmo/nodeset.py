"""Writes the address space of an AAS environment as an OPC UA NodeSet2 file.

The form is the reference solution's: two fixed namespaces, no model, names for texts. Source: OPC
UA Part 6 Annex F (information model XML schema).
"""

from __future__ import annotations

from collections.abc import Iterable
from xml.sax.saxutils import escape, quoteattr

from aas_models.elements import Json
from aas_models.kosmo.data_types import TYPE_IDS, Choice, typed
from aas_models.kosmo.problems import Problem, shown
from aas_models.kosmo.space import (
    AAS_NAMESPACE,
    SERVER_NAMESPACE,
    WHERE,
    AddressSpace,
    Node,
    address_space,
)
from aas_models.values import without_control_characters

OBJECTS_FOLDER = "i=85"
OBJECT_TYPE, VARIABLE_TYPE = "i=58", "i=63"
REFERENCE_TYPES = {"Organizes": 35, "HasTypeDefinition": 40, "HasComponent": 47}
FILE_NAME = "nodeset.xml"
HEAD = f"""<?xml version='1.0' encoding='utf-8'?>
<UANodeSet xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" \
xmlns:uax="http://opcfoundation.org/UA/2008/02/Types.xsd" \
xmlns:xsd="http://www.w3.org/2001/XMLSchema" \
xmlns="http://opcfoundation.org/UA/2011/03/UANodeSet.xsd">
  <NamespaceUris>
    <Uri>{SERVER_NAMESPACE}</Uri>
    <Uri>{AAS_NAMESPACE}</Uri>
  </NamespaceUris>
"""


def write_nodeset(environment: Json, choice: Choice = "sound") -> tuple[bytes, list[Problem]]:
    """Give the file and what could not be carried over as it stands."""
    space = address_space(environment)
    problems = list(space.problems)
    variables = {node.tag: _typed(node, choice, problems) for node in space.variables}
    used = {data_type for data_type, _ in variables.values()}
    parts = [HEAD, _aliases(used), _object("ns=1;s=vNS", "1:vNS", "vNS", OBJECTS_FOLDER, ())]
    children = _children(space)
    for node in space.nodes:
        if node.is_variable:
            parts.append(_variable(node, *variables[node.tag]))
        else:
            parts.append(_node_object(node, children.get(node.tag, ())))
    parts.append("</UANodeSet>\n")
    return "".join(parts).encode(), problems


def _typed(node: Node, choice: Choice, problems: list[Problem]) -> tuple[str, str | None]:
    value = node.element.get("value")
    value_type = str(node.element.get("valueType", ""))
    data_type, text = typed(value_type, None if value in (None, "") else str(value), choice)
    if text is None and value not in (None, ""):
        facts = {"tag": node.tag, "value": shown(str(value)), "type": value_type}
        problems.append(Problem("value-unfit", WHERE, None, facts))
    return data_type, text


def _children(space: AddressSpace) -> dict[str, list[str]]:
    children: dict[str, list[str]] = {}
    for node in space.nodes:
        if node.parent is not None:
            children.setdefault(node.parent, []).append(node.id)
    return children


def _aliases(used: Iterable[str]) -> str:
    numbers = {name: TYPE_IDS[name] for name in used} | REFERENCE_TYPES
    lines = [
        f'    <Alias Alias="{name}">i={number}</Alias>\n'
        for name, number in sorted(numbers.items(), key=lambda item: item[1])
    ]
    return f"  <Aliases>\n{''.join(lines)}  </Aliases>\n"


def _text(text: str) -> str:
    return escape(without_control_characters(text), {"\r": "&#13;"})


def _attribute(text: str) -> str:
    entities = {"\r": "&#13;", "\n": "&#10;", "\t": "&#9;"}
    return quoteattr(without_control_characters(text), entities)


def _reference(kind: str, target: str, *, forward: bool = True) -> str:
    back = "" if forward else ' IsForward="false"'
    return f'      <Reference ReferenceType="{kind}"{back}>{_text(target)}</Reference>\n'


def _node_object(node: Node, children: Iterable[str]) -> str:
    parent = OBJECTS_FOLDER if node.parent is None else f"ns=2;s={node.parent}"
    return _object(node.id, f"2:{node.name}", node.name, parent, children)


def _object(identifier: str, browse: str, name: str, parent: str, children: Iterable[str]) -> str:
    up = "Organizes" if parent == OBJECTS_FOLDER else "HasComponent"
    references = [
        _reference(up, parent, forward=False),
        _reference("HasTypeDefinition", OBJECT_TYPE),
        *(_reference("HasComponent", child) for child in children),
    ]
    head = _head("UAObject", identifier, browse, parent)
    return f"{head}>\n{_names(name, references)}  </UAObject>\n"


def _variable(node: Node, data_type: str, text: str | None) -> str:
    parent = f"ns=2;s={node.parent}"
    references = [
        _reference("HasComponent", parent, forward=False),
        _reference("HasTypeDefinition", VARIABLE_TYPE),
    ]
    head = _head("UAVariable", node.id, f"2:{node.name}", parent)
    body = _names(node.name, references)
    if text is not None:
        value = f"<uax:{data_type}>{_text(text)}</uax:{data_type}>"
        body += f"    <Value>\n      {value}\n    </Value>\n"
    return f'{head} DataType="{data_type}">\n{body}  </UAVariable>\n'


def _head(kind: str, identifier: str, browse: str, parent: str) -> str:
    return (
        f"  <{kind} NodeId={_attribute(identifier)} BrowseName={_attribute(browse)}"
        f" ParentNodeId={_attribute(parent)}"
    )


def _names(name: str, references: Iterable[str]) -> str:
    text = _text(name)
    return (
        f"    <DisplayName>{text}</DisplayName>\n    <Description>{text}</Description>\n"
        f"    <References>\n{''.join(references)}    </References>\n"
    )
