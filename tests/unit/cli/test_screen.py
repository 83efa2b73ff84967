"""Tables, widths and numbers as they stand in a terminal."""

from __future__ import annotations

import re
from typing import Any

import pytest

from gateway.cli import status
from gateway.cli.screen import filled, shortened, size, table, width, wrapped
from gateway.cli.tail import line
from gateway.core.status import GatewayStatus, record_of
from gateway.core.texts import Language

ROWS = [["프레스-01", "정상", "12"], ["cnc-01", "끊김", "BadTimeout, next try in 12 s"]]


def _starts(text: str) -> list[int]:
    """Give the columns at which cells begin: after three spaces or more."""
    places = [match.end() for match in re.finditer(r" {3,}", text)]
    return [width(text[:place]) for place in places]


def test_columns_stand_under_their_titles_with_hangul_in_them() -> None:
    lines = table(["설비", "상태", "NOTE"], ROWS)
    assert len({tuple(_starts(each)) for each in lines}) == 1


def test_a_cell_that_does_not_fit_goes_below_and_nothing_is_lost_or_split() -> None:
    identifier = "urn:uuid:90f1f89e-7b3a-57dc-abe9-9e27b5c72359"
    lines = table(["A", "ID"], [["x" * 40, identifier], ["y", "short"]], wide=80)
    assert all(width(each) <= 80 for each in lines)
    assert any(each.strip() == identifier for each in lines)
    assert table(["A", "ID"], [["x" * 40, identifier]], wide=None)[1].endswith(identifier)


@pytest.mark.parametrize("wide", [40, 80, 120])
def test_long_hangul_notes_are_broken_between_words(wide: int) -> None:
    note = "연결이 거부되었습니다. 다음 시도까지 12초 남았습니다. " * 4
    lines = wrapped(note, wide)
    assert all(width(each) <= wide for each in lines)
    assert " ".join(" ".join(lines).split()) == " ".join(note.split())


def test_what_is_copied_from_a_text_is_never_broken() -> None:
    text = "Write time: { source: receive } or `gateway secrets ls` into the file, then look."
    for wide in range(30, 80):
        lines = wrapped(text, wide)
        assert any("{ source: receive }" in each for each in lines)
        assert any("`gateway secrets ls`" in each for each in lines)


def test_filling_counts_columns_not_letters() -> None:
    assert width(filled("온도", 10)) == width(filled("temp", 10)) == 10


@pytest.mark.parametrize(
    ("count", "said"),
    [(0, "0 B"), (999, "999 B"), (1_500, "1.5 kB"), (42_000, "42 kB"), (3_900_000, "3.9 MB"),
     (7_000_000_000_000, "7,000 GB")],
)  # fmt: skip
def test_sizes_are_for_people(count: int, said: str) -> None:
    assert size(count) == said


def screen(content: dict[str, Any], lang: Language) -> list[str]:
    """Show what a service answered."""
    return status.screen(record_of(GatewayStatus, content), lang)


WHAT = {
    "en": "The server was silent. " * 4 + "End",
    "ko": "서버가 응답하지 않았습니다. " * 4 + "끝",
}
FIX = {"en": "Look at the network.", "ko": "네트워크를 확인하십시오."}


def _problem(reason: str, detail: str) -> dict[str, Any]:
    return {
        "reason": reason, "detail": detail, "count": 1, "tags": 0, "names": [], "what": WHAT,
        "fix": FIX, "command": "gateway check --live",
    }  # fmt: skip


def _status() -> dict[str, Any]:
    device = {
        "device": "press-01", "state": "lost", "note": "silent: 5 s", "next_try_s": 12.0, "bad": [],
        "problems": [_problem("silent", "5 s")],
        "tags": {"good": 0, "total": 24}, "age_s": 360.0, "rate": 0.0,
    }  # fmt: skip
    sink = {
        "name": "central", "state": "retrying", "note": "", "quarantined": 3, "next_try_s": None,
        "waiting": 8_120, "lag_s": 38.0, "last_accepted": None, "problems": [],
    }  # fmt: skip
    return {
        "gateway": "edge-07", "uptime_s": 10.0, "version": "1", "config": "", "healthy": False,
        "devices": [device], "sinks": [sink], "spool": {"ready": True, "note": "", "problems": []},
        "alarms": [], "accounts": {"balanced": True, "devices": [], "readers": []},
    }  # fmt: skip


