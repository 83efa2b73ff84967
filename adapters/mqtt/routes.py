"""What one topic means: its items compiled into as few calls as possible, once for each topic."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from adapters.mqtt.config import MqttItem, MqttSource
from adapters.mqtt.formats import PRESETS, Paths
from adapters.mqtt.paths import (
    MISSING_ERRORS,
    Expander,
    Getter,
    Steps,
    Where,
    array_of,
    getter,
    key_of,
    levels_of,
    many,
    parse_path,
    readings_of,
)
from adapters.mqtt.stamps import StampReader, stamp_reader

Chain = tuple[Any, ...]
"""The document, then the reading of each `[*]` or filter inside the one before it."""
When = tuple[Steps, str, str | None]
"""Where a time is, its unit, its zone."""


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """Items of a topic that share their readings, and so their time.

    `time` and `qualities` take the chain of a reading; the document itself where there are no
    `levels`, which is the common case and the fast one.
    """

    indices: list[int]
    pick: Callable[[Any], tuple[Any, ...]]
    singles: tuple[Getter, ...]
    time: Getter | None = None
    stamp: StampReader = stamp_reader("ms")
    qualities: tuple[Getter | None, ...] | None = None
    """Where the quality of each item is; None when none of them has one."""
    levels: tuple[Expander, ...] = ()

    def chains(self, document: Any) -> Iterator[Chain]:
        """Give the chain of each reading; raises MISSING_ERRORS where there is no array."""
        return _chains(self.levels, (document,))


@dataclass(frozen=True, slots=True, eq=False)
class Selection:
    """Groups that take entries of one list by what the same fields say: one walk for all."""

    levels: tuple[Expander, ...]
    array: Getter
    fields: tuple[Getter, ...]
    table: dict[tuple[Any, ...], list[Group]] = field(default_factory=dict)

    @property
    def indices(self) -> list[int]:
        """The items of all its groups."""
        return [index for groups in self.table.values() for g in groups for index in g.indices]

    def picked(self, document: Any) -> Iterator[tuple[Group, Chain]]:
        """Give the entries that somebody wants, in order; MISSING_ERRORS where there is no list."""
        fields, table = self.fields, self.table
        for chain in _chains(self.levels, (document,)):
            for entry in array_of(self.array(chain[-1])):
                try:
                    groups = table.get(tuple([key_of(get(entry)) for get in fields]))
                except MISSING_ERRORS:
                    continue
                for group in groups or ():
                    yield group, (*chain, entry)


@dataclass(frozen=True, slots=True, eq=False)
class Route:
    """What becomes of the messages of one topic."""

    topic: str
    groups: tuple[Group, ...] = ()
    selections: tuple[Selection, ...] = ()
    texts: tuple[tuple[int, bool], ...] = ()
    """Index, and whether the payload stays text whatever it looks like."""
    refusal: str | None = None
    """Why no message of this topic can be taken: what the broker sent is no topic."""
    indices: tuple[int, ...] = ()
    """All its items that read JSON."""


@dataclass(slots=True)
class _Gathered:
    """Items with the same levels and the same time."""

    levels: tuple[Steps, ...]
    when: When | None
    members: list[tuple[int, Paths]] = field(default_factory=list)


class RouteBuilder:
    """Makes routes for the topics of one source."""

    def __init__(self, source: MqttSource) -> None:
        self._source = source
        self._signals = source.plan.signals
        self._preset = None if source.format is None else PRESETS[source.format]
        self._paths = {item.index: self._paths_of(item) for item in source.items}
        self._whens = {item.index: self._when(item) for item in source.items}
        self._stamps: dict[tuple[str, str | None], StampReader] = {}

    def build(self, topic: str, items: Sequence[MqttItem]) -> Route:
        """Compile the items that want this topic; an item with two matching filters counts once."""
        once = {item.index: item for item in items}.values()
        gathered: dict[Any, _Gathered] = {}
        for item in once:
            paths, when = self._paths[item.index], self._whens[item.index]
            if paths is not None:
                levels, _ = levels_of(paths.value)
                group = gathered.setdefault((repr(levels), when), _Gathered(levels, when))
                group.members.append((item.index, paths))
        groups: list[Group] = []
        selections: dict[Any, Selection] = {}
        for one in gathered.values():
            self._file(one, groups, selections)
        return Route(
            topic,
            tuple(groups),
            tuple(selections.values()),
            tuple(
                (item.index, self._signals[item.index].value_type == "xs:string")
                for item in once
                if self._paths[item.index] is None
            ),
            indices=tuple(i for one in gathered.values() for i, _ in one.members),
        )

    def _paths_of(self, item: MqttItem) -> Paths | None:
        """Give where an item's value is; None where the whole payload is the value."""
        quality = None if item.quality is None else parse_path(item.quality)
        if item.text:
            return None
        if item.json is not None:
            return Paths(parse_path(item.json), quality)
        if self._preset is None:
            return None
        paths = self._preset.paths(item.item, item.field)
        return paths if quality is None else Paths(paths.value, quality, paths.time)

    def _when(self, item: MqttItem) -> When | None:
        source, paths = self._source, self._paths[item.index]
        if paths is None:
            return None
        if item.time is not None:
            return parse_path(item.time.json), item.time.unit, item.time.zone
        if source.time_json is not None:
            return parse_path(source.time_json), source.time_unit, source.time_zone
        if paths.time is not None:
            return paths.time, source.time_unit, source.time_zone
        return None

    def _file(self, one: _Gathered, groups: list[Group], selections: dict[Any, Selection]) -> None:
        group = self._group(one)
        last = one.levels[-1][-1] if one.levels else None
        if not isinstance(last, Where):
            groups.append(group)
            return
        names = tuple(path for path, _ in last.fields)
        key = (one.levels[:-1], one.levels[-1][:-1], names)
        selection = selections.get(key)
        if selection is None:
            selection = selections[key] = Selection(
                tuple(map(readings_of, one.levels[:-1])),
                getter(one.levels[-1][:-1]),
                tuple(map(getter, names)),
            )
        wanted = tuple(key_of(word) for _, word in last.fields)
        selection.table.setdefault(wanted, []).append(group)

    def _group(self, one: _Gathered) -> Group:
        rests = [levels_of(paths.value)[1] for _, paths in one.members]
        qualities = tuple(
            None if paths.quality is None else beside(one.levels, paths.quality)
            for _, paths in one.members
        )
        time, stamp = None, self._stamp("ms", None)
        if one.when is not None:
            path, unit, zone = one.when
            time, stamp = beside(one.levels, path), self._stamp(unit, zone)
        return Group(
            [index for index, _ in one.members],
            many(rests),
            tuple(map(getter, rests)),
            time,
            stamp,
            qualities if any(qualities) else None,
            tuple(map(readings_of, one.levels)),
        )

    def _stamp(self, unit: str, zone: str | None) -> StampReader:
        known = self._stamps.get((unit, zone))
        if known is None:
            known = self._stamps[unit, zone] = stamp_reader(unit, zone)
        return known


