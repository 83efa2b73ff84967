"""Answers from the embedded store: rows, buckets, batches. Blocking; call off the event loop."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gateway.core.records import Batch
from gateway.core.signals import PlanTable
from gateway.core.types import Column, UnixNs
from gateway.history.aggregate import Buckets
from gateway.history.interface import ROWS_MIN, Bucket, Page, Rows, Series
from gateway.history.reader import WINDOW_SAMPLES, windows
from gateway.history.samples import LANES, QUALITIES, RAW_LANE, Samples, in_order, join

_QUALITY_LANES = tuple(range(QUALITIES))
_VALUE_LANES = (0, 1)
_ALL_LANES = (*_QUALITY_LANES, *(RAW_LANE + lane for lane in _QUALITY_LANES))
_WINDOW_OF_PAGE_MIN = 20_000


def query_rows(folder: Path, series: Series, start: int, end: int, limit: int) -> Rows:
    """Give raw rows; a page ends between two instants."""
    limit = max(limit, ROWS_MIN)
    window = min(WINDOW_SAMPLES, max(limit, _WINDOW_OF_PAGE_MIN))
    parts: list[Samples] = []
    held = 0
    for found in windows(folder, [series], start, end, lanes=_QUALITY_LANES, window=window):
        parts.append(found.pick(np.lexsort((found.keys, found.times))))
        held += len(found)
        if held > limit:
            break
    if not parts:
        return Rows()
    samples = join(parts)
    size, next_start = page_size(samples.times, limit)
    return _rows(samples.pick(slice(size)), next_start)


def page_size(times: NDArray[np.int64], limit: int) -> tuple[int, UnixNs | None]:
    """Give how many of ascending times fit a page of whole instants, and where the next begins."""
    if len(times) <= limit:
        return len(times), None
    size = int(np.searchsorted(times, times[limit]))
    if size == 0:  # one instant has more than a page may hold: give it whole
        size = int(np.searchsorted(times, times[0], side="right"))
        return size, UnixNs(int(times[size])) if size < len(times) else None
    return size, UnixNs(int(times[size]))


def _rows(samples: Samples, next_start: UnixNs | None) -> Rows:
    bad = (samples.keys % LANES) == _QUALITY_LANES[-1]
    values = samples.values.tolist()
    for place in np.flatnonzero(bad).tolist():
        values[place] = None
    return Rows(samples.times.tolist(), values, samples.status.tolist(), next_start)


def query_buckets(
    folder: Path, series: Series, start: int, end: int, *, limit: int, bucket: Bucket
) -> Rows:
    """Give one row for each bucket that has values."""
    buckets = Buckets(bucket)
    for found in windows(folder, [series], start, end, lanes=_VALUE_LANES):
        ordered = found.pick(np.lexsort((found.keys, found.times)))
        buckets.add(ordered.times, ordered.values)
        if len(buckets) > limit:
            break
    return buckets.rows(limit)


def export(folder: Path, plan: PlanTable, start: int, end: int, limit: int) -> Page:
    """Give a device's samples as batches; raw values come back where they were stored."""
    wanted = [Series.of(signal) for signal in plan.signals]
    for found in windows(folder, wanted, start, end, lanes=_ALL_LANES, window=max(limit, 1)):
        by_time = found.pick(np.argsort(found.times, kind="stable"))
        size, next_start = page_size(by_time.times, limit)
        kept = by_time.pick(slice(size))
        if next_start is None:
            after = int(kept.times[-1]) + 1
            next_start = UnixNs(after) if after < end else None
        return Page(tuple(_batches(plan, kept)), next_start)
    return Page()


def _batches(plan: PlanTable, samples: Samples) -> list[Batch]:
    lanes = samples.keys % LANES
    raw = in_order(samples.pick(lanes >= RAW_LANE))
    plain = samples.pick(lanes < RAW_LANE)
    with_raw = np.isin(_identity(plain, RAW_LANE), _identity(raw, 0))
    made = []
    for which, partner in ((~with_raw, None), (with_raw, raw)):
        if which.any():
            made.append(_batch(plan, plain.pick(which), partner))
    return made


def _identity(samples: Samples, add: int) -> NDArray[Any]:
    identity = np.empty(len(samples), [("key", np.int32), ("time", np.int64)])
    identity["key"] = samples.keys + add
    identity["time"] = samples.times
    return identity


def _batch(plan: PlanTable, samples: Samples, raw: Samples | None) -> Batch:
    return Batch(
        plan=plan,
        signals=samples.keys // LANES,
        times=samples.times,
        values=_column(samples.values, samples.keys),
        received=UnixNs(int(samples.times[-1])),
        status=samples.status if samples.status.any() else None,
        raw=None if raw is None else _raw_of(samples, raw),
    )


def _column(values: NDArray[Any], keys: NDArray[np.int32]) -> Column:
    if values.dtype != object:
        return values
    bad = (keys % LANES) == _QUALITY_LANES[-1]
    return [None if is_bad else value for value, is_bad in zip(values, bad, strict=True)]


def _raw_of(samples: Samples, raw: Samples) -> Column:
    places = np.searchsorted(_identity(raw, 0), _identity(samples, RAW_LANE))
    values = raw.values[places]
    return values if values.dtype != object else values.tolist()
