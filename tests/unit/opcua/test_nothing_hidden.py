"""Whatever clocks say and however often the connection is cut: stored, or a gap that covers it."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.opcua.losses import margin_ns
from adapters.opcua.transport import FILETIME_OF_1970
from tests.unit.opcua.model import NAMES, SECOND, START, Plant, Value, ticks

EXAMPLES = 150
PLAY_S = 20.0
"""Of real time: nothing waits for any in here."""
SPANS = st.sampled_from([0.0, 0.05, 0.9, 1.1, 4.0, 15.0])
SOURCE_TIMES = st.sampled_from(["now", "still", "back", "1601", "2105", "ahead"])
SERVER_CLOCKS = st.sampled_from(["right", "none", "still", "1970", "2105", "later", "earlier"])
STEPS = st.one_of(
    st.tuples(st.just("set"), st.integers(0, 1), st.integers(0, 2), SOURCE_TIMES),
    st.tuples(st.just("tick"), st.booleans()),
    st.tuples(st.just("tick"), st.just(True)),
    st.tuples(st.just("through")),
    st.tuples(st.just("cut"), st.booleans()),
    st.tuples(st.just("connect")),
    st.tuples(st.just("disk"), st.booleans()),
    st.tuples(st.just("clock"), SERVER_CLOCKS),
)
NUMBERS = [0.5, math.nan, -0.0]
TEXTS = ["", "가동", "x"]


def source_time(plant: Plant, kind: str) -> int:
    now = plant.clock.time
    return {
        "now": ticks(now),
        "still": ticks(START),
        "back": ticks(now - 3600 * SECOND),
        "1601": 1,
        "2105": ticks(START + 78 * 365 * 86_400 * SECOND),
        "ahead": ticks(now + 3 * 3600 * SECOND),
    }[kind]


def set_clock(plant: Plant, kind: str) -> None:
    plant.still = None
    if kind == "none":
        plant.offset = None
    elif kind == "still":
        plant.offset, plant.still = 0, plant.clock.time
    elif kind in {"later", "earlier"}:
        plant.offset = (plant.offset or 0) + (7 if kind == "later" else -7) * SECOND
    else:
        at = {"right": plant.clock.time, "1970": 10**9, "2105": 4_300_000_000 * SECOND}[kind]
        plant.offset = at - plant.clock.time


async def play(plant: Plant, steps: Sequence[tuple[Any, ...]], *, unique: bool) -> None:
    """Connect, take the steps and come to rest."""
    async with asyncio.timeout(PLAY_S):
        await _play(plant, steps, unique=unique)


async def _play(plant: Plant, steps: Sequence[tuple[Any, ...]], *, unique: bool) -> None:
    await plant.connect()
    for number, (span, (what, *rest)) in enumerate(steps):
        plant.pass_by(span)
        if what == "set":
            signal, which, kind = rest
            value: Value = [NUMBERS, TEXTS][signal][which]
            if unique:
                value = float(number + 1) if signal == 0 else f"{number + 1}"
            plant.set(signal, value, source_time(plant, kind))
        elif what == "tick":
            await plant.tick(through=rest[0])
        elif what == "through":
            await plant.let_through()
        elif what == "cut":
            await plant.cut(forgotten=rest[0])
        elif what == "connect":
            await plant.connect()
        elif what == "disk":
            (plant.intake.gate.set if rest[0] else plant.intake.gate.clear)()
            await plant.calm()
        else:
            set_clock(plant, rest[0])
    await plant.end()
    await plant.cut()


def same(one: Any, other: Any) -> bool:
    return bool(one == other) or (one != one and other != other)


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adapters.opcua.deliveries.DRAIN_S", 0.0)


CASES = given(st.lists(st.tuples(SPANS, STEPS), max_size=40), st.sampled_from([1, 2, 5]))
PROFILE = settings(max_examples=EXAMPLES, deadline=None)


@PROFILE
@CASES
def test_the_newest_value_at_the_server_is_the_newest_stored(
    steps: list[tuple[Any, ...]], queue: int
) -> None:
    plant = Plant(queue)
    asyncio.run(play(plant, steps, unique=False))
    for signal, name in enumerate(NAMES):
        stored = plant.intake.values(name)
        assert stored, name
        assert same(stored[-1], plant.values[signal][0]), (name, stored)


@PROFILE
@CASES
def test_what_is_not_stored_lies_in_a_gap_by_our_clock(
    steps: list[tuple[Any, ...]], queue: int
) -> None:
    plant = Plant(max(queue, 2))  # a queue of one marks nothing that it drops
    asyncio.run(play(plant, steps, unique=True))
    gaps = plant.intake.gaps
    for gap in gaps:
        assert plant.began - margin_ns(plant.source) <= gap.start <= gap.end <= plant.clock.time
    for at, signal, value in plant.said:
        if any(same(value, stored) for stored in plant.intake.values(NAMES[signal])):
            continue
        assert any(
            gap.start <= at <= gap.end and (gap.signals is None or signal in gap.signals)
            for gap in gaps
        ), (at - START, signal, value, [(gap.start - START, gap.end - START) for gap in gaps])


@pytest.mark.parametrize("kind", ["right", "none", "still", "1970", "2105", "later", "earlier"])
def test_a_message_that_was_long_under_way_is_not_dated_when_it_came(kind: str) -> None:
    plant = Plant(5)
    steps: list[tuple[Any, ...]] = [(1.0, ("tick", True))] * 5
    steps += [(1.0, ("clock", kind)), (0.1, ("set", 0, 0, "now")), (0.1, ("tick", False))]
    steps += [(0.1, ("set", 0, 0, "now")), (9.0, ("through",)), (0.0, ("cut", True))]
    steps += [(0.1, ("set", 0, 0, "now"))]
    asyncio.run(play(plant, steps, unique=True))
    assert plant.intake.values("Number")[1:] == [7.0, 12.0]
    (lost,) = [at for at, _, value in plant.said if value == 9.0]
    (gap,) = plant.intake.gaps
    assert gap.start <= lost <= gap.end
    assert gap.start >= lost - 7 * SECOND, "no earlier than the answered request left"


@pytest.mark.parametrize("kind", ["right", "none", "still", "1970", "2105", "later", "earlier"])
def test_a_server_s_clock_moves_no_gap_by_more_than_the_answers_took(kind: str) -> None:
    plant = Plant(5)
    steps: list[tuple[Any, ...]] = [(1.0, ("tick", True))] * 5
    steps += [(1.0, ("clock", kind)), *[(1.0, ("tick", True))] * 20]
    steps += [(0.5, ("cut", True)), (30.0, ("connect",))]
    asyncio.run(play(plant, steps, unique=True))
    (gap,) = plant.intake.gaps
    last = START + round(26.0 * SECOND)
    assert last - margin_ns(plant.source) - 10 * SECOND <= gap.start <= last
    assert gap.end == last + round(30.5 * SECOND)


def test_the_epoch_of_the_wire_is_1601() -> None:
    assert ticks(0) == FILETIME_OF_1970
