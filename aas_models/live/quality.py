"""The quality of a submodel's live values, told from the same slots at the moment of the request.

Nothing is done for it while values come; its JSON is compiled when somebody asks first.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from aas_models.environment_parts import SubmodelModel
from aas_models.fragments import Fragments
from aas_models.live.columns import SlotColumns
from aas_models.live.submodel import LiveSubmodel
from aas_models.served import ServedSubmodel
from aas_models.submodels.quality import AGE, FACETS, FacetWriter, QualityModel, facet_path
from aas_models.values import Slots
from gateway.core.clock import Clock

COUNT = len(FACETS)


class SlotOwner(Protocol):
    """Where the values and what is known of them are."""

    @property
    def mark(self) -> str:
        """Name this process's revision of the structure."""

    def columns(self) -> SlotColumns:
        """Give the columns of all slots, with everything stored that has come."""


class _Facets:
    """Numbers the facets of all slots and writes them; the owner of a `LiveSubmodel`."""

    def __init__(self, owner: SlotOwner, clock: Clock) -> None:
        self._owner = owner
        self._clock = clock

    @property
    def mark(self) -> str:
        return self._owner.mark

    def versions(self) -> NDArray[np.int64]:
        """Age changes with every second, the rest with the value."""
        versions = np.repeat(self._owner.columns().versions, COUNT)
        ages = versions[AGE::COUNT]
        versions[AGE::COUNT] = np.where(ages > 0, self._clock.now() // 1_000_000_000, 0)
        return versions

    def tokens(self, slots: Slots) -> list[bytes]:
        columns, token = self._owner.columns(), FacetWriter(self._clock.now()).token
        places = slots // COUNT
        known = zip(
            (slots % COUNT).tolist(),
            columns.versions[places].tolist(),
            columns.status[places].tolist(),
            columns.times[places].tolist(),
            strict=True,
        )
        return [
            token(facet, status, time) if version else b"" for facet, version, status, time in known
        ]


class QualitySubmodel(ServedSubmodel):
    """Quality, source time and age of each value of another submodel.

    Args:
        owner: holds the values.
        part: what to show.
        slots: the slot of each value by its idShort path in the other submodel.
        clock: tells the age.
    """

    def __init__(
        self, owner: SlotOwner, part: QualityModel, slots: Mapping[str, int], clock: Clock
    ) -> None:
        super().__init__(part.id, part.id_short, part.semantic_id)
        self._owner = owner
        self._part = part
        self._by_path = slots
        self._clock = clock
        self._slots: Slots = np.array(sorted(slots.values()), np.intp)
        self._shown: LiveSubmodel | None = None
        self._preparing = asyncio.Lock()

    def etag(self, path: str = "") -> str:  # noqa: ARG002 - the interface has it
        """Give a mark of the newest value and of the second, because ages change with it."""
        versions = self._owner.columns().versions[self._slots]
        newest = int(versions.max()) if len(versions) else 0
        return f"{self._owner.mark}-{newest:x}-{self._clock.now() // 1_000_000_000:x}"

    async def prepare(self) -> None:
        """See ServedSubmodel.prepare."""
        async with self._preparing:
            if self._shown is None:
                self._shown = await asyncio.to_thread(self._made)

    def compiled(self, form: str) -> Fragments:
        if self._shown is None:
            self._shown = self._made()
        return self._shown.compiled(form)

    def _made(self) -> LiveSubmodel:
        places = {
            facet_path(path, facet): slot * COUNT + facet
            for path, slot in self._by_path.items()
            for facet in range(COUNT)
        }
        model = SubmodelModel(self._part.model)
        return LiveSubmodel(_Facets(self._owner, self._clock), model, places)
