"""Learns what type each signal has from the first values, so that nobody has to write it down.

A learned type becomes part of the plan table, and so of its digest: from then on a history field
or a platform column has one type. Integers keep their width, JSON numbers are doubles.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gateway.core.records import Batch
from gateway.core.signals import PlanTable
from gateway.core.types import BAD

XS_FROM_DTYPE = {
    "bool": "xs:boolean",
    "int8": "xs:byte",
    "int16": "xs:short",
    "int32": "xs:int",
    "int64": "xs:long",
    "uint8": "xs:unsignedByte",
    "uint16": "xs:unsignedShort",
    "uint32": "xs:unsignedInt",
    "uint64": "xs:unsignedLong",
    "float32": "xs:float",
    "float64": "xs:double",
}
LONG_BITS = 63


def xs_from_value(value: Any) -> str | None:
    """Give the XSD name of one value, None where it says nothing (no value)."""
    match value:
        case None:
            return None
        case bool():
            return "xs:boolean"
        case int():
            return "xs:long" if value.bit_length() <= LONG_BITS else "xs:integer"
        case float():
            return "xs:double"
        case bytes():
            return "xs:base64Binary"
        case _:
            return "xs:string"  # text itself; arrays and structures are their JSON text in an AAS


class TypedTable:
    """One declared table and what it has become as values arrived."""

    def __init__(self, declared: PlanTable, known: PlanTable | None = None) -> None:
        self._untyped = np.array([s.value_type is None for s in declared.signals], dtype=bool)
        self.table = declared
        if known is not None:
            self._adopt(known)

    def _adopt(self, known: PlanTable) -> None:
        before = {(s.name, s.source, s.element): s.value_type for s in known.signals}
        self._set(
            {
                signal.index: value_type
                for signal in self.table.signals
                if signal.value_type is None
                and (value_type := before.get((signal.name, signal.source, signal.element)))
            }
        )

    def _set(self, types: dict[int, str]) -> None:
        if types:
            self.table = self.table.with_types(types)
            self._untyped[list(types)] = False

    def learn(self, batch: Batch) -> PlanTable:
        """Give the table for this batch, after taking over types that only it shows."""
        if self._untyped.any() and self._untyped[batch.signals].any():
            self._set(self._shown_by(batch))
        return self.table

    def _shown_by(self, batch: Batch) -> dict[int, str]:
        fresh = self._untyped[batch.signals]
        if batch.status is not None:
            fresh &= (batch.status & BAD) == 0
        if isinstance(batch.values, np.ndarray):
            name = XS_FROM_DTYPE[batch.values.dtype.name]
            return dict.fromkeys((int(i) for i in np.unique(batch.signals[fresh])), name)
        shown: dict[int, str] = {}
        for place in np.flatnonzero(fresh):
            value_type = xs_from_value(batch.values[place])
            if value_type is not None:
                shown.setdefault(int(batch.signals[place]), value_type)
        return shown
