"""Live values of all devices in slots, and every AAS document ready to be joined.

`on_records` is on the path of every value: a batch becomes a handful of array assignments, nothing
is encoded. A request encodes what changed since the last one and joins fragments.
"""

from __future__ import annotations

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
    UNKNOWN_VALUE_TYPE,
    Environment,
    SubmodelModel,
    build_environment,
    signal_name,
)
from aas_models.fragments import Fragments, Node
from aas_models.values import Slots, ValueColumns, Writers, lexical
from gateway.core.assets import AssetModel
from gateway.core.errors import AasError
from gateway.core.records import Batch, Record
from gateway.core.signals import PlanTable, Signal
from gateway.core.types import BAD, UnixNs, Value
from gateway.ops.events import aas as events

UNMAPPED = 0
"""The slot that takes values of signals that are in no submodel any more."""

NO_TIME = -(2**63)

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


class _Slots:
    """What is known of each slot: columns of the same length."""

    def __init__(self, size: int) -> None:
        self.values = ValueColumns(size)
        self.raw = ValueColumns(size)
        self.status = np.zeros(size, np.uint32)
        self.times = np.zeros(size, np.int64)
        self.server_times = np.full(size, NO_TIME, np.int64)
        self.received = np.zeros(size, np.int64)
        self.offsets = np.zeros(size, np.int64)
        self.versions = np.zeros(size, np.int64)
        # What no batch ever had needs no clearing: a batch of one value costs a third less.
        self.has_raw = self.has_status = self.has_server_times = False

    def store(self, slots: Slots, record: Record, batch: Batch, version: int) -> None:
        self.values.put(slots, batch.values)
        self.times[slots] = batch.times
        self.received[slots] = batch.received
        self.offsets[slots] = record.offset
        self.versions[slots] = version
        if self.has_raw or batch.raw is not None:
            self._store_raw(slots, batch)
        if self.has_server_times or batch.server_times is not None:
            given = batch.server_times
            self.server_times[slots] = NO_TIME if given is None else given
            self.has_server_times = True
        if self.has_status or batch.status is not None:
            self._store_status(slots, batch)

    def _store_raw(self, slots: Slots, batch: Batch) -> None:
        self.has_raw = True
        if batch.raw is None:
            self.raw.clear(slots)
        else:
            self.raw.put(slots, batch.raw)

    def _store_status(self, slots: Slots, batch: Batch) -> None:
        self.has_status = True
        self.status[slots] = 0 if batch.status is None else batch.status
        final = self.status[slots]  # a slot may come twice: only its last status counts
        self.values.clear(slots[(final & BAD) != 0])

    def server_time(self, slot: int) -> UnixNs:
        """Give the server's time, which is the source's where the server says no other."""
        given = int(self.server_times[slot])
        return UnixNs(int(self.times[slot]) if given == NO_TIME else given)

    def take_over(self, old: _Slots, to: Slots, source: Slots) -> None:
        self.values.take_over(old.values, to, source)
        self.raw.take_over(old.raw, to, source)
        self.has_raw, self.has_status = old.has_raw, old.has_status
        self.has_server_times = old.has_server_times
        names = ("status", "times", "server_times", "received", "offsets", "versions")
        for name in names:
            getattr(self, name)[to] = getattr(old, name)[source]


@dataclass(slots=True)
class _Device:
    """Where the signals of a device go."""

    model: AssetModel
    slots: Slots
    places: dict[tuple[str, str], int]
    tables: dict[int, tuple[PlanTable, Slots]]


