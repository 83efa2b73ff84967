"""Messages into batches; pure but for the notes it leaves in the device's health."""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import isinf
from typing import Any

from adapters.mqtt import events
from adapters.mqtt.columns import InexactError, Rows
from adapters.mqtt.config import MqttItem, MqttSource
from adapters.mqtt.counters import UNMATCHED
from adapters.mqtt.framing import Clipped, Read, Retained
from adapters.mqtt.notes import Notes, printable
from adapters.mqtt.paths import MISSING_ERRORS
from adapters.mqtt.payload import PayloadReader, UnreadableError
from adapters.mqtt.quality import status_of
from adapters.mqtt.reasons import TIME_MISSING, TIME_UNREADABLE
from adapters.mqtt.routes import Group, Route, RouteBuilder, Selection
from adapters.mqtt.topics import TopicTree, topic_from_bytes
from gateway.core.records import Batch, Rejected
from gateway.core.types import BAD, UNCERTAIN_LAST_USABLE, UnixNs
from gateway.ops.health import DeviceHealth

ROUTES_MAX = 20_000
"""Topics whose route is remembered; behind a `#` there may be any number of them."""
HEAD_BYTES = 256
"""What is kept of a message that cannot be read."""
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

NOTHING = object()
"""In the place of a document: there is none."""
Delivery = Batch | Rejected


