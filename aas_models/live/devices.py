"""What is known of each device that runs: its model, the slots of its signals, its feeds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from aas_models.submodel_kind import Feed
from aas_models.submodels import kinds
from aas_models.submodels.time_series import variables
from aas_models.values import Slots
from gateway.core.assets import AssetModel
from gateway.core.signals import PlanTable, Signal

UNMAPPED = 0
"""The slot that takes values of signals that are in no submodel any more."""

Key = tuple[str, str, str | None]


@dataclass(frozen=True)
class KnownAsset:
    """A model with the value types that are known by now."""

    model: AssetModel

    @cached_property
    def variables(self) -> Mapping[str, Signal]:
        """The variables of its time series by name."""
        return variables(self.model.table.signals)


@dataclass(slots=True)
class Device:
    """One device; `slots` and `places` by index and key of the signals of its model."""

    asset: KnownAsset
    slots: Slots
    places: Mapping[Key, int]
    feeds: Mapping[str, Feed]


def device_of(model: AssetModel, slots: Slots, before: Device | None) -> Device:
    """Make a device; its feeds take over from those it had before an edit."""
    feeds: dict[str, Feed] = {}
    for kind in kinds():
        if kind.feed is not None and kind.feed.name not in feeds:
            made = kind.feed.make(model, before.feeds.get(kind.feed.name) if before else None)
            if made is not None:
                made.bind(slots)
                feeds[kind.feed.name] = made
    return Device(KnownAsset(model), slots, places_in(model.table), feeds)


def moved_slots(
    before: Mapping[str, Device], now: Mapping[str, Device]
) -> Iterator[tuple[int, int]]:
    """Give (new slot, old slot) of each signal that is the same as before."""
    for name, device in now.items():
        old = before.get(name)
        if old is None:
            continue
        for key, index in device.places.items():
            slot, place = int(device.slots[index]), old.places.get(key)
            was = UNMAPPED if place is None else int(old.slots[place])
            if UNMAPPED not in (slot, was):
                yield slot, was


def key_of(signal: Signal) -> Key:
    """Tell what makes a signal the same after an edit: a value in another unit is another value."""
    return signal.source, signal.element, signal.unit


def places_in(table: PlanTable) -> dict[Key, int]:
    """Give the index of each signal by its key."""
    return {key_of(signal): signal.index for signal in table.signals}
