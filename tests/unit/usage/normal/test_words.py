"""Whatever a solution calls a use becomes one of the service's codes."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.usage.normal.words import Words
from gateway.usage.rules.lints import Lint
from gateway.usage.rules.use_codes import plain_word, use_codes
from tests.unit.usage.normal.support import config

CODES = ["DO6001", "DO6002", "DO6003", "DO6004", "DO6005", "DO6006", "DO6007", "DO6999"]
SPELLINGS = [
    ("D06001", "DO6001", Lint.ZERO_FOR_O),
    ("d06006", "DO6006", Lint.ZERO_FOR_O),
    ("D06999", "DO6999", Lint.ZERO_FOR_O),
    ("do6003", "DO6003", Lint.CODE_SPELLING),
    ("DO 6003", "DO6003", Lint.CODE_SPELLING),
    ("DO-6003", "DO6003", Lint.CODE_SPELLING),
    ("DO60O3", "DO6003", Lint.CODE_SPELLING),
    ("DO600l", "DO6001", Lint.CODE_SPELLING),
    ("ＤＯ６００２", "DO6002", Lint.CODE_SPELLING),
    ("6004", "DO6004", Lint.CODE_SPELLING),
]
LEGACY = [
    ("접속", "DO6001"), ("로그인", "DO6001"), ("login", "DO6001"), ("Log In", "DO6001"),
    ("종료", "DO6002"), ("로그아웃", "DO6002"), ("LOGOUT", "DO6002"),
    ("조회", "DO6003"), ("검색", "DO6003"), ("출력", "DO6003"), ("R", "DO6003"),
    ("등록", "DO6004"), ("저장", "DO6004"), ("신규 등록", "DO6004"), ("c", "DO6004"),
    ("수정", "DO6005"), ("U", "DO6005"), ("삭제", "DO6006"), ("D", "DO6006"),
    ("입고", "DO6007"), ("출고", "DO6007"), ("테스트", "DO6999"),
]  # fmt: skip


@pytest.mark.parametrize("code", CODES)
def test_a_right_code_stays(code: str) -> None:
    assert Words(config()).code_of(code).code == code
    assert Words(config()).code_of(code).lints == ()


def test_the_table_has_the_codes_of_version_1_7_in_both_languages() -> None:
    assert list(use_codes().by_code) == CODES
    assert all(each.ko and each.en for each in use_codes().by_code.values())


def test_no_word_of_the_table_stands_for_two_codes() -> None:
    import tomllib

    from gateway.usage.rules import use_codes as module

    content = tomllib.loads(module.FILE.read_text("utf-8"))
    words = [plain_word(word) for entry in content.values() for word in entry["words"]]
    assert sorted(words) == sorted(set(words))


@pytest.mark.parametrize(("text", "code", "lint"), SPELLINGS)
def test_a_code_is_read_however_it_is_spelled(text: str, code: str, lint: Lint) -> None:
    found = Words(config()).code_of(text)
    assert (found.code, found.lints) == (code, (lint,))


@pytest.mark.parametrize(("text", "code"), LEGACY)
def test_a_legacy_word_becomes_its_code(text: str, code: str) -> None:
    found = Words(config()).code_of(text)
    assert (found.code, found.lints) == (code, (Lint.LEGACY_WORD,))


@pytest.mark.parametrize(
    "text", ["생산관리 > 작업지시", "23.5", "DO6008", "DO60011", "작업지시등록"]
)
def test_an_unknown_word_is_a_query_and_noticed(text: str) -> None:
    found = Words(config()).code_of(text)
    assert (found.code, found.lints) == ("DO6003", (Lint.UNKNOWN_WORD,))


def test_a_sites_own_words_go_first() -> None:
    words = Words(config(words={"입고": "DO6004", "작업 지시": "d06005", "DO6008": "DO6008"}))
    for text, code in [("입고", "DO6004"), ("작업지시", "DO6005"), ("DO6008", "DO6008")]:
        assert words.code_of(text).code == code
        assert words.code_of(text).lints == ()
    assert Words(config(unknown_word="DO6004")).code_of("x").code == "DO6004"


def test_words_are_kept_for_an_old_key_but_a_wrong_zero_is_not() -> None:
    words = Words(config(keep_words=True))
    assert words.code_of("화면 조회").code == "화면 조회"
    assert words.code_of("화면 조회").lints == (Lint.WORD_KEPT,)
    assert words.code_of("D06001").code == "DO6001"
    assert len(words.code_of("가" * 500).code) == 200


@pytest.mark.parametrize("wrong", [{"unknown_word": "query"}, {"words": {"입고": "6oo7!"}}])
def test_a_setting_that_names_no_code_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="is not a code of use"):
        Words(config(**wrong))


@settings(deadline=None)
@given(st.one_of(st.text(min_size=1, max_size=300), st.text("DO06dol -_1239", max_size=12)))
def test_any_text_leads_to_a_code(text: str) -> None:
    assert re.fullmatch(r"DO\d{4}", Words(config()).code_of(text).code, re.ASCII)
