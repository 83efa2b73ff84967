"""Live values of all devices in slots, and every AAS document ready to be joined.

`on_records` is on the path of every value: a batch becomes a handful of array assignments, nothing
is encoded. A request encodes what changed since the last one and joins fragments.
"""

from __future__ import annotations

import asyncio
import fnmatch
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import orjson
from numpy.typing import NDArray

from aas_models.concepts import data_type_of
from aas_models.elements import Json, lang_strings
from aas_models.environment import (
    Environment,
    SubmodelModel,
    build_environment,
    signal_name,
)
from aas_models.fragments import Fragments
from aas_models.live_submodel import LiveSubmodel
from aas_models.slots import SlotColumns, Stamps, alike, joined
from aas_models.values import Slots, Writers, lexical
from gateway.core.assets import AssetModel
from gateway.core.records import Batch, Record
from gateway.core.signals import PlanTable, Signal
from gateway.core.types import Offset, UnixNs, Value
from gateway.ops.events import aas as events

UNMAPPED = 0
"""The slot that takes values of signals that are in no submodel any more."""

_Key = tuple[str, str, str | None]

SMALL = 64
WAITING_MAX = 256
"""So at most 16,384 values wait."""

TABLES_PER_DEVICE_MAX = 8
"""Tables of earlier configurations whose batches may still arrive."""


@dataclass(frozen=True, slots=True)
class Document:
    """An identifiable that never changes, ready to be sent."""

    id: str
    id_short: str
    model: Json
    body: bytes


@dataclass(frozen=True, slots=True)
class Row:
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


@dataclass(slots=True)
class _Device:
    """Where the signals of a device go."""

    model: AssetModel
    slots: Slots
    places: dict[_Key, int]
    tables: dict[int, tuple[PlanTable, Slots]]


@dataclass(frozen=True, slots=True)
class Compiled:
    """What `LiveValues` runs on, made of models alone; `arrays` gives each signal's slot."""

    models: Mapping[str, AssetModel]
    environment: Environment
    signals: Sequence[Signal | None]
    arrays: Mapping[str, Slots]
    submodels: Sequence[tuple[SubmodelModel, Mapping[str, int], Fragments]]


def compile_models(models: Sequence[AssetModel]) -> Compiled:
    """Build the environment and compile every submodel; touches nothing, so any thread may."""
    environment = build_environment(models)
    by_name = {model.info.device: model for model in models}
    arrays = {
        name: np.full(len(model.table.signals), UNMAPPED, np.intp)
        for name, model in by_name.items()
    }
    signals: list[Signal | None] = [None]
    compiled: list[tuple[SubmodelModel, Mapping[str, int], Fragments]] = []
    for part in environment.submodels:
        slots: dict[str, int] = {}
        for path, binding in part.bindings.items():
            slots[path] = arrays[binding.device][binding.index] = len(signals)
            signals.append(by_name[binding.device].table.signals[binding.index])
        compiled.append((part, slots, Fragments(part.model, slots)))
    return Compiled(by_name, environment, signals, arrays, compiled)


