"""Leaves out samples that differ too little from the last one kept, as the configuration asks."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from gateway.core.records import Batch
from gateway.core.types import BAD
from gateway.mapping.convert import Mask, Numbers

NO_BAND = -1.0


class Deadband:
    """State of all signals of one device. A change of status always passes, so does a Bad one."""

    def __init__(self, bands: Mapping[int, float], count: int) -> None:
        self._bands = np.full(count, NO_BAND)
        for index, band in bands.items():
            self._bands[index] = band
        self._any = bool(bands)
        self._values = np.full(count, np.nan)
        self._status = np.zeros(count, np.uint32)
        self.dropped = 0

    def forget(self) -> None:
        """Keep nothing of what was seen."""
        self._values[:] = np.nan

    def kept(self, batch: Batch) -> NDArray[np.intp] | None:
        """Give the places of the samples that stay, None for all."""
        if not self._any:
            return None
        places = np.flatnonzero(self._bands[batch.signals] >= 0)
        if not len(places):
            return None
        away = places[self._away(batch, places)]
        if not len(away):
            return None
        self.dropped += len(away)
        stays = np.ones(len(batch), np.bool_)
        stays[away] = False
        return np.flatnonzero(stays)

    def _away(self, batch: Batch, places: NDArray[np.intp]) -> Mask:
        signals = batch.signals[places]
        numbers = Numbers(batch.values)
        # What is not a number compares as different from everything, and so passes.
        values = np.where(numbers.ok, numbers.doubles, np.nan)[places]
        status = np.zeros(len(places), np.uint32) if batch.status is None else batch.status[places]
        values[(status & BAD) != 0] = np.nan
        if len(np.unique(signals)) == len(signals):
            return self._at_once(signals, values, status)
        return self._one_by_one(signals, values, status)

    def _at_once(
        self, signals: NDArray[np.int32], values: NDArray[np.float64], status: NDArray[np.uint32]
    ) -> Mask:
        with np.errstate(invalid="ignore"):  # infinity minus infinity
            near = np.abs(values - self._values[signals]) <= self._bands[signals]
        away: Mask = near & (status == self._status[signals])
        passed = signals[~away]
        self._values[passed], self._status[passed] = values[~away], status[~away]
        return away

    def _one_by_one(
        self, signals: NDArray[np.int32], values: NDArray[np.float64], status: NDArray[np.uint32]
    ) -> Mask:
        """A signal that comes several times is compared with what its earlier sample left."""
        involved = np.unique(signals)
        last = dict(
            zip(
                involved.tolist(),
                zip(
                    self._values[involved].tolist(),
                    self._status[involved].tolist(),
                    self._bands[involved].tolist(),
                    strict=True,
                ),
                strict=True,
            )
        )
        away = []
        for signal, value, state in zip(
            signals.tolist(), values.tolist(), status.tolist(), strict=True
        ):
            kept, kept_state, band = last[signal]
            drop = abs(value - kept) <= band and state == kept_state
            away.append(drop)
            if not drop:
                last[signal] = (value, state, band)
        self._values[involved] = [last[signal][0] for signal in involved.tolist()]
        self._status[involved] = [last[signal][1] for signal in involved.tolist()]
        return np.array(away, np.bool_)
