"""Time Series Data 1.1: what a device records, its newest records, and where its history is.

Source: IDTA 02008-1-1. The sampling figures are xs:long in the template and cannot say less than
once a second, so they are left out; records are collections, therefore each has a name. Without a
record there is no `Recent`, without a segment no `Segments`: clients break at an empty collection.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from aas_models.concepts import quantity_of_signal
from aas_models.elements import (
    Json,
    collection,
    derived_id,
    element,
    multi_language,
    name_in_its_language,
    submodel,
    text_property,
)
from aas_models.environment_parts import AnySubmodel, Binding
from aas_models.submodel_kind import FeedKind, SubmodelKind
from aas_models.submodels.quality import utc_text
from gateway.core.assets import AssetModel, LocalName
from gateway.core.signals import XS_FLOATS, XS_INTEGERS, Signal

if TYPE_CHECKING:
    from aas_models.live.recent import Recent
    from aas_models.live.running import Running
    from aas_models.served import ServedSubmodel

ID_SHORT = "TimeSeries"
SEMANTIC_ID = "https://admin-shell.io/idta/TimeSeries/1/1"
TEMPLATE = "https://admin-shell.io/idta-02008-1-1"
_TS = "https://admin-shell.io/idta/TimeSeries/"
SEGMENTS = "Segments"
TIME = "Time"
UTC_TIME = f"{_TS}UtcTime/1/1"
QUALITY_QUALIFIER = "ValueQuality"
IN_PROGRESS = "in progress"
COMPLETED = "completed"
LINKED_VARIABLES_MAX = 20
"""A segment for each variable up to this many: one viewer shows one series of a segment only."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One variable of a record; `text` is its XSD text, None where it has no value."""

    variable: str
    text: str | None
    quality: str = "good"


@dataclass(frozen=True, slots=True)
class TimeRecord:
    """Everything that was sampled at one instant (ns UTC)."""

    time: int
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Linked:
    """Where the history can be asked for: the address of the query route; `bucket` is its name."""

    endpoint: str
    bucket: str


@dataclass(frozen=True)
class TimeSeriesModel:
    """The time series of a device; without records where nobody knows them."""

    id: str
    asset: AssetModel

    @property
    def id_short(self) -> str:
        return ID_SHORT

    @property
    def bindings(self) -> Mapping[str, Binding]:
        """No signal fills an element of it by itself."""
        return {}

    @cached_property
    def model(self) -> Json:
        return time_series(self.id, Shape(self.asset), (), None)

    def served(self, running: Running) -> ServedSubmodel:
        """Show the newest records, and where the history behind them is."""
        from aas_models.live.dynamic import DynamicSubmodel

        device = self.asset.info.device
        linked = Linked(running.endpoint, device) if running.endpoint else None
        known: tuple[AssetModel, Shape] | None = None

        def make() -> Json:
            nonlocal known
            recent, asset = running.feed(device, RECENT), running.asset(device)
            if known is None or asset is not known[0]:  # a value has shown a type
                known = (asset, Shape(asset))
            records = recent.records(known[1].named) if recent else ()
            return time_series(self.id, known[1], records, linked)

        return DynamicSubmodel(self.id, ID_SHORT, SEMANTIC_ID, make, running.clock)


def variables(signals: Sequence[Signal]) -> dict[str, Signal]:
    """Name the variables of a record: the last idShort, or more of the path where two share it."""
    leaves: dict[str, int] = {TIME: 2}
    for signal in signals:
        leaf = signal.element.rpartition(".")[2]
        leaves[leaf] = leaves.get(leaf, 0) + 1
    named: dict[str, Signal] = {}
    for signal in signals:
        leaf = signal.element.rpartition(".")[2]
        name = leaf if leaves[leaf] == 1 else signal.element.replace(".", "_")
        if name in named or name == TIME:
            name = f"{signal.submodel_id_short}_{name}"
        named.setdefault(name, signal)
    return named


def is_number(signal: Signal) -> bool:
    """Tell whether a variable can be drawn and averaged."""
    return signal.value_type in XS_FLOATS or signal.value_type in XS_INTEGERS