class LiveValues:
    """The AAS side of everything that runs; a listener of the spool.

    Args:
        models: one for each device.
    """

    def __init__(self, models: Sequence[AssetModel]) -> None:
        self._boot = secrets.token_hex(4)
        self._revision = 0
        self._version = 0
        self._slots = SlotColumns(1)
        self._devices: dict[str, _Device] = {}
        self._signals: list[Signal | None] = []
        self._waiting: list[tuple[Offset, Batch]] = []
        self._concept_documents: list[Document] | None = None
        self.set_models(models)

    @property
    def mark(self) -> str:
        """Name this process's revision of the structure, for entity tags."""
        self._settle()
        return f"{self._boot}-{self._revision:x}"

    @property
    def versions(self) -> NDArray[np.int64]:
        """The version of each slot; grows with every change."""
        self._settle()
        return self._slots.versions

    @property
    def version(self) -> int:
        """The newest version of any slot."""
        self._settle()
        return self._version

    def set_models(self, models: Sequence[AssetModel]) -> None:
        """Take other models; values of signals that stayed the same are kept.

        Compiles on the spot, which takes about 60 us a signal; see `change_models`.
        """
        self._install(compile_models(models))

    async def change_models(self, models: Sequence[AssetModel]) -> None:
        """Take other models; they are compiled in a worker thread while values go on coming.

        Cancel: the models stay as they were.
        """
        self._install(await asyncio.to_thread(compile_models, models))

    def _install(self, made: Compiled) -> None:
        self._settle()
        for problem in made.environment.problems:
            events.element_left_out(problem.device, problem.signal, problem.reason, problem.detail)
        old_devices, old_slots = self._devices, self._slots
        self._signals = list(made.signals)
        self._writers = Writers([known.value_type if known else None for known in self._signals])
        self._devices = {
            name: _Device(model, made.arrays[name], _places(model.table), {})
            for name, model in made.models.items()
        }
        self._slots = SlotColumns(len(self._signals))
        self._keep(old_devices, old_slots)
        self._revision += 1
        self._environment = made.environment
        self._shells = [document_of(shell) for shell in made.environment.shells]
        self._concepts = {str(concept["id"]): concept for concept in made.environment.concepts}
        self._concept_documents = None
        self._submodels = {
            part.id: LiveSubmodel(self, part, slots, fragments)
            for part, slots, fragments in made.submodels
        }

    def _keep(self, old_devices: Mapping[str, _Device], old_slots: SlotColumns) -> None:
        to: list[int] = []
        source: list[int] = []
        for name, device in self._devices.items():
            old = old_devices.get(name)
            for key, index in device.places.items():
                slot = int(device.slots[index])
                before = UNMAPPED
                if old is not None and key in old.places:
                    before = int(old.slots[old.places[key]])
                if UNMAPPED not in (slot, before):
                    to.append(slot)
                    source.append(before)
        self._slots.take_over(old_slots, np.array(to, np.intp), np.array(source, np.intp))

    def on_records(self, records: Sequence[Record]) -> None:
        """Take what was just committed; a RecordListener.

        Small batches wait until somebody looks or `WAITING_MAX` of them are there: together they
        cost a quarter of what they cost one by one.
        """
        for record in records:
            batch = record.item
            if not isinstance(batch, Batch):
                continue
            if len(batch.signals) < SMALL:
                self._waiting.append((record.offset, batch))
                if len(self._waiting) >= WAITING_MAX:
                    self._settle()
            else:
                self._settle()
                self._store(batch, (record.offset, batch.received))

    def _settle(self) -> None:
        """Store what waits, runs of like batches as one."""
        if not self._waiting:
            return
        waiting, self._waiting = self._waiting, []
        run = [waiting[0]]
        for each in waiting[1:]:
            if not alike(run[0][1], each[1]):
                self._store(*joined(run))
                run = []
            run.append(each)
        self._store(*joined(run))

    def _store(self, batch: Batch, stamps: Stamps) -> None:
        device = self._devices.get(batch.plan.device)
        if device is None or not len(batch):
            return
        known = device.tables.get(id(batch.plan))
        slots = known[1] if known is not None else self._meet(device, batch.plan)
        self._version += 1
        self._slots.store(slots[batch.signals], batch, stamps, self._version)

    def _meet(self, device: _Device, table: PlanTable) -> Slots:
        """Learn where a table's signals go; the table is held so that its id stays its own."""
        places = device.places
        known = [places.get(_key(signal)) for signal in table.signals]
        slots = np.array(
            [UNMAPPED if place is None else int(device.slots[place]) for place in known], np.intp
        )
        while len(device.tables) >= TABLES_PER_DEVICE_MAX:
            device.tables.pop(next(iter(device.tables)))
        device.tables[id(table)] = (table, slots)
        self._learn(device, table, known)
        return slots

    def _learn(self, device: _Device, table: PlanTable, known: Sequence[int | None]) -> None:
        """Take over value types that first values have shown."""
        types = {
            place: signal.value_type
            for signal, place in zip(table.signals, known, strict=True)
            if place is not None and signal.value_type
            if device.model.table.signals[place].value_type is None
        }
        if not types:
            return
        device.model = replace(device.model, table=device.model.table.with_types(types))
        self._revision += 1
        for place in types:
            slot = int(device.slots[place])
            if slot != UNMAPPED:
                self._retype(slot, device.model.table.signals[place])

    def _retype(self, slot: int, signal: Signal) -> None:
        self._signals[slot] = signal
        self._writers.change(slot, signal.value_type)
        for identifier in self._submodels[signal.submodel].retype(signal.element, signal):
            concept = self._concepts.get(identifier)
            data_type = data_type_of(signal)
            if concept is not None and data_type is not None:
                specification = concept["embeddedDataSpecifications"][0]
                specification["dataSpecificationContent"]["dataType"] = data_type
                self._concept_documents = None

    @property
    def environment(self) -> Environment:
        """The structure, with the value types that are known by now."""
        self._settle()
        return self._environment

    def shells(self) -> Sequence[Document]:
        """Give the shells in the order of the devices."""
        return self._shells

    def concept_descriptions(self) -> Sequence[Document]:
        """Give the concept descriptions."""
        self._settle()
        if self._concept_documents is None:
            self._concept_documents = [document_of(made) for made in self._concepts.values()]
        return self._concept_documents

    def submodels(self) -> Sequence[LiveSubmodel]:
        """Give all submodels, those of one device together."""
        self._settle()
        return list(self._submodels.values())

    def submodel(self, identifier: str) -> LiveSubmodel | None:
        """Find a submodel by its id."""
        self._settle()
        return self._submodels.get(identifier)

    def tokens(self, slots: Slots) -> list[bytes]:
        """Write the values of slots in value-only form, b"" where there is none."""
        return self._slots.values.tokens(slots, self._writers)

    def readings(self) -> dict[tuple[str, str], Reading]:
        """Give the value of every live property by (submodel id, idShort path)."""
        self._settle()
        tokens = self.tokens(np.arange(len(self._signals), dtype=np.intp))
        return {
            (signal.submodel, signal.element): Reading(
                lexical(token) if token else None, signal.value_type or "xs:string"
            )
            for signal, token in zip(self._signals, tokens, strict=True)
            if signal is not None
        }

    def rows(
        self, device: str | None = None, match: str | None = None, since: int = 0
    ) -> Iterator[Row]:
        """Give the newest sample of each signal that ever had one.

        Args:
            device: only this device.
            match: shell pattern over `device/name` and `device/element`, case-sensitive.
            since: only what changed after this version.
        """
        for slot in np.flatnonzero(self.versions > since).tolist():
            signal = self._signals[slot]
            if signal is None or (device is not None and signal.device != device):
                continue
            if match is None or _matches(signal, match):
                yield self._row(signal, slot)

    def label(self, device: str) -> dict[str, str]:
        """Give what people call a device, by language."""
        known = self._devices.get(device)
        names = lang_strings(known.model.info.label) if known else []
        return {part["language"]: part["text"] for part in names}

    def find(self, device: str, name: str) -> Signal | None:
        """Find a signal by its name or element path."""
        self._settle()
        known = self._devices.get(device)
        signals = known.model.table.signals if known else ()
        return next((s for s in signals if name in (s.name, s.element)), None)

    def _row(self, signal: Signal, slot: int) -> Row:
        columns = self._slots
        raw = columns.raw.get(slot)
        value = columns.values.get(slot)
        return Row(
            signal,
            {
                part["language"]: part["text"]
                for part in lang_strings(signal_name(signal, self._devices[signal.device].model))
            },
            value,
            value if raw is None else raw,
            int(columns.status[slot]),
            UnixNs(int(columns.times[slot])),
            columns.server_time(slot),
            UnixNs(int(columns.received[slot])),
            int(columns.offsets[slot]),
            int(columns.versions[slot]),
        )


def _key(signal: Signal) -> _Key:
    """Tell what makes a signal the same after an edit: a value in another unit is another value."""
    return signal.source, signal.element, signal.unit


def _places(table: PlanTable) -> dict[_Key, int]:
    return {_key(signal): signal.index for signal in table.signals}


def _matches(signal: Signal, pattern: str) -> bool:
    names = (f"{signal.device}/{signal.name}", f"{signal.device}/{signal.element}", signal.device)
    return any(fnmatch.fnmatchcase(name, pattern) for name in names)


def document_of(model: Json) -> Document:
    """Make an identifiable ready to be sent."""
    return Document(str(model["id"]), str(model.get("idShort", "")), model, orjson.dumps(model))
