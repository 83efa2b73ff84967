"""Days in Korea whatever the machine's zone."""

from __future__ import annotations

import pytest

from gateway.usage.ledger.days import day_of, is_day, shown, start_of

MIDNIGHT = 1_795_618_800 * 10**9  # 2026-11-25T15:00:00Z


def test_a_day_begins_at_three_in_the_afternoon_utc() -> None:
    assert start_of("2026-11-26") == MIDNIGHT
    assert (day_of(MIDNIGHT), day_of(MIDNIGHT - 1)) == ("2026-11-26", "2026-11-25")
    assert shown(MIDNIGHT + 1_999_999) == "2026-11-26 00:00:00.001"
    assert day_of(0) == "1970-01-01"


@pytest.mark.parametrize("text", ["", "2026-1-1", "2026-02-30", "20261126", "2026-11-2x"])
def test_what_is_not_a_day(text: str) -> None:
    assert not is_day(text)


def test_a_stamp_begins_with_a_day() -> None:
    assert is_day("2026-11-26 10:00:00.500")
