"""What runs, as the submodels that are served see it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from aas_models.live.columns import SlotColumns
from aas_models.live.newest import NewestValues
from aas_models.live.structure import Structure
from aas_models.submodel_kind import Feed, FeedKind
from aas_models.values import Slots
from gateway.core.assets import AssetModel
from gateway.core.clock import Clock

_F = TypeVar("_F", bound=Feed)


class Running:
    """Values and structure together; a method that reads values stores first what waits.

    Args:
        values: of all signals.
        structure: over them.
        clock: tells the age of a value and when figures are looked at again.
        endpoint: where the history can be asked for; empty: nowhere.
        lost_since: tells since when a device is not connected, None while it is.
    """

    def __init__(
        self,
        values: NewestValues,
        structure: Structure,
        clock: Clock,
        endpoint: str,
        lost_since: Callable[[str], int | None],
    ) -> None:
        self._values = values
        self._structure = structure
        self.clock = clock
        self.endpoint = endpoint
        self.lost_since = lost_since

    @property
    def mark(self) -> str:
        """Name this process's revision of the structure."""
        return self._structure.mark

    def columns(self) -> SlotColumns:
        """Give the columns of all slots, with everything stored that has come."""
        self._values.bring_in()
        return self._values.columns

    def versions(self) -> NDArray[np.int64]:
        """Give the version of each slot; it grows with every change."""
        return self.columns().versions

    def tokens(self, slots: Slots) -> list[bytes]:
        """Write the values of slots in value-only form, b"" where there is none."""
        self._values.bring_in()
        return self._values.tokens(slots)

    def slots_of(self, submodel: str) -> Mapping[str, int]:
        """Give the slot of each value of a submodel by idShort path."""
        return self._structure.slots[submodel]

    def asset(self, device: str) -> AssetModel:
        """Give the model of a device, with the value types that are known by now."""
        return self._structure.devices[device].asset.model

    def feed(self, device: str, kind: FeedKind[_F]) -> _F | None:
        """Give what a feed of a device holds of everything that has come."""
        self._values.bring_in()
        return cast("_F | None", self._structure.devices[device].feeds.get(kind.name))
