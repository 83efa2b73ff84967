"""Many samples become one row for each bucket."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gateway.core.types import UnixNs, Value
from gateway.history.interface import Aggregate, Bucket, Rows

_NUMBERS_ONLY = {Aggregate.MEAN, Aggregate.MIN, Aggregate.MAX}


class Buckets:
    """Takes samples in ascending time, in any number of pieces.

    NaN and infinities take no part in mean, min and max; values that are no numbers take part in
    last and count only.
    """

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket
        self._starts: list[int] = []
        self._values: list[Any] = []
        self._counts: list[int] = []

    def __len__(self) -> int:
        return len(self._starts)

    def add(self, times: NDArray[np.int64], values: NDArray[Any]) -> None:
        """Reduce a piece and join it to what is there."""
        if self._bucket.aggregate in _NUMBERS_ONLY:
            usable = _numbers(values)
            times, values = times[usable], values[usable]
            if values.dtype == object:
                values = np.array(values.tolist(), np.float64)
        if not len(times):
            return
        starts = times // self._bucket.every
        edges = np.concatenate(([0], np.flatnonzero(starts[1:] != starts[:-1]) + 1))
        counts = np.diff(np.append(edges, len(starts))).tolist()
        reduced = self._reduced(values, edges, counts)
        places = (starts[edges] * self._bucket.every).tolist()
        if self._starts and self._starts[-1] == places[0]:
            self._values[-1] = self._joined(self._values[-1], reduced[0])
            self._counts[-1] += counts[0]
            places, reduced, counts = places[1:], reduced[1:], counts[1:]
        self._starts += places
        self._values += reduced
        self._counts += counts

    def _reduced(
        self, values: NDArray[Any], edges: NDArray[np.intp], counts: list[int]
    ) -> list[Any]:
        match self._bucket.aggregate:
            case Aggregate.MEAN:
                sums: list[Any] = np.add.reduceat(values.astype(np.float64), edges).tolist()
                return sums
            case Aggregate.MIN:
                return list(np.minimum.reduceat(values, edges).tolist())
            case Aggregate.MAX:
                return list(np.maximum.reduceat(values, edges).tolist())
            case Aggregate.LAST:
                return list(values[np.append(edges[1:], len(values)) - 1].tolist())
            case Aggregate.COUNT:
                return list(counts)

    def _joined(self, first: Any, second: Any) -> Any:
        match self._bucket.aggregate:
            case Aggregate.MEAN | Aggregate.COUNT:
                return first + second
            case Aggregate.MIN:
                return min(first, second)
            case Aggregate.MAX:
                return max(first, second)
            case Aggregate.LAST:
                return second

    def rows(self, limit: int) -> Rows:
        """Give the first `limit` buckets."""
        more = len(self._starts) > limit
        values: list[Value] = self._values[:limit]
        if self._bucket.aggregate is Aggregate.MEAN:
            pairs = zip(self._values[:limit], self._counts[:limit], strict=True)
            values = [total / count for total, count in pairs]
        starts = self._starts[:limit]
        next_start = UnixNs(self._starts[limit]) if more else None
        return Rows(starts, values, [0] * len(starts), next_start)


def _numbers(values: NDArray[Any]) -> NDArray[np.bool_]:
    if values.dtype == object:
        return np.fromiter((_is_number(value) for value in values), bool, len(values))
    if values.dtype.kind == "b":
        return np.zeros(len(values), bool)
    finite: NDArray[np.bool_] = np.isfinite(values)
    return finite


def _is_number(value: Any) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and bool(np.isfinite(float(value)))
