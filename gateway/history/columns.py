"""From records to the columns that the embedded store appends."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gateway.core.records import Batch
from gateway.core.signals import PlanTable
from gateway.core.times import bounded
from gateway.core.types import Column, Times
from gateway.history.samples import RAW_LANE, join_values, lanes, normal_column


class Ranked(NamedTuple):
    """A batch and the rank of its record: greater stays when two samples meet."""

    rank: int
    batch: Batch


class Piece(NamedTuple):
    """Samples of one plan; lanes say quality and whether they are raw values.

    Times that cannot be right are those of receipt: one sample from 2105 makes no file of 2105.
    """

    plan: PlanTable
    signals: NDArray[np.int32]
    lanes: NDArray[np.int32]
    times: Times
    ranks: NDArray[np.int64]
    status: NDArray[np.uint32]
    values: NDArray[Any]
    arrival: NDArray[np.int64]


def pieces(batches: Sequence[Ranked]) -> Iterator[Piece]:
    """Join the batches of each plan; small batches cost little that way."""
    by_plan: dict[tuple[str, bool], list[Ranked]] = defaultdict(list)
    for ranked in batches:
        if len(ranked.batch):
            plan = ranked.batch.plan.digest
            by_plan[plan, isinstance(ranked.batch.values, list)].append(ranked)
    for group in by_plan.values():
        yield _piece(group, [ranked.batch.values for ranked in group], 0)
        with_raw = [ranked for ranked in group if ranked.batch.raw is not None]
        if with_raw:
            raw = [ranked.batch.raw for ranked in with_raw if ranked.batch.raw is not None]
            yield _piece(with_raw, raw, RAW_LANE)


def _piece(group: list[Ranked], columns: Sequence[Column], lane: int) -> Piece:
    batches = [ranked.batch for ranked in group]
    counts = [len(batch) for batch in batches]
    status = _status(batches, counts)
    lane_column = lanes(status) + np.int32(lane) if status.any() else np.int32(lane)
    total = sum(counts)
    return Piece(
        batches[0].plan,
        np.concatenate([batch.signals for batch in batches]).astype(np.int32, copy=False),
        np.broadcast_to(lane_column, total).astype(np.int32, copy=False),
        np.concatenate([bounded(b.times, b.received) for b in batches]).astype(
            np.int64, copy=False
        ),
        np.repeat(np.array([ranked.rank for ranked in group], np.int64), counts),
        status,
        join_values([normal_column(column) for column in columns]),
        np.repeat(np.array([batch.received for batch in batches], np.int64), counts),
    )


def _status(batches: list[Batch], counts: list[int]) -> NDArray[np.uint32]:
    if all(batch.status is None for batch in batches):
        return np.zeros(sum(counts), np.uint32)
    return np.concatenate(
        [
            np.zeros(count, np.uint32)
            if batch.status is None
            else batch.status.astype(np.uint32, copy=False)
            for batch, count in zip(batches, counts, strict=True)
        ]
    )


def days_of(piece: Piece, day_ns: int, keep_s: float) -> NDArray[np.int64]:
    """Give the day under which each sample is filed; -1 for those older than what is kept."""
    days: NDArray[np.int64] = piece.times // day_ns
    too_old = piece.times < piece.arrival - int(keep_s * 1e9)
    if too_old.any():
        days[too_old] = -1
    return days
