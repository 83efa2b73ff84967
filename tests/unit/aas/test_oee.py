"""The figures of ISO 22400-2 from states and counters; what is not known never counts as good."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from aas_models.oee.compute import CounterSum, Effectiveness
from aas_models.oee.shifts import MINUTE, Shifts, without
from aas_models.oee.timeline import CHANGES_MAX, Doing, Timeline

DAY_SHIFT = Shifts(((8 * 60, 17 * 60),), ((12 * 60, 13 * 60),), frozenset(range(5)))
HOUR = 60 * MINUTE


def kst(day: int, hour: int, minute: int = 0) -> int:
    """Give a time of November 2026 in Korea; the 23rd is a Monday."""
    moment = datetime(2026, 11, day, tzinfo=UTC).timestamp()
    return int(moment) * 10**9 + (hour * 60 + minute - 9 * 60) * MINUTE


def machine(ideal: float | None = 60.0) -> Effectiveness:
    return Effectiveness(DAY_SHIFT, ideal)


def test_a_perfect_hour_is_one_hundred_percent() -> None:
    press = machine()
    press.state(kst(23, 8), Doing.RUNNING)
    for minute in range(61):
        press.produced(kst(23, 8, minute), 1_000 + minute)
        press.judged(kst(23, 8, minute), 500 + minute)
    found = press.kpis(kst(23, 9))
    assert found is not None
    assert (found.availability, found.performance, found.quality, found.oee) == (1, 1, 1, 1)
    assert (found.produced, found.good) == (60, 60)


def test_each_loss_shows_in_the_ratio_it_belongs_to() -> None:
    press = machine()
    press.state(kst(23, 8), Doing.RUNNING)
    press.state(kst(23, 8, 45), Doing.STOPPED)
    press.produced(kst(23, 8), 0)
    press.produced(kst(23, 8, 44), 36)
    press.judged(kst(23, 8), 0)
    press.judged(kst(23, 8, 44), 27)
    found = press.kpis(kst(23, 9))
    assert found is not None
    assert (found.availability, found.performance, found.quality) == (0.75, 0.8, 0.75)
    assert found.oee == pytest.approx(0.45)
    assert found.down == 900


def test_unknown_time_is_planned_but_never_running() -> None:
    press = machine()
    press.state(kst(23, 8, 30), Doing.RUNNING)
    found = press.kpis(kst(23, 9))
    assert found is not None
    assert (found.unknown, found.production, found.availability) == (1800, 1800, 0.5)


def test_a_gap_inside_running_time_is_unknown_and_overlapping_gaps_count_once() -> None:
    press = machine()
    press.state(kst(23, 8), Doing.RUNNING)
    press.timeline.gap(kst(23, 8, 10), kst(23, 8, 20))
    press.timeline.gap(kst(23, 8, 15), kst(23, 8, 25))
    found = press.kpis(kst(23, 9))
    assert found is not None
    assert (found.unknown, found.production) == (900, 2700)


def test_a_lost_machine_is_unknown_from_then_on_not_running_as_last_seen() -> None:
    press = machine()
    press.state(kst(23, 8), Doing.RUNNING)
    found = press.kpis(kst(23, 10), lost_since=kst(23, 9))
    assert found is not None
    assert (found.production, found.unknown, found.availability) == (3600, 3600, 0.5)


def test_breaks_and_planned_stops_are_no_planned_busy_time() -> None:
    press = machine()
    press.state(kst(23, 8), Doing.RUNNING)
    press.state(kst(23, 14), Doing.PLANNED_STOP)
    press.state(kst(23, 15), Doing.RUNNING)
    found = press.kpis(kst(23, 17))
    assert found is not None
    assert found.planned_busy == 7 * 3600
    assert found.availability == 1


def test_a_new_shift_begins_at_nothing_but_knows_what_the_machine_still_does() -> None:
    press = machine()
    press.state(kst(23, 8), Doing.RUNNING)
    press.produced(kst(23, 8), 10)
    press.produced(kst(23, 16), 90)
    press.produced(kst(24, 8, 30), 95)
    found = press.kpis(kst(24, 9))
    assert found is not None
    assert (found.start, found.produced, found.production) == (kst(24, 8), 5, 3600)


def test_after_the_shift_its_figures_stay_until_the_next_one() -> None:
    press = machine()
    press.state(kst(27, 8), Doing.RUNNING)
    found = press.kpis(kst(29, 12))
    assert found is not None
    assert (found.start, found.end, found.production) == (kst(27, 8), kst(27, 17), 8 * 3600)


def test_a_night_shift_ends_on_the_next_day() -> None:
    night = Shifts(((20 * 60, 5 * 60),))
    assert night.window(kst(24, 3)) == (kst(23, 20), kst(24, 5))


def test_a_shift_without_spans_is_the_whole_day() -> None:
    assert Shifts().window(kst(23, 0, 1)) == (kst(23, 0), kst(24, 0))


def test_a_counter_that_fell_was_reset_and_an_old_sample_is_not_counted_again() -> None:
    counter, window = CounterSum(), (0, 100)
    for time, value in ((1, 10.0), (2, 15.0), (3, 2.0), (2, 14.0), (4, 4.0)):
        counter.take(time, value, window)
    assert counter.in_window(window) == 5 + 2 + 2
    assert counter.in_window((100, 200)) is None


def test_defects_may_be_counted_instead_of_good_parts() -> None:
    press = Effectiveness(DAY_SHIFT, None, bad_counted=True)
    for value, bad in ((0, 0), (10, 1)):
        press.produced(kst(23, 8, value), value)
        press.judged(kst(23, 8, value), bad)
    found = press.kpis(kst(23, 9))
    assert found is not None
    assert (found.good, found.quality) == (9, 0.9)
    assert (found.performance, found.oee) == (None, None)


def test_changes_may_come_late_and_are_bounded() -> None:
    line = Timeline()
    line.change(10, Doing.STOPPED)
    line.change(5, Doing.RUNNING)
    assert line.sums([(0, 20)])[Doing.RUNNING] == 5
    for time in range(CHANGES_MAX + 100):
        line.change(100 + time, Doing.RUNNING)
    assert sum(line.sums([(0, 200_000)]).values()) == 200_000


def test_what_is_left_of_a_span_without_another() -> None:
    assert without((0, 10), (3, 5)) == [(0, 3), (5, 10)]
    assert without((0, 10), (10, 12)) == [(0, 10)]
    assert without((0, 10), (-1, 12)) == []
