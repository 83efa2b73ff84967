"""What one topic means: its items compiled into as few calls as possible, once for each topic."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from adapters.mqtt.config import MqttItem, MqttSource
from adapters.mqtt.paths import (
    Expander,
    Getter,
    Steps,
    expander,
    getter,
    many,
    parse_path,
    split_at_last_star,
)
from adapters.mqtt.stamps import StampReader, stamp_reader

Item = tuple[int, Steps]
"""A signal's index and its path."""


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """Items of a topic that share their readings, and so their time.

    `outer` reaches the contexts that have a time, `inner` the readings inside one of them. Both are
    None for a document that is itself the one reading, which is the common case and the fast one.
    """

    indices: list[int]
    pick: Callable[[Any], tuple[Any, ...]]
    singles: tuple[Getter, ...]
    time: Getter | None
    outer: Expander | None = None
    inner: Expander | None = None

    def readings(self, document: Any) -> Iterator[tuple[Any, Any]]:
        """Give (context with the time, reading); raises MISSING_ERRORS where there is no array."""
        assert self.outer is not None
        assert self.inner is not None
        for context in self.outer(document):
            for reading in self.inner(context):
                yield context, reading


@dataclass(frozen=True, slots=True, eq=False)
class Route:
    """What becomes of the messages of one topic."""

    topic: str
    groups: tuple[Group, ...] = ()
    texts: tuple[tuple[int, bool], ...] = ()
    """Index, and whether the payload stays text whatever it looks like."""
    refusal: str | None = None
    """Why no message of this topic can be taken: what the broker sent is no topic."""


class RouteBuilder:
    """Makes routes for the topics of one source."""

    def __init__(self, source: MqttSource) -> None:
        self._signals = source.plan.signals
        self.stamp: StampReader = stamp_reader(source.time_unit)
        time = None if source.time_json is None else parse_path(source.time_json)
        self._time = None if time is None else split_at_last_star(time)

    def build(self, topic: str, items: Sequence[MqttItem]) -> Route:
        """Compile the items that want this topic; an item with two matching filters counts once."""
        once = {(item.index, item.json, item.text): item for item in items}.values()
        by_prefix: dict[Steps, list[Item]] = {}
        for item in once:
            if item.json is not None and not item.text:
                prefix, rest = split_at_last_star(parse_path(item.json))
                by_prefix.setdefault(prefix, []).append((item.index, rest))
        groups = tuple(self._group(prefix, members) for prefix, members in by_prefix.items())
        texts = tuple(
            (item.index, self._signals[item.index].value_type == "xs:string")
            for item in once
            if item.text or item.json is None
        )
        return Route(topic, groups, texts)

    def _group(self, prefix: Steps, members: list[Item]) -> Group:
        indices = [index for index, _ in members]
        rests = [rest for _, rest in members]
        singles = tuple(getter(rest) for rest in rests)
        time_prefix, time_rest = self._time or ((), ())
        timed = self._time is not None and prefix[: len(time_prefix)] == time_prefix
        if not timed:
            time_prefix = ()
        time = getter(time_rest) if timed else None
        if not prefix:
            return Group(indices, many(rests), singles, time)
        outer, inner = expander(time_prefix), expander(prefix[len(time_prefix) :])
        return Group(indices, many(rests), singles, time, outer, inner)
