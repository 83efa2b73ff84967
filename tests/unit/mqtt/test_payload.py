"""Payloads as machines write them."""

from __future__ import annotations

import json
import math
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.mqtt.framing import Clipped
from adapters.mqtt.naming import encoding_of, nearest_encoding
from adapters.mqtt.payload import PayloadReader, UnreadableError
from tests.unit.mqtt.support import decoder_of, read_of, rejected_of, samples_of, source_of

READER = PayloadReader("utf-8", 1_000_000)
TAILS = [b"\x00", b"\x00" * 7, b"\r\n", b" \t", b"\r\n\x00", b"\x00\n", b"\x1a"]


def values_in(payload: bytes, **others: Any) -> list[Any]:
    """Give what a JSON tag and a text tag read out of one message."""
    source = source_of({"a": ("t", "$.a"), "s": ("u", None)}, **others)
    decoder, _ = decoder_of(source)
    items = decoder.decode(read_of(("t", payload)))
    assert not rejected_of(items)
    return [value for _, _, value in samples_of(items)]


@pytest.mark.parametrize("tail", TAILS)
def test_what_trails_behind_json_is_taken_off(tail: bytes) -> None:
    assert values_in(b'{"a":1.5}' + tail) == [1.5]


@pytest.mark.parametrize("tail", TAILS)
def test_what_trails_behind_a_bare_number_or_a_text_is_taken_off(tail: bytes) -> None:
    source = source_of({"n": ("t", None), "s": ("t", None)}, types={"s": "xs:string"})
    decoder, _ = decoder_of(source)
    items = decoder.decode(read_of(("t", b"21.5" + tail)))
    assert [value for _, _, value in samples_of(items)] == [21.5, "21.5"]


@pytest.mark.parametrize("payload", [b'{"a":1}\x00{"a":2}', b'{"a":1}\x00junk', b"\x00\x00"])
def test_something_behind_the_nul_is_not_passed_over(payload: bytes) -> None:
    decoder, _ = decoder_of(source_of({"a": ("t", "$.a")}))
    assert rejected_of(decoder.decode(read_of(("t", payload))))


@pytest.mark.parametrize("mark", ["\ufeff", "\ufeff\r\n", "\ufeff  "])
def test_a_byte_order_mark_does_no_harm(mark: str) -> None:
    assert values_in((mark + '{"a":1.5}').encode()) == [1.5]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("tail", ["", "\0", "\0\0\r\n"])
def test_wide_encodings_are_read_with_mark_and_tail(encoding: str, tail: str) -> None:
    payload = ('{"a":"용접"}' + tail).encode(encoding)
    assert values_in(payload, encoding=encoding) == ["용접"]
    assert values_in(payload + b"\x00", encoding=encoding) == ["용접"]


def test_a_utf_16_mark_says_what_it_is_without_being_declared() -> None:
    assert values_in('{"a":"용접"}'.encode("utf-16")) == ["용접"]


@pytest.mark.parametrize("encoding", ["cp949", "euc-kr", "utf-16", "johab", "utf-8"])
def test_korean_arrives_in_the_declared_encoding(encoding: str) -> None:
    assert values_in('{"a":"용접 공정"}'.encode(encoding), encoding=encoding) == ["용접 공정"]


def test_a_text_in_another_encoding_is_kept_aside_and_its_reason_says_which() -> None:
    korean = '{"a":"용접"}'.encode("cp949")
    for encoding, reason in (("utf-8", "payload-not-utf-8"), ("ascii", "payload-not-decodable")):
        decoder, _ = decoder_of(source_of({"a": ("t", "$.a")}, encoding=encoding))
        (rejected,) = rejected_of(decoder.decode(read_of(("t", korean))))
        assert rejected.reason == reason


NAN_WORDS = ["NaN", "nan", "NAN", "-nan", "+NaN", "nan(ind)", "1.#QNAN", "-1.#IND00"]
INF_WORDS = ["Infinity", "inf", "Inf", "+Infinity", "1.#INF"]


@pytest.mark.parametrize("word", NAN_WORDS)
def test_a_word_for_no_number_costs_only_its_own_field(word: str) -> None:
    source = source_of({"a": ("t", "$.a"), "b": ("t", "$.b[1]")})
    decoder, _ = decoder_of(source)
    payload = f'{{"b":[{word}, 45.2] ,"a": {word}}}'.encode()
    found = {name: value for name, _, value in samples_of(decoder.decode(read_of(("t", payload))))}
    assert found["b"] == 45.2
    assert math.isnan(found["a"])


@pytest.mark.parametrize("word", INF_WORDS)
@pytest.mark.parametrize("sign", ["", "-"])
def test_infinity_stays_infinity(word: str, sign: str) -> None:
    if sign and word.startswith("+"):
        return
    found = values_in(f'{{"a":{sign}{word}}}'.encode())
    assert found == [-math.inf if sign else math.inf]


@pytest.mark.parametrize("word", ["None", "undefined", "NULL"])
def test_a_word_for_nothing_is_bad_and_never_zero(word: str) -> None:
    assert values_in(f'{{"a":{word}}}'.encode()) == [None]


@pytest.mark.parametrize(
    "payload",
    [b'{"a":NaNo}', b'{"a":xNaN}', b'{"a":--inf}', b'{"a":1NaN}', b'{NaN:1}x', b'{"a":-true}',
     b'{"a":NaN', b'{"a":"NaN}'],
)  # fmt: skip
def test_what_only_looks_like_such_a_word_stays_unreadable(payload: bytes) -> None:
    with pytest.raises(UnreadableError, match="payload-not-json"):
        READER.document(payload, exact=False)


TEXT = st.text(st.sampled_from('NaN inf,:[]{}"\\0ü'), max_size=20)


@given(st.dictionaries(TEXT, TEXT, max_size=4))
def test_texts_and_names_are_never_altered_by_it(document: dict[str, str]) -> None:
    for before, behind in (("[NaN,", "]"), ("[-Infinity,", "]\0")):
        payload = (before + json.dumps(document, ensure_ascii=False) + behind).encode()
        assert READER.document(payload, exact=False)[1] == document


@given(st.binary(max_size=80))
def test_what_the_parser_reads_is_read_alike_the_lenient_way(payload: bytes) -> None:
    try:
        document = orjson.loads(payload)
    except ValueError:
        return
    assert READER.document(payload, exact=False) == document


def test_integers_beside_a_nan_stay_exact() -> None:
    assert values_in(b'{"a":18446744073709551617,"b":NaN}') == [18446744073709551617]


def test_a_message_that_is_too_long_says_how_long_it_may_be() -> None:
    payload = Clipped(b"x")
    payload.size = 2_000_000
    with pytest.raises(UnreadableError) as refused:
        READER.text(payload)
    assert refused.value.args == ("message-too-large", "2000000 > max_message 1000000")


def test_no_word_of_the_parser_gets_into_a_reason() -> None:
    with pytest.raises(UnreadableError) as refused:
        READER.document(b'{"a": 1,}', exact=False)
    assert refused.value.args == ("payload-not-json", "character 8")


@pytest.mark.parametrize("name", ["hex", "rot13", "base64", "idna", "punycode", "cp94", "", "a\0"])
def test_what_is_no_text_encoding_is_refused(name: str) -> None:
    assert encoding_of(name) is None


@pytest.mark.parametrize(
    ("name", "near"), [("cp94", "cp949"), ("ansi", "cp949"), ("utf7x", "utf7")]
)
def test_the_encoding_that_was_meant_is_named(name: str, near: str) -> None:
    assert nearest_encoding(name) == near
