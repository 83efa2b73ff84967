"""Claims about what counts as an acknowledgement."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.answers import checked_answer
from gateway.core.errors import SinkUnavailable
from gateway.core.records import Answer, Refusal
from gateway.core.types import Offset, UnixNs
from gateway.sinks.http.answer import parse_answer, retry_after_s, text_of, unknown_plan

NOW = UnixNs(1_795_439_647_000_000_000)  # 2026-11-23T13:14:07Z


def test_the_agreed_body_is_an_answer() -> None:
    body = b'{"epoch":"e","accepted":[[1,4],[6,6]],"refused":[{"offset":5,"reason":"r"}]}'
    assert parse_answer(body, "e") == Answer(((1, 4), (6, 6)), (Refusal(Offset(5), "r"),))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html></html>",
        b"\xff\xfe",
        b"[]",
        b"{}",
        b'{"epoch":"e"}',
        b'{"accepted":[[1,2]]}',
        b'{"epoch":"other","accepted":[[1,2]],"refused":[]}',
        b'{"epoch":"e","accepted":{"1":2},"refused":[]}',
        b'{"epoch":"e","accepted":[[2,1]],"refused":[]}',
        b'{"epoch":"e","accepted":[[1,2,3]],"refused":[]}',
        b'{"epoch":"e","accepted":[[true,2]],"refused":[]}',
        b'{"epoch":"e","accepted":[["1","2"]],"refused":[]}',
        b'{"epoch":"e","accepted":[1],"refused":[]}',
        b'{"epoch":"e","accepted":[],"refused":[7]}',
        b'{"epoch":"e","accepted":[],"refused":[{"reason":"r"}]}',
        b'{"epoch":"e","accepted":[],"refused":5}',
        b'{"epoch":"e","accepted":[[1,2',
    ],
)
def test_anything_else_is_no_answer(body: bytes) -> None:
    with pytest.raises(SinkUnavailable):
        parse_answer(body, "e")


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists))
def test_no_json_breaks_the_reader(accepted: Any) -> None:
    body = json.dumps({"epoch": "e", "accepted": accepted, "refused": accepted}).encode()
    try:
        answer = parse_answer(body, "e")
    except SinkUnavailable:
        return
    assert all(first <= last for first, last in answer.accepted)


def test_only_offsets_that_were_asked_are_settled() -> None:
    answer = Answer(
        ((-5, 3), (10, 10**30)), (Refusal(Offset(2), "bad"), Refusal(Offset(99), "what?"))
    )
    checked, strange = checked_answer(answer, [1, 2, 5, 10, 11])
    assert checked == Answer(((1, 1), (10, 11)), (Refusal(Offset(2), "bad"),))
    assert strange == 3


@given(
    st.lists(st.integers(1, 60), unique=True, min_size=1).map(sorted),
    st.lists(st.tuples(st.integers(-5, 70), st.integers(-5, 70))),
    st.lists(st.integers(-5, 70)),
)
def test_a_checked_answer_never_goes_beyond_what_was_asked_or_said(
    asked: list[int], said: list[tuple[int, int]], refused: list[int]
) -> None:
    answer = Answer(tuple(said), tuple(Refusal(Offset(o), "r") for o in refused))
    checked, _ = checked_answer(answer, asked)
    settled = {o for first, last in checked.accepted for o in range(first, last + 1)}
    refusals = {r.offset for r in checked.refused}
    assert refusals == set(refused) & set(asked)
    wanted = {o for o in asked if any(first <= o <= last for first, last in said)}
    assert settled == wanted - refusals


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("7", 7.0),
        (" 120 ", 120.0),
        ("99999999999999999999999999", 300.0),
        ("9" * 400, 300.0),
        ("Mon, 23 Nov 2026 13:14:37 GMT", 30.0),
        ("Mon, 23 Nov 2026 13:13:07 GMT", 0.0),
        ("Mon, 23 Nov 2126 13:14:07 GMT", 300.0),
        ("-5", None),
        ("1.5", None),
        ("soon", None),
        ("", None),
        ("٣", None),
    ],
)
def test_retry_after_is_read_as_seconds_or_date_and_capped(
    value: str | None, seconds: float | None
) -> None:
    assert retry_after_s(value, NOW) == seconds


def test_a_lost_plan_is_told_from_any_other_refusal() -> None:
    assert unknown_plan(b'{"error":"unknown-plan","plan":"sha256-00"}')
    assert not unknown_plan(b'{"error":"conflict"}')
    assert not unknown_plan(b"<html>")
    assert not unknown_plan(b"[]")


def test_a_servers_text_is_one_short_printable_line() -> None:
    assert text_of(b"line\x1b[31m one\r\n  two\xff") == "line [31m one two\ufffd"
    assert len(text_of(b"x" * 10_000)) == 300