class LiveSubmodel:
    """One submodel with its live values."""

    def __init__(self, owner: LiveValues, part: SubmodelModel, slots: Mapping[str, int]) -> None:
        self.id = part.id
        self.id_short = str(part.model["idShort"])
        keys = part.model.get("semanticId", {}).get("keys", ())
        self.semantic_id = str(keys[-1]["value"]) if keys else None
        self._owner = owner
        self._fragments = Fragments(part.model, slots)
        chosen = sorted(slots.values())
        self._slots: Slots = np.array(chosen, np.intp)
        self._range = slice(chosen[0], chosen[-1] + 1) if chosen else slice(0, 0)
        self._shown = {form: np.full(len(chosen), -1, np.int64) for form in ("normal", "value")}

    def etag(self) -> str:
        """Give a mark that changes whenever a value or the structure does."""
        versions = self._owner.versions[self._range]
        newest = int(versions.max()) if len(versions) else 0
        return f"{self._owner.mark}-{newest:x}"

    def render(self, path: str, form: str, *, deep: bool = True) -> bytes:
        """Give the submodel (path "") or an element of it.

        Args:
            path: idShort path.
            form: normal, value, metadata, reference or path.
            deep: False gives direct children only.

        Raises:
            AasError: `not-found`, or `no-value` where the element has no value-only form.
        """
        node = self._node(path)
        fragments = self._fragments
        match form:
            case "normal":
                self._refresh("normal")
                return fragments.normal(node) if deep else fragments.core(node)
            case "value":
                self._refresh("value")
                return self._value(node, deep=deep)
            case "metadata":
                return node.metadata()
            case "reference":
                return fragments.reference(node)
            case _:
                return fragments.paths(node, deep=deep)

    def _value(self, node: Node, *, deep: bool) -> bytes:
        if node.kind in {"Operation", "Capability"}:
            raise AasError("no-value", node.kind)
        return self._fragments.value(node, deep=deep) or b"null"

    def retype(self, path: str, signal: Signal) -> list[str]:
        """Let a property have the signal's value type; gives the ids of what it means."""
        model = self._fragments.retype(path, signal.value_type or UNKNOWN_VALUE_TYPE).model
        for shown in self._shown.values():
            shown[:] = -1
        references = [model.get("semanticId"), *model.get("supplementalSemanticIds", ())]
        return [str(part["keys"][-1]["value"]) for part in references if part]

    def children(self, form: str, *, deep: bool = True) -> list[bytes]:
        """Give the top elements one by one; in value form as objects with one member."""
        if form != "value":
            return [
                self.render(node.path, form, deep=deep) for node in self._fragments.root.children
            ]
        self._refresh("value")
        shown = []
        for node in self._fragments.root.children:
            token = self._fragments.value(node, deep=deep)
            if token:
                shown.append(b"{" + node.key + token + b"}")
        return shown

    def _node(self, path: str) -> Node:
        node = self._fragments.nodes.get(path)
        if node is None:
            raise AasError("not-found", f"{path} in {self.id_short}")
        return node

    def _refresh(self, form: str) -> None:
        shown = self._shown[form]
        versions = self._owner.versions[self._slots]
        stale = np.flatnonzero(versions != shown)
        if not len(stale):
            return
        slots = self._slots[stale]
        put = self._fragments.put_normal if form == "normal" else self._fragments.put_values
        put(slots.tolist(), self._owner.tokens(slots))
        shown[stale] = versions[stale]


