"""Where the samples of a batch go: the slots and feeds of its table, learned at its first batch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from aas_models.live.devices import UNMAPPED, Device, key_of
from aas_models.values import Slots
from gateway.core.records import Batch, Gap
from gateway.core.signals import PlanTable

TABLES_PER_DEVICE_MAX = 8
"""Tables of earlier configurations whose batches may still arrive."""


@dataclass(frozen=True, slots=True)
class Route:
    """The slot of each signal of a table, and the feeds that take its batches.

    It holds the table, so that the id of that stays its own.
    """

    table: PlanTable
    slots: Slots
    takes: tuple[Callable[[Slots, Batch], None], ...]


class Routes:
    """The routes of all tables that have sent something; `known` by the id of the table.

    Args:
        show_types: is told the value types that the first batch of a table has shown, by index in
            the device's model. So the structure changes when a batch comes, before it is stored,
            and never when somebody looks.
    """

    def __init__(self, show_types: Callable[[Device, Mapping[int, str]], None]) -> None:
        self._show_types = show_types
        self.known: dict[int, Route] = {}
        self._devices: Mapping[str, Device] = {}

    def lead_to(self, devices: Mapping[str, Device]) -> None:
        """Forget all routes: from now on they lead to these devices."""
        self.known = {}
        self._devices = devices

    def learn(self, table: PlanTable) -> Route | None:
        """Learn the route of a table; None for one of an unknown device."""
        device = self._devices.get(table.device)
        if device is None:
            return None
        self._forget_oldest(table.device)
        places = [device.places.get(key_of(signal)) for signal in table.signals]
        slots = [UNMAPPED if place is None else int(device.slots[place]) for place in places]
        takes = tuple(feed.take for feed in device.feeds.values())
        route = self.known[id(table)] = Route(table, np.array(slots, np.intp), takes)
        signals = device.asset.model.table.signals
        types = {
            place: signal.value_type
            for signal, place in zip(table.signals, places, strict=True)
            if place is not None and signal.value_type and signals[place].value_type is None
        }
        if types:
            self._show_types(device, types)
        return route

    def gap(self, gap: Gap) -> None:
        """Tell the feeds of a device that samples are missing."""
        device = self._devices.get(gap.device)
        for feed in device.feeds.values() if device else ():
            feed.gap(gap)

    def _forget_oldest(self, device: str) -> None:
        same = [key for key, route in self.known.items() if route.table.device == device]
        for key in same[: max(len(same) - TABLES_PER_DEVICE_MAX + 1, 0)]:
            del self.known[key]
