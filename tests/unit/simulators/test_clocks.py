"""Each clock lies in its own way, the same way for the same seed."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from itertools import pairwise

import pytest

from simulators.clocks import CLOCKS, DAY, HOUR, YEAR_1, YEAR_1601, YEAR_2105, S, clock
from simulators.groups import Group, courses, group_reader

BEGAN = 1_795_000_000 * S


def readings(mode: str, seconds: int = 60) -> list[int | None]:
    read = clock(mode, BEGAN)
    return [read(BEGAN + second * S) for second in range(seconds)]


def steps(mode: str) -> list[int]:
    said = [each for each in readings(mode) if each is not None]
    return [later - before for before, later in pairwise(said)]


def test_years_are_those_of_the_calendar() -> None:
    assert datetime(2105, 1, 1, tzinfo=UTC).timestamp() * S == YEAR_2105
    assert YEAR_1601 == -11_644_473_600 * S
    assert YEAR_1 == -62_135_596_800 * S


@pytest.mark.parametrize(
    ("mode", "first"),
    [
        ("right", BEGAN),
        ("ahead", BEGAN + 5 * HOUR),
        ("behind", BEGAN - 30 * DAY),
        ("2105", YEAR_2105),
        ("1970", 0),
        ("1601", YEAR_1601),
        ("0001", YEAR_1),
    ],
)
def test_a_clock_that_runs_runs_from_where_it_is(mode: str, first: int) -> None:
    assert readings(mode, 3) == [first, first + S, first + 2 * S]


def test_a_frozen_clock_says_one_moment_and_a_coarse_one_few() -> None:
    assert set(readings("frozen")) == {BEGAN}
    assert set(steps("coarse")) == {0, 7 * S}


def test_a_clock_that_goes_backwards_does_so_again_and_again() -> None:
    assert steps("backwards").count(-8 * S) == 14
    said = readings("backwards")
    assert said[-1] is not None
    assert said[-1] < BEGAN


def test_a_clock_that_jumps_is_off_in_both_directions_and_repeats_for_its_seed() -> None:
    assert min(steps("jumping")) < 0 < max(steps("jumping"))
    assert max(steps("jumping")) > DAY
    assert readings("jumping") == readings("jumping")


def test_a_glitch_is_one_value_of_2105_among_right_ones() -> None:
    said = readings("glitch")
    odd = [place for place, each in enumerate(said) if each == YEAR_2105]
    assert odd == [5, 15, 25, 35, 45, 55]
    assert all(each == BEGAN + place * S for place, each in enumerate(said) if place not in odd)


def test_no_clock_says_no_time() -> None:
    assert set(readings("none")) == {None}
    assert set(CLOCKS) >= {"right", "ahead", "frozen", "backwards", "jumping", "1601"}


def test_a_group_is_read_from_its_text() -> None:
    read = group_reader(["clean", "nul"])
    assert read("3-9:clock=frozen,every=2s,dirt=nul") == Group(3, 9, "frozen", 2.0, "nul")
    assert read("7") == Group(7, 7)


@pytest.mark.parametrize(
    "text", ["x", "3-2", "1:clock=late", "1:dirt=mud", "1:every=-1", "1:colour=red", "1:clock"]
)
def test_a_group_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError):
        group_reader(["clean"])(text)


def test_signals_in_no_group_are_right_and_in_two_groups_they_may_not_be() -> None:
    made = courses([Group(2, 3, "frozen")], range(6), BEGAN, 1)
    assert [(each.numbers, each.group.clock) for each in made] == [
        (range(2, 4), "frozen"),
        (range(2), "right"),
        (range(4, 6), "right"),
    ]
    for wrong in ([Group(2, 3), Group(3, 4)], [Group(5, 6)]):
        with pytest.raises(ValueError, match="not free"):
            courses(wrong, range(6), BEGAN, 1)


def test_a_slow_group_speaks_at_its_pace_and_others_always() -> None:
    slow, steady = courses([Group(0, 0, every_s=3)], range(2), BEGAN, 1)
    spoken = [second for second in range(10) if slow.due(BEGAN + second * S)]
    assert spoken == [0, 3, 6, 9]
    assert all(steady.due(BEGAN + second * S) for second in range(10))