@pytest.mark.parametrize("lang", ["ko", "en"])
def test_status_has_what_waits_and_ends_with_the_next_command(lang: Language) -> None:
    lines = screen(_status(), lang)
    text = "\n".join(lines)
    assert "8,120" in text
    assert f"silent: {WHAT[lang]}" in text
    assert f"press-01: silent: {WHAT[lang]} (5 s)" in lines[-5]
    assert f"{FIX[lang]}   gateway check --live" in lines[-4]
    assert "gateway spool ls" in lines[-2]
    assert "gateway spool quarantine" in lines[-1]


@pytest.mark.parametrize("wide", [80, 120])
@pytest.mark.parametrize("lang", ["ko", "en"])
def test_every_line_fits_the_terminal_and_commands_stay_whole(
    lang: Language, wide: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.cli.status.columns", lambda: wide)
    content: Any = _status()
    content["devices"][0]["problems"] *= 5
    lines = screen(content, lang)
    assert max(width(each) for each in lines) <= wide
    assert sum("gateway check --live" in each for each in lines) == 3
    assert any(each.startswith(" press-01: silent") for each in lines)
    row = next(each for each in lines if each.startswith(" press-01 "))
    place = lines.index(row)
    note = row if "silent" in row else lines[place + 1]
    assert "silent: " in note
    assert "…" in note


@pytest.mark.parametrize("lang", ["ko", "en"])
def test_no_more_than_five_devices_stand_below_the_table(lang: Language) -> None:
    content: Any = _status()
    content["devices"] = [{**content["devices"][0], "device": f"d{n}"} for n in range(8)]
    text = "\n".join(screen(content, lang))
    assert " d4: silent" in text
    assert " d5: silent" not in text
    assert "gateway status --json" in text


@pytest.mark.parametrize("lang", ["ko", "en"])
def test_fine_is_said_only_when_nothing_is_bad(lang: Language) -> None:
    fine = {"ko": "모두 정상", "en": "All fine"}[lang]
    content: Any = {**_status(), "sinks": []}
    content["devices"][0] |= {"state": "good", "problems": []}
    assert fine in screen(content, lang)[-1]
    for state in ("partly", "lost", "needs-person", "connecting"):
        content["devices"][0]["state"] = state
        assert all(fine not in each for each in screen(content, lang))
    content["devices"][0]["state"] = "good"
    edited = {**content, "config": "edit not taken: devices/a.yaml:3 E1203"}
    assert all(fine not in each for each in screen(edited, lang))
    noted = {**content, "spool": {"ready": True, "note": "slow", "problems": []}}
    assert all(fine not in each for each in screen(noted, lang))


@pytest.mark.parametrize("room", [20, 40, 60])
@pytest.mark.parametrize("text", ["연결이 거부되었습니다 " * 6, "The machine gives no times. " * 6])
def test_a_note_is_cut_to_its_room_and_what_stands_behind_it_stays(text: str, room: int) -> None:
    cut = shortened(text, room, "   +1")
    assert width(cut) <= room
    assert cut.endswith("…   +1")
    assert shortened(text, 0, "   +1") == text + "   +1"


@pytest.mark.parametrize("lang", ["ko", "en"])
def test_an_alarm_is_said_in_the_language_with_the_command_that_explains_it(lang: Language) -> None:
    what = {"ko": "인증키가 거부되었습니다", "en": "the key is refused"}
    alarm = {"code": "U5001", "about": "smart-factory", "what": what, "fix": what, "since": 0}
    last = screen({**_status(), "alarms": [alarm]}, lang)[-1]
    assert what[lang] in last
    assert "gateway usage explain U5001" in last


@pytest.mark.parametrize("lang", ["ko", "en"])
def test_values_stand_under_one_another_whatever_the_letters(lang: Language) -> None:
    rows = [
        {"device": "press-01", "name": name, "value": 1.5, "unit": "degC", "time": 0,
         "quality": "good"}
        for name in ("금형온도_상", "Temperature")
    ]  # fmt: skip
    lines = [line(row, 1.0, lang) for row in rows]
    assert len({tuple(_starts(each))[-1] for each in lines}) == 1
    assert all("+0.5" in each for each in lines)


@pytest.mark.parametrize("lang", ["ko", "en"])
def test_a_value_and_its_difference_fit_80_columns(lang: Language) -> None:
    row = {
        "device": "press-01", "name": "금형온도_상", "value": 182.43, "unit": "degC", "time": 0,
        "quality": "uncertain",
    }  # fmt: skip
    assert width(line(row, 181.21, lang, 80)) <= 80
    assert width(line(row, 181.21, lang, 120)) <= 120
