"""One submodel with its live values: encodes what changed since the last request, then joins."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import numpy as np
import orjson
from numpy.typing import NDArray

from aas_models.elements import Json
from aas_models.environment import UNKNOWN_VALUE_TYPE, SubmodelModel
from aas_models.fragments import NO_VALUE, WITH_PATHS, Fragments, Node
from aas_models.values import Slots
from gateway.core.errors import AasError
from gateway.core.signals import Signal


class Owner(Protocol):
    """Where the values are."""

    @property
    def mark(self) -> str:
        """Name this process's revision of the structure."""

    @property
    def versions(self) -> NDArray[np.int64]:
        """The version of each slot; grows with every change."""

    def tokens(self, slots: Slots) -> list[bytes]:
        """Write the values of slots in value-only form."""


class LiveSubmodel:
    """One submodel with its live values; `fragments` where they are compiled already."""

    def __init__(
        self,
        owner: Owner,
        part: SubmodelModel,
        slots: Mapping[str, int],
        fragments: Fragments | None = None,
    ) -> None:
        self.id = part.id
        self.id_short = str(part.model.get("idShort", ""))
        keys = part.model.get("semanticId", {}).get("keys", ())
        self.semantic_id = str(keys[-1]["value"]) if keys else None
        self._owner = owner
        self._fragments = fragments or Fragments(part.model, slots)
        chosen = sorted(slots.values())
        self._slots: Slots = np.array(chosen, np.intp)
        self._range = slice(chosen[0], chosen[-1] + 1) if chosen else slice(0, 0)
        self._ranges: dict[str, Slots] = {}
        self._shown = {form: np.full(len(chosen), -1, np.int64) for form in ("normal", "value")}

    @property
    def model(self) -> Json:
        """The structure; live properties carry no value in it."""
        return self._fragments.root.model

    def element(self, path: str) -> Json:
        """Give an element as it is modelled, without its live value.

        Raises:
            AasError: `not-found`.
        """
        return self._node(path).model

    def etag(self, path: str = "") -> str:
        """Give a mark that changes whenever a value of the element or the structure does."""
        if path:
            versions = self._owner.versions[self._slots_of(path)]
        else:
            versions = self._owner.versions[self._range]
        newest = int(versions.max()) if len(versions) else 0
        return f"{self._owner.mark}-{newest:x}"

    def _slots_of(self, path: str) -> Slots:
        known = self._ranges.get(path)
        if known is None:  # bounded: only paths that exist get here
            slots = self._fragments.slots_of(self._node(path))
            known = self._ranges[path] = np.array(slots, np.intp)
        return known

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
        node = self._node(path)
        fragments = self._fragments
        match form:
            case "normal":
                self._refresh("normal")
                write = fragments.normal if deep else fragments.core
                return write(node, blob=blob)
            case "value":
                _demand(node.kind not in NO_VALUE, "no-value", node.kind)
                self._refresh("value")
                return fragments.value(node, deep=deep, blob=blob) or b"null"
            case "metadata":
                _demand(node.kind not in NO_VALUE, "no-metadata", node.kind)
                return node.metadata()
            case "reference":
                return fragments.reference(node)
            case _:
                _demand(node.kind in WITH_PATHS, "no-paths", node.kind)
                return fragments.paths(node, deep=deep)

    def retype(self, path: str, signal: Signal) -> list[str]:
        """Let a property have the signal's value type; gives the ids of what it means."""
        model = self._fragments.retype(path, signal.value_type or UNKNOWN_VALUE_TYPE).model
        for shown in self._shown.values():
            shown[:] = -1
        references = [model.get("semanticId"), *model.get("supplementalSemanticIds", ())]
        return [str(part["keys"][-1]["value"]) for part in references if part]

    def children(self, form: str, *, deep: bool = True, blob: bool = False) -> list[bytes]:
        """Give the top elements one by one; in value form as objects with one member, in path form
        every path.
        """
        fragments, nodes = self._fragments, self._fragments.root.children
        match form:
            case "path":
                return [orjson.dumps(path) for path in fragments.path_list(deep=deep)]
            case "metadata":
                return [node.metadata() for node in nodes]
            case "value":
                self._refresh("value")
                tokens = [fragments.value(node, deep=deep, blob=blob) for node in nodes]
                pairs = zip(nodes, tokens, strict=True)
                return [b"{" + node.key + token + b"}" for node, token in pairs if token]
            case _:
                return [self.render(node.path, form, deep=deep, blob=blob) for node in nodes]

    def _node(self, path: str) -> Node:
        node = self._fragments.nodes.get(path)
        if node is None:
            raise AasError("not-found", f"{path} in {self.id_short}")
        return node

    def _refresh(self, form: str) -> None:
        shown = self._shown[form]
        versions = self._owner.versions[self._slots]
        stale = np.flatnonzero(versions != shown)
        if not len(stale):
            return
        slots = self._slots[stale]
        put = self._fragments.put_normal if form == "normal" else self._fragments.put_values
        put(slots.tolist(), self._owner.tokens(slots))
        shown[stale] = versions[stale]


def _demand(allowed: bool, reason: str, detail: str) -> None:
    if not allowed:
        raise AasError(reason, detail)
