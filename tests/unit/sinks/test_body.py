"""Claims about the bodies that go to the platform: every rule of the interface, §2."""

from __future__ import annotations

import gzip
import json
from typing import Any

import numpy as np
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.records import Batch, Gap, GapReason, Usage
from gateway.core.types import BAD, BAD_TYPE_MISMATCH, UNCERTAIN, Column, UnixNs
from gateway.sinks.body import (
    BODY_MAX,
    Fragment,
    compressed,
    gap_fragment,
    plan_body,
    records_body,
    requests_of,
    samples_fragment,
    usage_fragment,
)
from tests.integration.platform_parts import samples, table

PLAN = table("press-01", "xs:double", "xs:string", "xs:long", "xs:float")
AT = 1795439647800000000


def sent(batch: Batch, **how: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(samples_fragment(1001, batch, **how).data)
    return found


def test_a_record_has_exactly_the_fields_of_the_interface() -> None:
    batch = samples(PLAN, np.array([179.9, 180.0]), received=AT)
    assert sent(batch) == {
        "offset": 1001,
        "kind": "samples",
        "plan": PLAN.digest,
        "received": AT,
        "signals": [0, 0],
        "times": [AT, AT + 1],
        "values": [179.9, 180.0],
        "status": [0, 0],
    }


def test_a_bad_sample_has_no_value_whatever_its_place_holds() -> None:
    status = np.array([0, BAD, UNCERTAIN, BAD | 0x310000], dtype=np.uint32)
    columns: list[Column] = [
        np.array([1.5, 2.5, 3.5, 4.5]),
        np.array([1, 2, 3, 4], dtype=np.uint8),
        [1, "two", 3, 4],
    ]
    for values in columns:
        batch = samples(PLAN, values, status=status)
        found = sent(batch)
        assert [value is None for value in found["values"]] == [False, True, False, True]
        assert found["status"] == status.tolist()


def test_numbers_that_are_not_finite_are_words_and_their_neighbours_keep_their_digits() -> None:
    values = np.array([0.1, np.nan, np.inf, -np.inf, 1e300, -0.0], dtype=np.float64)
    assert sent(samples(PLAN, values))["values"] == [
        0.1, "NaN", "Infinity", "-Infinity", 1e300, -0.0,
    ]  # fmt: skip
    assert b'[0.1,"NaN","Infinity","-Infinity",1e+300,-0.0]' in (
        samples_fragment(1, samples(PLAN, values)).data
    )
    assert sent(samples(PLAN, [0.1, float("nan"), float("-inf")]))["values"] == [
        0.1, "NaN", "-Infinity",
    ]  # fmt: skip


def test_a_bad_sample_is_null_even_where_its_place_holds_nan() -> None:
    status = np.array([BAD, 0], dtype=np.uint32)
    batch = samples(PLAN, np.array([np.nan, np.nan]), status=status)
    assert sent(batch)["values"] == [None, "NaN"]


def test_float32_has_no_digits_that_the_machine_did_not_send() -> None:
    values = np.array([0.1, 179.9, np.nan], dtype=np.float32)
    assert b'"values":[0.1,179.9,"NaN"]' in samples_fragment(1, samples(PLAN, values)).data


@pytest.mark.parametrize(
    "values",
    [
        np.array([2**64 - 1, 0], dtype=np.uint64),
        np.array([-(2**63), 2**63 - 1], dtype=np.int64),
        np.array([True, False]),
        [2**64, -(2**200), 10**30, True],
        ["가동", '\x00\t"\\', ""],
    ],
)
def test_integers_and_text_keep_every_digit_and_character(values: Any) -> None:
    expected = values.tolist() if isinstance(values, np.ndarray) else values
    found = sent(samples(PLAN, values))["values"]
    assert found == expected
    assert list(map(type, found)) == list(map(type, expected))


def test_bytes_structures_and_arrays_are_what_the_interface_says() -> None:
    structure = {"@type": "Point", "x": 1.0, "tag": b"\x00\x01", "odd": float("inf")}
    array = np.array([[0.1, np.nan], [1.0, 2.0]], dtype=np.float32)
    values: list[Any] = [b"\xff\x00", structure, [1, [2.5, b""]], array, np.float32(0.1)]
    assert sent(samples(PLAN, values))["values"] == [
        {"b64": "/wA="},
        {"@type": "Point", "x": 1.0, "tag": {"b64": "AAE="}, "odd": "Infinity"},
        [1, [2.5, {"b64": ""}]],
        [[0.1, "NaN"], [1.0, 2.0]],
        0.1,
    ]


def test_a_broken_surrogate_is_still_json() -> None:
    assert sent(samples(PLAN, ["\ud800x"]))["values"] == ["\ud800x"]


def test_raw_appears_only_where_a_conversion_changed_the_value() -> None:
    values = np.array([179.9, 0.0, 0.0])
    status = np.array([0, BAD, BAD_TYPE_MISMATCH], dtype=np.uint32)
    raw: list[Any] = [1799, 0, "abc"]
    assert "raw" not in sent(samples(PLAN, values))
    found = sent(samples(PLAN, values, status=status, raw=raw))
    # What could not be converted was said by the machine; a Bad sample said nothing.
    assert found["raw"] == [1799, None, "abc"]
    assert found["values"] == [179.9, None, None]


def test_times_of_receipt_server_times_and_resent_records_are_marked() -> None:
    values = np.array([1.0, 2.0])
    plain = sent(samples(PLAN, values))
    assert plain.keys().isdisjoint({"received_time", "server_times", "backfilled"})
    server = np.array([AT + 5, AT + 6], dtype=np.int64)
    batch = samples(PLAN, values, received_time=True, server_times=server)
    found = sent(batch, backfilled=True)
    assert found["received_time"] is True
    assert found["backfilled"] is True
    assert found["server_times"] == [AT + 5, AT + 6]


def test_columns_of_any_layout_are_read() -> None:
    swapped = np.array([1.5, 2.5]).astype(">f8")
    strided = np.arange(8, dtype=np.float64)[::4]
    assert sent(samples(PLAN, swapped))["values"] == [1.5, 2.5]
    assert sent(samples(PLAN, strided))["values"] == [0.0, 4.0]


@given(
    st.lists(
        st.tuples(
            st.floats(width=64),
            st.sampled_from([0, UNCERTAIN, BAD, BAD_TYPE_MISMATCH]),
        ),
        min_size=1,
        max_size=30,
    )
)
def test_any_doubles_come_back_bit_for_bit(rows: list[tuple[float, int]]) -> None:
    values = np.array([value for value, _ in rows], dtype=np.float64)
    status = np.array([code for _, code in rows], dtype=np.uint32)
    words = {"NaN": np.nan, "Infinity": np.inf, "-Infinity": -np.inf}
    found = sent(samples(PLAN, values, status=status))["values"]
    for value, code, got in zip(values, status, found, strict=True):
        if code >= BAD:
            assert got is None
        else:
            assert np.array_equal(words.get(got, got), value, equal_nan=True)
            assert np.signbit(words.get(got, got)) == np.signbit(value) or np.isnan(value)


def test_a_gap_says_which_signals_and_that_the_count_is_unknown() -> None:
    gap = Gap("press-01", UnixNs(1), UnixNs(5), GapReason.DISCONNECTED, PLAN, (0, 1))
    found = json.loads(gap_fragment(1002, gap, None).data)
    assert found == {
        "offset": 1002,
        "kind": "gap",
        "device": "press-01",
        "signals": [0, 1],
        "from": 1,
        "to": 5,
        "reason": "disconnected",
        "count": None,
        "plan": PLAN.digest,
    }


def test_a_gap_of_a_whole_device_names_every_signal_of_its_newest_plan() -> None:
    gap = Gap("press-01", UnixNs(1), UnixNs(5), GapReason.QUOTA, count=12, detail="full")
    fragment = gap_fragment(7, gap, PLAN)
    found = json.loads(fragment.data)
    assert fragment.plan is PLAN
    assert found["signals"] == [0, 1, 2, 3]
    assert (found["count"], found["detail"]) == (12, "full")
    unknown = json.loads(gap_fragment(7, gap, None).data)
    assert unknown["signals"] is None
    assert "plan" not in unknown


def test_a_usage_event_has_the_fields_of_the_interface() -> None:
    usage = Usage(UnixNs(9), "MES", "login", "p:3f9a", "192.168.0.12", 0, "ab12", {"menu": "생산"})
    assert json.loads(usage_fragment(1003, usage).data) == {
        "offset": 1003,
        "kind": "usage",
        "at": 9,
        "solution": "MES",
        "event": "login",
        "user": "p:3f9a",
        "address": "192.168.0.12",
        "bytes": 0,
        "ledger": "ab12",
        "extra": {"menu": "생산"},
    }


def test_a_plan_carries_site_and_signals() -> None:
    found = json.loads(plan_body("edge-07", {"ko": "한일프레스"}, PLAN))
    assert found["gateway"] == "edge-07"
    assert found["site"] == {"ko": "한일프레스"}
    assert found["signals"] == PLAN.signals_json()


@pytest.mark.parametrize("compression", ["zstd", "gzip", "none"])
def test_a_body_is_one_json_text_under_any_compression(compression: Any) -> None:
    fragments = [samples_fragment(o, samples(PLAN, np.array([1.0]))) for o in (4, 6, 9)]
    packed = compressed(records_body('e"1', fragments), compression)
    opened = {
        "zstd": lambda: zstandard.decompress(packed),
        "gzip": lambda: gzip.decompress(packed),
        "none": lambda: packed,
    }[compression]()
    found = json.loads(opened)
    assert (found["epoch"], found["first"], found["last"]) == ('e"1', 4, 9)
    assert [record["offset"] for record in found["records"]] == [4, 6, 9]


def test_no_request_is_larger_than_the_interface_allows() -> None:
    sizes = [3_000_000, 3_000_000, 3_000_000, 10, BODY_MAX - 600, 10]
    fragments = [Fragment(o, b"x" * size, None, 0) for o, size in enumerate(sizes, start=1)]
    requests = list(requests_of(fragments))
    assert [[f.offset for f in request] for request in requests] == [[1, 2], [3, 4], [5, 6]]
    assert all(len(records_body("e" * 64, request)) <= BODY_MAX for request in requests)
