"""Samples of a device as batches again, from InfluxDB; blocking."""

from __future__ import annotations

import numpy as np

from gateway.core.records import Batch
from gateway.core.signals import PlanTable
from gateway.core.types import Column, UnixNs, Value
from gateway.history.influx_query import InfluxReader
from gateway.history.interface import ROWS_MIN, Page, Rows, Series

_Sample = tuple[int, int, int, Value]


def export_page(reader: InfluxReader, plan: PlanTable, start: int, end: int, limit: int) -> Page:
    """Give about `limit` samples of all signals from `start` on.

    Every signal is asked for its share; the page ends where the first of them has more to give.
    """
    share = max(limit // max(len(plan.signals), 1), ROWS_MIN)
    answers = [
        (signal.index, reader.rows(Series.of(signal), start, end, share)) for signal in plan.signals
    ]
    cut = min((rows.next_start for _, rows in answers if rows.next_start), default=None)
    samples = [
        sample
        for index, rows in answers
        for sample in _samples(index, rows)
        if cut is None or sample[0] < cut
    ]
    if not samples:
        return Page((), cut)
    return Page((_batch(plan, sorted(samples, key=lambda sample: sample[:3])),), cut)


def _samples(index: int, rows: Rows) -> list[_Sample]:
    columns = zip(rows.times, rows.status, rows.values, strict=True)
    return [(time, index, status, value) for time, status, value in columns]


def _batch(plan: PlanTable, samples: list[_Sample]) -> Batch:
    times, signals, status, values = zip(*samples, strict=True)
    codes = np.array(status, np.uint32)
    return Batch(
        plan=plan,
        signals=np.array(signals, np.int32),
        times=np.array(times, np.int64),
        values=_column(list(values)),
        received=UnixNs(times[-1]),
        status=codes if codes.any() else None,
    )


def _column(values: list[Value]) -> Column:
    if all(type(value) is float for value in values):
        return np.array(values, np.float64)
    return values
