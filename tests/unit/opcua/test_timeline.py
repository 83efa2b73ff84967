"""What our clock, a server's and a source's say of one another."""

from __future__ import annotations

import numpy as np
import pytest

from adapters.opcua.oddities import CLOCK_OFF, FOREIGN, Oddities
from adapters.opcua.timeline import (
    Memory,
    PublishClock,
    SourceClock,
    at_source,
    claimed,
    server_ahead,
    span_of_history,
)
from gateway.core.records import Batch
from gateway.core.types import UnixNs
from gateway.ops.health import DeviceHealth
from tests.services.opcua_peer import plan

SECOND = 1_000_000_000
NOW = 1_800_000_000 * SECOND
HOURS_3 = 3 * 3600 * SECOND


def batch(*times: int) -> Batch:
    signals, values = np.zeros(len(times), np.int32), np.zeros(len(times))
    return Batch(plan(["a"]), signals, np.array(times, np.int64), values, UnixNs(NOW))


def heard(*ahead: int) -> SourceClock:
    """Give a clock after messages each second whose newest sample was so far ahead."""
    clock = SourceClock()
    for number, each in enumerate(ahead):
        received = NOW + number * SECOND
        clock.note([batch(received + each)], received)
    return clock


def test_a_clock_that_runs_evenly_is_known_by_its_distance() -> None:
    assert heard(HOURS_3, HOURS_3, HOURS_3).ahead == HOURS_3


@pytest.mark.parametrize("odd", [HOURS_3, 78 * 365 * 86_400 * SECOND, -NOW, -HOURS_3])
def test_one_odd_time_says_nothing_of_a_clock(odd: int) -> None:
    assert heard(0, 0, odd, 0, 0).ahead == 0


def test_a_time_that_stands_still_is_no_clock() -> None:
    clock = SourceClock()
    for number in range(10):
        clock.note([batch(NOW)], NOW + number * SECOND)
    assert clock.ahead is None
    memory = Memory(server_ahead=HOURS_3, source_clock=clock)
    assert memory.source_ahead() is None


def test_a_clock_that_was_set_is_followed() -> None:
    assert heard(*[0] * 10, *[HOURS_3] * 3).ahead == HOURS_3


def test_the_source_s_span_is_told_only_where_it_is_another_and_can_be_right() -> None:
    assert at_source(NOW, NOW + SECOND, HOURS_3, HOURS_3) == (NOW + HOURS_3, NOW + SECOND + HOURS_3)
    century = 100 * 365 * 86_400 * SECOND
    for ahead in (0, SECOND, -SECOND, century, -century, None):
        assert at_source(NOW, NOW + SECOND, ahead, ahead) == (None, None)
    assert at_source(NOW, NOW + SECOND, HOURS_3, 0) == (None, None), "it would run backwards"


def test_one_stamp_that_is_far_from_the_others_does_not_count() -> None:
    far = NOW + 10 * HOURS_3
    assert server_ahead([NOW + HOURS_3 + 1, far, NOW + HOURS_3 + 2], NOW, NOW) == HOURS_3 + 2
    assert server_ahead([NOW - SECOND, NOW + 5, NOW], NOW, NOW + 10) == 0
    assert server_ahead([], NOW, NOW) is None


def test_history_is_asked_by_the_source_s_clock_and_wider_where_that_was_set() -> None:
    end = NOW + 10 * SECOND
    plain = span_of_history(NOW, end, None, (None, None))
    assert plain == (NOW, end + SECOND)
    ahead = span_of_history(NOW, end, HOURS_3, (0, 0))
    assert ahead == (NOW + HOURS_3, end + HOURS_3 + SECOND)
    moved = span_of_history(NOW, end, HOURS_3, (HOURS_3, 0))
    assert moved == (NOW, end + HOURS_3 + SECOND)
    assert span_of_history(NOW, end, None, (None, HOURS_3))[0] == NOW + HOURS_3


def test_times_that_are_none_are_none() -> None:
    assert claimed(0) is None
    assert claimed(-1) is None
    assert claimed((1 << 63) - 1) is None
    assert claimed(116_444_736_000_000_000) == 0


def test_a_wrong_clock_is_told_in_words_and_is_over_when_it_is_right() -> None:
    health, memory = DeviceHealth("press", 1), Memory(server_ahead=-HOURS_3)
    odd = Oddities(health, memory)
    odd.look(UnixNs(NOW))
    assert health.troubles[CLOCK_OFF].detail == "the server's clock is 3 h behind"
    memory.server_ahead = 0
    odd.look(UnixNs(NOW + 1))
    assert CLOCK_OFF in health.troubles, "looked at now and then only"
    odd.look(UnixNs(NOW + 6 * SECOND))
    assert not health.troubles


def test_samples_of_others_are_told_when_they_keep_coming() -> None:
    health = DeviceHealth("press", 1)
    odd = Oddities(health, Memory())
    odd.foreign(3, UnixNs(NOW))
    assert not health.troubles, "a change of tags makes some"
    odd.foreign(4, UnixNs(NOW + 11 * SECOND))
    assert health.troubles[FOREIGN].detail == "7 samples"
    odd.look(UnixNs(NOW + 80 * SECOND))
    assert not health.troubles


YEARS_20 = 20 * 365 * 86_400 * SECOND
SET = pytest.mark.parametrize(
    ("before", "after"),
    [(0, -YEARS_20), (-YEARS_20, 0), (0, 9 * 3_600 * SECOND), (9 * 3_600 * SECOND, 0)],
)


@pytest.mark.invariant("I6")
@SET
def test_a_clock_that_was_set_between_two_messages_dates_neither_too_late_nor_too_early(
    before: int, after: int
) -> None:
    """Before, the end of a gap was taken from another year, and a date from the receipt."""
    clock = PublishClock()
    now = 1_796_000_000 * SECOND
    for second in range(3):  # the clock that the newer message was published by is known
        at = now + 10 * SECOND + second * SECOND
        clock.date(at + after, at, at, 0)
    dated, published, received = now, now + 2 * SECOND, now + 14 * SECOND
    claim, newer = published + before, received + after
    assert clock.again(claim, newer, dated, received) <= published
    assert clock.until(claim, newer, dated, received) >= published


def test_a_clock_that_runs_dates_a_message_that_was_fetched_again_by_its_publish_time() -> None:
    clock = PublishClock()
    now = 1_796_000_000 * SECOND
    clock.date(now - YEARS_20, now, now, 0)
    dated, published, received = now, now + 2 * SECOND, now + 14 * SECOND
    claims = published - YEARS_20, received - YEARS_20
    assert clock.again(*claims, dated, received) == published
    assert clock.until(*claims, dated, received) == published
