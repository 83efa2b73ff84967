"""Messages into batches; pure but for the notes it leaves in the device's health."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from math import isinf
from typing import Any, NoReturn

import orjson

from adapters.mqtt.columns import InexactError, Rows
from adapters.mqtt.config import MqttItem, MqttSource
from adapters.mqtt.counters import UNMATCHED
from adapters.mqtt.framing import Clipped, Read
from adapters.mqtt.paths import MISSING_ERRORS
from adapters.mqtt.routes import Group, Route, RouteBuilder
from adapters.mqtt.topics import TopicTree, topic_from_bytes
from gateway.core.records import Batch, Rejected
from gateway.core.types import UnixNs
from gateway.ops.events import mqtt as events
from gateway.ops.health import DeviceHealth

ROUTES_MAX = 20_000
"""Topics whose route is remembered; behind a `#` there may be any number of them."""
HEAD_BYTES = 256
"""What is kept of a message that cannot be read."""
PATH_MISSING = "path-missing"
ABSENT_MAX = 10
"""A path is called missing when that many messages of its topic in a row were without it.

Machines that publish only what changed leave fields out all the time; one that never came is
called missing at once.
"""
_NUMBER = re.compile(r"[+-]?(?:\d{1,400}\.?\d{0,400}|\.\d{1,400})(?:[eE][+-]?\d{1,3})?", re.ASCII)
_WORDS = {
    "true": True,
    "false": False,
    "nan": float("nan"),
    "inf": float("inf"),
    "infinity": float("inf"),
    "-inf": float("-inf"),
    "-infinity": float("-inf"),
}

Loads = Callable[[bytes], Any]
Delivery = Batch | Rejected


class Decoder:
    """Takes the messages of one source apart, in the order in which they came."""

    def __init__(self, source: MqttSource, health: DeviceHealth) -> None:
        self._source = source
        self._plan = source.plan
        self._health = health
        self._builder = RouteBuilder(source)
        self._tree: TopicTree[MqttItem] = TopicTree()
        for item in source.items:
            self._tree.add(item.topic, item)
        self._routes: dict[bytes, Route] = {}
        self._absent = {item.index: self._absent_before(item.index) for item in source.items}
        self._loads: Loads = orjson.loads
        self._at = 0
        self._begin()

    def _begin(self) -> None:
        self._timed, self._untimed = Rows(received_time=False), Rows(received_time=True)
        self._closed: list[Rows] = []
        self._rejected: list[Rejected] = []
        self._fallen: set[int] = set()

    def decode(self, reads: Sequence[Read]) -> list[Delivery]:
        """Give what these messages say: batches, and what could not be read."""
        try:
            return self._decoded(reads, exact=False)
        except InexactError:
            return self._decoded(reads, exact=True)

    def _decoded(self, reads: Sequence[Read], *, exact: bool) -> list[Delivery]:
        self._loads = _exact_loads if exact else orjson.loads
        rejected = self._take_all(reads)
        received = reads[-1].at
        rows = [*self._closed, self._timed, self._untimed]
        batches = [
            batch for part in rows for batch in part.batches(self._plan, received, exact=exact)
        ]
        return [*rejected, *batches]

    def _take_all(self, reads: Sequence[Read]) -> list[Rejected]:
        self._begin()
        routes = self._routes
        for read in reads:
            self._at = read.at
            for topic, payload, _ in read.messages:
                self._take(routes.get(topic) or self._resolve(topic), payload)
        return self._rejected

    def _take(self, route: Route, payload: bytes) -> None:
        self._at += 1  # samples without a time of their own stay apart by a nanosecond
        if route.texts or not route.groups:
            self._take_text(route, payload)
            if not route.groups:
                return
        try:
            document = self._loads(payload)
        except ValueError as error:
            self._reject(route.topic, payload, _reason(payload, error))
            return
        for group in route.groups:
            if group.outer is not None:
                self._take_readings(group, document)
                continue
            try:
                values = group.pick(document)
            except MISSING_ERRORS:
                self._take_rest(group, document, document)
            else:
                self._emit(group, values, document)

    def _emit(self, group: Group, values: Sequence[Any], context: Any) -> None:
        """Add a reading that has all its values."""
        if self._absent and not self._absent.keys().isdisjoint(group.indices):
            self._came(group.indices)
        self._add(group, group.indices, values, context)

    def _add(self, group: Group, indices: list[int], values: Sequence[Any], context: Any) -> None:
        rows, stamp = self._untimed, self._at
        if group.time is not None:
            try:
                stamp = self._builder.stamp(group.time(context))
            except (ValueError, *MISSING_ERRORS):
                events.time_unreadable(self._source.device, self._plan.signals[indices[0]].name)
                self._keep_order(indices, fallen=True)
                rows = self._untimed
            else:
                if self._fallen:
                    self._keep_order(indices, fallen=False)
                rows = self._timed
        rows.values += values
        rows.signals += indices
        rows.times += [stamp] * len(indices)

    def _keep_order(self, indices: list[int], *, fallen: bool) -> None:
        """Begin new rows where a signal's time goes missing or comes back inside one burst."""
        before = len(self._fallen)
        (self._fallen.update if fallen else self._fallen.difference_update)(indices)
        if len(self._fallen) != before:
            self._closed += [self._timed, self._untimed]
            self._timed, self._untimed = Rows(received_time=False), Rows(received_time=True)

    def _take_readings(self, group: Group, document: Any) -> None:
        try:
            for context, reading in group.readings(document):
                self._at += 1
                try:
                    values = group.pick(reading)
                except MISSING_ERRORS:
                    self._take_rest(group, reading, context)
                else:
                    self._emit(group, values, context)
        except MISSING_ERRORS:
            for index in group.indices:
                self._missed(index)

    def _take_rest(self, group: Group, reading: Any, context: Any) -> None:
        """Add the values that are there and note those that are not."""
        indices: list[int] = []
        values: list[Any] = []
        for index, get in zip(group.indices, group.singles, strict=True):
            try:
                values.append(get(reading))
            except MISSING_ERRORS:
                self._missed(index)
            else:
                indices.append(index)
        if indices:
            self._came(indices)
            self._add(group, indices, values, context)

    def _take_text(self, route: Route, payload: bytes) -> None:
        if not route.texts:
            self._refuse(route, payload)
            return
        if isinstance(payload, Clipped):
            self._reject(route.topic, payload, "message-too-large")
            return
        try:
            text = payload.decode()
        except ValueError as error:
            self._reject(route.topic, payload, _reason(payload, error))
            return
        for index, verbatim in route.texts:
            self._untimed.values.append(text if verbatim else value_from_text(text))
            self._untimed.signals.append(index)
            self._untimed.times.append(self._at)
            if self._absent:
                self._came([index])

    def _refuse(self, route: Route, payload: bytes) -> None:
        if route.refusal is not None:
            self._reject(route.topic, payload, route.refusal)
            return
        UNMATCHED.labels(self._source.device).inc()
        events.topic_unmatched(self._source.device, route.topic)

    def _reject(self, topic: str, payload: bytes, reason: str) -> None:
        size = payload.size if isinstance(payload, Clipped) else len(payload)
        self._rejected.append(
            Rejected(
                self._source.device,
                UnixNs(self._at),
                reason,
                topic,
                bytes(payload[:HEAD_BYTES]),
                size,
            )
        )

    def _resolve(self, raw: bytes) -> Route:
        try:
            topic = topic_from_bytes(raw)
        except ValueError:
            route = Route(raw.decode(errors="backslashreplace"), refusal="topic-invalid")
        else:
            route = self._builder.build(topic, self._tree.match(topic))
        if len(self._routes) >= ROUTES_MAX:
            self._routes.pop(next(iter(self._routes)))
        self._routes[raw] = route
        return route

    def _absent_before(self, index: int) -> int:
        known = self._health.bad.get(self._plan.signals[index].name)
        return ABSENT_MAX if known and known.reason == PATH_MISSING else ABSENT_MAX - 1

    def _came(self, indices: list[int]) -> None:
        for index in indices:
            if self._absent.pop(index, 0) >= ABSENT_MAX:
                self._health.signal_good(self._plan.signals[index].name, UnixNs(self._at))

    def _missed(self, index: int) -> None:
        count = self._absent[index] = self._absent.get(index, 0) + 1
        if count == ABSENT_MAX:
            name = self._plan.signals[index].name
            self._health.signal_bad(name, PATH_MISSING, UnixNs(self._at))


def value_from_text(text: str) -> bool | int | float | str:
    """Read a bare payload: a number, true or false, else the text itself."""
    bare = text.strip()
    if _NUMBER.fullmatch(bare) is None:
        return _WORDS.get(bare.lower(), text)
    number = int(bare) if bare.lstrip("+-").isdigit() else float(bare)
    return text if isinf(number) else number


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _exact_loads(payload: bytes) -> Any:
    document = orjson.loads(payload)
    try:
        return json.loads(payload, parse_constant=_refuse_constant)
    except RecursionError:
        return document


def _reason(payload: bytes, error: ValueError) -> str:
    if isinstance(payload, Clipped):
        return "message-too-large"
    if not payload:
        return "payload-empty"
    if isinstance(error, UnicodeDecodeError):
        return "payload-not-utf-8"
    return f"payload-not-json: {error}"
