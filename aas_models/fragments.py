"""A submodel compiled into constant byte fragments with places for live values.

Rendering joins prepared bytes: no object is built and no constant is encoded again. Every element
knows its range of fragments, so that a part of the submodel is as cheap as its share.
Source: AAS Part 2 (IDTA-01002), serialization modifiers Normal, Metadata, Value, Reference, Path.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from aas_models.elements import Json
from aas_models.values import static_token

QUOTE = ord('"')
CONTAINERS = {
    "Submodel": "submodelElements",
    "SubmodelElementCollection": "value",
    "SubmodelElementList": "value",
}
VALUE_KEYS = frozenset({"value", "submodelElements", "min", "max", "contentType"})
"""Members that the metadata form leaves out."""


@dataclass(slots=True)
class Node:
    """A submodel or element: its place in the fragments and its value-only tokens."""

    model: Json
    path: str
    start: int
    end: int = 0
    slot: int | None = None
    key: bytes = b""
    children: list[Node] = field(default_factory=list)
    tokens: list[bytes] = field(default_factory=list)
    """Value-only members of a container, each with its key; b"" where there is no value."""
    own: bytes = b""
    """Value-only form of a leaf that never changes."""
    groups: list[int] = field(default_factory=list)
    """Which children are containers."""

    @property
    def kind(self) -> str:
        return str(self.model["modelType"])

    @property
    def is_list(self) -> bool:
        return self.kind == "SubmodelElementList"

    @property
    def is_container(self) -> bool:
        return self.kind in CONTAINERS

    def metadata(self) -> bytes:
        """Give the element without its value."""
        kept = {key: part for key, part in self.model.items() if key not in VALUE_KEYS}
        return orjson.dumps(kept)


class Fragments:
    """The compiled form of one submodel.

    Args:
        model: the submodel as JSON; live properties have no value.
        slots: the slot of each live property by idShort path.
    """

    def __init__(self, model: Json, slots: Mapping[str, int]) -> None:
        self.parts: list[bytes] = []
        self.nodes: dict[str, Node] = {}
        self.places: dict[int, int] = {}
        self.homes: dict[int, tuple[list[bytes], int, bytes]] = {}
        self._slots = slots
        self.root = self._add(model, "")

    def _add(self, model: Json, path: str, key: bytes = b"") -> Node:
        node = Node(model, path, len(self.parts), key=key)
        self.nodes[path] = node
        if node.is_container:
            self._add_container(node)
        elif path in self._slots:
            self._add_live(node, self._slots[path])
        else:
            self.parts.append(orjson.dumps(model))
            node.own = _static_value(model)
        node.end = len(self.parts)
        return node

    def _add_live(self, node: Node, slot: int) -> None:
        node.slot = slot
        head = orjson.dumps({k: v for k, v in node.model.items() if k != "value"})
        self.parts += [head[:-1], b"", b"}"]
        self.places[slot] = len(self.parts) - 2

    def retype(self, path: str, value_type: str) -> Node:
        """Let a live property have another value type, in the model as well."""
        node = self.nodes[path]
        node.model["valueType"] = value_type
        head = orjson.dumps({k: v for k, v in node.model.items() if k != "value"})
        self.parts[node.start] = head[:-1]
        return node

    def _add_container(self, node: Node) -> None:
        member = CONTAINERS[node.kind]
        rest = {key: part for key, part in node.model.items() if key != member}
        head = orjson.dumps(rest)[:-1]
        models = node.model.get(member) or ()
        if not models:
            self.parts.append(head + b"}")
            return
        self.parts.append(head + f',"{member}":['.encode())
        for place, model in enumerate(models):
            if place:
                self.parts.append(b",")
            self._add_child(node, place, model)
        self.parts.append(b"]}")

    def _add_child(self, node: Node, place: int, model: Json) -> None:
        step = f"[{place}]" if node.is_list else str(model["idShort"])
        path = node.path + step if node.is_list or not node.path else f"{node.path}.{step}"
        key = b"" if node.is_list else orjson.dumps(model["idShort"]) + b":"
        child = self._add(model, path, key)
        node.children.append(child)
        node.tokens.append(key + child.own if child.own else b"")
        if child.is_container:
            node.groups.append(place)
        if child.slot is not None:
            self.homes[child.slot] = (node.tokens, place, key)

    def normal(self, node: Node) -> bytes:
        """Give the element with everything below it."""
        return b"".join(self.parts[node.start : node.end])

    def core(self, node: Node) -> bytes:
        """Give the element and its direct children, of which containers are empty."""
        if not node.children:
            return self.normal(node)
        shown = [
            child.metadata() if child.is_container else self.normal(child)
            for child in node.children
        ]
        return self.parts[node.start] + b",".join(shown) + b"]}"

    def value(self, node: Node, *, deep: bool) -> bytes:
        """Give the value-only form; b"" for a leaf without a value."""
        if not node.is_container:
            return self._leaf_value(node)
        members = node.tokens
        if node.groups:
            members = list(members)
            for place in node.groups:
                child = node.children[place]
                inner = self.value(child, deep=True) if deep else _empty(child)
                members[place] = child.key + inner
        joined = b",".join(filter(None, members))
        return b"[" + joined + b"]" if node.is_list else b"{" + joined + b"}"

    def _leaf_value(self, node: Node) -> bytes:
        if node.slot is None:
            return node.own
        tokens, place, key = self.homes[node.slot]
        return tokens[place][len(key) :]

    def put_normal(self, slots: Sequence[int], tokens: Sequence[bytes]) -> None:
        """Put tokens into the normal form; b"" lets a property have no value."""
        parts, places = self.parts, self.places
        for slot, token in zip(slots, tokens, strict=True):
            if not token:
                parts[places[slot]] = b""
            elif token[0] == QUOTE:
                parts[places[slot]] = b',"value":' + token
            else:
                parts[places[slot]] = b',"value":"' + token + b'"'

    def put_values(self, slots: Sequence[int], tokens: Sequence[bytes]) -> None:
        """Put tokens into the value-only form; b"" leaves a property out."""
        homes = self.homes
        for slot, token in zip(slots, tokens, strict=True):
            members, place, key = homes[slot]
            members[place] = key + token if token else b""

    def reference(self, node: Node) -> bytes:
        """Give the model reference to the element."""
        keys = [{"type": "Submodel", "value": self.root.model["id"]}]
        for step in self._steps(node):
            name = step.model.get("idShort") or step.path.rsplit("[", 1)[-1].rstrip("]")
            keys.append({"type": step.kind, "value": name})
        return orjson.dumps({"type": "ModelReference", "keys": keys})

    def _steps(self, node: Node) -> Iterator[Node]:
        for path, step in self.nodes.items():
            if path and (node.path + ".").replace("[", ".[").startswith(
                (path + ".").replace("[", ".[")
            ):
                yield step

    def paths(self, node: Node, *, deep: bool) -> bytes:
        """Give the idShort paths of the element and what is below it."""
        return orjson.dumps(list(_paths(node, deep=deep)))


def _paths(node: Node, *, deep: bool) -> Iterator[str]:
    if node.path:
        yield node.path
    for child in node.children:
        if deep:
            yield from _paths(child, deep=True)
        else:
            yield child.path


def _empty(node: Node) -> bytes:
    return b"[]" if node.is_list else b"{}"


def _static_value(model: Json) -> bytes:
    write: Callable[[Json], Any] | None = _STATIC.get(str(model["modelType"]))
    if write is None:
        return b""
    if model["modelType"] == "Property":
        return static_token(model["value"], model["valueType"]) if "value" in model else b""
    made = write(model)
    return b"" if made in (None, [], {}) else orjson.dumps(made)


_STATIC: dict[str, Callable[[Json], Any]] = {
    "Property": lambda model: model.get("value"),
    "MultiLanguageProperty": lambda model: [
        {part["language"]: part["text"]} for part in model.get("value", ())
    ],
    "Range": lambda model: {key: model[key] for key in ("min", "max") if key in model},
    "File": lambda model: {key: model[key] for key in ("contentType", "value") if key in model},
    "ReferenceElement": lambda model: model.get("value"),
}
