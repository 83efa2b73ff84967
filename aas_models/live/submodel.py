"""One submodel with its live values: encodes what changed since the last request, then joins."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from aas_models.environment_parts import AnySubmodel
from aas_models.fragments import Fragments
from aas_models.served import ServedSubmodel
from aas_models.tag_submodels import UNKNOWN_VALUE_TYPE
from aas_models.values import Slots
from gateway.core.signals import Signal


class Owner(Protocol):
    """Where the values are."""

    @property
    def mark(self) -> str:
        """Name this process's revision of the structure."""

    def versions(self) -> NDArray[np.int64]:
        """Give the version of each slot, of everything that has come."""

    def tokens(self, slots: Slots) -> list[bytes]:
        """Write the values of slots in value-only form."""


class LiveSubmodel(ServedSubmodel):
    """One submodel with its live values; `fragments` where they are compiled already."""

    def __init__(
        self,
        owner: Owner,
        part: AnySubmodel,
        slots: Mapping[str, int],
        fragments: Fragments | None = None,
    ) -> None:
        super().__init__(part.id, part.id_short, part.semantic_id)
        self._owner = owner
        self._part = part
        self._places = slots
        # What has values is compiled now: its first request has no time for it.
        self._made = self._compile() if fragments is None and slots else fragments
        self._preparing = asyncio.Lock()
        chosen = sorted(slots.values())
        self._slots: Slots = np.array(chosen, np.intp)
        self._range = slice(chosen[0], chosen[-1] + 1) if chosen else slice(0, 0)
        self._ranges: dict[str, Slots] = {}
        self._shown = {form: np.full(len(chosen), -1, np.int64) for form in ("normal", "value")}

    async def prepare(self) -> None:
        """See ServedSubmodel.prepare."""
        async with self._preparing:
            if self._made is None:
                self._made = await asyncio.to_thread(self._compile)

    @property
    def _fragments(self) -> Fragments:
        if self._made is None:
            self._made = self._compile()
        return self._made

    def _compile(self) -> Fragments:
        return Fragments(self._part.model, self._places)

    def etag(self, path: str = "") -> str:
        """Give a mark that changes whenever a value of the element or the structure does."""
        versions = self._owner.versions()[self._slots_of(path) if path else self._range]
        newest = int(versions.max()) if len(versions) else 0
        return f"{self._owner.mark}-{newest:x}"

    def _slots_of(self, path: str) -> Slots:
        known = self._ranges.get(path)
        if known is None:  # bounded: only paths that exist get here
            slots = self._fragments.slots_of(self._node(self._fragments, path))
            known = self._ranges[path] = np.array(slots, np.intp)
        return known

    def retype(self, path: str, signal: Signal) -> list[str]:
        """Let a property have the signal's value type; gives the ids of what it means."""
        model = self._fragments.retype(path, signal.value_type or UNKNOWN_VALUE_TYPE).model
        for shown in self._shown.values():
            shown[:] = -1
        references = [model.get("semanticId"), *model.get("supplementalSemanticIds", ())]
        return [str(part["keys"][-1]["value"]) for part in references if part]

    def compiled(self, form: str) -> Fragments:
        if form in self._shown:
            self._refresh(form)
        return self._fragments

    def _refresh(self, form: str) -> None:
        shown = self._shown[form]
        versions = self._owner.versions()[self._slots]
        stale = np.flatnonzero(versions != shown)
        if not len(stale):
            return
        slots = self._slots[stale]
        put = self._fragments.put_normal if form == "normal" else self._fragments.put_values
        put(slots.tolist(), self._owner.tokens(slots))
        shown[stale] = versions[stale]