class Decoder:
    """Takes the messages of one source apart, in the order in which they came."""

    def __init__(self, source: MqttSource, health: DeviceHealth) -> None:
        self._source = source
        self._plan = source.plan
        notes = self._notes = Notes(source, health)
        self._absent, self._only_retained = notes.absent, notes.retained
        self._unreadable, self._ill_timed = notes.messages, notes.times
        self._builder = RouteBuilder(source)
        self._tree: TopicTree[MqttItem] = TopicTree()
        for item in source.items:
            self._tree.add(item.topic, item)
        self._routes: dict[bytes, Route] = {}
        self._reader = PayloadReader(source.encoding, source.message_bytes_max)
        self._exact = False
        self._loads = self._reader.loads(exact=False)
        self._at = 0
        self._begin()

    def _begin(self) -> None:
        self._timed, self._untimed = Rows(received_time=False), Rows(received_time=True)
        self._closed: list[Rows] = []
        self._rejected: list[Rejected] = []
        self._fallen: set[int] = set()
        self._retained = False

    def decode(self, reads: Sequence[Read]) -> list[Delivery]:
        """Give what these messages say: batches, and what could not be read."""
        try:
            return self._decoded(reads, exact=False)
        except InexactError:
            return self._decoded(reads, exact=True)

    def review(self, now: UnixNs) -> None:
        """Say what only shows by waiting; call it every few seconds."""
        self._notes.review(now)

    def _decoded(self, reads: Sequence[Read], *, exact: bool) -> list[Delivery]:
        if exact is not self._exact:
            self._exact, self._loads = exact, self._reader.loads(exact=exact)
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
        if route.texts or not route.indices:
            self._take_text(route, payload)
            if not route.indices:
                return
        try:
            document = self._loads(payload)
        except ValueError:
            document = self._odd(route, payload)
            if document is NOTHING:
                return
        else:
            if self._unreadable:
                self._notes.readable(route.indices, self._at)
        self._take_document(route, document)
        if self._retained:
            self._retained = False

    def _take_document(self, route: Route, document: Any) -> None:
        for group in route.groups:
            if group.levels:
                self._take_readings(group, document)
                continue
            try:
                values = group.pick(document)
            except MISSING_ERRORS:
                self._take_rest(group, document, document)
            else:
                self._emit(group, values, document)
        for selection in route.selections:
            self._take_selected(selection, document)

    def _odd(self, route: Route, payload: bytes) -> Any:
        """Read a message that the fast way refused, or one that the broker had kept."""
        try:
            document = self._reader.document(payload, exact=self._exact)
        except UnreadableError as error:
            self._reject(route.topic, payload, error.reason)
            self._note_unreadable(route, route.indices, error)
            return NOTHING
        self._notes.readable(route.indices, self._at)
        self._retained = isinstance(payload, Retained)
        return document

    def _emit(self, group: Group, values: Sequence[Any], context: Any) -> None:
        """Add a reading that has all its values."""
        if self._absent and not self._absent.keys().isdisjoint(group.indices):
            self._notes.came(group.indices, self._at)
        self._add(group, group.indices, values, context)

    def _add(self, group: Group, indices: list[int], values: Sequence[Any], context: Any) -> None:
        rows, stamp = self._untimed, self._at
        if group.time is not None:
            try:
                stamp = group.stamp(group.time(context))
            except (ValueError, OverflowError, *MISSING_ERRORS):
                self._time_unreadable(group, indices, context)
                self._keep_order(indices, fallen=True)
                rows = self._untimed
            else:
                if self._fallen:
                    self._keep_order(indices, fallen=False)
                if self._ill_timed:
                    self._notes.timed(indices, self._at)
                rows = self._timed
        first = len(rows.values)
        rows.values += values
        rows.signals += indices
        rows.times += [stamp] * len(indices)
        if group.qualities is not None:
            self._judge(rows, first, group, indices, context)
        if self._retained:
            rows.mark(first, UNCERTAIN_LAST_USABLE)
            self._notes.kept_by_broker(indices, self._at)
        elif self._only_retained:
            self._notes.live(indices, self._at)

    def _judge(
        self, rows: Rows, first: int, group: Group, indices: list[int], context: Any
    ) -> None:
        """Give samples the status that the machine said; a Bad one has no value."""
        assert group.qualities is not None
        of_index = dict(zip(group.indices, group.qualities, strict=True))
        for place, index in enumerate(indices, first):
            get = of_index[index]
            try:
                status = 0 if get is None else status_of(get(context))
            except MISSING_ERRORS:
                continue
            if status:
                rows.marks[place] = status
            if status >= BAD:
                rows.values[place] = None

    def _time_unreadable(self, group: Group, indices: list[int], context: Any) -> None:
        assert group.time is not None
        events.time_unreadable(self._source.device, self._plan.signals[indices[0]].name)
        try:
            said = group.time(context)
        except MISSING_ERRORS:
            self._notes.untimed(indices, self._at, TIME_MISSING, "")
        else:
            self._notes.untimed(indices, self._at, TIME_UNREADABLE, printable(str(said)))

    def _keep_order(self, indices: list[int], *, fallen: bool) -> None:
        """Begin new rows where a signal's time goes missing or comes back inside one burst."""
        before = len(self._fallen)
        (self._fallen.update if fallen else self._fallen.difference_update)(indices)
        if len(self._fallen) != before:
            self._closed += [self._timed, self._untimed]
            self._timed, self._untimed = Rows(received_time=False), Rows(received_time=True)

    def _take_readings(self, group: Group, document: Any) -> None:
        try:
            for chain in group.chains(document):
                self._take_reading(group, chain)
        except MISSING_ERRORS:
            for index in group.indices:
                self._notes.missed(index, self._at)

    def _take_selected(self, selection: Selection, document: Any) -> None:
        try:
            for group, chain in selection.picked(document):
                self._take_reading(group, chain)
        except MISSING_ERRORS:
            for index in selection.indices:
                self._notes.missed(index, self._at)

    def _take_reading(self, group: Group, chain: tuple[Any, ...]) -> None:
        self._at += 1
        reading = chain[-1]
        try:
            values = group.pick(reading)
        except MISSING_ERRORS:
            self._take_rest(group, reading, chain)
        else:
            self._emit(group, values, chain)

    def _take_rest(self, group: Group, reading: Any, context: Any) -> None:
        """Add the values that are there and note those that are not."""
        indices: list[int] = []
        values: list[Any] = []
        for index, get in zip(group.indices, group.singles, strict=True):
            try:
                values.append(get(reading))
            except MISSING_ERRORS:
                self._notes.missed(index, self._at)
            else:
                indices.append(index)
        if indices:
            self._notes.came(indices, self._at)
            self._add(group, indices, values, context)

    def _take_text(self, route: Route, payload: bytes) -> None:
        if not route.texts:
            self._refuse(route, payload)
            return
        try:
            text = self._reader.text(payload)
        except UnreadableError as error:
            if not route.indices:
                self._reject(route.topic, payload, error.reason)
            self._note_unreadable(route, [index for index, _ in route.texts], error)
            return
        rows, first = self._untimed, len(self._untimed.values)
        for index, verbatim in route.texts:
            rows.values.append(text if verbatim else value_from_text(text))
            rows.signals.append(index)
            rows.times.append(self._at)
        if self._absent or self._unreadable or self._only_retained or type(payload) is not bytes:
            self._note_text([index for index, _ in route.texts], first, payload)

    def _note_text(self, indices: list[int], first: int, payload: bytes) -> None:
        notes = self._notes
        notes.came(indices, self._at)
        notes.readable(indices, self._at)
        if isinstance(payload, Retained):
            self._untimed.mark(first, UNCERTAIN_LAST_USABLE)
            notes.kept_by_broker(indices, self._at)
        else:
            notes.live(indices, self._at)

    def _refuse(self, route: Route, payload: bytes) -> None:
        if route.refusal is not None:
            self._reject(route.topic, payload, route.refusal)
            return
        UNMATCHED.labels(self._source.device).inc()
        events.topic_unmatched(self._source.device, route.topic)
        self._notes.unmatched(route.topic, self._at)

    def _note_unreadable(
        self, route: Route, indices: Sequence[int], error: UnreadableError
    ) -> None:
        facts = ", ".join(part for part in (error.reason, error.detail) if part)
        self._notes.unreadable(indices, self._at, f"{printable(route.topic)}: {facts}")

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


def value_from_text(text: str) -> bool | int | float | str:
    """Read a bare payload: a number, true or false, else the text itself."""
    bare = text.strip()
    if _NUMBER.fullmatch(bare) is None:
        return _WORDS.get(bare.lower(), text)
    number = int(bare) if bare.lstrip("+-").isdigit() else float(bare)
    return text if isinf(number) else number
