"""Client handles to signals and columns to batches."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from adapters.opcua.decode import LIST, Column
from adapters.opcua.handles import Handles
from adapters.opcua.router import Router, unix_ns
from adapters.opcua.sequence import LAST, distance, following, span
from adapters.opcua.transport import FILETIME_OF_1970
from gateway.core.records import Batch
from gateway.core.signals import PlanTable, Signal
from gateway.core.types import UnixNs

RECEIVED = UnixNs(5_000)
AT = FILETIME_OF_1970 + 10_000_000


def plan(count: int) -> PlanTable:
    signals = (
        Signal(i, "d", f"n{i}", f"s{i}", "aas", "asset", "sm", "OperationalData", "", f"e{i}")
        for i in range(count)
    )
    return PlanTable("d", tuple(signals))


def router(count: int = 10, first: int = 100) -> Router:
    made = Router(plan(count))
    made.assign([(first + i, i) for i in range(count)], made.plan)
    return made


def column(
    kind: str,
    rows: list[int],
    handles: list[int],
    values: list[object],
    source: list[int] | None = None,
    server: list[int] | None = None,
    status: list[int] | None = None,
) -> Column:
    return Column(
        kind,
        np.array(rows, np.int64),
        np.array(handles, np.uint32),
        values if kind == LIST else np.array(values, kind),  # type: ignore[arg-type]
        None if status is None else np.array(status, np.uint32),
        None if source is None else np.array(source, np.int64),
        None if server is None else np.array(server, np.int64),
    )


def order_of(batches: list[Batch], signal: int) -> list[object]:
    return [
        value
        for batch in batches
        for place, value in enumerate(batch.values)
        if batch.signals[place] == signal
    ]


def test_a_handle_that_is_not_ours_is_dropped_and_counted_never_attributed() -> None:
    ours = router()
    rows = [99, 100, 109, 110, 2**32 - 1, 0]
    found = ours.batches(
        [[column("float64", list(range(6)), rows, [1, 2, 3, 4, 5, 6], [AT] * 6)]], RECEIVED
    )
    assert [list(batch.signals) for batch in found] == [[0, 9]]
    assert list(found[0].values) == [2, 3]
    assert ours.foreign == 4


def test_handles_are_never_given_twice() -> None:
    handles = Handles()
    first, second = handles.take(10), handles.take(1)
    assert second >= first + 10


def test_a_source_without_a_time_has_that_of_its_server_else_that_of_receipt() -> None:
    found = router().batches(
        [
            [
                column(
                    "int16", [0, 1, 2], [100, 101, 102], [1, 2, 3], [AT, 0, 0], [AT + 1, AT + 2, 0]
                )
            ],
        ],
        RECEIVED,
    )
    by_signal = {
        int(signal): (int(batch.times[place]), batch.received_time)
        for batch in found
        for place, signal in enumerate(batch.signals)
    }
    assert by_signal == {
        0: (1_000_000_000, False),
        1: (1_000_000_200, False),
        2: (5_000, True),
    }
    assert all(batch.values.dtype == np.int16 for batch in found)  # type: ignore[union-attr]


def test_one_type_is_one_batch_and_only_a_status_that_is_not_good_is_kept() -> None:
    good = column("float64", [0], [100], [1.0], [AT], status=[0])
    more = column("float64", [1], [101], [2.0], [AT])
    found = router().batches([[good, more]], RECEIVED)
    assert len(found) == 1
    assert found[0].status is None
    assert found[0].server_times is None
    marked = column("float64", [1], [101], [2.0], [AT], status=[0x480])
    found = router().batches([[good, marked]], RECEIVED)
    assert found[0].status is not None
    assert list(found[0].status) == [0, 0x480]


@given(
    st.lists(st.tuples(st.integers(0, 3), st.sampled_from(["float64", "int16", LIST])), max_size=30)
)
def test_the_order_inside_a_signal_is_kept_whatever_its_types_do(
    rows: list[tuple[int, str]],
) -> None:
    kinds: dict[str, list[Column]] = {}
    for row, (signal, kind) in enumerate(rows):
        kinds.setdefault(kind, []).append(column(kind, [row], [100 + signal], [row], [AT]))
    found = router().batches(list(kinds.values()), RECEIVED)
    for signal in range(4):
        wanted = [row for row, (which, _) in enumerate(rows) if which == signal]
        assert [int(str(v).split(".", maxsplit=1)[0]) for v in order_of(found, signal)] == wanted


def test_times_beyond_64_bits_stay_at_the_end_of_the_scale() -> None:
    found = unix_ns(np.array([2_650_467_743_999_999_999, AT, 1], np.int64))
    assert found[0] > 9_000_000_000_000_000_000
    assert found[1] == 1_000_000_000
    assert found[2] < -9_000_000_000_000_000_000


def test_a_reload_swaps_the_whole_map_at_once() -> None:
    ours = router(3)
    new = plan(2)
    ours.assign([(102, 0), (500, 1)], new)
    assert [ours.signal(handle) for handle in (100, 101, 102, 500)] == [-1, -1, 0, 1]
    found = ours.batches([[column("int32", [0, 1], [100, 102], [1, 2], [AT, AT])]], RECEIVED)
    assert found[0].plan is new
    assert list(found[0].signals) == [0]


def test_the_sequence_rolls_over_to_one() -> None:
    assert following(LAST) == 1
    assert distance(LAST, 1) == 1
    assert distance(1, LAST) == -1
    assert list(span(LAST - 1, 4)) == [LAST - 1, LAST, 1, 2]


@given(st.integers(1, LAST), st.integers(0, 1000))
def test_distance_counts_steps(start: int, steps: int) -> None:
    end = start
    for _ in range(steps):
        end = following(end)
    assert distance(start, end) == steps
    assert distance(end, start) == -steps


def test_handles_of_a_process_before_this_one_are_taken_once_and_new_ones_lie_above() -> None:
    handles = Handles()
    first = handles.take(10)
    assert not handles.reserve([first + 5]), "in use here"
    assert handles.reserve([first + 100, first + 50])
    assert not handles.reserve([first + 50]), "in use by another device"
    assert handles.take(2) == first + 101
    assert not handles.reserve([first + 200, first + 200]), "one for two items"
    assert not handles.reserve([0])
    assert not handles.reserve([1 << 32])
    assert handles.reserve([])


def test_handles_far_apart_find_their_signals_and_no_others() -> None:
    made = Router(plan(3))
    made.assign([(4_000_000_000, 2), (5, 0), (1_000_000, 1)], made.plan)
    (batch,) = made.batches(
        [[column("double", [0, 1, 2, 3, 4], [1_000_000, 6, 4_000_000_000, 5, 4_294_967_295],
                 [1.0, 2.0, 3.0, 4.0, 5.0])]],
        RECEIVED,
    )  # fmt: skip
    assert list(batch.signals) == [1, 2, 0]
    assert list(batch.values) == [1.0, 3.0, 4.0]
    assert made.foreign == 2
    assert (made.signal(5), made.signal(6), made.signal(4_000_000_000)) == (0, -1, 2)
