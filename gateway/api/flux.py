"""The small part of Flux in which the queries of our linked segments are written. Pure.

A query names a bucket (a device), a span, variables and a window. Everything else is refused by
name: this is no database, and nothing here can write.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

SECOND = 1_000_000_000
UNITS = {
    "ns": 1, "us": 1_000, "ms": 1_000_000, "s": SECOND, "m": 60 * SECOND, "h": 3600 * SECOND,
    "d": 86_400 * SECOND, "w": 7 * 86_400 * SECOND,
}  # fmt: skip
AGGREGATES = ("mean", "min", "max", "last", "count")
TEXT_MAX = 4_000
SPAN_DEFAULT = 3600 * SECOND
"""The span of a query whose `v.timeRangeStart` nobody replaced."""
WINDOWS = 360
"""So many windows has the span where `v.windowPeriod` was not replaced."""
NS_MAX = 2**63 - 1

_FROM = re.compile(r'from\(bucket: ?"([a-z0-9][a-z0-9-]{0,62})"\)')
_RANGE = re.compile(r"range\(start: ?([^,()]+(?:\([^()]*\))?)(?:, ?stop: ?([^,]+))?\)")
_FILTER = re.compile(r"filter\(fn: ?\(r\) ?=> ?(.+)\)")
_TERM = re.compile(r'\(?r(?:\["(_field|_measurement)"\]|\.(_field|_measurement)) ?== ?"([^"]*)"\)?')
_WINDOW = re.compile(
    r"aggregateWindow\(every: ?([^,()]+), ?fn: ?([a-z]+)(?:, ?createEmpty: ?(?:true|false))?\)"
)
_YIELD = re.compile(r'yield\((?:name: ?"[^"]*")?\)')
_DURATION = re.compile(r"(?:\d+(?:ns|us|ms|s|m|h|d|w))+")
_PART = re.compile(r"(\d+)(ns|us|ms|[smhdw])")
_RFC3339 = re.compile(r"(\d{4}-\d\d-\d\d)(?:T(\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d))?")
_TIME_CALL = re.compile(r'time\(v: ?"([^"]+)"\)')


class FluxError(ValueError):
    """The query is not one of those that are answered; the text says which part."""


@dataclass(frozen=True, slots=True)
class FluxQuery:
    """What is asked for: start <= time < stop in ns UTC; no fields: all; every 0: as stored."""

    bucket: str
    start: int
    stop: int
    fields: tuple[str, ...] = ()
    measurements: tuple[str, ...] = ()
    every: int = 0
    aggregate: str = "last"


@dataclass(frozen=True, slots=True)
class _Draft:
    query: FluxQuery
    now: int
    ranged: bool = field(default=False)


def parse_flux(text: str, now: int) -> FluxQuery:
    """Read a query; `now` in ns UTC.

    Raises:
        FluxError: it is longer than 4,000 characters or has a part that is not answered.
    """
    if len(text) > TEXT_MAX:
        raise FluxError(f"the query is longer than {TEXT_MAX} characters")
    steps = [" ".join(step.split()) for step in _split(text)]
    found = _FROM.fullmatch(steps[0])
    if found is None:
        raise FluxError(f'begin with from(bucket: "device"), not {steps[0][:60]!r}')
    draft = _Draft(FluxQuery(found[1], now - SPAN_DEFAULT, now), now)
    for step in steps[1:]:
        draft = _step(draft, step)
    if not draft.ranged:
        raise FluxError("a range(start: ...) is needed")
    if draft.query.start >= draft.query.stop:
        raise FluxError("the range is empty")
    return draft.query


def _split(text: str) -> list[str]:
    steps, quoted, step = list[str](), False, ""
    for char in text:
        quoted ^= char == '"'
        step += char
        if not quoted and step.endswith("|>"):
            steps.append(step[:-2])
            step = ""
    return [*steps, step]


def _step(draft: _Draft, step: str) -> _Draft:
    for pattern, take in _STEPS:
        found = pattern.fullmatch(step)
        if found is not None:
            return take(draft, found)
    raise FluxError(f"this part of Flux is not answered here: {step[:80]!r}")


def _range(draft: _Draft, found: re.Match[str]) -> _Draft:
    start = _moment(found[1], draft.now, draft.now - SPAN_DEFAULT)
    stop = draft.now if found[2] is None else _moment(found[2], draft.now, draft.now)
    return replace(draft, query=replace(draft.query, start=start, stop=stop), ranged=True)


def _filter(draft: _Draft, found: re.Match[str]) -> _Draft:
    terms = [_TERM.fullmatch(term.strip()) for term in re.split(r" or ", found[1])]
    names = {(term[1] or term[2]) if term else "" for term in terms}
    if len(names) != 1 or not names <= {"_field", "_measurement"}:
        raise FluxError(f"filters compare _field or _measurement with a text: {found[1][:80]!r}")
    values = tuple(term[3] for term in terms if term)
    if names == {"_field"}:
        return replace(draft, query=replace(draft.query, fields=values))
    return replace(draft, query=replace(draft.query, measurements=values))


def _window(draft: _Draft, found: re.Match[str]) -> _Draft:
    if found[2] not in AGGREGATES:
        raise FluxError(f"fn is one of {', '.join(AGGREGATES)}, not {found[2]}")
    query = draft.query
    if found[1].strip() == "v.windowPeriod":
        every = max(SECOND, (query.stop - query.start) // WINDOWS)
    else:
        every = _duration(found[1].strip())
    if every <= 0:
        raise FluxError("a window is longer than nothing")
    return replace(draft, query=replace(query, every=every, aggregate=found[2]))


def _unchanged(draft: _Draft, found: re.Match[str]) -> _Draft:  # noqa: ARG001 - the table's handlers share a form
    return draft


_STEPS: tuple[tuple[re.Pattern[str], Callable[[_Draft, re.Match[str]], _Draft]], ...] = (
    (_RANGE, _range),
    (_FILTER, _filter),
    (_WINDOW, _window),
    (_YIELD, _unchanged),
)


def _duration(text: str) -> int:
    if not _DURATION.fullmatch(text) or len(text) > 40:
        raise FluxError(f"{text[:40]!r} is not a duration such as 10s or 1h30m")
    total = sum(int(count) * UNITS[unit] for count, unit in _PART.findall(text))
    return min(total, NS_MAX)


def _moment(text: str, now: int, default: int) -> int:
    text = text.strip()
    if text in {"v.timeRangeStart", "v.timeRangeStop"}:
        return default
    if text == "now()":
        return now
    if text.startswith("-"):
        return now - _duration(text[1:])
    called = _TIME_CALL.fullmatch(text)
    return _instant(called[1] if called else text.strip('"'))


def _instant(text: str) -> int:
    """Read RFC 3339 or whole seconds since 1970."""
    if re.fullmatch(r"\d{1,11}", text):
        return int(text) * SECOND
    found = _RFC3339.fullmatch(text)
    try:
        if found is None:
            raise ValueError(text)
        zone = "+00:00" if found[4] in {None, "Z"} else found[4]
        moment = datetime.fromisoformat(f"{found[1]}T{found[2] or '00:00:00'}{zone}")
    except ValueError:
        raise FluxError(f"{text[:40]!r} is not a time in RFC 3339") from None
    whole = moment.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    fraction = int((found[3] or "0").ljust(9, "0"))
    return (whole.days * 86_400 + whole.seconds) * SECOND + fraction