class LiveValues:
    """The AAS side of everything that runs; a listener of the spool.

    Args:
        models: one for each device.
    """

    def __init__(self, models: Sequence[AssetModel]) -> None:
        self._boot = secrets.token_hex(4)
        self._revision = 0
        self._version = 0
        self._slots = _Slots(1)
        self._devices: dict[str, _Device] = {}
        self._signals: list[Signal | None] = []
        self._concept_documents: list[Document] | None = None
        self.set_models(models)

    @property
    def mark(self) -> str:
        """Name this process's revision of the structure, for entity tags."""
        return f"{self._boot}-{self._revision:x}"

    @property
    def versions(self) -> NDArray[np.int64]:
        """The version of each slot; grows with every change."""
        return self._slots.versions

    @property
    def version(self) -> int:
        """The newest version of any slot."""
        return self._version

    def set_models(self, models: Sequence[AssetModel]) -> None:
        """Take other models; values of signals that stayed the same are kept.

        Takes about 60 us a signal on the event loop.
        """
        environment = build_environment(models)
        for problem in environment.problems:
            events.element_left_out(problem.device, problem.signal, problem.reason, problem.detail)
        self._install(models, environment)

    def _install(self, models: Sequence[AssetModel], environment: Environment) -> None:
        old_devices, old_slots = self._devices, self._slots
        by_name = {model.info.device: model for model in models}
        arrays = {
            name: np.full(len(model.table.signals), UNMAPPED, np.intp)
            for name, model in by_name.items()
        }
        self._signals = [None]
        compiled: list[tuple[SubmodelModel, dict[str, int]]] = []
        for part in environment.submodels:
            slots: dict[str, int] = {}
            for path, binding in part.bindings.items():
                slots[path] = arrays[binding.device][binding.index] = len(self._signals)
                self._signals.append(by_name[binding.device].table.signals[binding.index])
            compiled.append((part, slots))
        self._writers = Writers([known.value_type if known else None for known in self._signals])
        self._devices = {
            name: _Device(model, arrays[name], _places(model.table), {})
            for name, model in by_name.items()
        }
        self._slots = _Slots(len(self._signals))
        self._keep(old_devices, old_slots)
        self._revision += 1
        self._environment = environment
        self._shells = [_document(shell) for shell in environment.shells]
        self._concepts = {str(concept["id"]): concept for concept in environment.concepts}
        self._concept_documents = None
        self._submodels = {part.id: LiveSubmodel(self, part, slots) for part, slots in compiled}

    def _keep(self, old_devices: Mapping[str, _Device], old_slots: _Slots) -> None:
        to: list[int] = []
        source: list[int] = []
        for name, device in self._devices.items():
            old = old_devices.get(name)
            for key, index in device.places.items():
                if old is not None and key in old.places:
                    to.append(int(device.slots[index]))
                    source.append(int(old.slots[old.places[key]]))
        self._slots.take_over(old_slots, np.array(to, np.intp), np.array(source, np.intp))

    def on_records(self, records: Sequence[Record]) -> None:
        """Take what was just committed; a RecordListener."""
        for record in records:
            batch = record.item
            if not isinstance(batch, Batch) or not len(batch):
                continue
            device = self._devices.get(batch.plan.device)
            if device is None:
                continue
            known = device.tables.get(id(batch.plan))
            slots = known[1] if known is not None else self._meet(device, batch.plan)
            self._version += 1
            self._slots.store(slots[batch.signals], record, batch, self._version)

    def _meet(self, device: _Device, table: PlanTable) -> Slots:
        """Learn where a table's signals go; the table is held so that its id stays its own."""
        places = device.places
        known = [places.get((signal.source, signal.element)) for signal in table.signals]
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
            self._retype(int(device.slots[place]), device.model.table.signals[place])

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
        return self._environment

    def shells(self) -> Sequence[Document]:
        """Give the shells in the order of the devices."""
        return self._shells

    def concept_descriptions(self) -> Sequence[Document]:
        """Give the concept descriptions."""
        if self._concept_documents is None:
            self._concept_documents = [_document(made) for made in self._concepts.values()]
        return self._concept_documents

    def submodels(self) -> Sequence[LiveSubmodel]:
        """Give all submodels, those of one device together."""
        return list(self._submodels.values())

    def submodel(self, identifier: str) -> LiveSubmodel | None:
        """Find a submodel by its id."""
        return self._submodels.get(identifier)

    def tokens(self, slots: Slots) -> list[bytes]:
        """Write the values of slots in value-only form, b"" where there is none."""
        return self._slots.values.tokens(slots, self._writers)

    def readings(self) -> dict[tuple[str, str], Reading]:
        """Give the value of every live property by (submodel id, idShort path)."""
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


def _places(table: PlanTable) -> dict[tuple[str, str], int]:
    return {(signal.source, signal.element): signal.index for signal in table.signals}


def _matches(signal: Signal, pattern: str) -> bool:
    names = (f"{signal.device}/{signal.name}", f"{signal.device}/{signal.element}", signal.device)
    return any(fnmatch.fnmatchcase(name, pattern) for name in names)


def _document(model: Json) -> Document:
    return Document(str(model["id"]), str(model.get("idShort", "")), model, orjson.dumps(model))
