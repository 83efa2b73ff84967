"""Every code that a person can meet is explained in Korean and English."""

from __future__ import annotations

import re
import string

import pytest

from gateway.usage.model import State
from gateway.usage.rules.explain import explain, explainable, state_words
from gateway.usage.rules.lints import Lint, in_order
from gateway.usage.rules.texts import texts

PARTS = {"what", "why", "fix"}


def holes(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_both_languages_have_the_same_keys_and_placeholders() -> None:
    korean, english = texts("ko"), texts("en")
    assert list(korean) == list(english)
    for code, entry in english.items():
        assert set(entry) == set(korean[code]), code
        for part, text in entry.items():
            pairs = [(text, korean[code][part])]
            if isinstance(text, dict):
                pairs = [(text[key], korean[code][part][key]) for key in text]
            for left, right in pairs:
                assert holes(left) == holes(right), code


def test_each_korean_text_is_korean_and_each_english_one_is_not() -> None:
    hangul = re.compile("[가-힣]")
    for code in (code for code in texts("ko") if code.startswith("U")):
        for part in PARTS:
            assert hangul.search(texts("ko")[code][part]), code
            assert not hangul.search(texts("en")[code][part]), code


def test_every_lint_and_state_has_words_and_no_words_are_left_over() -> None:
    own = {code for code in texts("en") if code.startswith("U1")}
    assert own == {lint.value for lint in Lint}
    assert set(texts("en")["state"]) == {state.value for state in State}
    for state in State:
        assert state_words(state, "ko").why


def test_everything_that_is_listed_is_explained_in_full() -> None:
    for code in explainable():
        found = explain(code)
        assert found is not None, code
        assert set(found.words) == {"ko", "en"}
        for words in found.words.values():
            assert words.what
            assert found.subject == "use" or (words.why and words.fix), code


@pytest.mark.parametrize(
    ("asked", "code", "subject"),
    [
        ("ap1029", "AP1029", "result"),
        (" U1001 ", "U1001", "lint"),
        ("u5006", "U5006", "alarm"),
        ("u9005", "U9005", "file"),
        ("d06001", "DO6001", "use"),
        ("do6999", "DO6999", "use"),
        ("QUEUED", "queued", "state"),
        ("AP1005", "AP1005", "result"),
    ],
)
def test_a_code_is_explained_however_it_is_typed(asked: str, code: str, subject: str) -> None:
    found = explain(asked)
    assert found is not None
    assert (found.code, found.subject) == (code, subject)


@pytest.mark.parametrize("asked", ["", "xyz", "U0000", "AP", "APxxxx", "DO6008", "words", "state"])
def test_what_is_no_code_is_not_explained(asked: str) -> None:
    assert explain(asked) is None


def test_a_result_code_says_what_the_gateway_does() -> None:
    found = explain("AP1029")
    assert found is not None
    assert found.action == "defer"
    assert "next slot" in found.words["en"].why


def test_lints_are_given_once_and_in_order() -> None:
    given = in_order([Lint.LEGACY_WORD, "U1001", Lint.LEGACY_WORD])
    assert given == ("U1001", "U1003")
    assert all(type(code) is str for code in given)
