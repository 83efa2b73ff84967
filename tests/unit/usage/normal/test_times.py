"""Times in every form that solutions write become Korean time, whatever the machine's zone."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.core.types import UnixNs
from gateway.usage.normal.times import TimeRules, read_time
from gateway.usage.rules.lints import Lint
from tests.unit.usage.normal.support import FORM, RECEIVED, ns

WITH_MS = [
    "2026-11-26 13:05:07.123",
    "2026-11-26T13:05:07.123",
    "2026/11/26 13:05:07.123",
    "2026-11-26 13:05:07,123",
    "2026-11-26 13:05:07:123",
    "2026-11-26 13:05:07.123456",
    "2026-11-26T04:05:07.123Z",
    "2026-11-26T13:05:07.123+09:00",
    "2026-11-26T13:05:07.123 09:00",
    "2026-11-26 13:05:07.123 +0900",
    "2026-11-25T23:05:07.123-05:00",
    "2026-11-26T13:05:07.123456789+09:00[Asia/Seoul]",
    "20261126130507123",
    "20261126130507.123",
    "20261126T130507.123",
    "20261126 13:05:07.123",
    "26-NOV-26 01.05.07.123000 PM",
    "2026-11-26-13.05.07.123456",
    "1795665907123",
    "1795665907.123",
    "1795665907123456",
    "1795665907123456789",
    "/Date(1795665907123)/",
    "/Date(1795665907123+0900)/",
    '"2026-11-26 13:05:07.123"',
    "２０２６－１１－２６　１３：０５：０７．１２３",
]
WITHOUT_MS = [
    "2026-11-26 13:05:07",
    "2026-11-26T13:05:07+09:00",
    "2026/11/26 13:05:07",
    "2026.11.26 13:05:07",
    "2026-11-26 04:05:07 UTC",
    "2026-11-26 13:05:07 KST",
    "20261126130507",
    "261126130507",
    "20261126 130507",
    "20261126T130507+0900",
    "1795665907",
    "2026-11-26 오후 1:05:07",
    "2026-11-26 1:05:07 오후",
    "2026. 11. 26. 오후 1:05:07",
    "2026년 11월 26일 13시 05분 07초",
    "2026년 11월 26일 목요일 오후 1:05:07",
    "2026-11-26(목) 13:05:07",
    "2026-11-26 PM 01:05:07",
    "2026-11-26 01:05:07 p.m.",
    "11/26/2026 1:05:07 PM",
    "11/26/2026 1:05:07\u202fPM",
    "26/11/2026 13:05:07",
    "Nov 26, 2026 1:05:07 PM",
    "Thursday, November 26, 2026 1:05:07 PM",
    "Thu Nov 26 13:05:07 KST 2026",
    "Thu, 26 Nov 2026 04:05:07 GMT",
    "Thu Nov 26 2026 13:05:07 GMT+0900 (한국 표준시)",
    "26/11/26 13:05:07",
    "26/Nov/2026:13:05:07 +0900",
]
NO_TIMES = [
    "", " ", "2026-11-26", "13:05:07", "hello", "2026-13-45 13:05:07", "2026-02-30 13:05:07.000",
    "2026-11-26 25:00:00", "2026-11-26 13:60:00", "0000-00-00 00:00:00.000", "20261126",
    "99999999999999", "2026-11-26 13:05:07.123+99:00", "2026-11-26 13:05:07.123 blah",
    "1969-12-31 00:00:00.000", "2300-01-01 00:00:00.000", "\ud800", "²" * 14, "9" * 300,
]  # fmt: skip


@pytest.mark.parametrize("text", WITH_MS)
def test_a_time_with_milliseconds_is_read_in_this_form(text: str) -> None:
    found = read_time(text, RECEIVED, TimeRules())
    assert found is not None
    assert found.text == "2026-11-26 13:05:07.123"
    assert found.at == ns("2026-11-26T13:05:07.123+09:00")


@pytest.mark.parametrize("text", WITHOUT_MS)
def test_a_time_without_milliseconds_gets_zeros(text: str) -> None:
    found = read_time(text, RECEIVED, TimeRules())
    assert found is not None
    assert found.text == "2026-11-26 13:05:07.000"
    assert {Lint.MILLISECONDS, Lint.TIME_FORM} <= set(found.lints)


@pytest.mark.parametrize("text", NO_TIMES)
def test_what_is_no_time_is_not_read(text: str) -> None:
    assert read_time(text, RECEIVED, TimeRules()) is None


def test_the_services_own_form_is_not_touched_and_not_noticed() -> None:
    found = read_time("2026-11-26 13:05:07.123", RECEIVED, TimeRules())
    assert found is not None
    assert found.lints == ()


@pytest.mark.parametrize("zone", ["UTC", "Asia/Seoul", "America/New_York", "XXX-14"])
def test_the_zone_of_the_machine_and_its_database_do_not_matter(zone: str) -> None:
    program = (
        "from gateway.usage.normal.times import read_time, TimeRules\n"
        "for text in ('2026-11-26 13:05:07.123', '1795665907123', '2026-11-26T04:05:07.123Z'):\n"
        f"    print(read_time(text, {RECEIVED}, TimeRules()).text)\n"
    )
    environ = {**os.environ, "TZ": zone, "PYTHONTZPATH": ""}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environ, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == ["2026-11-26 13:05:07.123"] * 3


def lints_of(text: str, **rules: object) -> tuple[Lint, ...]:
    found = read_time(text, RECEIVED, TimeRules(**rules))  # type: ignore[arg-type]
    assert found is not None
    return found.lints


def test_utc_sent_as_korean_time_is_noticed_and_kept_unless_configured() -> None:
    text = "2026-11-26 04:05:07.123"
    assert lints_of(text) == (Lint.UTC_AS_KST,)
    found = read_time(text, RECEIVED, TimeRules())
    assert found is not None
    assert found.text == text
    told = read_time(text, RECEIVED, TimeRules(utc_offset_s=0))
    assert told is not None
    assert (told.text, told.lints) == ("2026-11-26 13:05:07.123", ())


def test_an_offset_in_the_text_goes_before_the_configured_one() -> None:
    found = read_time("2026-11-26T13:05:07.123+09:00", RECEIVED, TimeRules(utc_offset_s=0))
    assert found is not None
    assert found.text == "2026-11-26 13:05:07.123"


def test_a_program_that_sends_every_ten_minutes_in_utc_is_noticed_too() -> None:
    assert Lint.UTC_AS_KST in lints_of("2026-11-26 03:56:00.001")
    assert Lint.UTC_AS_KST not in lints_of("2026-11-26 03:36:00.001")


def test_nine_hours_added_twice_are_noticed() -> None:
    assert set(lints_of("2026-11-26 22:05:07.123")) == {Lint.NINE_HOURS_AHEAD, Lint.FUTURE}


def test_a_twelve_hour_clock_is_noticed_and_mended_only_when_configured() -> None:
    text = "2026-11-26 01:05:07.123"
    assert lints_of(text) == (Lint.TWELVE_HOUR,)
    found = read_time(text, RECEIVED, TimeRules(twelve_hour=True))
    assert found is not None
    assert found.text == "2026-11-26 13:05:07.123"
    assert found.lints == (Lint.HALF_DAY_MENDED,)


@pytest.mark.parametrize(
    ("text", "received", "expected"),
    [
        ("2026-11-26 12:05:07.123", "2026-11-26T00:05:08+09:00", "2026-11-26 00:05:07.123"),
        ("2026-11-26 12:05:07.123", "2026-11-26T12:05:08+09:00", "2026-11-26 12:05:07.123"),
        ("2026-11-26 11:59:59.999", "2026-11-27T00:00:01+09:00", "2026-11-26 23:59:59.999"),
        ("2026-11-26 08:00:00.000", "2026-11-26T08:00:01+09:00", "2026-11-26 08:00:00.000"),
        ("2026-11-26 13:05:07.123", "2026-11-26T01:05:08+09:00", "2026-11-26 13:05:07.123"),
    ],
)
def test_the_half_of_the_day_nearest_to_arrival_is_taken(
    text: str, received: str, expected: str
) -> None:
    found = read_time(text, ns(received), TimeRules(twelve_hour=True))
    assert found is not None
    assert found.text == expected


def test_am_and_pm_make_the_half_of_the_day_sure() -> None:
    for text, expected in [
        ("2026-11-26 오전 12:05:07", "00:05:07"),
        ("2026-11-26 오후 12:05:07", "12:05:07"),
        ("2026-11-26 12:05:07 AM", "00:05:07"),
        ("2026-11-26 11:05:07 PM", "23:05:07"),
    ]:
        found = read_time(text, RECEIVED, TimeRules(twelve_hour=True))
        assert found is not None
        assert found.text == f"2026-11-26 {expected}.000"


def test_seconds_in_place_of_milliseconds_are_noticed() -> None:
    assert lints_of("2026-11-26 13:05:07.007") == (Lint.SECONDS_TWICE,)


def test_milliseconds_that_are_not_three_digits_are_noticed() -> None:
    assert Lint.MILLISECONDS in lints_of("2026-11-26 13:05:07.12")
    assert Lint.MILLISECONDS in lints_of("2026-11-26 13:05:07.123456")


def test_month_and_minute_mixed_up_are_noticed() -> None:
    late = ns("2026-11-26T13:47:08+09:00")
    found = read_time("2026-11-26 13:11:07.123", late, TimeRules())
    assert found is not None
    assert found.lints == (Lint.MONTH_FOR_MINUTE,)
    assert Lint.MONTH_FOR_MINUTE in lints_of("2026-05-26 13:05:07.123")


def test_another_day_and_the_future_are_noticed_and_stay_fit() -> None:
    assert lints_of("2026-11-25 18:30:07.123") == (Lint.NOT_TODAY,)
    assert lints_of("2026-11-26 13:06:30.123") == (Lint.FUTURE,)
    assert lints_of("2026-11-26 13:06:00.123") == ()


def test_midnight_is_that_of_korea() -> None:
    received = ns("2026-11-25T15:00:01+00:00")
    found = read_time("2026-11-26 00:00:00.123", received, TimeRules())
    assert found is not None
    assert found.lints == ()


def test_a_file_that_is_read_later_is_not_suspected() -> None:
    for text in ("2026-11-26 04:05:07.123", "2026-11-26 01:05:07.123"):
        assert lints_of(text, live=False) == ()


def test_a_doubtful_date_is_read_as_the_one_nearest_to_arrival() -> None:
    received = ns("2026-03-04T10:00:01+09:00")
    for text, doubtful in [
        ("03/04/2026 10:00:00", True),
        ("04/03/2026 10:00:00", True),
        ("26/03/04 10:00:00", False),
    ]:
        found = read_time(text, received, TimeRules())
        assert found is not None
        assert found.text == "2026-03-04 10:00:00.000"
        assert (Lint.DATE_GUESSED in found.lints) is doubtful


def test_hour_24_is_midnight_of_the_day_nearest_to_arrival() -> None:
    for received, day in [("2026-11-26T00:05:08+09:00", 26), ("2026-11-27T00:05:08+09:00", 27)]:
        found = read_time("2026-11-26 24:05:07.123", ns(received), TimeRules())
        assert found is not None
        assert found.text == f"2026-11-{day} 00:05:07.123"


def test_a_leap_second_becomes_the_last_millisecond() -> None:
    found = read_time("2026-11-26 23:59:60.000", RECEIVED, TimeRules())
    assert found is not None
    assert found.text == "2026-11-26 23:59:59.999"


MOMENTS = st.datetimes(datetime(1971, 1, 1), datetime(2260, 12, 31))
OFFSETS = st.integers(-12 * 4, 14 * 4).map(lambda quarters: quarters * 900)


@settings(deadline=None)
@given(MOMENTS, OFFSETS, st.integers())
def test_any_instant_comes_back_to_the_millisecond(
    local: datetime, offset_s: int, received: int
) -> None:
    moment = local.replace(tzinfo=timezone(timedelta(seconds=offset_s)))
    expected = moment.astimezone(timezone(timedelta(hours=9)))
    expected = expected.replace(microsecond=expected.microsecond // 1000 * 1000)
    said = expected.strftime("%Y-%m-%d %H:%M:%S.") + f"{expected.microsecond // 1000:03d}"
    for text in (moment.isoformat(), said):
        found = read_time(text, UnixNs(received % 2**62), TimeRules())
        assert found is not None
        assert found.text == said
        assert found.at == (int((expected.astimezone(UTC) - _EPOCH) / _MS)) * 10**6


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)
TIME_LIKE = st.text("0123456789-/:. TZ+,오전후년월일시분초APMapm()[]novNOVutckst", max_size=40)


@settings(deadline=None)
@given(st.one_of(st.text(max_size=120), TIME_LIKE), st.integers(0, 2**62), OFFSETS, st.booleans())
def test_no_text_raises_and_what_is_read_has_the_services_form(
    text: str, received: int, offset_s: int, flag: bool
) -> None:
    found = read_time(text, UnixNs(received), TimeRules(offset_s, flag, flag))
    if found is not None:
        assert FORM.fullmatch(found.text)
        assert found.at % 10**6 == 0
        assert found.at == ns(found.text.replace(" ", "T") + "+09:00")