def beside(levels: tuple[Steps, ...], path: Steps) -> Getter | None:
    """Compile a path that is read beside a reading with these levels, out of its chain.

    Where both go through the same list, both look at the same entry of it. A filter of its own
    reaches the first entry that it picks; a `[*]` of its own says nothing of this reading: None.
    """
    own, rest = levels_of(path)
    shared = 0
    while shared < min(len(own), len(levels)) and own[shared] == levels[shared]:
        shared += 1
    further = own[shared:]
    if any(not isinstance(level[-1], Where) for level in further):
        return None
    get = getter(rest) if rest or further else None
    for level in reversed(further):
        get = _first(readings_of(level), get)
    if not levels:
        return get or (lambda document: document)
    if get is None:
        return lambda chain: chain[shared]
    found = get
    return lambda chain: found(chain[shared])


def _first(readings: Expander, get: Getter | None) -> Getter:
    def first(document: Any) -> Any:
        found = readings(document)[0]
        return found if get is None else get(found)

    return first


def _chains(levels: tuple[Expander, ...], chain: Chain) -> Iterator[Chain]:
    if not levels:
        yield chain
        return
    for reading in levels[0](chain[-1]):
        if len(levels) == 1:
            yield (*chain, reading)
        else:
            yield from _chains(levels[1:], (*chain, reading))
