"""Each kind of payload is dirty in its own way, and its truth says what can be had of it."""

from __future__ import annotations

import argparse
import base64
import json
from collections.abc import Iterator
from random import Random

import pytest

from simulators.dirt import DIRT, Payload, Reading, as_list
from simulators.groups import Group
from simulators.mqtt_cell import Cell, Outgoing
from simulators.truth import encode

STAMP = 1_795_439_647_817_927_000
READING = Reading(3, encode(3, 7, "Double"), STAMP)


def many(kind: str, reading: Reading = READING, count: int = 60) -> Iterator[Payload]:
    rng = Random(1)
    for _ in range(count):
        yield DIRT[kind](reading, rng)


@pytest.mark.parametrize("kind", ["clean", "order", "retained", "twice", "again"])
def test_clean_bytes_hold_value_and_time(kind: str) -> None:
    for payload in many(kind):
        document = json.loads(payload.data)
        assert (document["v"], document["ts"]) == (READING.value, STAMP)


def test_what_surrounds_a_document_does_not_change_it() -> None:
    for kind, strip in (("nul", b"\0"), ("spaces", b" \r\n\t"), ("bom", b"\xef\xbb\xbf")):
        for payload in many(kind):
            bare = payload.data.strip(strip)
            assert bare != payload.data
            assert json.loads(bare)["v"] == READING.value


def test_a_word_that_is_no_number_stands_in_another_field() -> None:
    words = {payload.data.decode().rpartition(" ")[2].rstrip("}") for payload in many("odd-number")}
    assert words >= {"NaN", "nan", "-Infinity"}
    assert all(f'"v": {READING.value}'.encode() in each.data for each in many("odd-number"))


def test_the_order_of_fields_changes() -> None:
    assert len({tuple(json.loads(each.data)) for each in many("order")}) > 10


def test_only_what_is_cut_off_is_called_unreadable() -> None:
    cut = [each for each in many("truncated") if each.truth]
    whole = [each for each in many("truncated") if not each.truth]
    assert cut
    assert all(json.loads(each.data) for each in whole)
    for each in cut:
        assert base64.b64decode(each.truth["unreadable"]) == each.data
        with pytest.raises(ValueError, match=r"char|delimiter|Expecting|Unterminated"):
            json.loads(each.data)


def test_korean_texts_are_in_an_encoding_of_their_own() -> None:
    payload = next(many("cp949"))
    assert json.loads(payload.data.decode("cp949"))["상태"] == "가동"
    with pytest.raises(UnicodeDecodeError):
        payload.data.decode()


def test_a_local_time_is_nine_hours_ahead_and_names_no_zone() -> None:
    shown = {json.loads(each.data)["ts"].replace("T", " ") for each in many("local-time")}
    assert shown == {"2026-11-23 22:14:07.817927"}
    assert {each.truth["claimed"] for each in many("local-time")} == {STAMP}
    zoned = json.loads(next(many("zoned-time")).data)["ts"]
    assert zoned == "2026-11-23T13:14:07.817927+00:00"


def test_numbers_as_text_have_a_comma_and_a_unit_and_texts_stay() -> None:
    assert json.loads(next(many("text")).data)["v"] == "25769803783,0 bar"
    assert json.loads(next(many("text", Reading(2, "2:7", STAMP))).data)["v"] == "2:7"


def test_a_time_that_cannot_be_read_is_none_in_the_truth() -> None:
    seen = {bool(each.truth) for each in many("no-time")}
    assert seen == {True, False}
    assert all(each.truth in ({}, {"claimed": None}) for each in many("no-time"))


def test_a_list_holds_some_of_its_readings_in_any_order() -> None:
    readings = [Reading(number, number * 10, STAMP) for number in range(5)]
    rng, orders = Random(1), set()
    for _ in range(40):
        data, held = as_list(readings, 1, rng)
        entries = json.loads(data)["values"]
        assert [entry["id"] for entry in entries] == [f"truth/{each.number}" for each in held]
        assert all(e["v"] == each.value for e, each in zip(entries, held, strict=True))
        orders.add(tuple(each.number for each in held))
    assert len(orders) > 20


def messages(group: Group, ticks: int = 1) -> list[Outgoing]:
    options = argparse.Namespace(first=0, signals=4, no_sensors=True, seed=1, group=[group])
    cell = Cell(options)
    return [message for _ in range(ticks) for message in cell.tick(0.1)]


def test_the_cell_logs_what_a_device_claims_beside_the_true_time() -> None:
    ahead, _, right, _ = messages(Group(0, 1, "ahead"))
    assert ahead.truth is not None
    assert right.truth is not None
    assert ahead.truth["claimed"] == ahead.truth["time"] + 5 * 3600 * 10**9
    assert json.loads(ahead.payload)["ts"] == ahead.truth["claimed"]
    assert "claimed" not in right.truth


def test_what_is_published_twice_is_demanded_once() -> None:
    first, second, *_ = messages(Group(0, 0, dirt="twice"))
    assert first.payload == second.payload
    assert first.truth is not None
    assert first.truth["again"] is True
    assert second.truth is None


def test_a_group_that_is_a_list_is_one_message() -> None:
    listed, *others = messages(Group(0, 2, dirt="list"))
    assert (listed.topic, [each.topic for each in others]) == ("truth/list/0", ["truth/3"])
    held = sorted(int(e["id"].split("/")[1]) for e in json.loads(listed.payload)["values"])
    assert listed.truth is not None
    said = [n for first, last in listed.truth["runs"] for n in range(first, last + 1)]
    assert said == held
