"""Writes the lines of records and finds the few that the server will not take; blocking.

A refused body is halved until the poison stands alone: first by field, because a conflict of types
concerns every line of one field, then line by line. Good lines of a refused record are written.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from gateway.core.records import Refusal
from gateway.core.types import Offset
from gateway.history.influx_http import InfluxServer, LinesRefused
from gateway.history.line_protocol import Lines

BODY_MAX = 4 * 2**20
"""Bytes of one request; servers accept 25 MB and more, smaller ones spare their memory."""

REQUESTS_MAX = 200
"""For one refused body; what is not found by then is refused together."""

SHOWN_MAX = 160
_BEFORE_VALUE = re.compile(rb"(?:[^\\ ]|\\.)* (?:[^\\=]|\\.)*=", re.DOTALL)
_GAVE_UP = "too many refused lines to tell them apart"
_CONFLICTS = ("field type conflict", "invalid column type", "invalid field value")
"""What 1.x and 2.x, and 3.x, say of a field that has another type already."""
_EXPIRED = ("beyond retention policy", "outside retention policy")
"""What 1.x and 2.x say of points older than they keep."""


class Line(NamedTuple):
    """One line and the record it belongs to."""

    offset: Offset
    text: bytes


class _Found(NamedTuple):
    line: Line
    reason: str


def write_records(server: InfluxServer, encoded: Sequence[tuple[Offset, Lines]]) -> list[Refusal]:
    """Write all lines and give the records that have refused ones.

    Raises:
        SinkUnavailable, NotThere: nothing of this write counts.
    """
    poison: list[_Found] = []
    for group in _bodies(encoded):
        body = b"\n".join(text for _, lines in group if (text := lines.body()))
        if not body:
            continue
        try:
            server.write(body)
        except LinesRefused as problem:
            if not _only_expired(problem):
                lines = [Line(offset, text) for offset, part in group for text in part.split()]
                poison += _isolate(server, lines)
    return _refusals(encoded, poison)


def _bodies(encoded: Sequence[tuple[Offset, Lines]]) -> Iterator[list[tuple[Offset, Lines]]]:
    group: list[tuple[Offset, Lines]] = []
    size = 0
    for offset, lines in encoded:
        more = len(lines.numbers) + sum(map(len, lines.texts))
        if group and size + more > BODY_MAX:
            yield group
            group, size = [], 0
        group.append((offset, lines))
        size += more
    if group:
        yield group


def _only_expired(problem: LinesRefused) -> bool:
    """Points older than the server keeps: it wrote the others, and these are not wanted."""
    expired = any(words in problem.text for words in _EXPIRED)
    return expired and not _is_conflict(problem.text)


def _is_conflict(text: str) -> bool:
    return any(words in text for words in _CONFLICTS)


def _isolate(server: InfluxServer, lines: list[Line]) -> list[_Found]:
    by_field: dict[bytes, list[Line]] = defaultdict(list)
    for line in lines:
        match = _BEFORE_VALUE.match(line.text)
        by_field[match[0] if match else line.text].append(line)
    found: list[_Found] = []
    segments = [list(by_field.values())]
    requests = 0
    while segments:
        segment = segments.pop()
        together = [line for field in segment for line in field]
        if requests >= REQUESTS_MAX:
            found += [_Found(line, _GAVE_UP) for line in together]
            continue
        requests += 1
        problem = _try(server, together)
        if problem is None:
            continue
        if len(together) == 1 or (len(segment) == 1 and _is_conflict(problem)):
            found += [_Found(line, problem) for line in together]
        else:
            segments += _halves(segment)
    return found


def _try(server: InfluxServer, lines: Iterable[Line]) -> str | None:
    try:
        server.write(b"\n".join(line.text for line in lines))
    except LinesRefused as problem:
        return None if _only_expired(problem) else problem.text
    return None


def _halves(segment: list[list[Line]]) -> list[list[list[Line]]]:
    if len(segment) > 1:
        middle = len(segment) // 2
        return [segment[middle:], segment[:middle]]
    lines = segment[0]
    middle = len(lines) // 2
    return [[lines[middle:]], [lines[:middle]]]


def _refusals(encoded: Sequence[tuple[Offset, Lines]], poison: list[_Found]) -> list[Refusal]:
    by_record: dict[Offset, list[_Found]] = defaultdict(list)
    for one in poison:
        by_record[one.line.offset].append(one)
    refusals = []
    for offset, lines in encoded:
        refused = by_record.get(offset, [])
        if not refused and not lines.refused:
            continue
        total = len(lines.split()) + len(lines.refused)
        refusals.append(Refusal(offset, _reason(refused, lines.refused, total)))
    return refusals


def _reason(poison: list[_Found], unfit: list[str], total: int) -> str:
    parts = [f"{len(poison) + len(unfit)} of {total} lines refused, the others are written"]
    if poison:
        line = poison[0].line.text[:SHOWN_MAX].decode(errors="replace")
        parts.append(f"{poison[0].reason} [{line}]")
    if unfit:
        parts.append(unfit[0])
    return "; ".join(parts)