class Shape:
    """What a device's time series always has, made once: variables, meanings, metadata."""

    def __init__(self, asset: AssetModel) -> None:
        self.named = variables(asset.table.signals)
        displays = {name: _display(asset, signal) for name, signal in self.named.items()}
        self.meanings = {
            name: _meaning(signal, displays[name]) for name, signal in self.named.items()
        }
        self.metadata = collection(
            "Metadata", _metadata(asset, self.named, displays, self.meanings), f"{_TS}Metadata/1/1"
        )


def time_series(
    identifier: str,
    shape: Shape,
    records: Sequence[TimeRecord],
    linked: Linked | None,
    *,
    external: Sequence[Json] = (),
) -> Json:
    """Make the submodel.

    Args:
        identifier: its id.
        shape: of the device.
        records: the newest ones, ascending.
        linked: None leaves out the segments that need a running gateway.
        external: segments with a file, see `time_series_csv`.
    """
    segments = [_recent(records, shape)] if records else []
    if linked is not None:
        segments += _linked(linked, shape.named, records)
    elements = [shape.metadata]
    if segments := [*segments, *external]:
        elements.append(segments_of(segments))
    return submodel(
        identifier, ID_SHORT, SEMANTIC_ID, elements, version=("1", "1"), template=TEMPLATE
    )


def segments_of(segments: Sequence[Json]) -> Json:
    """Make the collection of these segments."""
    return collection(SEGMENTS, segments, f"{_TS}Segments/1/1")


def _metadata(
    asset: AssetModel,
    named: Mapping[str, Signal],
    displays: Mapping[str, LocalName],
    meanings: Mapping[str, str],
) -> list[Json]:
    label = asset.info.label
    name = label if label.ko or label.en else LocalName(en=asset.info.device)
    declared = [
        element(
            "Property",
            variable,
            semantic_id=meanings[variable],
            name=displays[variable],
            valueType=signal.value_type or "xs:string",
        )
        for variable, signal in named.items()
    ]
    return [
        multi_language("Name", name, f"{_TS}Metadata/Name/1/1"),
        collection("Record", [_time(None), *declared], f"{_TS}Record/1/1"),
    ]


def _meaning(signal: Signal, display: LocalName) -> str:
    quantity = quantity_of_signal(signal, display)
    if quantity is not None:
        return quantity.id
    return signal.semantic_id or derived_id(signal.submodel, "cd", *signal.element.split("."))


def _display(asset: AssetModel, signal: Signal) -> LocalName:
    return asset.display.get(signal.index) or name_in_its_language(signal.name)


def _time(text: str | None) -> Json:
    return text_property(TIME, text, UTC_TIME, value_type="xs:dateTime")


def segment_facts(
    name: LocalName, description: LocalName, records: Sequence[TimeRecord], state: str
) -> list[Json]:
    """Give the elements that all kinds of segments have."""
    texts: list[tuple[str, str | None, str]] = []
    if records:
        start, end = utc_text(records[0].time), utc_text(records[-1].time)
        texts += [
            ("RecordCount", str(len(records)), "xs:long"),
            ("StartTime", start, "xs:string"),
            ("EndTime", end, "xs:string"),
            ("LastUpdate", end, "xs:string"),
        ]
    texts.append(("State", state, "xs:string"))
    return [
        multi_language("Name", name, f"{_TS}Segment/Name/1/1"),
        multi_language("Description", description, f"{_TS}Segment/Description/1/1"),
        *(
            text_property(id_short, text, f"{_TS}Segment/{id_short}/1/1", value_type=value_type)
            for id_short, text, value_type in texts
        ),
    ]


def _recent(records: Sequence[TimeRecord], shape: Shape) -> Json:
    facts = segment_facts(
        LocalName("최근 값", "Recent values"),
        LocalName("가장 최근에 들어온 기록", "The records that came last"),
        records,
        IN_PROGRESS,
    )
    made = [_record(record, shape) for record in records]
    below = [*facts, collection("Records", made, f"{_TS}Records/1/1")]
    return collection("Recent", below, f"{_TS}Segments/InternalSegment/1/1")


