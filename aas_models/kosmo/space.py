"""The address space that the KOSMO reference solution makes of an AAS environment.

One object for each shell, submodel and collection, one variable for each property, in document
order. A node id is `ns=2;s=` and the dotted names; a dot inside a name makes it ambiguous, so
elements are found by their node, never by splitting an id.

Source: kosmo-nestfield AAS Parser V3.0 (2025-10), as its output shows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from aas_models.elements import Json
from aas_models.kosmo.names import original_name
from aas_models.kosmo.problems import Problem

SERVER_NAMESPACE = "urn:open62541.server.application"
AAS_NAMESPACE = "https://www.smart-factory.kr/datasolution"
NODE_PREFIX = "ns=2;s="
DEPTH_MAX = 64
"""Deeper than any model of a person; a chain of references or a nesting that goes on is cut."""
WHERE = "environment"


@dataclass(frozen=True, slots=True)
class Node:
    """An object, or the variable of a property (`element` is then a Property).

    `parent` is the tag of the node above, None for a shell. `path` is the idShort path inside the
    submodel as it stands in the environment, empty for shells and submodels.
    """

    tag: str
    name: str
    parent: str | None
    element: Json
    shell: Json
    submodel: Json | None = None
    path: str = ""

    @property
    def id(self) -> str:
        return NODE_PREFIX + self.tag

    @property
    def is_variable(self) -> bool:
        return self.element.get("modelType") == "Property"


@dataclass(frozen=True)
class AddressSpace:
    """All nodes in the order of the reference solution."""

    nodes: tuple[Node, ...]
    problems: tuple[Problem, ...]

    @property
    def variables(self) -> Iterator[Node]:
        return (node for node in self.nodes if node.is_variable)

    @cached_property
    def by_id(self) -> dict[str, Node]:
        return {node.id: node for node in self.nodes}


def address_space(environment: Json) -> AddressSpace:
    """Give the nodes of every shell and of the submodels that a shell refers to."""
    return _Builder(environment).build()


class _Builder:
    def __init__(self, environment: Json) -> None:
        self.shells: list[Json] = environment.get("assetAdministrationShells", [])
        self.submodels = {str(part["id"]): part for part in environment.get("submodels", ())}
        self.nodes: dict[str, Node] = {}
        self.problems: list[Problem] = []

    def build(self) -> AddressSpace:
        holders = self._holders()
        for shell in self.shells:
            self._shell(shell, self._tag(shell, holders))
        return AddressSpace(tuple(self.nodes.values()), tuple(self.problems))

    def _holders(self) -> dict[str, tuple[Json, str]]:
        """Give which element refers to a shell: (its own shell, path); the first one wins."""
        known = {str(shell["id"]) for shell in self.shells}
        holders: dict[str, tuple[Json, str]] = {}
        for shell in self.shells:
            for part in self._parts(shell):
                name = original_name(part)
                for target, path in _references(part.get("submodelElements", ()), name, 0):
                    if target in known and target != shell["id"]:
                        holders.setdefault(target, (shell, path))
        return holders

    def _tag(self, shell: Json, holders: dict[str, tuple[Json, str]]) -> str:
        tag = original_name(shell)
        seen, above = {str(shell["id"])}, shell
        while (holder := holders.get(str(above["id"]))) is not None:
            above, path = holder
            if str(above["id"]) in seen or len(seen) > DEPTH_MAX:
                self._tell("reference-loop", tag=original_name(shell))
                return original_name(shell)
            seen.add(str(above["id"]))
            tag = f"{original_name(above)}.{path}.{tag}"
        return tag

    def _parts(self, shell: Json) -> Iterator[Json]:
        for identifier in _submodel_ids(shell):
            part = self.submodels.get(identifier)
            if part is not None:
                yield part

    def _shell(self, shell: Json, tag: str) -> None:
        if not self._put(Node(tag, tag, None, shell, shell)):
            return
        for identifier in _submodel_ids(shell):
            part = self.submodels.get(identifier)
            if part is None:
                self._tell("submodel-missing", tag=tag, id=identifier)
                continue
            name = original_name(part)
            node = Node(f"{tag}.{name}", name, tag, part, shell, part)
            if self._put(node):
                self._below(part.get("submodelElements", ()), node, 0)

    def _below(self, children: Sequence[Json], above: Node, depth: int) -> None:
        for child in children:
            kind, name = child.get("modelType"), original_name(child)
            if kind not in {"Property", "SubmodelElementCollection"} or depth > DEPTH_MAX:
                continue
            id_short = str(child.get("idShort", ""))
            path = f"{above.path}.{id_short}" if above.path else id_short
            node = Node(
                f"{above.tag}.{name}", name, above.tag, child, above.shell, above.submodel, path
            )
            if self._put(node) and kind != "Property":
                self._below(child.get("value", ()), node, depth + 1)

    def _put(self, node: Node) -> bool:
        if node.tag in self.nodes:
            self._tell("tag-twice", tag=node.tag)
            return False
        self.nodes[node.tag] = node
        return True

    def _tell(self, code: str, **facts: str) -> None:
        self.problems.append(Problem(code, WHERE, None, facts))


def _submodel_ids(shell: Json) -> Iterator[str]:
    for reference in shell.get("submodels", ()):
        keys = reference.get("keys", ())
        if keys:
            yield str(keys[-1].get("value", ""))


def _references(children: Sequence[Json], path: str, depth: int) -> Iterator[tuple[str, str]]:
    """Give (shell id, path of the holder) of the reference elements that point to a shell."""
    for child in children:
        kind = child.get("modelType")
        if kind == "ReferenceElement":
            for key in (child.get("value") or {}).get("keys", ())[:1]:
                if key.get("type") == "AssetAdministrationShell":
                    yield str(key.get("value", "")), path
        elif kind == "SubmodelElementCollection" and depth <= DEPTH_MAX:
            below = f"{path}.{original_name(child)}"
            yield from _references(child.get("value", ()), below, depth + 1)
