"""Spoils an XML tree at random, as tools and people do."""

from __future__ import annotations

import random
from collections.abc import Iterator
from xml.etree import ElementTree as ET

JUNK = [
    *("", "  ", "°C 온도", "TRUE", "xs:string", "string", "kr", "en?", "1,5", "ModelReference"),
    *("GlobalReference", "Submodel", "INTEGER_MEASURE", "CONSTANT", "a" * 2100, "2024.1.2", "x/y"),
    *("Instance", "Template", "<b>&", "&#10;"),
]


WITHOUT_MEANING = {"type", "language", "ordered", "allowDuplicates", "kind"}
"""The last three are those that metamodel 3 gave up; only their defaults are left out."""


def spoiled(data: bytes, seed: int, times: int) -> bytes:
    chance = random.Random(seed)
    root = ET.fromstring(data)
    nodes = list(root.iter())
    above = {child: parent for parent in nodes for child in parent}
    for _ in range(times):
        node = chance.choice(nodes)
        parent = above.get(node)
        if parent is not None and parent is not root:
            _spoil(chance, node, parent, nodes)
    return ET.tostring(root)


def _spoil(
    chance: random.Random, node: ET.Element, parent: ET.Element, nodes: list[ET.Element]
) -> None:
    way = chance.random()
    if way < 0.25 and node in list(parent):
        parent.remove(node)
    elif way < 0.4 and node in list(parent):
        copy = ET.fromstring(ET.tostring(node))
        parent.insert(chance.randrange(len(parent) + 1), copy)
    elif way < 0.75:
        if len(node) == 0 or chance.random() < 0.1:
            node.text = chance.choice(JUNK)
    elif way < 0.85:
        node.tag = chance.choice(nodes).tag
    elif way < 0.9:
        node.set("odd", "attribute")
    elif way < 0.95:
        node.clear()
    else:
        node.tag = f"{node.tag.rpartition('}')[0]}}}strange{chance.randrange(3)}".lstrip("}")


def words(data: bytes) -> Iterator[str]:
    """Every text and attribute that says something of its own."""
    for node in ET.fromstring(data).iter():
        if node.tag.rpartition("}")[2] not in WITHOUT_MEANING and (node.text or "").strip():
            yield node.text or ""
        if "odd" in node.attrib:
            yield node.attrib["odd"]
