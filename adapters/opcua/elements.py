"""Takes single elements out of array values, for tags that name an index.

The gateway picks, not the server: few small servers know an IndexRange, and several tags may share
one node. A tag with an index never shows another element or the whole array instead: where there
is none, its status says so.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gateway.core.records import Batch
from gateway.core.types import BAD, Column, Value

BAD_INDEX_RANGE_NO_DATA = 0x80370000
"""OPC UA Part 4 §7.39.2: no data exists within the range of indexes specified."""
NO_ELEMENT = -1
_DTYPES: dict[type, type[np.generic]] = {bool: np.bool_, float: np.float64}


class Elements:
    """Which element of its array each signal is; the table of one plan."""

    def __init__(self, wanted: Iterable[tuple[int, int]], signals: int) -> None:
        """`wanted` gives pairs of signal index and element."""
        self._of: NDArray[np.int64] = np.full(signals, NO_ELEMENT, np.int64)
        for signal, element in wanted:
            self._of[signal] = element
        self._any = bool((self._of >= 0).any())

    def picked(self, batch: Batch) -> Batch:
        """Give the batch with elements in the place of their arrays."""
        if not self._any:
            return batch
        elements = self._of[batch.signals]
        if not (elements >= 0).any():
            return batch
        count = len(batch)
        status = np.zeros(count, np.uint32) if batch.status is None else batch.status.copy()
        raw = batch.values.tolist() if isinstance(batch.values, np.ndarray) else batch.values
        values: list[Value] = list(raw)
        for place in np.flatnonzero(elements >= 0).tolist():
            found, values[place] = _element(values[place], int(elements[place]))
            if not found and not int(status[place]) & BAD:
                status[place] = BAD_INDEX_RANGE_NO_DATA
        return replace(batch, values=_column(values), status=status if status.any() else None)


def _element(value: Value, index: int) -> tuple[bool, Value]:
    if isinstance(value, list | tuple) and index < len(value):
        return True, value[index]
    return False, None


def _column(values: list[Any]) -> Column:
    kinds = set(map(type, values))
    dtype = _DTYPES.get(kinds.pop()) if len(kinds) == 1 else None
    return values if dtype is None else np.array(values, dtype)
