"""Questions about what runs: documents, the newest samples, names. None of them changes anything
that another one tells.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from aas_models.elements import lang_strings
from aas_models.environment import Environment
from aas_models.live.documents import Document
from aas_models.live.newest import NewestValues
from aas_models.live.structure import Structure
from aas_models.served import ServedSubmodel
from aas_models.submodels import made_files
from aas_models.tag_submodels import signal_name
from aas_models.values import lexical
from gateway.core.files import NamedFile
from gateway.core.signals import Signal
from gateway.core.types import UnixNs, Value


@dataclass(frozen=True, slots=True)
class NewestSample:
    """The newest sample of a signal; times in ns UTC, `version` grows with every change."""

    signal: Signal
    name: Mapping[str, str]
    value: Value
    raw: Value
    status: int
    time: UnixNs
    server_time: UnixNs
    received: UnixNs
    offset: int
    version: int


@dataclass(frozen=True, slots=True)
class Reading:
    """A live value for an export: its XSD text and type."""

    value: str | None
    value_type: str


class LiveView:
    """Answers from the columns of `values` and from `structure`."""

    def __init__(self, values: NewestValues, structure: Structure) -> None:
        self.values = values
        self.structure = structure

    @property
    def mark(self) -> str:
        """Name this process's revision of the structure, for entity tags."""
        return self.structure.mark

    @property
    def version(self) -> int:
        """The newest version of any value, stored or about to be."""
        return self.values.version

    @property
    def environment(self) -> Environment:
        """The structure, with the value types that are known by now."""
        return self.structure.environment

    def shells(self) -> Sequence[Document]:
        """The shells in the order of the devices, the gateway's own last."""
        return self.structure.shells

    def concept_descriptions(self) -> Sequence[Document]:
        """The concept descriptions."""
        return list(self.structure.concepts.values())

    def submodels(self) -> Sequence[ServedSubmodel]:
        """All submodels, those of one device together."""
        return list(self.structure.submodels.values())

    def submodel(self, identifier: str) -> ServedSubmodel | None:
        """Find a submodel by its id."""
        return self.structure.submodels.get(identifier)

    def file(self, submodel: str, path: str) -> NamedFile | None:
        """Make the file that a File element of a submodel names; None where it has none."""
        known = self.submodel(submodel)
        if known is None:
            return None
        models = [device.asset.model for device in self.structure.devices.values()]
        return made_files(models).get(str(known.element(path).get("value", "")))

    def readings(self) -> dict[tuple[str, str], Reading]:
        """Write the value of every live property, by (submodel id, idShort path)."""
        self.values.bring_in()
        signals = self.structure.signals
        tokens = self.values.tokens(np.arange(len(signals), dtype=np.intp))
        return {
            (signal.submodel, signal.element): Reading(
                lexical(token) if token else None, signal.value_type or "xs:string"
            )
            for signal, token in zip(signals, tokens, strict=True)
            if signal is not None
        }

    def variables(self, device: str) -> Mapping[str, Signal]:
        """The variables of a device's time series by name; none for an unknown device."""
        known = self.structure.devices.get(device)
        return known.asset.variables if known else {}

    def rows(
        self, device: str | None = None, match: str | None = None, since: int = 0
    ) -> Iterator[NewestSample]:
        """Go through the newest sample of each signal that ever had one.

        Args:
            device: only this device.
            match: shell pattern over `device/name` and `device/element`, case-sensitive.
            since: only what changed after this version.
        """
        self.values.bring_in()
        for slot in np.flatnonzero(self.values.columns.versions > since).tolist():
            signal = self.structure.signals[slot]
            if signal is None or (device is not None and signal.device != device):
                continue
            if match is None or _matches(signal, match):
                yield self._newest(signal, slot)

    def label(self, device: str) -> dict[str, str]:
        """What people call a device, by language."""
        known = self.structure.devices.get(device)
        names = lang_strings(known.asset.model.info.label) if known else []
        return {part["language"]: part["text"] for part in names}

    def find(self, device: str, name: str) -> Signal | None:
        """Find a signal by its name or element path."""
        known = self.structure.devices.get(device)
        signals = known.asset.model.table.signals if known else ()
        return next((s for s in signals if name in (s.name, s.element)), None)

    def _newest(self, signal: Signal, slot: int) -> NewestSample:
        columns = self.values.columns
        raw = columns.raw.get(slot)
        value = columns.values.get(slot)
        model = self.structure.devices[signal.device].asset.model
        names = lang_strings(signal_name(signal, model))
        return NewestSample(
            signal,
            {part["language"]: part["text"] for part in names},
            value,
            value if raw is None else raw,
            int(columns.status[slot]),
            UnixNs(int(columns.times[slot])),
            columns.server_time(slot),
            UnixNs(int(columns.received[slot])),
            int(columns.offsets[slot]),
            int(columns.versions[slot]),
        )


def _matches(signal: Signal, pattern: str) -> bool:
    names = (f"{signal.device}/{signal.name}", f"{signal.device}/{signal.element}", signal.device)
    return any(fnmatch.fnmatchcase(name, pattern) for name in names)
