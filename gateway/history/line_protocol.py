"""Batches as InfluxDB line protocol: one line a sample, times in ns.

Number columns are formatted by orjson over the whole array and joined with prefixes prepared for
each signal. The type of a field comes from the plan, so that a server never sees a field change
from integer to float; a value that does not fit it without loss is refused, its neighbours go.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from gateway.core.records import Batch
from gateway.core.signals import PlanTable, Signal
from gateway.core.times import bounded
from gateway.history import layout as places
from gateway.history.fields import FieldType, Special, TypeRefused, field_text, plan_type
from gateway.history.layout import LayoutName
from gateway.history.samples import INT64_MAX, lanes

PLANS_REMEMBERED = 64
_BAD = 2
_FLOAT_INT_MAX = 2**53
_INT_LIMIT = 2.0**63


@dataclass(slots=True)
class Lines:
    """Lines of one record. `numbers` holds no line break but between lines; `texts` may."""

    numbers: bytes = b""
    texts: list[bytes] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    def body(self) -> bytes:
        """Give all lines, joined."""
        if not self.texts:
            return self.numbers
        return b"\n".join([self.numbers, *self.texts] if self.numbers else self.texts)

    def split(self) -> list[bytes]:
        """Give the lines one by one."""
        return [*(self.numbers.split(b"\n") if self.numbers else ()), *self.texts]


class _PlanLines:
    """Prefixes and types of one plan's signals."""

    def __init__(self, layout: LayoutName, plan: PlanTable) -> None:
        self.signals = plan.signals
        self.types = np.array([plan_type(signal.value_type) for signal in plan.signals], np.uint8)
        self._layout = layout
        self.values = [
            [b"\n" + places.prefix(layout, signal, quality) for signal in plan.signals]
            for quality in range(_BAD)
        ]

    def line(self, signal: int, quality: int, suffix: str, text: bytes, time: int) -> bytes:
        start = places.prefix(self._layout, self.signals[signal], quality, suffix)
        return b"%b%b %d" % (start, text, time)


class LineEncoder:
    """Makes lines; remembers prepared plans by digest."""

    def __init__(self, layout: LayoutName) -> None:
        self._layout = layout
        self._plans: dict[str, _PlanLines] = {}

    def encode(self, batch: Batch) -> Lines:
        """Give a batch's lines, and what was refused of it and why.

        A time that cannot be right is that of receipt: a server refuses points beyond its
        retention, and one from 2105 would be the newest for ever.
        """
        plan = self._prepared(batch.plan)
        lines = Lines()
        times = bounded(batch.times, batch.received)
        batch = batch if times is batch.times else replace(batch, times=times)
        if batch.status is None or not batch.status.any():
            _add_values(lines, plan, batch, slice(None), 0)
            return lines
        quality = lanes(batch.status)
        for good_or_uncertain in range(_BAD):
            which = np.flatnonzero(quality == good_or_uncertain)
            if len(which):
                _add_values(lines, plan, batch, which, good_or_uncertain)
        _add_status(lines, plan, batch, quality)
        return lines

    def _prepared(self, plan: PlanTable) -> _PlanLines:
        known = self._plans.get(plan.digest)
        if known is None:
            if len(self._plans) >= PLANS_REMEMBERED:
                self._plans.clear()
            known = self._plans[plan.digest] = _PlanLines(self._layout, plan)
        return known


def _add_status(lines: Lines, plan: _PlanLines, batch: Batch, quality: NDArray[np.int32]) -> None:
    assert batch.status is not None
    for place in np.flatnonzero(batch.status).tolist():
        text = b"%di" % int(batch.status[place])
        lines.texts.append(
            plan.line(
                int(batch.signals[place]),
                int(quality[place]),
                places.STATUS,
                text,
                int(batch.times[place]),
            )
        )


def _add_values(lines: Lines, plan: _PlanLines, batch: Batch, which: Any, quality: int) -> None:
    signals, times = batch.signals[which], batch.times[which]
    if isinstance(batch.values, list):
        wanted = range(len(batch)) if isinstance(which, slice) else which.tolist()
        values = [batch.values[place] for place in wanted]
        _add_objects(lines, plan, _Run(signals, times, values, quality))
        return
    column = batch.values[which]
    types = plan.types[signals]
    for field_type in _distinct(types):
        here = slice(None) if field_type is None else np.flatnonzero(types == field_type)
        kind = FieldType(int(types[0]) if field_type is None else field_type)
        _add_numbers(lines, plan, _Run(signals[here], times[here], column[here], quality), kind)


