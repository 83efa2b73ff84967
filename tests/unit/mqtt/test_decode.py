"""Messages into batches."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.mqtt.decode import ROUTES_MAX, value_from_text
from adapters.mqtt.framing import Clipped
from adapters.mqtt.notes import ABSENT_MAX
from gateway.core.records import Batch
from gateway.ops.health import DeviceState
from tests.unit.mqtt.support import AT, decoder_of, read_of, rejected_of, samples_of, source_of

FIVE = {name: ("cell/1", f"$.{name}") for name in "abcde"}


def message(**fields: Any) -> tuple[str, bytes]:
    return ("cell/1", json.dumps(fields).encode())


def test_a_burst_of_numbers_is_one_column_in_order() -> None:
    decoder, _ = decoder_of(source_of(FIVE, time_json="$.ts"))
    burst = [message(ts=n, a=n, b=1.5, c=2, d=3, e=4) for n in range(10)]
    (batch,) = decoder.decode(read_of(*burst))
    assert isinstance(batch, Batch)
    assert isinstance(batch.values, np.ndarray)
    assert batch.values.dtype == np.float64
    assert not batch.received_time
    assert samples_of([batch])[::5] == [("a", n * 10**6, float(n)) for n in range(10)]


def test_numbers_bools_and_texts_keep_their_types() -> None:
    items = {"n": ("t", "$.n"), "f": ("t", "$.f"), "s": ("t", "$.s")}
    decoder, _ = decoder_of(source_of(items))
    batches = decoder.decode(read_of(("t", b'{"n":1,"f":true,"s":"run"}')))
    kinds = [
        b.values.dtype.name if isinstance(b.values, np.ndarray) else "list"
        for b in batches
        if isinstance(b, Batch)
    ]
    assert kinds == ["float64", "bool", "list"]
    assert {(name, value) for name, _, value in samples_of(batches)} == {
        ("n", 1.0), ("f", True), ("s", "run"),
    }  # fmt: skip


@pytest.mark.parametrize(
    "number", [2**53 + 1, -(2**53) - 1, -(2**63) - 1, 2**63, 2**64 - 1, 2**64 + 1, 10**30 + 7]
)
def test_an_integer_that_no_double_holds_stays_exact(number: int) -> None:
    decoder, _ = decoder_of(source_of({"n": ("t", "$.n")}))
    items = decoder.decode(read_of(("t", f'{{"n":{number}}}'.encode())))
    assert [value for _, _, value in samples_of(items)] == [number]


def test_a_large_double_stays_a_double() -> None:
    decoder, _ = decoder_of(source_of({"n": ("t", "$.n")}))
    (batch,) = decoder.decode(read_of(("t", b'{"n":1e300}')))
    assert isinstance(batch, Batch)
    assert isinstance(batch.values, np.ndarray)
    assert batch.values.tolist() == [1e300]


def test_a_signal_of_changing_type_keeps_its_order() -> None:
    decoder, _ = decoder_of(source_of({"n": ("t", "$.n"), "m": ("t", "$.m")}))
    burst = [("t", json.dumps({"n": n, "m": 0}).encode()) for n in (1, "x", 2.5, True, None)]
    found = [value for name, _, value in samples_of(decoder.decode(read_of(*burst))) if name == "n"]
    assert found == [1, "x", 2.5, True, None]


def test_null_is_a_bad_sample_and_never_zero() -> None:
    decoder, _ = decoder_of(source_of({"n": ("t", "$.n")}))
    items = decoder.decode(read_of(("t", b'{"n":1}'), ("t", b'{"n":null}'), ("t", b'{"n":3}')))
    assert [value for _, _, value in samples_of(items)] == [1.0, None, 3.0]


def test_objects_and_arrays_arrive_whole() -> None:
    decoder, _ = decoder_of(source_of({"o": ("t", "$.o"), "l": ("t", "$.l")}))
    items = decoder.decode(read_of(("t", b'{"o":{"x":1},"l":[1,"2",[3]]}')))
    assert [value for _, _, value in samples_of(items)] == [
        {"@type": "json", "x": 1},
        [1, "2", [3]],
    ]


POISON = [
    b"", b"{", b"NaN}", b'{"a":1e400}', b"\xff\xfe", b'{"a":"\\ud800"}', b"[" * 100_000,
    b'{"a":' + b"9" * 5_000 + b"}", b"\x00", b'{"a":1}garbage',
]  # fmt: skip


@pytest.mark.parametrize("poison", POISON)
def test_a_poison_message_is_kept_aside_and_its_neighbours_arrive(poison: bytes) -> None:
    decoder, _ = decoder_of(source_of({"a": ("t", "$.a")}))
    items = decoder.decode(read_of(("t", b'{"a":1}'), ("t", poison), ("t", b'{"a":2}')))
    assert [value for _, _, value in samples_of(items)] == [1.0, 2.0]
    (rejected,) = rejected_of(items)
    assert (rejected.device, rejected.source) == ("cell", "t")
    assert (rejected.head, rejected.size) == (poison[:256], len(poison))
    assert rejected.reason


def test_a_message_that_is_too_long_is_kept_aside_with_its_size() -> None:
    decoder, _ = decoder_of(source_of({"a": ("t", "$.a"), "b": ("u", None)}))
    payload = Clipped(b"x" * 4_096)
    payload.size = 5_000_000
    for rejected in rejected_of(decoder.decode(read_of(("t", payload), ("u", payload)))):
        assert (rejected.reason, rejected.size) == ("message-too-large", 5_000_000)
        assert len(rejected.head) == 256


def test_a_topic_that_is_no_text_is_kept_aside() -> None:
    decoder, _ = decoder_of(source_of({"a": ("#", "$.a")}))
    reads = read_of(("t", b'{"a":1}'))
    reads[0].messages.append((b"\xff", b'{"a":2}', b""))
    items = decoder.decode(reads)
    assert [value for _, _, value in samples_of(items)] == [1.0]
    assert [(r.source, r.reason) for r in rejected_of(items)] == [("\\xff", "topic-invalid")]


def test_a_missing_path_costs_only_its_signal_and_heals() -> None:
    decoder, health = decoder_of(source_of(FIVE))
    health.state = DeviceState.GOOD
    items = decoder.decode(read_of(message(a=1, b=2, d=4, e=5)))
    assert [name for name, _, _ in samples_of(items)] == ["a", "b", "d", "e"]
    assert {name: bad.reason for name, bad in health.bad.items()} == {"c": "path-missing"}
    decoder.decode(read_of(message(a=1, b=2, d=4, e=5)))
    assert health.bad["c"].tries == 1
    decoder.decode(read_of(message(a=1, b=2, c=3, d=4, e=5)))
    assert not health.bad
    assert health.state is DeviceState.GOOD


def test_a_field_that_is_left_out_now_and_then_is_no_fault() -> None:
    decoder, health = decoder_of(source_of(FIVE))
    decoder.decode(read_of(message(a=1, b=2, c=3, d=4, e=5)))
    for _ in range(ABSENT_MAX - 1):
        decoder.decode(read_of(message(a=1, b=2, c=3, d=4)))
    assert not health.bad
    decoder.decode(read_of(message(a=1)))
    assert set(health.bad) == {"e"}


def test_a_new_decoder_heals_what_the_one_before_it_noted() -> None:
    source = source_of(FIVE)
    first, health = decoder_of(source)
    first.decode(read_of(message(a=1)))
    assert len(health.bad) == 4
    second = type(first)(source, health)
    second.decode(read_of(message(a=1, b=2, c=3, d=4, e=5)))
    assert not health.bad


def test_each_reading_of_an_array_has_its_own_time() -> None:
    items = {"t": ("t", "$.readings[*].temp"), "h": ("t", "$.readings[*].hum")}
    decoder, _ = decoder_of(source_of(items, time_json="$.readings[*].ts", time_unit="s"))
    readings = [{"ts": n, "temp": n * 10, "hum": n} for n in range(3)]
    found = samples_of(decoder.decode(read_of(("t", json.dumps({"readings": readings}).encode()))))
    assert found == [
        sample
        for n in range(3)
        for sample in (("t", n * 10**9, n * 10.0), ("h", n * 10**9, float(n)))
    ]


def test_readings_share_the_time_of_what_is_around_them() -> None:
    source = source_of({"v": ("t", "$.blocks[*].values[*]")}, time_json="$.blocks[*].ts")
    decoder, _ = decoder_of(source)
    payload = b'{"blocks":[{"ts":1,"values":[1,2]},{"ts":2,"values":[3]}]}'
    found = [
        (time, value) for _, time, value in samples_of(decoder.decode(read_of(("t", payload))))
    ]
    assert found == [(10**6, 1.0), (10**6, 2.0), (2 * 10**6, 3.0)]


def test_a_reading_without_a_field_costs_only_that_field() -> None:
    items = {"a": ("t", "$.r[*].a"), "b": ("t", "$.r[*].b")}
    decoder, health = decoder_of(source_of(items))
    found = samples_of(decoder.decode(read_of(("t", b'{"r":[{"a":1},{"a":2,"b":3},7]}'))))
    assert [(name, value) for name, _, value in found] == [("a", 1.0), ("a", 2.0), ("b", 3.0)]
    assert "a" not in health.bad


def test_no_array_where_one_is_meant_is_a_missing_path() -> None:
    decoder, health = decoder_of(source_of({"a": ("t", "$.r[*].a")}))
    assert not decoder.decode(read_of(("t", b'{"r":5}')))
    assert set(health.bad) == {"a"}


def test_samples_without_a_time_get_the_receive_time_each_its_own() -> None:
    decoder, _ = decoder_of(source_of({"a": ("t", "$.a")}))
    (batch,) = decoder.decode(read_of(*[("t", b'{"a":1}')] * 3))
    assert isinstance(batch, Batch)
    assert batch.received_time
    assert batch.received == AT
    assert len(set(batch.times.tolist())) == 3
    assert all(0 <= time - AT < 1_000 for time in batch.times.tolist())


def test_a_time_that_goes_missing_keeps_the_order_of_the_signal() -> None:
    decoder, _ = decoder_of(source_of({"a": ("t", "$.a")}, time_json="$.ts"))
    burst = [
        ("t", b'{"ts":1,"a":1}'),
        ("t", b'{"a":2}'),
        ("t", b'{"ts":"x","a":3}'),
        ("t", b'{"ts":2,"a":4}'),
    ]
    batches = [b for b in decoder.decode(read_of(*burst)) if isinstance(b, Batch)]
    assert [value for _, _, value in samples_of(batches)] == [1, 2, 3, 4]
    assert [batch.received_time for batch in batches] == [False, True, False]


def test_a_bare_payload_becomes_what_it_looks_like() -> None:
    decoder, _ = decoder_of(
        source_of({"a": ("t/+", None), "b": ("t/1", None)}, types={"b": "xs:string"})
    )
    items = decoder.decode(read_of(("t/1", b"0012"), ("t/2", b" true\n")))
    found = [(name, value) for name, _, value in samples_of(items)]
    assert sorted(found, key=str) == [("a", 12.0), ("a", True), ("b", "0012")] or sorted(
        found, key=str
    ) == [("a", 12), ("a", True), ("b", "0012")]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12", 12), ("-1.5e3", -1500.0), ("+7", 7), (".5", 0.5), ("1.", 1.0), ("TRUE", True),
        ("false", False), ("", ""), ("1,5", "1,5"), ("--5", "--5"), ("1e999", "1e999"),
        ("0x10", "0x10"), ("run", "run"), ("9" * 5_000, "9" * 5_000),
        ("١٢", "١٢"), ("-Infinity", float("-inf")),
    ],
)  # fmt: skip
def test_text_is_read_as(text: str, value: Any) -> None:
    found = value_from_text(text)
    assert found == value
    assert type(found) is type(value)


def test_a_payload_may_be_read_as_text_and_as_json() -> None:
    decoder, _ = decoder_of(source_of({"all": ("t", None), "a": ("t", "$.a")}))
    items = decoder.decode(read_of(("t", b'{"a":1}')))
    assert {(name, value) for name, _, value in samples_of(items)} == {
        ("all", '{"a":1}'),
        ("a", 1.0),
    }


def test_topics_behind_a_wildcard_are_remembered_up_to_a_limit() -> None:
    decoder, _ = decoder_of(source_of({"a": ("#", "$.a")}))
    for start in range(0, ROUTES_MAX + 1_000, 1_000):
        decoder.decode(read_of(*[(f"t/{start + n}", b'{"a":1}') for n in range(1_000)]))
    assert len(decoder._routes) == ROUTES_MAX


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.lists(st.dictionaries(st.sampled_from("abcde"), JSON, max_size=5), max_size=8))
def test_whatever_is_in_a_message_arrives_once_in_order_and_unchanged(
    burst: list[dict[str, Any]],
) -> None:
    decoder, _ = decoder_of(source_of(FIVE))
    try:
        messages = [("cell/1", json.dumps(fields).encode()) for fields in burst]
        [payload.decode() for _, payload in messages]
    except UnicodeEncodeError:
        return
    items = decoder.decode(read_of(*messages)) if messages else []
    if rejected_of(items):
        return  # a lone surrogate
    for name in "abcde":
        found = [value for signal, _, value in samples_of(items) if signal == name]
        sent = [fields[name] for fields in burst if name in fields]
        assert [_plain(value) for value in found] == [_plain(value) for value in sent]


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {"@type": "json", **value}
    return value


@given(st.binary(max_size=60))
def test_bytes_of_any_kind_never_break_the_decoder(payload: bytes) -> None:
    decoder, _ = decoder_of(
        source_of({"a": ("t", "$.a"), "b": ("t", None), "c": ("t", "$[*]")}, time_json="$.ts")
    )
    items = decoder.decode(read_of(("t", payload)))
    assert len(rejected_of(items)) <= 2
