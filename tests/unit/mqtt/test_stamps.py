"""Source times."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.mqtt.stamps import STAMP_MAX, UNITS_NS, stamp_reader

NS = 1_795_439_647_817_927_123


@pytest.mark.parametrize(
    ("unit", "value", "stamp"),
    [
        ("ns", NS, NS),
        ("us", 1_795_439_647_817_927, 1_795_439_647_817_927_000),
        ("ms", 1_795_439_647_817, 1_795_439_647_817_000_000),
        ("s", 1_795_439_647, 1_795_439_647_000_000_000),
        ("s", 1_795_439_647.817, 1_795_439_647_817_000_000),
        ("s", 1_795_439_647.817927, 1_795_439_647_817_927_000),
        ("ms", 1_795_439_647_817.927, 1_795_439_647_817_927_000),
        ("s", "1795439647.817927123", NS),
        ("ms", "1795439647817", 1_795_439_647_817_000_000),
        ("s", -1.5, -1_500_000_000),
        ("iso", "2026-11-23T13:14:07.817927123+00:00", 1_795_439_647_817_927_123),
        ("iso", "2026-11-23T22:14:07.817+09:00", 1_795_439_647_817_000_000),
        ("iso", "2026-11-23T13:14:07Z", 1_795_439_647_000_000_000),
        ("iso", "2026-11-23 13:14:07,5", 1_795_439_647_500_000_000),
        ("iso", "1969-12-31T23:59:59.5Z", -500_000_000),
    ],
)
def test_a_time_is_read_to_the_last_digit(unit: str, value: Any, stamp: int) -> None:
    assert stamp_reader(unit)(value) == stamp


def test_iso_without_a_zone_is_utc() -> None:
    read = stamp_reader("iso")
    assert read("2026-11-23T13:14:07.817") == read("2026-11-23T13:14:07.817Z")


@pytest.mark.parametrize("unit", [*UNITS_NS, "iso"])
@pytest.mark.parametrize(
    "value",
    [None, True, [], {}, "", "soon", "nan", "1e400", "9" * 41, 10**30, float("1e300")],
)
def test_what_is_no_time_is_refused(unit: str, value: Any) -> None:
    with pytest.raises(ValueError):
        stamp_reader(unit)(value)


@given(st.decimals(min_value=0, max_value=4_000_000_000, places=6))
def test_seconds_with_six_decimals_survive_as_double(written: Decimal) -> None:
    assert stamp_reader("s")(float(str(written))) == int(written * 10**9)


@given(st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1)))
def test_iso_agrees_with_datetime(moment: datetime) -> None:
    since = moment.replace(tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    expected = (since.days * 86_400 + since.seconds) * 10**9 + since.microseconds * 1_000
    assert stamp_reader("iso")(moment.isoformat() + "Z") == expected


@given(st.integers(), st.sampled_from(sorted(UNITS_NS)))
def test_a_stamp_always_fits_64_bits(value: int, unit: str) -> None:
    try:
        assert abs(stamp_reader(unit)(value)) <= STAMP_MAX
    except ValueError:
        assert abs(value * UNITS_NS[unit]) > STAMP_MAX


SEOUL = stamp_reader("iso", "Asia/Seoul")
NOON = SEOUL("2026-11-30T20:55:06+09:00")


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-30T20:55:06", "2026-11-30 20:55:06", "2026/11/30 20:55:06", "2026.11.30 20:55:06",
        "2026. 11. 30. 20:55:06", "2026-11-30 오후 8:55:06", "2026. 11. 30. 오후 8:55:06",
        "2026년 11월 30일 20시 55분 6초", "2026년 11월 30일 오후 8시 55분 6초",
        "2026년11월30일 20시55분06초", "2026-11-30(월) 20:55:06",
        "2026년 11월 30일 월요일 20:55:06",
        "20261130205506", "20261130 205506", "20261130T205506", "20261130-205506",
        "2026-11-30 08:55:06 PM", "2026-11-30 8:55:06 p.m.", " 2026-11-30 20:55:06 ",
        "2026-11-30T11:55:06Z", "2026-11-30 11:55:06 UTC", "2026-11-30 20:55:06 KST",
        "2026-11-30T20:55:06+0900", "2026-11-30T20:55:06 +09", "2026-11-30T12:55:06+01:00",
        "2026-11-30T20:55:06+09:00[Asia/Seoul]",
    ],
)  # fmt: skip
def test_a_written_date_is_read_in_every_common_form(text: str) -> None:
    assert SEOUL(text) == NOON


@pytest.mark.parametrize(
    ("text", "ns"),
    [("2026-11-30 20:55:06,25", 250_000_000), ("2026.11.30 20:55:06.123456789", 123_456_789),
     ("20261130205506123", 123_000_000), ("2026-11-30 오후 8:55:06.5", 500_000_000)],
)  # fmt: skip
def test_a_fraction_is_read_behind_comma_and_point(text: str, ns: int) -> None:
    assert SEOUL(text) == NOON + ns


def test_digits_may_come_as_a_number() -> None:
    assert SEOUL(20261130205506) == NOON
    assert SEOUL(20261130205506001) == NOON + 10**6


@pytest.mark.parametrize(
    ("text", "hour"),
    [
        ("오전 12:05", 0),
        ("오전 1:05", 1),
        ("오후 12:05", 12),
        ("오후 1:05", 13),
        ("오후 20:05", 20),
    ],
)
def test_morning_and_afternoon_are_told_apart(text: str, hour: int) -> None:
    assert SEOUL(f"2026-11-30 {text}:00") == SEOUL(f"2026-11-30T{hour:02d}:05:00")


@pytest.mark.parametrize(
    "text",
    [
        "30.11.2026 20:55", "11/30/2026 20:55", "26-11-30 20:55:06", "n/a", "--", "", "20:55:06",
        "2026-13-30 20:55:06", "2026-11-31 20:55:06", "2026-11-30 25:00:00", "2026-11-30 20:61",
        "2026-11-30 오전 13:00", "2026-11-30T20:55.5", "1795439647", "2026.11",
        "2026-11-30 20:55:06 XYZ",
        "20261330205506", "2026-11-30 20:55:06" + " " * 60,
    ],
)  # fmt: skip
def test_a_date_that_is_none_or_could_be_another_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        SEOUL(text)


def test_an_hour_that_summer_time_repeats_is_its_first_and_one_it_skips_goes_on() -> None:
    read = stamp_reader("iso", "Europe/Berlin")
    assert read("2026-10-25 02:30:00") == read("2026-10-25T00:30:00Z")
    assert read("2026-10-25 03:30:00") == read("2026-10-25T02:30:00Z")
    assert read("2026-03-29 02:30:00") == read("2026-03-29T01:30:00Z")


@given(st.text(max_size=40) | st.integers() | st.floats())
def test_no_text_breaks_the_reader_of_dates(value: Any) -> None:
    with suppress(ValueError, OverflowError):
        assert abs(SEOUL(value)) <= STAMP_MAX
