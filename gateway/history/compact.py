"""Turns recent rows into chunks, in short transactions, so that appends never wait long."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.history import chunk, recent
from gateway.history.chunk import Chunk, ChunkError
from gateway.history.dayfile import DayFile
from gateway.history.samples import Samples, empty, in_order, join
from gateway.ops.events import history as events

PASS_SAMPLES = 400_000
"""Bounds memory of a pass (about 40 bytes a sample); larger passes make larger chunks."""

DUE_ROWS = 2_000
"""A query decodes all recent rows of its time: this bounds how long that takes."""

LATE_ROWS = 200
"""A past day that still gets late data is rewritten when this many rows have come together."""

STEP_CHUNKS = 1_000
"""Chunks of one transaction: bounds how long an append waits behind it."""


def is_due(file: DayFile) -> bool:
    """Say whether a pass is worth its while."""
    return file.recent_samples >= PASS_SAMPLES or file.recent_rows >= DUE_ROWS


def steps(file: DayFile) -> Iterator[None]:
    """Do one pass over a file's oldest recent rows, pausing between short pieces of work.

    Recent rows go away in the last piece; when interrupted before, samples are in both places,
    which readers and the next pass resolve by rank.
    """
    rows = file.oldest_recent(PASS_SAMPLES)
    if not rows:
        return
    samples = _samples_of(file, rows)
    yield
    samples = in_order(samples)
    yield
    pending: list[Chunk] = []
    for made in chunk.encode(samples):
        pending.append(made)
        if len(pending) >= STEP_CHUNKS:
            _store(file, pending)
            pending = []
            yield
    with file.transaction():
        _put(file, pending)
        file.drop_recent(row_id for row_id, _ in rows)
    yield


def _samples_of(file: DayFile, rows: list[tuple[int, bytes]]) -> Samples:
    parts = []
    for row_id, body in rows:
        try:
            parts.append(recent.decode(body))
        except ChunkError as error:
            events.history_damaged(file.path.name, f"recent row {row_id}: {error}")
    return join(parts) if parts else empty()


def _store(file: DayFile, chunks: list[Chunk]) -> None:
    with file.transaction():
        _put(file, chunks)


def _put(file: DayFile, chunks: list[Chunk]) -> None:
    fresh: list[Chunk] = []
    for made in chunks:
        rivals = file.overlapping(made.key, made.start, made.end)
        if rivals:
            _merge(file, made, rivals)
        else:
            fresh.append(made)
    file.replace_chunks((), fresh)


def _merge(file: DayFile, made: Chunk, rivals: list[tuple[int, bytes]]) -> None:
    parts = [chunk.decode(made.key, made.body)]
    for row_id, body in rivals:
        try:
            parts.append(chunk.decode(made.key, body))
        except ChunkError as error:
            events.history_damaged(file.path.name, f"chunk {row_id}: {error}")
    merged = in_order(join(parts))
    file.replace_chunks((row_id for row_id, _ in rivals), chunk.encode(merged))
