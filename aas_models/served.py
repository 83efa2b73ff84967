"""What every submodel that is served can show: the forms of Part 2 over its compiled fragments."""

from __future__ import annotations

import orjson

from aas_models.elements import Json
from aas_models.fragments import NO_VALUE, WITH_PATHS, Fragments, Node
from gateway.core.errors import AasError


class ServedSubmodel:
    """A submodel that is served. A subclass keeps the values in its fragments up to date."""

    def __init__(self, identifier: str, id_short: str, semantic_id: str | None) -> None:
        self.id = identifier
        self.id_short = id_short
        self.semantic_id = semantic_id

    async def prepare(self) -> None:
        """Do in a worker thread what the first request would hold up the event loop with.

        Everything works without it, only later. Cancel: the next request does it.
        """

    @property
    def model(self) -> Json:
        """The structure; live properties carry no value in it."""
        return self.compiled("reference").root.model

    def element(self, path: str) -> Json:
        """Give an element as it is modelled, without its live value.

        Raises:
            AasError: `not-found`.
        """
        return self._node(self.compiled("reference"), path).model

    def etag(self, path: str = "") -> str:
        """Give a mark that changes whenever a value of the element or the structure does."""
        raise NotImplementedError

    def compiled(self, form: str) -> Fragments:
        """Give the fragments, with the present values where the form is `normal` or `value`."""
        raise NotImplementedError

    def render(self, path: str, form: str, *, deep: bool = True, blob: bool = False) -> bytes:
        """Give the submodel (path "") or an element of it.

        Args:
            path: idShort path.
            form: normal, value, metadata, reference or path.
            deep: False gives direct children only.
            blob: with the content of Blobs.

        Raises:
            AasError: `not-found`, or `no-value`, `no-metadata` and `no-paths` where the element has
                no such form.
        """
        fragments = self.compiled(form)
        node = self._node(fragments, path)
        match form:
            case "normal":
                write = fragments.normal if deep else fragments.core
                return write(node, blob=blob)
            case "value":
                _demand(node.kind not in NO_VALUE, "no-value", node.kind)
                return fragments.value(node, deep=deep, blob=blob) or b"null"
            case "metadata":
                _demand(node.kind not in NO_VALUE, "no-metadata", node.kind)
                return node.metadata()
            case "reference":
                return fragments.reference(node)
            case _:
                _demand(node.kind in WITH_PATHS, "no-paths", node.kind)
                return fragments.paths(node, deep=deep)

    def children(self, form: str, *, deep: bool = True, blob: bool = False) -> list[bytes]:
        """Give the top elements one by one; in value form as objects with one member, in path form
        every path.
        """
        fragments = self.compiled(form)
        nodes = fragments.root.children
        match form:
            case "path":
                return [orjson.dumps(path) for path in fragments.path_list(deep=deep)]
            case "metadata":
                return [node.metadata() for node in nodes]
            case "value":
                tokens = [fragments.value(node, deep=deep, blob=blob) for node in nodes]
                pairs = zip(nodes, tokens, strict=True)
                return [b"{" + node.key + token + b"}" for node, token in pairs if token]
            case _:
                return [self.render(node.path, form, deep=deep, blob=blob) for node in nodes]

    def document(self) -> Json:
        """Give the submodel with its present values as JSON."""
        made: Json = orjson.loads(self.render("", "normal"))
        return made

    def _node(self, fragments: Fragments, path: str) -> Node:
        node = fragments.nodes.get(path)
        if node is None:
            raise AasError("not-found", f"{path} in {self.id_short}")
        return node


def _demand(fine: bool, reason: str, detail: str) -> None:
    if not fine:
        raise AasError(reason, detail)
