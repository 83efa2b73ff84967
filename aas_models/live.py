"""Live values of all devices in slots, and every AAS document ready to be joined.

`on_records` is on the path of every value: a batch becomes a handful of array assignments, nothing
is encoded. A request encodes what changed since the last one and joins fragments.
"""

from __future__ import annotations

import asyncio
import fnmatch
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import orjson
from numpy.typing import NDArray

from aas_models.concept_table import is_of_table
from aas_models.concepts import data_type_of
from aas_models.dynamic import DynamicSubmodel
from aas_models.elements import Json, lang_strings
from aas_models.environment import Environment, build_environment, signal_name
from aas_models.environment_parts import LazySubmodel, SubmodelModel, SubmodelPart
from aas_models.forms import SubmodelForms
from aas_models.fragments import Fragments
from aas_models.live_quality import QualitySubmodel
from aas_models.live_submodel import LiveSubmodel
from aas_models.made_files import made_files
from aas_models.oee.feed import OeeFeed
from aas_models.own import OwnShell
from aas_models.recent import Recent
from aas_models.slots import SlotColumns, Stamps, alike, joined
from aas_models.submodels.kpis import KpiModel
from aas_models.submodels.quality import QualityModel
from aas_models.submodels.time_series import (
    ID_SHORT,
    SEMANTIC_ID,
    Linked,
    Shape,
    TimeSeriesModel,
    time_series,
)
from aas_models.values import Slots, Writers, lexical
from gateway.core.assets import AssetModel
from gateway.core.clock import Clock, SystemClock
from gateway.core.files import NamedFile
from gateway.core.records import Batch, Gap, Record
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
    recent: Recent = field(default_factory=Recent)
    oee: OeeFeed | None = None
    _shape: tuple[AssetModel, Shape] | None = None

    def shape(self) -> Shape:
        """Give the shape of its time series, made again when the model has changed."""
        if self._shape is None or self._shape[0] is not self.model:
            self._shape = (self.model, Shape(self.model))
        return self._shape[1]


@dataclass(frozen=True, slots=True)
class Compiled:
    """What `LiveValues` runs on, made of models alone; `arrays` gives each signal's slot.

    `submodels` has fragments of those with live values; the others are compiled when asked for.
    """

    models: Mapping[str, AssetModel]
    environment: Environment
    signals: Sequence[Signal | None]
    arrays: Mapping[str, Slots]
    submodels: Sequence[tuple[SubmodelPart, dict[str, int], Fragments | None]]


def compile_models(models: Sequence[AssetModel]) -> Compiled:
    """Build the environment and compile what has live values; touches nothing, any thread may."""
    environment = build_environment(models)
    by_name = {model.info.device: model for model in models}
    arrays = {
        name: np.full(len(model.table.signals), UNMAPPED, np.intp)
        for name, model in by_name.items()
    }
    signals: list[Signal | None] = [None]
    compiled: list[tuple[SubmodelPart, dict[str, int], Fragments | None]] = []
    for part in environment.submodels:
        slots: dict[str, int] = {}
        if not isinstance(part, SubmodelModel):
            compiled.append((part, slots, None))
            continue
        for path, binding in part.bindings.items():
            slots[path] = arrays[binding.device][binding.index] = len(signals)
            signals.append(by_name[binding.device].table.signals[binding.index])
        compiled.append((part, slots, Fragments(part.model, slots) if slots else None))
    return Compiled(by_name, environment, signals, arrays, compiled)


