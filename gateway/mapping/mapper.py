"""Applies the rules of one device to its batches. Pure: what comes in is never changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gateway.core.records import Batch
from gateway.core.signals import PlanTable
from gateway.core.types import (
    BAD,
    BAD_TYPE_MISMATCH,
    GOOD,
    SEVERITY_MASK,
    UNCERTAIN_OUT_OF_RANGE,
    Column,
    Signals,
    Statuses,
    Value,
)
from gateway.mapping.compile import Compiled, compile_expression
from gateway.mapping.convert import (
    DTYPES,
    Mask,
    Numbers,
    as_array,
    same,
    to_names,
    to_text,
    to_type,
)
from gateway.mapping.deadband import Deadband
from gateway.mapping.expression import parse
from gateway.mapping.plain import (
    WORD_END,
    WORD_LOW,
    Convert,
    Number,
    ReadNumber,
    converter,
    double_of,
    finisher,
    number_of,
    number_reader,
    numbered,
    unchanged,
)
from gateway.mapping.rules import Rule

NO_STEP, LINEAR, BIT, FIRST_EXPRESSION = 0, 1, 2, 3
"""First steps of a rule; every distinct expression has a number of its own from the last on."""
UNCONVERTED = 0
NAMES = "names"
"""The result of `values`, with the numeric type behind it where it has one."""
SMALL = 32
"""Up to so many samples are converted one by one: the array operations cost more (measured)."""


@dataclass(slots=True)
class _Steps:
    """What each signal asks for, as arrays indexed by signal."""

    bucket: NDArray[np.int16]
    """0: the value stays as it is; else 1 + the place of its result type in `types`."""
    first: NDArray[np.int16]
    scale: NDArray[np.float64]
    offset: NDArray[np.float64]
    bit: NDArray[np.int64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    tables: list[Mapping[int | float, Value] | None]
    converters: list[Convert | None]
    """For single values; None where a signal has an expression, or nothing is converted."""
    finishers: list[Callable[[Number], Value]]
    readers: list[ReadNumber]
    """What makes a number of a value before an expression."""
    types: list[str] = field(default_factory=list)
    buckets: list[tuple[str, bool]] = field(default_factory=list)
    expressions: list[Compiled] = field(default_factory=list)


class Mapper:
    """Converts batches of one device as its rules say.

    Batches of signals without rules come back as they are. Others are split by what comes out, so
    that a column of numbers stays an array; the order of the samples of one signal never changes.
    """

    def __init__(self, rules: Mapping[int, Rule], table: PlanTable) -> None:
        """`rules` by signal index into `table`; expressions in them have been checked."""
        count = len(table.signals)
        self._ruled = np.zeros(count, np.bool_)
        self._ruled[list(rules)] = True
        self._steps = _compile(rules, count)
        self._limited = np.isfinite(self._steps.low) | np.isfinite(self._steps.high)
        bands = {i: rule.deadband for i, rule in rules.items() if rule.deadband is not None}
        self._deadband = Deadband(bands, count)

    @property
    def mapped_away(self) -> int:
        """How many samples deadbands have left out so far."""
        return self._deadband.dropped

    def forget(self) -> None:
        """Let the next sample of every signal pass its deadband: call it for a new connection."""
        self._deadband.forget()

    def map(self, batch: Batch) -> list[Batch]:
        """Give what becomes of a batch: none, one or several batches. Never raises for a value."""
        if not self._ruled[batch.signals].any():
            return [batch]
        parts = [self._mapped(bucket, part) for bucket, part in self._split(batch)]
        return [part for part in parts if len(part)]

    def _split(self, batch: Batch) -> list[tuple[int, Batch]]:
        buckets = self._steps.bucket[batch.signals]
        first = int(buckets[0])
        if (buckets == first).all():
            return [(first, batch)]
        return [
            (bucket, take(batch, np.flatnonzero(buckets == bucket)))
            for bucket in dict.fromkeys(buckets.tolist())
        ]

    def _mapped(self, bucket: int, batch: Batch) -> Batch:
        if bucket != UNCONVERTED:
            result = self._steps.types[bucket - 1]
            values = as_array(batch.values, mixed=result in DTYPES) if self._pays(batch) else None
            if values is not None:
                batch = self._converted(batch, values, result)
            else:
                batch = self._one_by_one(batch, result)
        if self._limited[batch.signals].any():
            batch = self._range_marked(batch)
        kept = self._deadband.kept(batch)
        return batch if kept is None else take(batch, kept)

    def _pays(self, batch: Batch) -> bool:
        """Whether array operations are the cheaper way; expressions know only these."""
        return len(batch) > SMALL or bool(
            (self._steps.first[batch.signals] >= FIRST_EXPRESSION).any()
        )

    def _converted(self, batch: Batch, values: NDArray[Any], result: str) -> Batch:
        converted, fits = self._result(batch, values, result)
        if batch.status is not None:
            fits = fits | ((batch.status & BAD) != 0)
        if fits.all():
            raw = None if same(converted, values) else batch.values
            return replace(batch, values=converted, raw=raw)
        status = _statuses(batch)
        status[~fits] = BAD_TYPE_MISMATCH
        return replace(batch, values=converted, status=status, raw=batch.values)

    def _result(self, batch: Batch, values: NDArray[Any], result: str) -> tuple[Column, Mask]:
        first = self._steps.first[batch.signals]
        plain = not first.any()
        if result == "xs:string" and plain:
            return to_text(values), np.ones(len(values), np.bool_)
        numbers = Numbers(values)
        if not plain:
            self._first_step(numbers, first, batch.signals)
        if result.startswith(NAMES):
            names, fits = to_names(numbers, batch.signals, self._steps.tables)
            return _column(names, result), fits
        if result == "xs:string":
            return to_text(numbers.doubles), numbers.ok
        return to_type(numbers, result)

    def _first_step(self, numbers: Numbers, first: NDArray[np.int16], signals: Signals) -> None:
        """Replace the numbers by what scale, expression or bit makes of them."""
        kinds = np.unique(first)
        source, out = numbers.doubles, numbers.doubles.copy()
        for kind in kinds.tolist():
            places = slice(None) if len(kinds) == 1 else np.flatnonzero(first == kind)
            integers = None if numbers.integers is None else numbers.integers[places]
            out[places] = self._step(kind, source[places], integers, signals[places])
        numbers.ok &= np.isfinite(out) | ~np.isfinite(source)
        numbers.doubles, numbers.integers = out, None

    def _step(
        self,
        kind: int,
        doubles: NDArray[np.float64],
        integers: NDArray[Any] | None,
        signals: Signals,
    ) -> NDArray[np.float64]:
        steps = self._steps
        if kind == NO_STEP:
            return doubles
        with np.errstate(all="ignore"):
            if kind == LINEAR:
                return doubles * steps.scale[signals] + steps.offset[signals]
            if kind == BIT:
                return _bits(doubles, integers, steps.bit[signals])
        return steps.expressions[kind - FIRST_EXPRESSION](doubles, integers)

    def _one_by_one(self, batch: Batch, result: str) -> Batch:
        raw: list[Value] = (
            batch.values.tolist() if isinstance(batch.values, np.ndarray) else batch.values
        )
        signals = batch.signals.tolist()
        converters = self._steps.converters
        converted: list[Value] = []
        for signal, value in zip(signals, raw, strict=True):
            convert = converters[signal]
            converted.append(self._computed(signal, value) if convert is None else convert(value))
        status = batch.status
        if None in converted:
            status = _statuses(batch)
            fails = np.array([value is None for value in converted], np.bool_)
            status[fails & ((status & BAD) == 0)] = BAD_TYPE_MISMATCH
        elif unchanged(converted, raw):
            return replace(batch, values=_column(converted, result))
        return replace(batch, values=_column(converted, result), status=status, raw=batch.values)

    def _computed(self, signal: int, value: Value) -> Value:
        """Give what an expression makes of one value."""
        steps = self._steps
        number = steps.readers[signal](value)
        if number is None:
            return None
        try:
            doubles = np.array([float(number)])
        except OverflowError:
            return None
        integers = None
        if isinstance(number, int) and WORD_LOW <= number < WORD_END:
            integers = np.array([number], np.int64 if number < -WORD_LOW else np.uint64)
        compute = steps.expressions[steps.first[signal] - FIRST_EXPRESSION]
        computed = float(compute(doubles, integers)[0])
        if not np.isfinite(computed) and np.isfinite(doubles[0]):
            return None
        return steps.finishers[signal](computed)

    def _range_marked(self, batch: Batch) -> Batch:
        low, high = self._steps.low[batch.signals], self._steps.high[batch.signals]
        if isinstance(batch.values, np.ndarray):
            doubles = batch.values
        else:
            doubles = np.array([double_of(value) for value in batch.values])
        outside = (doubles < low) | (doubles > high)
        if batch.status is not None:
            outside &= (batch.status & SEVERITY_MASK) == GOOD
        if not outside.any():
            return batch
        status = _statuses(batch)
        status[outside] = UNCERTAIN_OUT_OF_RANGE
        return replace(batch, status=status)


def _column(converted: list[Value], result: str) -> Column:
    """Give converted values as they flow: numbers as an array, with zeros where there is none."""
    dtype = DTYPES.get(result.removeprefix(NAMES))
    if dtype is None:
        return converted
    if None in converted:
        converted = [0 if value is None else value for value in converted]
    return np.array(converted, dtype)


def _statuses(batch: Batch) -> Statuses:
    return np.zeros(len(batch), np.uint32) if batch.status is None else batch.status.copy()


def _bits(
    doubles: NDArray[np.float64], integers: NDArray[Any] | None, places: NDArray[np.int64]
) -> NDArray[np.float64]:
    if integers is None:
        whole = (np.floor(doubles) == doubles) & (np.abs(doubles) < 2.0**63)
        bits = (np.where(whole, doubles, 0.0).astype(np.int64) >> places) & 1
        return np.where(whole, bits.astype(np.float64), np.nan)
    wide = integers.view(np.int64) if integers.dtype == np.uint64 else integers.astype(np.int64)
    return ((wide >> places) & 1).astype(np.float64)


def take(batch: Batch, places: NDArray[np.intp]) -> Batch:
    """Give the samples at these places, in this order."""
    return replace(
        batch,
        signals=batch.signals[places],
        times=batch.times[places],
        values=_take_column(batch.values, places),
        status=None if batch.status is None else batch.status[places],
        server_times=None if batch.server_times is None else batch.server_times[places],
        raw=None if batch.raw is None else _take_column(batch.raw, places),
    )


def _take_column(column: Column, places: NDArray[np.intp]) -> Column:
    if isinstance(column, np.ndarray):
        return column[places]
    return [column[place] for place in places.tolist()]


def _compile(rules: Mapping[int, Rule], count: int) -> _Steps:
    steps = _Steps(
        bucket=np.zeros(count, np.int16),
        first=np.zeros(count, np.int16),
        scale=np.ones(count),
        offset=np.zeros(count),
        bit=np.zeros(count, np.int64),
        low=np.full(count, -np.inf),
        high=np.full(count, np.inf),
        tables=[None] * count,
        converters=[None] * count,
        finishers=[float] * count,
        readers=[number_of] * count,
    )
    expressions: dict[str, int] = {}
    for index, rule in rules.items():
        steps.low[index] = -np.inf if rule.low is None else rule.low
        steps.high[index] = np.inf if rule.high is None else rule.high
        if not rule.converts:
            continue
        steps.bucket[index] = _bucket(steps, rule)
        steps.first[index] = _first(steps, rule, expressions)
        steps.scale[index], steps.offset[index] = rule.scale, rule.offset
        steps.bit[index] = rule.bit or 0
        steps.tables[index] = None if rule.values is None else dict(numbered(rule))
        steps.readers[index] = number_reader(rule)
        steps.converters[index] = converter(rule)
        steps.finishers[index] = finisher(rule)
    return steps


def _bucket(steps: _Steps, rule: Rule) -> int:
    result = rule.result_type
    assert result is not None
    if rule.values is not None:
        result = NAMES + (result if result in DTYPES else "")
    # Untouched integers beside scaled ones in one column would become doubles, and 0 the text 0.0.
    untouched = rule.bit is None and rule.expression is None and not rule.linear
    key = (result, untouched)
    if key not in steps.buckets:
        steps.buckets.append(key)
        steps.types.append(result)
    return steps.buckets.index(key) + 1


def _first(steps: _Steps, rule: Rule, expressions: dict[str, int]) -> int:
    if rule.bit is not None:
        return BIT
    if rule.expression is None:
        return LINEAR if rule.linear else NO_STEP
    known = expressions.get(rule.expression)
    if known is None:
        known = expressions[rule.expression] = FIRST_EXPRESSION + len(steps.expressions)
        steps.expressions.append(compile_expression(parse(rule.expression)))
    return known