def _distinct(types: NDArray[np.uint8]) -> list[int | None]:
    if not len(types):
        return []
    if (types == types[0]).all():
        return [None]
    return list(np.unique(types).tolist())


@dataclass(slots=True)
class _Run:
    """Samples of one quality."""

    signals: NDArray[np.int32]
    times: NDArray[np.int64]
    values: Any
    quality: int


def _add_numbers(lines: Lines, plan: _PlanLines, run: _Run, kind: FieldType) -> None:
    if kind is FieldType.AS_IS:
        kind = _type_of_array(run.values)
    convert = _CONVERTERS.get(kind)
    fits = None if convert is None else convert(run.values)
    if fits is None:  # strings, and numbers that the type does not hold all
        _add_objects(lines, plan, _Run(run.signals, run.times, run.values.tolist(), run.quality))
        return
    texts, end = fits
    pieces: list[bytes] = [b""] * (4 * len(texts))
    pieces[0::4] = map(plan.values[run.quality].__getitem__, run.signals.tolist())
    pieces[1::4] = texts
    pieces[2::4] = [end] * len(texts)
    pieces[3::4] = _formatted(run.times)
    pieces[0] = pieces[0] if lines.numbers else pieces[0][1:]
    lines.numbers += b"".join(pieces)


def _formatted(column: NDArray[Any]) -> list[bytes]:
    return orjson.dumps(np.ascontiguousarray(column), option=orjson.OPT_SERIALIZE_NUMPY)[
        1:-1
    ].split(b",")


Converted = tuple[list[bytes], bytes]


def _floats(column: NDArray[Any]) -> Converted | None:
    if column.dtype.kind == "f":
        wide = column.astype(np.float64, copy=False)
        return (_formatted(wide), b" ") if np.isfinite(wide).all() else None
    if column.dtype.kind == "b":
        return _formatted(column.astype(np.uint8)), b" "
    fits = int(column.max()) <= _FLOAT_INT_MAX and int(column.min()) >= -_FLOAT_INT_MAX
    return (_formatted(column), b" ") if fits else None


def _integers(column: NDArray[Any]) -> Converted | None:
    if column.dtype.kind == "f":
        whole = np.isfinite(column).all() and bool((np.trunc(column) == column).all())
        if not whole or float(np.abs(column).max()) >= _INT_LIMIT:
            return None
        column = column.astype(np.int64)
    if column.dtype.kind == "b":
        column = column.astype(np.uint8)
    return (_formatted(column), b"i ") if int(column.max()) <= INT64_MAX else None


def _booleans(column: NDArray[Any]) -> Converted | None:
    if not bool(((column == 0) | (column == 1)).all()):
        return None
    return _formatted(column.astype(bool)), b" "


_CONVERTERS: dict[FieldType, Callable[[NDArray[Any]], Converted | None]] = {
    FieldType.FLOAT: _floats,
    FieldType.INTEGER: _integers,
    FieldType.BOOLEAN: _booleans,
}


def _type_of_array(column: NDArray[Any]) -> FieldType:
    by_kind = {"f": FieldType.FLOAT, "b": FieldType.BOOLEAN}
    return by_kind.get(column.dtype.kind, FieldType.INTEGER)


def _add_objects(lines: Lines, plan: _PlanLines, run: _Run) -> None:
    """Take samples one by one: strings, structures, and numbers that need a closer look."""
    types = plan.types[run.signals].tolist()
    rows = zip(run.signals.tolist(), run.times.tolist(), run.values, types, strict=True)
    prefixes = plan.values[run.quality]
    for signal, time, value, kind in rows:
        try:
            text = field_text(FieldType(kind), value)
        except TypeRefused as problem:
            lines.refused.append(_refusal(plan.signals[signal], time, str(problem)))
        except Special as special:
            quoted = field_text(FieldType.STRING, special.text)
            lines.texts.append(plan.line(signal, run.quality, places.SPECIAL, quoted, time))
        else:
            lines.texts.append(b"%b%b %d" % (prefixes[signal][1:], text, time))


def _refusal(signal: Signal, time: int, problem: str) -> str:
    return f"{signal.name} at {time}: {problem} is not {signal.value_type}"
