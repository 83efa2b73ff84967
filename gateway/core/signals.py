"""What a signal means: the table that batches point into.

A plan table belongs to one device. Its digest goes into every record, so that each value can be
traced to the meaning it had when it was read, and an untouched device keeps its table when
another one is edited.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

XS_INTEGERS = frozenset(
    f"xs:{name}"
    for name in (
        "byte", "short", "int", "long", "integer",
        "unsignedByte", "unsignedShort", "unsignedInt", "unsignedLong",
    )
)  # fmt: skip
XS_FLOATS = frozenset({"xs:float", "xs:double"})


@dataclass(frozen=True, slots=True)
class Signal:
    """Where a value comes from and which submodel element it becomes.

    `value_type` is an XSD name (`xs:double`), or None until a first value shows it.
    `element` is an idShort path inside the submodel, without the submodel's own idShort.
    """

    index: int
    device: str
    name: str
    source: str
    aas: str
    asset: str
    submodel: str
    submodel_id_short: str
    submodel_semantic_id: str
    element: str
    semantic_id: str | None = None
    value_type: str | None = None
    unit: str | None = None

    def as_json(self) -> dict[str, Any]:
        """Give the entry of `signals` in a plan. Source: platform interface, version 1, §1."""
        return {
            "index": self.index,
            "device": self.device,
            "name": self.name,
            "source": self.source,
            "aas": self.aas,
            "asset": self.asset,
            "submodel": self.submodel,
            "submodelIdShort": self.submodel_id_short,
            "submodelSemanticId": self.submodel_semantic_id,
            "element": self.element,
            "semanticId": self.semantic_id,
            "valueType": self.value_type,
            "unit": self.unit,
        }

    @staticmethod
    def from_json(entry: Mapping[str, Any]) -> Signal:
        """Read an entry that `as_json` wrote."""
        return Signal(
            index=entry["index"],
            device=entry["device"],
            name=entry["name"],
            source=entry["source"],
            aas=entry["aas"],
            asset=entry["asset"],
            submodel=entry["submodel"],
            submodel_id_short=entry["submodelIdShort"],
            submodel_semantic_id=entry["submodelSemanticId"],
            element=entry["element"],
            semantic_id=entry.get("semanticId"),
            value_type=entry.get("valueType"),
            unit=entry.get("unit"),
        )


@dataclass(frozen=True)
class PlanTable:
    """The signals of one device; a signal's index is its place in `signals`."""

    device: str
    signals: tuple[Signal, ...] = field(repr=False)

    def __post_init__(self) -> None:
        assert all(signal.index == place for place, signal in enumerate(self.signals))

    @cached_property
    def digest(self) -> str:
        """`sha256-` and 64 hex digits over the canonical JSON of the signals."""
        canonical = json.dumps(
            self.signals_json(), ensure_ascii=False, sort_keys=True, separators=(",", ":")
        )
        return f"sha256-{hashlib.sha256(canonical.encode()).hexdigest()}"

    def signals_json(self) -> list[dict[str, Any]]:
        """Give the `signals` list of the platform interface."""
        return [signal.as_json() for signal in self.signals]

    def with_types(self, types: Mapping[int, str]) -> PlanTable:
        """Give a table in which the signals named by index have these value types."""
        return PlanTable(
            self.device,
            tuple(
                replace(signal, value_type=types[signal.index]) if signal.index in types else signal
                for signal in self.signals
            ),
        )

    @staticmethod
    def from_json(device: str, entries: Sequence[Mapping[str, Any]]) -> PlanTable:
        """Read a table from the entries that `signals_json` wrote."""
        return PlanTable(device, tuple(Signal.from_json(entry) for entry in entries))
