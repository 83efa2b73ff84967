"""Which signals come with a bad status, so that none of them looks fine because it is delivered.

A status is looked at only where a batch carries some; a stream of good values costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from adapters.opcua.library import ua
from gateway.core.records import Batch
from gateway.core.signals import PlanTable
from gateway.core.types import BAD

UNCERTAIN = 0x4000_0000
CODE = np.uint32(0xFFFF_0000)
_OLD = np.array(
    [
        ua.StatusCodes.UncertainInitialValue,
        ua.StatusCodes.UncertainLastUsableValue,
        ua.StatusCodes.UncertainNoCommunicationLastUsableValue,
    ],
    np.uint32,
)
"""Values that are older than they look. Other uncertain ones are measurements of now."""


class Qualities:
    """The newest status of each signal of a plan, as far as a person should hear of it.

    `changed(signal, code)` is called when it becomes another; 0 is a value that can be used.
    """

    def __init__(self, plan: PlanTable, changed: Callable[[int, int], None]) -> None:
        self._plan = plan
        self._changed = changed
        self._codes = np.zeros(len(plan.signals), np.uint32)
        self._any = False

    def take(self, codes: Mapping[int, int]) -> None:
        """Go on from what is known of some signals."""
        for signal, code in codes.items():
            self._codes[signal] = code
        self._any = bool(self._codes.any())

    def follow(self, batches: Sequence[Batch]) -> None:
        """Look at batches in the order in which they came; those of other plans are left alone."""
        for batch in batches:
            if (batch.status is not None or self._any) and batch.plan is self._plan:
                self._look(batch)

    def _look(self, batch: Batch) -> None:
        codes = _codes(batch)
        signals = batch.signals
        before = self._codes[signals]
        moved = np.unique(signals[before != codes]).tolist()
        if not moved:
            return
        self._codes[signals] = codes  # of one signal's samples in a batch the last one stays
        self._any = bool(self._codes.any())
        for signal in moved:
            self._changed(int(signal), int(self._codes[signal]))


def _codes(batch: Batch) -> np.ndarray[tuple[int], np.dtype[np.uint32]]:
    """Give the codes that count, 0 for the others."""
    if batch.status is None:
        return np.zeros(len(batch.signals), np.uint32)
    status = batch.status.astype(np.uint32)
    codes = status & CODE
    odd = status >= np.uint32(BAD)
    unsure = (status & np.uint32(0xC000_0000)) == UNCERTAIN
    if unsure.any():
        odd |= unsure & np.isin(codes, _OLD)
    return np.where(odd, codes, np.uint32(0))
