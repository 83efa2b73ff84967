"""A submodel compiled into constant byte fragments with places for live values.

Rendering joins prepared bytes: no object is built and no constant is encoded again. Every element
knows its range of fragments, so that a part of the submodel is as cheap as its share.
Source: AAS Part 2 (IDTA-01002), serialization modifiers Normal, Metadata, Value, Reference, Path.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
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
    "Entity": "statements",
    "AnnotatedRelationshipElement": "annotations",
}
VALUE_KEYS = frozenset({
    "value", "submodelElements", "min", "max", "contentType", "statements", "entityType",
    "globalAssetId", "specificAssetIds", "first", "second", "annotations", "observed",
})  # fmt: skip
"""Members that the metadata form leaves out."""
NO_VALUE = frozenset({"Operation", "Capability"})
"""Kinds without a value-only and a metadata form. Source: Part 2, table of applicable contents."""
WITH_PATHS = frozenset({"Submodel", "SubmodelElementCollection", "SubmodelElementList", "Entity"})
"""Kinds with a path form. Source: the same table, which names no other parent."""


@dataclass(slots=True)
class Node:
    """A submodel or element: its place in the fragments and its value-only tokens."""

    model: Json
    path: str
    start: int
    above: Node | None = None
    end: int = 0
    slot: int | None = None
    key: bytes = b""
    children: list[Node] = field(default_factory=list)
    tokens: list[bytes] = field(default_factory=list)
    """Value-only members of a container, each with its key; b"" where there is no value."""
    own: bytes = b""
    """Value-only form of a leaf that never changes; of an Entity or relationship the members that
    stand beside its children."""
    whole: bytes = b""
    """Value-only form of a Blob with its content."""
    groups: list[int] = field(default_factory=list)
    """Which children are containers."""
    blobs: list[int] = field(default_factory=list)
    """Which children are Blobs."""
    bare: bytes = b""
    """A container without its children."""

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
        self.blobs: dict[int, bytes] = {}
        self._slots = slots
        self.root = self._add(model, "")

    def _add(self, model: Json, path: str, above: Node | None = None, key: bytes = b"") -> Node:
        node = Node(model, path, len(self.parts), above, key=key)
        self.nodes[path] = node
        if node.is_container:
            self._add_container(node)
        elif path in self._slots:
            self._add_live(node, self._slots[path])
        elif node.kind == "Blob":
            self._add_blob(node)
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

    def _add_blob(self, node: Node) -> None:
        rest = {key: part for key, part in node.model.items() if key != "value"}
        self.parts += [orjson.dumps(rest)[:-1], b"", b"}"]
        shown = {key: node.model[key] for key in ("contentType", "value") if key in node.model}
        node.whole = orjson.dumps(shown)
        if "value" in shown:
            content = orjson.dumps(shown.pop("value"))
            self.blobs[len(self.parts) - 2] = b',"value":' + content
        node.own = orjson.dumps(shown)

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
        node.bare = orjson.dumps(rest)
        node.own = _beside(node.model)
        head = node.bare[:-1]
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
        child = self._add(model, path, node, key)
        node.children.append(child)
        shown = child.own and not child.is_container
        node.tokens.append(key + child.own if shown else b"")
        if child.is_container:
            node.groups.append(place)
        elif child.whole:
            node.blobs.append(place)
        if child.slot is not None:
            self.homes[child.slot] = (node.tokens, place, key)

    def normal(self, node: Node, *, blob: bool = False) -> bytes:
        """Give the element with everything below it; `blob` with the content of Blobs."""
        parts = self.parts[node.start : node.end]
        if blob:
            for place, content in self.blobs.items():
                if node.start <= place < node.end:
                    parts[place - node.start] = content
        return b"".join(parts)

    def core(self, node: Node, *, blob: bool = False) -> bytes:
        """Give the element and its direct children, of which containers are empty."""
        if not node.children:
            return self.normal(node, blob=blob)
        shown = [child.bare or self.normal(child, blob=blob) for child in node.children]
        return self.parts[node.start] + b",".join(shown) + b"]}"

    def value(self, node: Node, *, deep: bool, blob: bool = False) -> bytes:
        """Give the value-only form; b"" for a leaf without a value."""
        if not node.is_container:
            return node.whole if blob and node.whole else self._leaf_value(node)
        members = node.tokens
        if node.groups or (blob and node.blobs):
            members = list(members)
            for place in node.groups:
                child = node.children[place]
                inner = self.value(child, deep=True, blob=blob) if deep else _framed(child, ())
                members[place] = child.key + inner
            for place in node.blobs if blob else ():
                members[place] = node.children[place].key + node.children[place].whole
        return _framed(node, filter(None, members))

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
        keys: list[Json] = []
        while node.above is not None:
            name = node.model.get("idShort") or node.path.rsplit("[", 1)[-1].rstrip("]")
            keys.append({"type": node.kind, "value": name})
            node = node.above
        keys.append({"type": "Submodel", "value": self.root.model["id"]})
        return orjson.dumps({"type": "ModelReference", "keys": keys[::-1]})

    def slots_of(self, node: Node) -> list[int]:
        """Give the slots of the live properties that the element consists of."""
        if node.slot is not None:
            return [node.slot]
        return [slot for slot, at in self.places.items() if node.start <= at < node.end]

    def paths(self, node: Node, *, deep: bool) -> bytes:
        """Give the idShort paths of the element and what is below it."""
        return orjson.dumps(list(_paths(node, deep=deep)))

    def path_list(self, *, deep: bool) -> Iterator[str]:
        """Give every idShort path, or those of the top elements."""
        return _paths(self.root, deep=deep)


def _paths(node: Node, *, deep: bool) -> Iterator[str]:
    if node.path:
        yield node.path
    for child in node.children:
        if deep:
            yield from _paths(child, deep=True)
        else:
            yield child.path


def _framed(node: Node, members: Iterable[bytes]) -> bytes:
    """Put value-only members of a container together as its kind demands (Part 1, §value-only)."""
    match node.kind:
        case "SubmodelElementList":
            return b"[" + b",".join(members) + b"]"
        case "Entity":
            return b'{"statements":{' + b",".join(members) + b"}" + node.own + b"}"
        case "AnnotatedRelationshipElement":
            notes = b",".join(b"{" + member + b"}" for member in members)
            return b'{"annotations":[' + notes + b"]" + node.own + b"}"
        case _:
            return b"{" + b",".join(members) + b"}"


def _beside(model: Json) -> bytes:
    """Write what an Entity or relationship shows beside its children, with a comma before it."""
    keys = _BESIDE.get(str(model["modelType"]), ())
    shown = {key: model[key] for key in keys if key in model}
    return b"," + orjson.dumps(shown)[1:-1] if shown else b""


_BESIDE = {
    "Entity": ("entityType", "globalAssetId", "specificAssetIds"),
    "AnnotatedRelationshipElement": ("first", "second"),
}


def _static_value(model: Json) -> bytes:
    write: Callable[[Json], Any] | None = _STATIC.get(str(model["modelType"]))
    if write is None:
        return b""
    if model["modelType"] == "Property":
        return static_token(model["value"], model["valueType"]) if "value" in model else b""
    made = write(model)
    return b"" if made in (None, [], {}) else orjson.dumps(made)


def _range(model: Json) -> Json:
    return {
        key: orjson.Fragment(static_token(model[key], model.get("valueType", "xs:string")))
        for key in ("min", "max")
        if key in model
    }


def _members(*keys: str) -> Callable[[Json], Json]:
    return lambda model: {key: model[key] for key in keys if key in model}


_STATIC: dict[str, Callable[[Json], Any]] = {
    "Property": lambda model: model.get("value"),
    "MultiLanguageProperty": lambda model: [
        {part["language"]: part["text"]} for part in model.get("value", ())
    ],
    "Range": _range,
    "File": _members("contentType", "value"),
    "ReferenceElement": lambda model: model.get("value"),
    "RelationshipElement": _members("first", "second"),
    "BasicEventElement": _members("observed"),
}
