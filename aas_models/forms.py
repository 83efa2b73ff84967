"""What every submodel that is served can show: the forms of Part 2 over its compiled fragments."""

from __future__ import annotations

import orjson

from aas_models.elements import Json
from aas_models.fragments import Fragments, Node
from gateway.core.errors import AasError


class SubmodelForms:
    """A submodel that is served. A subclass keeps the values in its fragments up to date."""

    def __init__(self, identifier: str, id_short: str, semantic_id: str | None) -> None:
        self.id = identifier
        self.id_short = id_short
        self.semantic_id = semantic_id

    def etag(self) -> str:
        """Give a mark that changes whenever a value or the structure does."""
        raise NotImplementedError

    def compiled(self, form: str) -> Fragments:
        """Give the fragments with the present values of a form, `normal` or `value`."""
        raise NotImplementedError

    def render(self, path: str, form: str, *, deep: bool = True) -> bytes:
        """Give the submodel (path "") or an element of it.

        Args:
            path: idShort path.
            form: normal, value, metadata, reference or path.
            deep: False gives direct children only.

        Raises:
            AasError: `not-found`, or `no-value` where the element has no value-only form.
        """
        fragments = self.compiled(form)
        node = self._node(fragments, path)
        match form:
            case "normal":
                return fragments.normal(node) if deep else fragments.core(node)
            case "value":
                return _value(fragments, node, deep=deep)
            case "metadata":
                return node.metadata()
            case "reference":
                return fragments.reference(node)
            case _:
                return fragments.paths(node, deep=deep)

    def children(self, form: str, *, deep: bool = True) -> list[bytes]:
        """Give the top elements one by one; in value form as objects with one member."""
        fragments = self.compiled(form)
        if form != "value":
            return [self.render(node.path, form, deep=deep) for node in fragments.root.children]
        shown = []
        for node in fragments.root.children:
            token = fragments.value(node, deep=deep)
            if token:
                shown.append(b"{" + node.key + token + b"}")
        return shown

    def document(self) -> Json:
        """Give the submodel with its present values as JSON."""
        made: Json = orjson.loads(self.render("", "normal"))
        return made

    def _node(self, fragments: Fragments, path: str) -> Node:
        node = fragments.nodes.get(path)
        if node is None:
            raise AasError("not-found", f"{path} in {self.id_short}")
        return node


def _value(fragments: Fragments, node: Node, *, deep: bool) -> bytes:
    if node.kind in {"Operation", "Capability"}:
        raise AasError("no-value", node.kind)
    return fragments.value(node, deep=deep) or b"null"