def _record(record: TimeRecord, shape: Shape) -> Json:
    below = [_time(utc_text(record.time))]
    for entry in record.entries:
        signal = shape.named[entry.variable]
        made = text_property(
            entry.variable,
            entry.text,
            shape.meanings[entry.variable],
            value_type=signal.value_type or "xs:string",
        )
        if entry.quality != "good":
            made["qualifiers"] = [
                {"type": QUALITY_QUALIFIER, "valueType": "xs:string", "value": entry.quality}
            ]
        below.append(made)
    sign = "R" if record.time >= 0 else "B"  # an idShort has no minus
    return collection(f"{sign}{abs(record.time)}", below, f"{_TS}Record/1/1")


def _linked(
    linked: Linked, named: Mapping[str, Signal], records: Sequence[TimeRecord]
) -> list[Json]:
    numbers = [name for name, signal in named.items() if is_number(signal)]
    every = len(numbers) <= LINKED_VARIABLES_MAX
    made = [
        _link(
            linked,
            "LinkedSegment_Range",
            LocalName("이력: 선택한 기간", "History: chosen span"),
            range_query(linked.bucket, None if every else "{{y-value}}"),
            records,
        )
    ]
    return made + [
        _link(
            linked,
            f"LinkedSegment_LastHour_{variable}",
            LocalName(f"이력: 최근 1시간, {variable}", f"History: last hour, {variable}"),
            last_hour_query(linked.bucket, variable),
            records,
        )
        for variable in numbers[:LINKED_VARIABLES_MAX]
    ]


def range_query(bucket: str, variable: str | None) -> str:
    """Write the query in which BaSyx Web UI puts span, window and (when named so) variable."""
    return _query(bucket, "start: v.timeRangeStart, stop: v.timeRangeStop", variable,
                  "v.windowPeriod")  # fmt: skip


def last_hour_query(bucket: str, variable: str) -> str:
    """Write the query whose literal span Mnestix replaces."""
    return _query(bucket, "start: -1h", variable, "10s")


def _query(bucket: str, span: str, variable: str | None, window: str) -> str:
    steps = [f'from(bucket: "{bucket}")', f"range({span})"]
    if variable is not None:
        steps.append(f'filter(fn: (r) => r["_field"] == "{variable}")')
    steps.append(f"aggregateWindow(every: {window}, fn: mean, createEmpty: false)")
    return "\n  |> ".join(steps)


def _link(
    linked: Linked, id_short: str, name: LocalName, query: str, records: Sequence[TimeRecord]
) -> Json:
    description = LocalName(
        "게이트웨이의 이력 저장소에 대한 읽기 전용 질의",
        "A read-only query to the history behind the gateway",
    )
    last = [text_property("LastUpdate", utc_text(records[-1].time),
                          f"{_TS}Segment/LastUpdate/1/1")] if records else []  # fmt: skip
    below = [
        *segment_facts(name, description, (), IN_PROGRESS),
        *last,
        text_property("Endpoint", linked.endpoint, f"{_TS}Endpoint/1/1"),
        text_property("Query", query, f"{_TS}Query/1/1"),
    ]
    return collection(id_short, below, f"{_TS}Segments/LinkedSegment/1/1")


def _parts(model: AssetModel, _of_tags: Sequence[AnySubmodel]) -> list[TimeSeriesModel]:
    identifier = model.ids.get(ID_SHORT)
    return [TimeSeriesModel(identifier, model)] if identifier and model.table.signals else []


def _recent_records(_model: AssetModel, before: Recent | None) -> Recent:
    """Begin to hold records; an edit of the device keeps those that are held."""
    from aas_models.live.recent import Recent

    return before or Recent()


RECENT: FeedKind[Recent] = FeedKind("recent records", _recent_records)
KINDS = (
    SubmodelKind(
        name=ID_SHORT,
        semantic_id=SEMANTIC_ID,
        place=70,
        parts=_parts,
        feed=RECENT,
        comes_and_goes=True,
        template="TimeSeries 1.1",
        stated_by={"Segments": "tags"},
    ),
)
