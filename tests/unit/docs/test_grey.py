"""Every reason that can be shown has words and a next step, in both languages and in the docs."""

from __future__ import annotations

import re
from functools import cache

import pytest

from gateway.app.advice import ROOMS, book, title
from gateway.app.kinds import ADAPTERS, KINDS
from gateway.core.texts import LANGUAGES, Language
from tests.unit.docs.grey_page import PAGES, parted, tables
from tests.unit.docs.reasons import Code

PACKAGES = {
    **{f"adapters.{kind.name}": (kind.name, "flow") for kind in ADAPTERS},
    "gateway.flow": ("flow",),
    **{f"gateway.sinks.{kind.name}": (f"sinks/{kind.name}",) for kind in KINDS.sinks},
    "gateway.history": ("history",),
}
"""Where reasons are made, and which files have to know them."""
FORM = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*-?\*?|Bad[A-Za-z]*\*?|Uncertain[A-Za-z]*\*?")
HANGUL = re.compile("[가-힣]")
SENTENCE_MAX = 260


@cache
def code() -> Code:
    return Code("adapters", "gateway/flow", "gateway/sinks", "gateway/history", "gateway/core")


def made() -> list[tuple[str, str, str]]:
    return [
        (package, reason, place)
        for package, rooms in PACKAGES.items()
        if ROOMS[rooms[0]].exists()
        for reason, place in code().reasons(package).items()
    ]


def test_reasons_are_found_in_the_code() -> None:
    found = {reason for _, reason, _ in made()}
    assert {"time-ahead", "no-value-yet", "bug", "influx-timeout", "not-an-answer"} <= found
    assert "http-*" in found


@pytest.mark.parametrize("package", PACKAGES)
def test_every_reason_that_code_makes_has_advice(package: str) -> None:
    rooms = PACKAGES[package]
    if not ROOMS[rooms[0]].exists():
        pytest.skip("no advice in this room yet")
    known = book(*rooms)
    missing = {
        f"{reason} ({place})"
        for origin, reason, place in made()
        if origin == package and known.advice_for(reason) is None
    }
    assert missing == set()


@pytest.mark.parametrize("package", PACKAGES)
def test_a_reason_is_a_fixed_word_and_no_sentence(package: str) -> None:
    odd = {f"{r} ({at})" for origin, r, at in made() if origin == package and not FORM.fullmatch(r)}
    assert odd == set()


@pytest.mark.parametrize("room", ROOMS)
def test_advice_says_what_is_wrong_and_what_to_do_in_both_languages(room: str) -> None:
    for reason, advice in book(room).entries.items():
        assert FORM.fullmatch(reason), reason
        for lang in LANGUAGES:
            for text in (advice.what[lang], advice.fix[lang]):
                assert text.strip(), reason
                assert len(text) <= SENTENCE_MAX, (reason, len(text))
        assert HANGUL.search(advice.what["ko"]), reason
        assert HANGUL.search(advice.fix["ko"]), reason
        assert not HANGUL.search(advice.what["en"] + advice.fix["en"]), reason


def test_nobody_is_sent_to_the_trust_list_but_for_a_certificate_of_an_opcua_server() -> None:
    sent = {
        (room, reason)
        for room in ROOMS
        for reason, advice in book(room).entries.items()
        if "gateway trust" in advice.command
    }
    assert all(room == "opcua" and "certificate" in reason for room, reason in sent)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_page_has_every_reason_with_its_words(lang: Language) -> None:
    _, table, _ = parted(PAGES[lang])
    assert table == tables(lang), "python -m tests.unit.docs.grey_page brings it up to date"


def test_every_room_has_a_title_in_both_languages() -> None:
    assert all(title(room, lang) for room in ROOMS for lang in LANGUAGES)
