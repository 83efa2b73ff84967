"""Every row of the service's table leads to its action, and a site's own file is laid over it."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.usage.rules.code_file import CodesError
from gateway.usage.rules.codes import RESENDS, load_codes
from gateway.usage.rules.kinds import Action, Kind
from gateway.usage.rules.texts import texts

ROWS = [
    ("AP1001", Kind.RECEIVED, Action.RECEIVED, 1, ""),
    ("AP1002", Kind.SUCCESS, Action.STORED, 1, ""),
    ("AP1004", Kind.RECORD, Action.QUARANTINE, 1, "U5012"),
    ("AP1010", Kind.RETRYABLE, Action.RETRY, 5, "U5012"),
    ("AP1011", Kind.CONFIG, Action.STOP_CONFIG, 1, "U5001"),
    ("AP1012", Kind.RECORD, Action.QUARANTINE, 1, "U5012"),
    ("AP1014", Kind.RECORD, Action.QUARANTINE, 1, "U5012"),
    ("AP1015", Kind.RECORD, Action.QUARANTINE, 1, "U5012"),
    ("AP1017", Kind.RECORD, Action.QUARANTINE, 1, "U5012"),
    ("AP1019", Kind.RECORD, Action.QUARANTINE, 1, "U5012"),
    ("AP1022", Kind.RECORD, Action.SET_ZERO_AND_RESEND, 2, "U5012"),
    ("AP1023", Kind.BUG, Action.STOP_CONFIG, 1, "U5003"),
    ("AP1025", Kind.BUG, Action.OTHER_VARIANT, 3, "U5004"),
    ("AP1026", Kind.RECORD, Action.CLAMP_AND_RESEND, 2, "U5012"),
    ("AP1028", Kind.TEST, Action.TEST_OK, 1, ""),
    ("AP1029", Kind.DEFER, Action.DEFER, 0, ""),
    ("AP1030", Kind.SITE, Action.STOP_SITE, 0, "U5002"),
    ("AP1031", Kind.DAY, Action.STOP_DAY, 0, "U5005"),
    ("AP1032", Kind.DAY, Action.STOP_DAY, 0, ""),
    ("AP1033", Kind.DAY, Action.STOP_DAY, 0, ""),
]
GAPS = [1003, 1005, 1006, 1007, 1008, 1009, 1013, 1016, 1018, 1020, 1021, 1024, 1027, 9999]


@pytest.mark.parametrize(("code", "kind", "action", "tries", "alarm"), ROWS)
def test_each_row_of_the_table_has_its_action(
    code: str, kind: Kind, action: Action, tries: int, alarm: str
) -> None:
    rule = load_codes().of(code)
    assert rule.known
    assert (rule.code, rule.kind, rule.action, rule.tries, rule.alarm) == (
        code,
        kind,
        action,
        tries,
        alarm,
    )
    assert rule.ko
    assert rule.en
    assert rule.ko != rule.en


def test_the_rows_are_all_that_the_table_has() -> None:
    assert load_codes().names() == [row[0] for row in ROWS]


@pytest.mark.parametrize("number", GAPS)
def test_an_unknown_code_is_tried_three_times_then_put_aside_with_an_alarm(number: int) -> None:
    rule = load_codes().of(f"AP{number}")
    assert not rule.known
    assert rule.code == f"AP{number}"
    assert [rule.after(tried) for tried in (1, 2, 3)] == [
        Action.RETRY,
        Action.RETRY,
        Action.QUARANTINE,
    ]
    assert rule.alarm == "U5009"


def test_other_error_waits_one_five_ten_minutes_and_ends_after_five_tries() -> None:
    rule = load_codes().of("AP1010")
    assert [rule.wait_s(tried) for tried in (1, 2, 3, 4)] == [60, 300, 600, 600]
    assert [rule.after(tried) for tried in (1, 4, 5)] == [
        Action.RETRY,
        Action.RETRY,
        Action.QUARANTINE,
    ]


def test_a_mended_amount_is_sent_once_more_only() -> None:
    for code in ("AP1022", "AP1026"):
        rule = load_codes().of(code)
        assert rule.after(1) in {Action.SET_ZERO_AND_RESEND, Action.CLAMP_AND_RESEND}
        assert rule.after(2) is Action.QUARANTINE


def test_too_early_is_never_given_up_and_an_ended_site_is_asked_once_a_day() -> None:
    assert load_codes().of("AP1029").after(500) is Action.DEFER
    assert load_codes().of("AP1030").after(500) is Action.STOP_SITE
    assert load_codes().of("AP1030").probe_s == 86_400


def test_no_answer_is_tried_again_without_end() -> None:
    rule = load_codes().of("")
    assert rule.after(1_000) is Action.RETRY
    assert not rule.known


def test_a_code_is_found_in_any_case_and_with_spaces() -> None:
    assert load_codes().of(" ap1002 ").action is Action.STORED


def test_every_alarm_of_the_table_and_every_action_has_words() -> None:
    for language in ("ko", "en"):
        said = texts(language)
        for row in ROWS:
            assert not row[4] or row[4] in said
        assert set(said["action"]) == {action.value for action in Action}


def test_actions_that_send_again_are_limited_in_the_table() -> None:
    for code in [*load_codes().names(), "AP1005"]:
        rule = load_codes().of(code)
        assert rule.action not in RESENDS or rule.tries > 1


def test_a_site_corrects_one_key_and_adds_a_code(tmp_path: Path) -> None:
    own = tmp_path / "codes.toml"
    own.write_text(
        '[AP1014]\naction = "stop_day"\n'
        '[AP1005]\nclass = "record"\naction = "quarantine"\nko = "날짜 지남"\n'
        "[unknown]\ntries = 7\n",
        "utf-8",
    )
    codes = load_codes(own)
    assert codes.of("AP1014").action is Action.STOP_DAY
    assert codes.of("AP1014").en == load_codes().of("AP1014").en
    assert codes.of("AP1005").known
    assert codes.of("AP1005").en == codes.of("AP1005").ko == "날짜 지남"
    assert codes.of("AP1006").tries == 7
    assert load_codes().of("AP1014").action is Action.QUARANTINE


def test_a_file_of_notepad_with_a_mark_and_windows_line_ends_is_read(tmp_path: Path) -> None:
    own = tmp_path / "codes.toml"
    own.write_bytes('\ufeff[AP1010]\r\ntries = 9\r\nko = "기타"\r\n'.encode())
    assert load_codes(own).of("AP1010").tries == 9


WRONG = [
    ('[AP1014]\nactoin = "stored"\n', "U9005", 2, "action"),
    ('[AP1014]\nko = "x"\naction = "stop_dya"\n', "U9006", 3, "stop_day"),
    ('[AP1005]\naction = "stored"\n', "U9008", 1, ""),
    ("[AP1010]\ntries = -1\n", "U9007", 2, ""),
    ("[AP1010]\ntries = true\n", "U9007", 2, ""),
    ("[AP1010]\nbackoff_s = [1, nan]\n", "U9007", 2, ""),
    ('[AP1010]\nbackoff_s = "1m"\n', "U9007", 2, ""),
    ('[AP1010]\nko = ""\n', "U9007", 2, ""),
    ('[AP1010]\nalarm = "E1"\n', "U9007", 2, ""),
    ("[ap1010]\ntries = 1\n", "U9004", 1, ""),
    ("# x\nAP1010 = 5\n", "U9007", 2, ""),
    ('\n\n[AP1010]\nko = "x\n', "U9003", 4, ""),
    ("a = " + "[" * 5_000, "U9003", 1, ""),
]


@pytest.mark.parametrize(("text", "code", "line", "near"), WRONG)
def test_what_is_wrong_in_a_file_is_said_with_its_line(
    tmp_path: Path, text: str, code: str, line: int, near: str
) -> None:
    own = tmp_path / "codes.toml"
    own.write_text(text, "utf-8")
    with pytest.raises(CodesError) as caught:
        load_codes(own)
    problem = caught.value.problems[0]
    assert (problem.code, problem.line, problem.facts.get("near", "")) == (code, line, near)
    assert str(caught.value).startswith(f"usage-codes-invalid: codes.toml:{line}: ")
    for language in ("ko", "en"):
        words = problem.words(language)
        assert words.what
        assert near in words.fix


def test_all_problems_of_a_file_are_said_at_once(tmp_path: Path) -> None:
    own = tmp_path / "codes.toml"
    own.write_text('[AP1010]\ntries = "x"\n[AP1011]\naction = 1\nzzz = 2\n', "utf-8")
    with pytest.raises(CodesError) as caught:
        load_codes(own)
    assert [(each.code, each.line) for each in caught.value.problems] == [
        ("U9007", 2),
        ("U9006", 4),
        ("U9005", 5),
    ]


def test_a_missing_a_cp949_and_a_huge_file_are_told_apart(tmp_path: Path) -> None:
    cp949, huge = tmp_path / "a.toml", tmp_path / "b.toml"
    cp949.write_bytes('[AP1010]\nko = "기타"\n'.encode("cp949"))
    huge.write_bytes(b"#" * 300_000)
    found = []
    for path in (tmp_path / "none.toml", cp949, huge):
        with pytest.raises(CodesError) as caught:
            load_codes(path)
        found.append((caught.value.problems[0].code, caught.value.problems[0].line))
    assert found == [("U9001", 0), ("U9002", 2), ("U9009", 0)]
