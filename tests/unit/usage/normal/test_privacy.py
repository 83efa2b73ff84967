"""A user leaves the factory as a pseudonym, masked or as it came, never longer than 60."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.usage.config import Privacy
from gateway.usage.normal.normalise import make_normaliser
from gateway.usage.normal.plain import cut, plain_text
from gateway.usage.normal.privacy import looks_like_a_name, masked, pseudonym, sent_user
from tests.unit.usage.normal.support import SALT, config, event, raw

PEOPLE = st.text(min_size=1, max_size=200).filter(lambda text: plain_text(text) != "")
MODES: list[Privacy] = ["pseudonym", "masked", "raw"]


def test_a_pseudonym_is_stable_readable_and_tells_nothing() -> None:
    first = pseudonym("김철수", SALT)
    assert first == pseudonym("김철수", SALT)
    assert re.fullmatch(r"p:[a-z2-7]{24}", first)
    assert "김" not in first
    assert pseudonym("김철수", SALT + b"x") != first
    assert pseudonym("김철순", SALT) != first


def test_the_pseudonym_of_a_person_never_changes_between_versions() -> None:
    assert pseudonym("E2021-17", b"0123456789abcdef") == GOLDEN


GOLDEN = "p:n2zvg7adx52ktlvcqdzqd5hc"


@pytest.mark.parametrize(
    ("person", "hidden"),
    [
        ("김철수", "김*수"),
        ("김수", "김*"),
        ("남궁민수", "남**수"),
        ("김", "*"),
        ("kimcs01", "k*****1"),
        ("kim(김철수)", "k*m(김*수)"),
        ("kim@factory.co.kr", "k*m@f*****y.c*.k*"),
        ("John Smith", "J**n S***h"),
        ("E2021-17", "E***1-1*"),
        ("***", "*"),
        ("--", "*"),
    ],
)
def test_the_middle_of_a_name_or_id_is_hidden(person: str, hidden: str) -> None:
    assert masked(person) == hidden


@settings(deadline=None)
@given(PEOPLE, st.sampled_from(MODES))
def test_whatever_a_person_is_called_it_can_be_sent(text: str, mode: Privacy) -> None:
    sent = sent_user(plain_text(text), mode, SALT)
    assert 1 <= len(sent) <= 60
    assert sent.strip() == sent
    sent.encode("utf-8")
    assert not any(unicodedata.category(char) in {"Cc", "Cs"} for char in sent)


@settings(deadline=None)
@given(PEOPLE, PEOPLE)
def test_two_people_have_two_pseudonyms(one: str, other: str) -> None:
    left, right = plain_text(one), plain_text(other)
    assert (pseudonym(left, SALT) == pseudonym(right, SALT)) == (left == right)


@settings(deadline=None)
@given(st.text(st.characters(categories=["L", "N"]), min_size=3, max_size=60))
def test_a_masked_name_keeps_at_most_two_letters_of_a_piece(person: str) -> None:
    hidden = masked(person)
    assert hidden != person
    for piece in re.findall(r"[^\W_]+", person):
        if len(piece) > 2:
            assert piece not in hidden


def test_composed_and_decomposed_spellings_are_one_person() -> None:
    apart = unicodedata.normalize("NFD", "김철수")
    assert apart != "김철수"
    users = {
        event(raw(sysUser=each)).user for each in (apart, "김철수", " 김철수 ", "김철수\u200b")
    }
    assert len(users) == 1


def test_pseudonyms_without_a_key_are_refused() -> None:
    for salt in (b"", b"short"):
        with pytest.raises(ValueError, match=r"^salt: "):
            make_normaliser(config(salt=salt))
    make_normaliser(config(salt=b"", user="masked"))


def test_a_long_user_is_cut_at_whole_characters() -> None:
    assert cut("가" * 100, 60) == "가" * 60
    marked = "a" * 59 + "e\u0301\u0302" + "z"
    assert cut(marked, 60) == "a" * 59
    family = "a" * 59 + "👩\u200d👩"
    assert cut(family, 60) == "a" * 59
    assert cut(family, 70) == family


@pytest.mark.parametrize(
    "person",
    ["김철수", "kim(김철수)", "김수(E12)", "홍길동 대리", "남궁민수", "John Smith", "E12_박민"],
)
def test_a_real_name_is_noticed(person: str) -> None:
    assert looks_like_a_name(person)


@pytest.mark.parametrize(
    "person",
    ["E2021-17", "admin", "관리자", "작업자", "user01", "공용", "생산1팀", "현장", "p:abc"],
)
def test_an_id_is_no_name(person: str) -> None:
    assert not looks_like_a_name(person)
