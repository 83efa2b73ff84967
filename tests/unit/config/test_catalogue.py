"""Korean and English say the same things with the same facts."""

from __future__ import annotations

import string

import pytest

from gateway.config.catalogue import catalogue, codes, word
from gateway.config.shape import EXPECTED, KINDS
from gateway.core.texts import LANGUAGES, language_of
from gateway.mapping.expression import ExpressionError, parse


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_both_languages_have_the_same_keys_in_the_same_order() -> None:
    korean, english = (catalogue(language) for language in LANGUAGES)
    assert list(korean) == list(english)
    for code in english:
        assert list(korean[code]) == list(english[code])


def test_both_languages_use_the_same_facts() -> None:
    korean, english = (catalogue(language) for language in LANGUAGES)
    for code, entry in english.items():
        told = {"ko": set[str](), "en": set[str]()}
        for part, text in entry.items():
            told["en"] |= placeholders(text)
            told["ko"] |= placeholders(korean[code][part])
            if code == "words":
                assert placeholders(text) == placeholders(korean[code][part])
        assert told["ko"] == told["en"], code


def test_every_finding_says_what_why_and_how_to_put_it_right() -> None:
    for language in LANGUAGES:
        for code in codes():
            assert {"what", "why", "fix"} <= set(catalogue(language)[code])
            assert all(text.strip() for text in catalogue(language)[code].values())


def test_every_kind_of_value_has_a_word() -> None:
    for key in {*EXPECTED.values(), *(kind for _, kind in KINDS), "@nothing"}:
        for language in LANGUAGES:
            assert word(key.removeprefix("@"), language)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "syntax"), ("x", "name"), ("f(value)", "function"), ("abs(value, 1)", "arguments"),
        ("value.x", "construct"), ("value" * 100, "long"), ("-" * 40 + "value", "deep"),
        ("value ** 99", "exponent"), ("value + 1e400", "number"), ("1", "unused"),
    ],
)  # fmt: skip
def test_every_problem_of_an_expression_has_a_word(text: str, problem: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse(text)
    assert caught.value.problem == problem
    for language in LANGUAGES:
        assert word(f"expr-{problem}", language)


def test_the_language_comes_from_the_option_then_the_environment() -> None:
    assert language_of("en", {"LANG": "ko_KR.UTF-8"}) == "en"
    assert language_of(None, {"LANG": "ko_KR.UTF-8"}) == "ko"
    assert language_of(None, {"LANG": "de_DE.UTF-8"}) == "en"
    assert language_of(None, {}) == "en"
