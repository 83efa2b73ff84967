"""Every word of the interface is there in both languages, and what runs is what was translated."""

from __future__ import annotations

import re
import string
from pathlib import Path

import pytest

from gateway.core.texts import LANGUAGES, N_, Texts, catalogue, language_of, translated
from tests.unit.texts import catalogues

ROOMS = [pytest.param(room, id=room.name) for room in catalogues.rooms()]
HANGUL = re.compile("[\uac00-\ud7a3]")
AGAIN = "run: python -m tests.unit.texts.catalogues"


def test_there_are_catalogues() -> None:
    assert {room.name for room in catalogues.rooms()} >= {"cli"}


@pytest.mark.parametrize("room", ROOMS)
def test_every_marked_text_has_its_korean(room: Path) -> None:
    made = catalogues.renewed(room)
    assert catalogues.untranslated(made) == []
    assert catalogues.text_of(made) == catalogues.file_of(room, ".po").read_bytes(), AGAIN


@pytest.mark.parametrize("room", ROOMS)
def test_the_compiled_catalogue_is_the_written_one(room: Path) -> None:
    built = catalogues.compiled(catalogues.translated(room))
    assert catalogues.messages(built) == catalogues.messages(
        catalogues.file_of(room, ".mo").read_bytes()
    ), AGAIN


def places(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("room", ROOMS)
def test_a_translation_has_the_same_places_for_facts(room: Path) -> None:
    other = [
        str(message.id)
        for message in catalogues.translated(room)
        if message.id and places(str(message.id)) != places(str(message.string))
    ]
    assert other == []


@pytest.mark.parametrize("room", ROOMS)
def test_a_translated_head_of_a_table_has_the_same_columns(room: Path) -> None:
    for message in catalogues.translated(room):
        assert str(message.id).count("|") == str(message.string).count("|"), message.id


def test_a_table_gives_each_language_and_keeps_tuples() -> None:
    table = Texts("gateway.cli", {"one": N_("alive"), "two": (N_("alive"), "")})
    assert table["en"] == {"one": "alive", "two": ("alive", "")}
    assert table["ko"] == {"one": "동작 중", "two": ("동작 중", "")}
    assert set(table.keys()) == {"one", "two"}


def test_the_language_comes_before_the_key() -> None:
    table = Texts("gateway.cli", {"good": N_("good")})
    with pytest.raises(KeyError, match="good"):
        table["good"]  # type: ignore[index]  # what is read from JSON is not seen by a checker


def test_a_text_that_nobody_translated_stands_for_itself() -> None:
    assert translated("gateway.cli", "ko", "nobody wrote this") == "nobody wrote this"
    assert catalogue("gateway.cli", "en").gettext("alive") == "alive"


def test_the_language_is_the_asked_one_then_the_systems() -> None:
    assert language_of("en", {"LANG": "ko_KR.UTF-8"}) == "en"
    assert language_of(None, {"GATEWAY_LANG": "ko", "LANG": "en_US"}) == "ko"
    assert language_of(None, {"LANG": "de_DE.UTF-8"}) == "en"
    assert LANGUAGES == ("ko", "en")
