"""Chunks and recent rows give back exactly what went in."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.history import chunk, recent
from gateway.history.chunk import CHUNK_SAMPLES_MAX, ChunkError
from gateway.history.samples import Samples, in_order, join, normal_column

INT64 = st.integers(-(2**63), 2**63 - 1)
TIMES = st.one_of(INT64, st.integers(0, 10**6).map(lambda ms: ms * 1_000_000))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.binary(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=2),
    max_leaves=4,
)
COLUMNS: dict[str, tuple[Any, st.SearchStrategy[Any]]] = {
    "f": (np.float64, st.floats(width=64) | st.integers(-3000, 3000).map(lambda n: n / 10)),
    "i": (np.int64, INT64),
    "u": (np.uint64, st.integers(0, 2**64 - 1)),
    "b": (np.bool_, st.booleans()),
    "O": (object, JSON),
}


@st.composite
def samples(draw: st.DrawFn) -> Samples:
    size = draw(st.integers(1, 30))
    dtype, elements = COLUMNS[draw(st.sampled_from(sorted(COLUMNS)))]

    def column(strategy: st.SearchStrategy[Any], dtype: Any) -> Any:
        drawn = draw(st.lists(strategy, min_size=size, max_size=size))
        return np.fromiter(drawn, dtype=dtype, count=size)

    return Samples(
        column(st.integers(0, 3) | st.integers(0, 2**30), np.int32),
        column(TIMES, np.int64),
        column(st.integers(0, 2**62), np.int64),
        column(st.sampled_from([0, 0x80000000, 0x40940000, 2**32 - 1]), np.uint32),
        column(elements, dtype),
    )


def shown(found: Samples) -> list[tuple[Any, ...]]:
    values = [
        (type(value).__name__, value.hex() if isinstance(value, float) else value)
        for value in found.values.tolist()
    ]
    columns = (found.keys.tolist(), found.times.tolist(), found.ranks.tolist())
    return list(zip(*columns, found.status.tolist(), values, strict=True))


@given(samples())
def test_chunks_give_back_every_bit(found: Samples) -> None:
    ordered = in_order(found)
    chunks = list(chunk.encode(ordered))
    assert shown(join([chunk.decode(one.key, one.body) for one in chunks])) == shown(ordered)
    assert sum(one.size for one in chunks) == len(ordered)
    for one, later in pairwise(chunks):
        assert (one.key, one.end) < (later.key, later.start)


@given(samples())
def test_recent_rows_give_back_every_bit(found: Samples) -> None:
    row = recent.encode(found)
    assert shown(recent.decode(row.body)) == shown(found)
    assert (row.low, row.high) == (found.times.min(), found.times.max())


@given(samples())
def test_of_one_key_and_time_the_greatest_rank_stays(found: Samples) -> None:
    best: dict[tuple[int, int], int] = {}
    for key, time, rank, *_ in shown(found):
        best[key, time] = max(best.get((key, time), -1), rank)
    ordered = in_order(found)
    seen = [(key, time) for key, time, *_ in shown(ordered)]
    assert seen == sorted(best)
    assert ordered.ranks.tolist() == [best[place] for place in seen]


@pytest.mark.parametrize("place", [0, 1, 5, 20, -3])
def test_a_damaged_chunk_is_told(place: int) -> None:
    times = np.arange(100, dtype=np.int64) ** 2
    zeros = np.zeros(100, np.int64)
    found = Samples(
        zeros.astype(np.int32),
        times,
        zeros,
        zeros.astype(np.uint32),
        np.random.default_rng(1).random(100),
    )
    (one,) = chunk.encode(found)
    body = bytearray(one.body)
    body[place] ^= 0xFF
    with pytest.raises(ChunkError):
        chunk.decode(one.key, bytes(body))


def test_a_long_run_becomes_several_chunks() -> None:
    size = CHUNK_SAMPLES_MAX * 2 + 5
    zeros = np.zeros(size, np.int64)
    found = Samples(
        zeros.astype(np.int32), np.arange(size), zeros, zeros.astype(np.uint32), zeros.astype(float)
    )
    chunks = list(chunk.encode(found))
    assert [one.size for one in chunks] == [CHUNK_SAMPLES_MAX, CHUNK_SAMPLES_MAX, 5]
    assert [one.start for one in chunks] == [0, CHUNK_SAMPLES_MAX, 2 * CHUNK_SAMPLES_MAX]


def test_regular_decimals_take_hardly_a_byte() -> None:
    size = 5_000
    zeros = np.zeros(size, np.int64)
    values = np.round(100 + np.sin(np.arange(size) / 50), 1)
    times = np.arange(size) * 10**9 + 1_795_439_647_800_000_000
    found = Samples(zeros.astype(np.int32), times, np.arange(size), zeros.astype(np.uint32), values)
    (one,) = chunk.encode(found)
    assert len(one.body) < size


def test_columns_keep_their_values_when_normalised() -> None:
    assert normal_column(np.array([1.5], np.float32)).tolist() == [1.5]
    assert normal_column(np.array([200], np.uint8)).dtype == np.int64
    assert normal_column(np.array([2**63], np.uint64)).tolist() == [2**63]
    assert normal_column([[1, 2], [3, 4]]).tolist() == [[1, 2], [3, 4]]


def test_minus_zero_keeps_its_sign_among_decimals() -> None:
    values = np.array([0.0, -0.0, 1.5])
    zeros = np.zeros(3, np.int64)
    found = Samples(zeros.astype(np.int32), np.arange(3), zeros, zeros.astype(np.uint32), values)
    (one,) = chunk.encode(found)
    assert str(chunk.decode(one.key, one.body).values.tolist()) == "[0.0, -0.0, 1.5]"