class LiveValues:
    """The AAS side of everything that runs; a listener of the spool.

    Args:
        models: one for each device.
        clock: tells the age of a value and when figures are looked at again.
        own: the gateway's own shell; None leaves it out.
        endpoint: where the history can be asked for, see `Linked`; empty: nowhere.
        lost_since: tells since when a device is not connected, None while it is.
    """

    def __init__(
        self,
        models: Sequence[AssetModel],
        clock: Clock | None = None,
        *,
        own: OwnShell | None = None,
        endpoint: str = "",
        lost_since: Callable[[str], int | None] = lambda _: None,
    ) -> None:
        self._clock = clock or SystemClock()
        self._own = own
        self._endpoint = endpoint
        self._lost_since = lost_since
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
    def columns(self) -> SlotColumns:
        """The columns of all slots, with everything stored that has come."""
        self._settle()
        return self._slots

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
        self._serve(made)

    def _serve(self, made: Compiled) -> None:
        self._environment = made.environment
        shells = [*made.environment.shells, *([self._own.shell] if self._own else ())]
        self._shells = [document_of(shell) for shell in shells]
        self._concepts = {str(concept["id"]): concept for concept in made.environment.concepts}
        self._concept_documents = None
        self._live: dict[str, LiveSubmodel] = {}
        by_id = {part.id: slots for part, slots, _ in made.submodels}
        self._submodels: dict[str, SubmodelForms] = {
            part.id: self._served(part, slots, fragments, by_id)
            for part, slots, fragments in made.submodels
        }
        for each in self._own.submodels if self._own else ():
            self._submodels[each.id] = each

    def _served(
        self,
        part: SubmodelPart,
        slots: dict[str, int],
        fragments: Fragments | None,
        by_id: Mapping[str, dict[str, int]],
    ) -> SubmodelForms:
        if isinstance(part, QualityModel):
            return QualitySubmodel(self, part, by_id[part.of.id], self._clock)
        if isinstance(part, TimeSeriesModel):
            return self._time_series(part)
        if isinstance(part, KpiModel):
            return self._kpis(part)
        assert isinstance(part, SubmodelModel | LazySubmodel)
        self._live[part.id] = LiveSubmodel(self, part, slots, fragments)
        return self._live[part.id]

    def _kpis(self, part: KpiModel) -> DynamicSubmodel:
        def make() -> Json:
            self._settle()
            feed = self._devices[part.device].oee
            lost = self._lost_since(part.device)
            return part.with_figures(feed.kpis(self._clock.now(), lost) if feed else None)

        return DynamicSubmodel(part.id, part.id_short, part.semantic_id, make, self._clock)

    def _time_series(self, part: TimeSeriesModel) -> DynamicSubmodel:
        name = part.asset.info.device
        linked = Linked(self._endpoint, name) if self._endpoint else None

        def make() -> Json:
            self._settle()
            device = self._devices[name]
            shape = device.shape()
            return time_series(part.id, shape, device.recent.records(shape.named), linked)

        return DynamicSubmodel(part.id, ID_SHORT, SEMANTIC_ID, make, self._clock)

    def _keep(self, old_devices: Mapping[str, _Device], old_slots: SlotColumns) -> None:
        to: list[int] = []
        source: list[int] = []
        for name, device in self._devices.items():
            old = old_devices.get(name)
            if old is not None:
                device.recent = old.recent
            self._keep_oee(device, old)
            for key, index in device.places.items():
                slot = int(device.slots[index])
                before = UNMAPPED
                if old is not None and key in old.places:
                    before = int(old.slots[old.places[key]])
                if UNMAPPED not in (slot, before):
                    to.append(slot)
                    source.append(before)
        self._slots.take_over(old_slots, np.array(to, np.intp), np.array(source, np.intp))

    @staticmethod
    def _keep_oee(device: _Device, old: _Device | None) -> None:
        plan = device.model.oee
        if plan is None:
            return
        known = None if old is None else old.oee
        device.oee = known if known is not None and known.plan == plan else OeeFeed(plan)
        device.oee.bind(device.slots)

    def on_records(self, records: Sequence[Record]) -> None:
        """Take what was just committed; a RecordListener.

        Small batches wait until somebody looks or `WAITING_MAX` of them are there: together they
        cost a quarter of what they cost one by one.
        """
        for record in records:
            batch = record.item
            if not isinstance(batch, Batch):
                if isinstance(batch, Gap):
                    self._gap(batch)
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
        device.recent.add(batch)
        places = slots[batch.signals]
        if device.oee is not None:
            device.oee.take(places, batch)
        self._slots.store(places, batch, stamps, self._version)

    def _gap(self, gap: Gap) -> None:
        device = self._devices.get(gap.device)
        if device is not None and device.oee is not None:
            device.oee.gap(gap)

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
        for identifier in self._live[signal.submodel].retype(signal.element, signal):
            concept = self._concepts.get(identifier)
            data_type = data_type_of(signal)
            if concept is not None and data_type is not None and not is_of_table(identifier):
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

    def submodels(self) -> Sequence[SubmodelForms]:
        """Give all submodels, those of one device together."""
        self._settle()
        return list(self._submodels.values())

    def submodel(self, identifier: str) -> SubmodelForms | None:
        """Find a submodel by its id."""
        self._settle()
        return self._submodels.get(identifier)

    def file(self, submodel: str, path: str) -> NamedFile | None:
        """Give the file that a File element of a submodel names; None where it has none."""
        found = self.submodel(submodel)
        if found is None:
            return None
        models = [device.model for device in self._devices.values()]
        return made_files(models).get(str(found.element(path).get("value", "")))

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

    def variables(self, device: str) -> Mapping[str, Signal]:
        """Give the variables of a device's time series by name; empty for an unknown device."""
        self._settle()
        known = self._devices.get(device)
        return known.shape().named if known else {}

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
