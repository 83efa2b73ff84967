"""Leaves out samples that differ too little from the last one kept, as the configuration asks."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from gateway.core.records import Batch
from gateway.core.types import BAD
from gateway.mapping.plain import Number, double_of

NAN = float("nan")
NOTHING: tuple[Number, int] = (NAN, 0)


class Deadband:
    """State of all signals of one device. A change of status always passes, so does a Bad one."""

    def __init__(self, bands: Mapping[int, float], count: int) -> None:
        self._bands = dict(bands)
        self._banded = np.zeros(count, np.bool_)
        self._banded[list(bands)] = True
        self._last: dict[int, tuple[Number, int]] = {}
        self.dropped = 0

    def forget(self) -> None:
        """Keep nothing of what was seen."""
        self._last.clear()

    def kept(self, batch: Batch) -> NDArray[np.intp] | None:
        """Give the places of the samples that stay, None for all."""
        if not self._bands:
            return None
        places = np.flatnonzero(self._banded[batch.signals]).tolist()
        if not places:
            return None
        away = self._near(batch, places)
        if not away:
            return None
        self.dropped += len(away)
        stays = np.ones(len(batch), np.bool_)
        stays[away] = False
        return np.flatnonzero(stays)

    def _near(self, batch: Batch, places: list[int]) -> list[int]:
        """Give the places that are left out; what passes is remembered."""
        numbers, signals = _numbers(batch), batch.signals.tolist()
        status = batch.status.tolist() if batch.status is not None else None
        away, last, bands, state = [], self._last, self._bands, 0
        for place in places:
            signal, number = signals[place], numbers[place]
            if status is not None:
                state = status[place]
                if state & BAD:
                    number = NAN
            known, known_state = last.get(signal, NOTHING)
            if -bands[signal] <= number - known <= bands[signal] and state == known_state:
                away.append(place)
            else:
                last[signal] = (number, state)
        return away


def _numbers(batch: Batch) -> list[Number]:
    """Give values as numbers; NaN differs from everything, and so passes."""
    if isinstance(batch.values, np.ndarray):
        numbers: list[Number] = batch.values.tolist()
        return numbers
    return [double_of(value) for value in batch.values]
