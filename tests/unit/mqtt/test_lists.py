"""Entries of a list chosen by a field, with their own quality and time; named formats."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.mqtt.config import MqttItem, MqttItemTime, MqttSource
from adapters.mqtt.paths import getter, levels_of, parse_path, readings_of
from adapters.mqtt.quality import status_of
from gateway.core.records import Batch
from gateway.core.types import BAD, GOOD, UNCERTAIN
from tests.unit.mqtt.support import decoder_of, plan_of, read_of, samples_of, source_of

MS = 10**6


def picked(path: str, document: Any) -> list[Any]:
    levels, rest = levels_of(parse_path(path))
    found = [document]
    for level in levels:
        found = [one for context in found for one in readings_of(level)(context)]
    return [getter(rest)(one) for one in found]


LIST = [
    {"id": "P", "v": 1}, {"id": "T", "v": 2}, {"id": "P", "v": 3}, {"v": 4}, 5,
    {"id": 7, "v": 6}, {"id": True, "v": 7}, {"id": None, "v": 8}, {"id": {"a": ["x"]}, "v": 9},
    {"id": "it's", "v": 10}, {"id": "a]b", "v": 11}, {"id": 1, "v": 12},
]  # fmt: skip


@pytest.mark.parametrize(
    ("filter_", "found"),
    [
        ("(@.id=='P')", [1, 3]),
        ("@.id == 'P'", [1, 3]),
        ('(@.id=="it\'s")', [10]),
        ("( @['id'] == 'T' )", [2]),
        ("(@.id==7)", [6]),
        ("(@.id==7.0)", [6]),
        ("(@.id==true)", [7]),
        ("(@.id==1)", [12]),
        ("(@.id==null)", [8]),
        ("(@.id.a[0]=='x')", [9]),
        ("(@.id=='a]b')", [11]),
        ("(@.id=='P' && @.v==3)", [3]),
        ("(@.id=='none')", []),
    ],
)
def test_a_filter_takes_the_entries_whose_field_says_so(filter_: str, found: list[int]) -> None:
    assert picked(f"$.l[?{filter_}].v", {"l": LIST}) == found


@pytest.mark.parametrize(
    "filter_", ["", "()", "(@.id)", "(@.id=P)", "(@.id!='P')", "(.id=='P')", "(@.id=='P'",
                "(@=='P')",
                "(@.id=='P' || @.v==1)", "(@.id=='P' &&)", "(@.id==-)"]
)  # fmt: skip
def test_what_is_no_filter_is_refused(filter_: str) -> None:
    with pytest.raises(ValueError, match=r"path|filter|JSON|character"):
        parse_path(f"$.l[?{filter_}].v")


def entry(name: str, v: Any, t: int = 0, **more: Any) -> dict[str, Any]:
    return {"id": name, "v": v, "t": t, **more}


def listed(names: str, **keys: str) -> MqttSource:
    """Give a source whose tags take entries by their id; keys such as quality="q"."""
    source = source_of({n: ("t", f"$.values[?(@.id=='{n}')].v") for n in names.split()})

    def completed(item: MqttItem, name: str) -> MqttItem:
        base = f"$.values[?(@.id=='{name}')]."
        time = MqttItemTime(base + keys["time"]) if "time" in keys else None
        quality = base + keys["quality"] if "quality" in keys else None
        return replace(item, time=time, quality=quality)

    items = zip(source.items, names.split(), strict=True)
    return replace(source, items=tuple(completed(item, name) for item, name in items))


def decoded(source: MqttSource, *messages: Any) -> list[tuple[str, int, Any]]:
    decoder, _ = decoder_of(source)
    reads = read_of(*[("t", json.dumps(one).encode()) for one in messages])
    return samples_of(decoder.decode(reads))


def test_every_tag_gets_its_own_entry_wherever_it_stands() -> None:
    found = decoded(
        listed("P S"),
        {"values": [entry("P", 6.1), entry("S", 1450)]},
        {"values": [entry("S", 1460)]},
        {"values": [entry("T", 40)]},
        {"values": []},
        {"values": [entry("S", 1470), entry("P", 6.3)]},
    )
    assert [v for n, _, v in found if n == "P"] == [6.1, 6.3]
    assert [v for n, _, v in found if n == "S"] == [1450, 1460, 1470]


def test_an_entry_that_is_not_in_a_message_is_no_fault() -> None:
    decoder, health = decoder_of(listed("P S"))
    for _ in range(20):
        decoder.decode(read_of(("t", b'{"values":[{"id":"S","v":1}]}')))
    assert not health.bad


def test_several_entries_of_one_id_are_as_many_samples_in_order() -> None:
    document = {"values": [entry("P", n, n) for n in range(5)]}
    assert decoded(listed("P", time="t"), document) == [("P", n * MS, float(n)) for n in range(5)]


def test_each_entry_has_the_time_that_stands_in_it() -> None:
    document = {"timestamp": 9, "values": [entry("P", 6.1, 700), entry("S", 1450, 300)]}
    source = replace(listed("P S", time="t"), time_json="$.timestamp")
    assert decoded(source, document) == [("P", 700 * MS, 6.1), ("S", 300 * MS, 1450.0)]


def test_a_tag_without_a_time_of_its_own_has_that_of_the_message() -> None:
    source = listed("P S")
    own = replace(source.items[0], time=MqttItemTime("$.values[?(@.id=='P')].t", "s"))
    source = replace(source, items=(own, source.items[1]), time_json="$.timestamp")
    document = {"timestamp": 9, "values": [entry("P", 6.1, 7), entry("S", 1450, 3)]}
    assert decoded(source, document) == [("P", 7 * 10**9, 6.1), ("S", 9 * MS, 1450.0)]


def test_a_time_in_another_entry_of_the_same_list_is_found() -> None:
    source = replace(listed("P"), time_json="$.values[?(@.id=='clock')].v")
    assert decoded(source, {"values": [entry("P", 1), entry("clock", 5)]}) == [("P", 5 * MS, 1.0)]


def test_bad_quality_makes_that_sample_bad_and_no_other() -> None:
    decoder, _ = decoder_of(listed("P S", quality="q"))
    documents = [
        {"values": [entry("P", 6.1, q=True), entry("S", 1450, q=True)]},
        {"values": [entry("P", 0, q=False), entry("S", 1460)]},
        {"values": [entry("P", 6.2, q=80), entry("S", "x", q="bad")]},
    ]
    reads = read_of(*[("t", json.dumps(one).encode()) for one in documents])
    found: dict[str, list[Any]] = {"P": [], "S": []}
    for batch in decoder.decode(reads):
        assert isinstance(batch, Batch)
        status = [0] * len(batch) if batch.status is None else batch.status.tolist()
        for index, value, code in zip(batch.signals, list(batch.values), status, strict=True):
            found["PS"[index]].append(None if code >= BAD else (value, code))
    assert found["P"] == [(6.1, GOOD), None, (6.2, UNCERTAIN)]
    assert found["S"] == [(1450, GOOD), (1460, GOOD), None]


@pytest.mark.parametrize(
    ("said", "status"),
    [
        (None, GOOD), (True, GOOD), ("Good", GOOD), ("GOOD", GOOD), ("good_local", GOOD),
        ("OK", GOOD), (192, GOOD), (216, GOOD), ("192", GOOD), (255, GOOD), (192.0, GOOD),
        (False, BAD), (0, BAD), (24, BAD), (63, BAD), ("Bad", BAD), ("bad_stale", BAD), (500, BAD),
        ("0", BAD), ("STALE", BAD), (1, BAD),
        (64, UNCERTAIN), (191, UNCERTAIN), ("Uncertain", UNCERTAIN), ("who knows", UNCERTAIN),
        ({}, UNCERTAIN), ([1], UNCERTAIN), (float("nan"), UNCERTAIN), (1.5, UNCERTAIN),
        (0x80350000, 0x80350000), (0x80350000 - 2**32, 0x80350000), (0x40900000, 0x40900000),
        (0x00960000, 0x00960000), (-(2**40), UNCERTAIN), (2**40, UNCERTAIN),
    ],
)  # fmt: skip
def test_every_way_to_say_quality_has_one_meaning(said: Any, status: int) -> None:
    assert status_of(said) == status


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.integers() | st.text(), st.lists))
def test_no_quality_breaks_anything(said: Any) -> None:
    assert 0 <= status_of(said) < 2**32


ID = st.sampled_from(["A", "B", "C", "other"])
ENTRIES = st.lists(st.tuples(ID, st.integers(0, 99), st.integers(0, 9), st.booleans()), max_size=8)


@given(st.lists(ENTRIES, max_size=6))
def test_no_value_time_or_quality_of_one_entry_gets_to_another(
    messages: list[list[tuple[str, int, int, bool]]],
) -> None:
    source = listed("A B C", time="t", quality="q")
    documents = [{"values": [entry(n, v, t, q=q) for n, v, t, q in one]} for one in messages]
    found = decoded(source, *documents) if documents else []
    for name in "ABC":
        sent = [(t * MS, v if q else None) for one in messages for n, v, t, q in one if n == name]
        assert [(t, v) for n, t, v in found if n == name] == sent


def formatted(name: str, *items: tuple[str | None, str | None], unit: str) -> MqttSource:
    return MqttSource(
        device="cell",
        host="h",
        port=1,
        plan=plan_of([str(n) for n in range(len(items))]),
        items=tuple(
            MqttItem(place, "t", item=item, field=field)
            for place, (item, field) in enumerate(items)
        ),
        client_id="c",
        format=name,
        time_unit=unit,
    )


IGNITION_METRIC = {
    "name": "Line/P", "timestamp": 5, "dataType": "Float", "metaData": {}, "value": 6.1,
    "properties": {"Quality": {"type": "Int32", "value": 192}},
}  # fmt: skip


@pytest.mark.parametrize(
    "document",
    [
        {"topic": {"type": "DDATA"}, "payload": {"timestamp": 9, "metrics": [IGNITION_METRIC]}},
        {"timestamp": 9, "metrics": [IGNITION_METRIC]},
        [IGNITION_METRIC],
        {"name": "Line/P", "dataType": "Float", "value": 6.1, "timestamp": 5, "quality": "Good"},
        {"tagPath": "Line/P", "value": 6.1, "timestamp": 5, "quality": 192},
    ],
)
def test_ignition_is_read_in_all_its_shapes(document: Any) -> None:
    source = formatted("ignition", ("Line/P", None), unit="ms")
    assert decoded(source, document) == [("0", 5 * MS, 6.1)]


def test_ignitions_quality_is_that_of_the_metric() -> None:
    source = formatted("ignition", ("Line/P", None), unit="ms")
    for quality in ({"properties": {"Quality": {"value": 500}}}, {"quality": "Bad_Stale"}):
        document = {"metrics": [{"name": "Line/P", "timestamp": 5, "value": 6.1, **quality}]}
        assert decoded(source, document) == [("0", 5 * MS, None)]


KEPWARE_ENTRY = {"id": "Line.P", "v": 6.1, "q": True, "t": 5}


@pytest.mark.parametrize(
    "document", [{"timestamp": 9, "values": [KEPWARE_ENTRY]}, [KEPWARE_ENTRY], KEPWARE_ENTRY]
)
def test_kepware_is_read_as_list_and_as_single_entry(document: Any) -> None:
    source = formatted("kepware", ("Line.P", None), unit="ms")
    assert decoded(source, document) == [("0", 5 * MS, 6.1)]


def metric(name: str, host: str, value: float) -> dict[str, Any]:
    return {"name": name, "tags": {"host": host}, "fields": {"idle": value}, "timestamp": 5}


def test_telegraf_is_read_as_batch_and_as_single_metric_by_name_and_tags() -> None:
    source = formatted("telegraf", ("cpu,host=a", "idle"), ("cpu,host=b", "idle"), unit="s")
    batch = {"metrics": [metric("cpu", "b", 2), metric("cpu", "a", 1), metric("mem", "a", 9)]}
    found = decoded(source, batch, metric("cpu", "a", 3))
    assert found == [("1", 5 * 10**9, 2.0), ("0", 5 * 10**9, 1.0), ("0", 5 * 10**9, 3.0)]


def test_telegraf_without_an_item_takes_the_field_of_any_metric() -> None:
    source = formatted("telegraf", (None, "idle"), unit="s")
    assert [v for _, _, v in decoded(source, metric("x", "y", 1), metric("z", "y", 2))] == [1, 2]


def test_node_red_is_read_by_topic_and_field_or_as_a_whole() -> None:
    items = (("l1", "temp"), ("l2", None), (None, "a.b[0]"))
    source = formatted("node-red", *items, unit="ms")
    assert decoded(
        source,
        {"topic": "l1", "payload": {"temp": 21.5}, "timestamp": 5},
        {"topic": "l2", "payload": 7, "timestamp": 6},
        {"topic": "l3", "payload": {"a": {"b": [8]}}, "timestamp": 7},
    ) == [("0", 5 * MS, 21.5), ("1", 6 * MS, 7.0), ("2", 7 * MS, 8.0)]
