"""Source times."""

from __future__ import annotations

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
