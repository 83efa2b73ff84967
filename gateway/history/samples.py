"""Samples of many series as columns: the shape in which the embedded store works."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gateway.core.types import SEVERITY_MASK, Column

LANES = 8
"""Places for one series id: its quality (0 good, 1 uncertain, 2 bad), and the same + 4 for raw
values. A lane is a series of its own, so a bad sample never takes the place of a good one."""

RAW_LANE = 4
QUALITIES = 3
QUALITY_SHIFT = 30
INT64_MAX = 2**63 - 1


@dataclass(slots=True)
class Samples:
    """Parallel columns; `keys` are series id * LANES + lane, `ranks` decide which of two stays.

    `values` has dtype float64, int64, uint64, bool or object.
    """

    keys: NDArray[np.int32]
    times: NDArray[np.int64]
    ranks: NDArray[np.int64]
    status: NDArray[np.uint32]
    values: NDArray[Any]

    def __len__(self) -> int:
        return len(self.keys)

    def pick(self, which: Any) -> Samples:
        """Give the samples at these places."""
        return Samples(
            self.keys[which],
            self.times[which],
            self.ranks[which],
            self.status[which],
            self.values[which],
        )


def normal_column(column: Column) -> NDArray[Any]:
    """Give a column as one of the dtypes of `Samples.values`, without loss."""
    if isinstance(column, list):
        return np.fromiter(column, dtype=object, count=len(column))
    match column.dtype.kind:
        case "f":
            return column.astype(np.float64, copy=False)
        case "b":
            return column
        case "u" if column.dtype.itemsize == 8 and len(column) and int(column.max()) > INT64_MAX:
            return column
        case "i" | "u":
            return column.astype(np.int64, copy=False)
        case _:
            return np.fromiter(column.tolist(), dtype=object, count=len(column))


def lanes(status: NDArray[np.uint32]) -> NDArray[np.int32]:
    """Give each status code's lane."""
    severity = (status & np.uint32(SEVERITY_MASK)) >> np.uint32(QUALITY_SHIFT)
    capped: NDArray[np.uint32] = np.minimum(severity, QUALITIES - 1)
    return capped.astype(np.int32)


def join_values(parts: Sequence[NDArray[Any]]) -> NDArray[Any]:
    """Join columns; where their types differ, keep each value as it is."""
    if len({part.dtype for part in parts}) <= 1:
        return np.concatenate(parts)
    return np.concatenate([as_objects(part) for part in parts])


def as_objects(column: NDArray[Any]) -> NDArray[Any]:
    """Give a column whose elements are Python values."""
    if column.dtype == object:
        return column
    return np.fromiter(column.tolist(), dtype=object, count=len(column))


def join(parts: Sequence[Samples]) -> Samples:
    """Put samples behind one another."""
    if len(parts) == 1:
        return parts[0]
    return Samples(
        np.concatenate([part.keys for part in parts]),
        np.concatenate([part.times for part in parts]),
        np.concatenate([part.ranks for part in parts]),
        np.concatenate([part.status for part in parts]),
        join_values([part.values for part in parts]),
    )


def empty() -> Samples:
    """Give no samples."""
    return Samples(
        np.empty(0, np.int32),
        np.empty(0, np.int64),
        np.empty(0, np.int64),
        np.empty(0, np.uint32),
        np.empty(0, np.float64),
    )


def in_order(samples: Samples) -> Samples:
    """Sort by key and time; of several samples of one key and time the greatest rank stays."""
    if len(samples) < 2:
        return samples
    ordered = samples.pick(_order_of_keys(samples.keys))
    same_key = ordered.keys[1:] == ordered.keys[:-1]
    if not np.any(same_key & (ordered.times[1:] <= ordered.times[:-1])):
        return ordered
    ordered = samples.pick(np.lexsort((samples.ranks, samples.times, samples.keys)))
    differs = (ordered.keys[1:] != ordered.keys[:-1]) | (ordered.times[1:] != ordered.times[:-1])
    return ordered.pick(np.append(differs, True))


def _order_of_keys(keys: NDArray[np.int32]) -> NDArray[np.intp]:
    # NumPy sorts 16-bit integers by radix, an order of magnitude faster than wider ones.
    low = int(keys.min())
    if int(keys.max()) - low < 2**16:
        return np.argsort((keys - low).astype(np.uint16), kind="stable")
    return np.argsort(keys, kind="stable")
