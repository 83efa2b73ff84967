"""The structure over live values: devices, documents, served submodels. Rebuilt by a reload."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from aas_models.concept_table import is_of_table
from aas_models.concepts import data_type_of
from aas_models.environment import Environment
from aas_models.live.compiled import Compiled
from aas_models.live.devices import UNMAPPED, Device, KnownAsset
from aas_models.live.documents import Document, document_of
from aas_models.live.submodel import LiveSubmodel
from aas_models.own import OwnShell
from aas_models.served import ServedSubmodel
from gateway.core.signals import Signal


class Structure:
    """What there is. Its attributes are read by everybody and changed by its methods alone.

    Attributes:
        environment: as it was built.
        devices: by name.
        signals: the signal of each slot.
        slots: the slot of each value by submodel id and idShort path.
        submodels: everything that is served, by id.
        shells: in the order of the devices, the gateway's own last.
        concepts: concept descriptions by id.
    """

    def __init__(self, own: OwnShell | None) -> None:
        self._own = own
        self._boot = secrets.token_hex(4)
        self._revision = 0
        self.environment = Environment()
        self.devices: Mapping[str, Device] = {}
        self.signals: list[Signal | None] = [None]
        self.slots: Mapping[str, Mapping[str, int]] = {}
        self.submodels: Mapping[str, ServedSubmodel] = {}
        self.shells: Sequence[Document] = ()
        self.concepts: dict[str, Document] = {}

    @property
    def mark(self) -> str:
        """Name this process's revision of the structure, for entity tags."""
        return f"{self._boot}-{self._revision:x}"

    def replace(self, made: Compiled, devices: Mapping[str, Device]) -> None:
        """Take what was compiled; `serve` follows."""
        self._revision += 1
        self.environment = made.environment
        self.devices = devices
        self.signals = list(made.signals)
        self.slots = {each.part.id: each.slots for each in made.parts}
        self.shells = [*made.shells, *([document_of(self._own.shell)] if self._own else ())]
        self.concepts = dict(made.concepts)

    def serve(self, submodels: Sequence[ServedSubmodel]) -> None:
        """Serve these and the gateway's own."""
        own = self._own.submodels if self._own else ()
        self.submodels = {each.id: each for each in (*submodels, *own)}

    def learn(
        self, device: Device, types: Mapping[int, str], retype: Callable[[int, str | None], None]
    ) -> None:
        """Take over value types that first values have shown.

        Args:
            device: whose values they are.
            types: by index of the signal.
            retype: is told each slot and its type.
        """
        model = device.asset.model
        device.asset = KnownAsset(replace(model, table=model.table.with_types(types)))
        self._revision += 1
        for index in types:
            slot = int(device.slots[index])
            if slot != UNMAPPED:
                signal = device.asset.model.table.signals[index]
                self.signals[slot] = signal
                retype(slot, signal.value_type)
                self._show_type(signal)

    def _show_type(self, signal: Signal) -> None:
        submodel = self.submodels[signal.submodel]
        assert isinstance(submodel, LiveSubmodel)
        for identifier in submodel.retype(signal.element, signal):
            concept = self.concepts.get(identifier)
            data_type = data_type_of(signal)
            if concept is not None and data_type is not None and not is_of_table(identifier):
                specification = concept.model["embeddedDataSpecifications"][0]
                specification["dataSpecificationContent"]["dataType"] = data_type
                self.concepts[identifier] = document_of(concept.model)
