"""Turns recent rows into chunks, in short transactions, so that appends never wait long."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import numpy as np

from gateway.history import chunk, recent
from gateway.history.chunk import Chunk, ChunkError
from gateway.history.dayfile import DayFile
from gateway.history.samples import Samples, in_order, join
from gateway.ops.events import history as events

PASS_SAMPLES = 400_000
"""Bounds memory of a pass (about 40 bytes a sample); larger passes make larger chunks."""

DUE_ROWS = 2_000
"""A query decodes all recent rows of its time: this bounds how long that takes."""

LATE_ROWS = 200
"""A past day that still gets late data is rewritten when this many rows have come together."""

RUN_WORTH_IT = 64
"""A chunk costs about 150 bytes beside its samples: shorter runs wait as one recent row."""

STEP_SAMPLES = 50_000
"""Rewritten in one transaction: bounds how long an append waits behind it."""

STEP_RIVALS = 200_000
"""Stored samples that one step may take in again: bounds its memory."""


def is_due(file: DayFile) -> bool:
    """Say whether a pass is worth its while."""
    return file.recent_samples >= PASS_SAMPLES or file.recent_rows >= DUE_ROWS


def steps(file: DayFile, *, last: bool = False) -> Iterator[None]:
    """Do one pass over a file's oldest recent rows, pausing between short pieces of work.

    Recent rows go away in the last piece; when interrupted before, samples are in both places,
    which readers and the next pass resolve by rank. With `last` nothing stays behind for a later
    pass that would make longer runs of it.
    """
    rows = file.oldest_recent(PASS_SAMPLES)
    if not rows:
        return
    by_kind = _samples_of(file, rows)
    yield
    # With that many samples waiting, staying short would only bring the same pass again.
    may_wait = not last and file.recent_samples < PASS_SAMPLES
    short: list[Samples] = []
    for kind in list(by_kind):
        samples = in_order(join(by_kind.pop(kind)))
        yield
        if may_wait and _is_short(samples):
            short.append(samples)
            continue
        for part in _slices(samples):
            _rewrite(file, part)
            yield
    with file.transaction():
        file.drop_recent(row_id for row_id, _ in rows)
        file.add_recent(recent.encode(samples) for samples in short)
    yield


def _samples_of(file: DayFile, rows: list[tuple[int, bytes]]) -> dict[str, list[Samples]]:
    # Types are kept apart: one word among the numbers would make words of them all.
    by_kind: dict[str, list[Samples]] = defaultdict(list)
    for row_id, body in rows:
        try:
            samples = recent.decode(body)
        except ChunkError as error:
            events.history_damaged(file.path.name, f"recent row {row_id}: {error}")
        else:
            by_kind[samples.values.dtype.kind].append(samples)
    return by_kind


def _is_short(samples: Samples) -> bool:
    keys = 1 + int(np.count_nonzero(samples.keys[1:] != samples.keys[:-1]))
    return len(samples) < PASS_SAMPLES // 4 and len(samples) < keys * RUN_WORTH_IT


def _slices(samples: Samples) -> Iterator[Samples]:
    starts, ends = chunk.runs(samples)
    first = 0
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        if end - first > STEP_SAMPLES and start > first:
            yield samples.pick(slice(first, start))
            first = start
    yield samples.pick(slice(first, len(samples)))


def _rewrite(file: DayFile, samples: Samples) -> None:
    """Store samples as chunks, together with those stored before that share their time."""
    starts, ends = chunk.runs(samples)
    rivals: list[tuple[int, int, bytes]] = []
    held = first = 0
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        key = int(samples.keys[start])
        low, high = int(samples.times[start]), int(samples.times[end - 1])
        found = file.overlapping(key, low, high)
        more = sum(size for _, size, _ in found)
        if rivals and held + more > STEP_RIVALS:
            _replace(file, samples.pick(slice(first, start)), rivals)
            rivals, held, first = [], 0, start
        rivals += [(key, row_id, body) for row_id, _, body in found]
        held += more
    _replace(file, samples.pick(slice(first, len(samples))), rivals)


def _replace(file: DayFile, samples: Samples, rivals: list[tuple[int, int, bytes]]) -> None:
    alike, odd = [samples], defaultdict(list)
    for key, row_id, body in rivals:
        try:
            stored = chunk.decode(key, body)
        except ChunkError as error:
            events.history_damaged(file.path.name, f"chunk {row_id}: {error}")
            continue
        if stored.values.dtype == samples.values.dtype:
            alike.append(stored)
        else:
            odd[key].append(stored)
    merged = in_order(join(alike))
    chunks: list[Chunk] = []
    for key, parts in odd.items():
        mixed = in_order(join([merged.pick(merged.keys == key), *parts]))
        chunks += chunk.encode(mixed)
    if odd:
        merged = merged.pick(~np.isin(merged.keys, list(odd)))
    chunks += chunk.encode(merged)
    with file.transaction():
        file.replace_chunks((row_id for _, row_id, _ in rivals), chunks)
