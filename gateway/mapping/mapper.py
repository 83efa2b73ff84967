"""Applies the rules of one device to its batches. Pure: what comes in is never changed."""

from __future__ import annotations

from collections.abc import Mapping
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
)
from gateway.mapping.compile import Compiled, compile_expression
from gateway.mapping.convert import Mask, Numbers, same, to_names, to_text, to_type
from gateway.mapping.deadband import Deadband
from gateway.mapping.expression import parse
from gateway.mapping.rules import Rule

NO_STEP, LINEAR, BIT, FIRST_EXPRESSION = 0, 1, 2, 3
"""First steps of a rule; every distinct expression has a number of its own from the last on."""
UNCONVERTED = 0


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
    tables: list[Mapping[int, str] | None]
    types: list[str] = field(default_factory=list)
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
            (int(bucket), take(batch, np.flatnonzero(buckets == bucket)))
            for bucket in np.unique(buckets)
        ]

    def _mapped(self, bucket: int, batch: Batch) -> Batch:
        if bucket != UNCONVERTED:
            batch = self._converted(batch, self._steps.types[bucket - 1])
        if self._limited[batch.signals].any():
            batch = self._range_marked(batch)
        kept = self._deadband.kept(batch)
        return batch if kept is None else take(batch, kept)

    def _converted(self, batch: Batch, result: str) -> Batch:
        values, fits = self._result(batch, result)
        status = batch.status
        if status is not None:
            fits = fits | ((status & BAD) != 0)
        if not fits.all():
            status = np.zeros(len(batch), np.uint32) if status is None else status.copy()
            status[~fits] = BAD_TYPE_MISMATCH
        elif same(values, batch.values):
            return replace(batch, values=values)
        raw = batch.values if batch.raw is None else batch.raw
        return replace(batch, values=values, status=status, raw=raw)

    def _result(self, batch: Batch, result: str) -> tuple[Column, Mask]:
        first = self._steps.first[batch.signals]
        plain = not first.any()
        if result == "xs:string" and plain:
            return to_text(batch.values)
        numbers = Numbers(batch.values, truth=result == "xs:boolean")
        if not plain:
            self._first_step(numbers, first, batch.signals)
        if result == "names":
            return to_names(numbers, batch.signals, self._steps.tables)
        if result == "xs:string":
            text, fits = to_text(numbers.doubles)
            return text, fits & numbers.ok
        return to_type(numbers, plain, result)

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

    def _range_marked(self, batch: Batch) -> Batch:
        numbers = Numbers(batch.values)
        low, high = self._steps.low[batch.signals], self._steps.high[batch.signals]
        outside = numbers.ok & ((numbers.doubles < low) | (numbers.doubles > high))
        if batch.status is not None:
            outside &= (batch.status & SEVERITY_MASK) == GOOD
        if not outside.any():
            return batch
        status = _statuses(batch)
        status[outside] = UNCERTAIN_OUT_OF_RANGE
        return replace(batch, status=status)


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
        steps.tables[index] = None if rule.values is None else dict(rule.values)
    return steps


def _bucket(steps: _Steps, rule: Rule) -> int:
    result = "names" if rule.values is not None else rule.result_type
    assert result is not None
    if result not in steps.types:
        steps.types.append(result)
    return steps.types.index(result) + 1


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
