"""A line: one request under way, turns by time, a dead unit that delays nobody."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import pytest

from gateway.core.errors import SourceUnavailable
from gateway.core.polling import Terms, UnitSilent
from gateway.flow.line import Lines, LineSeat, SharedLine
from tests.unit.flow.virtual_loop import LoopClock, virtually


@dataclass
class FakeWire:
    usable: bool = True
    closed: bool = False

    async def close(self) -> None:
        self.usable, self.closed = False, True


@dataclass
class Plant:
    """A line whose wires and answers a test decides on."""

    line: SharedLine = field(default_factory=lambda: SharedLine(LoopClock()))
    wires: list[FakeWire] = field(default_factory=list)
    under_way: int = 0
    refuses: int = 0

    async def open(self) -> FakeWire:
        if self.refuses:
            self.refuses -= 1
            raise SourceUnavailable("unreachable", "127.0.0.1:502")
        self.wires.append(FakeWire())
        return self.wires[-1]

    def seat(self, device: str, **terms: float) -> LineSeat[FakeWire]:
        return self.line.seat(device, self.open, Terms(**terms))

    def answer(self, took_s: float, value: int = 1) -> Callable[[FakeWire], Awaitable[int]]:
        async def exchange(wire: FakeWire) -> int:
            assert not wire.closed
            assert self.under_way == 0, "two requests at once on one line"
            self.under_way += 1
            try:
                await asyncio.sleep(took_s)
            finally:
                self.under_way -= 1
            return value

        return exchange


NEVER = 3600.0


def test_one_request_is_under_way_whoever_asks() -> None:
    async def main() -> None:
        plant = Plant()
        seats = [plant.seat(f"unit-{n}") for n in range(5)]
        async with asyncio.TaskGroup() as group:
            for seat in seats:
                for _ in range(10):
                    group.create_task(seat.ask(plant.answer(0.02)))
        assert len(plant.wires) == 1

    virtually(main)


def test_turns_are_shared_by_time_and_weight_not_by_requests() -> None:
    async def main() -> dict[str, float]:
        plant, held = Plant(), {"slow": 0.0, "fast": 0.0, "heavy": 0.0}

        async def keep_asking(name: str, took_s: float, weight: float) -> None:
            seat = plant.seat(name, weight=weight)
            while True:
                await seat.ask(plant.answer(took_s))
                held[name] += took_s

        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(keep_asking("slow", 0.4, 1)),
                group.create_task(keep_asking("fast", 0.01, 1)),
                group.create_task(keep_asking("heavy", 0.05, 2)),
            ]
            await asyncio.sleep(100)
            for task in tasks:
                task.cancel()
        return held

    held = virtually(main)
    assert held["slow"] == pytest.approx(held["fast"], rel=0.05)
    assert held["heavy"] == pytest.approx(2 * held["fast"], rel=0.05)


def test_no_answer_costs_the_wire_and_is_tried_once_more() -> None:
    async def main() -> None:
        plant, tries = Plant(), 0
        seat = plant.seat("meter", timeout_s=1.0, settle_s=0.5)

        async def second_time(wire: FakeWire) -> int:
            nonlocal tries
            tries += 1
            await asyncio.sleep(NEVER if tries == 1 else 0.1)
            return tries

        began = plant.line.clock.monotonic()
        assert await seat.ask(second_time) == 2
        assert [wire.closed for wire in plant.wires] == [True, False]
        assert plant.line.clock.monotonic() - began == pytest.approx(1.6)

    virtually(main)


def test_an_answer_that_does_not_match_costs_the_wire() -> None:
    async def main() -> None:
        plant = Plant()
        seat = plant.seat("meter")

        async def wrong(_: FakeWire) -> int:
            raise SourceUnavailable("wrong-answer")

        with pytest.raises(SourceUnavailable, match="wrong-answer"):
            await seat.ask(wrong)
        assert [wire.closed for wire in plant.wires] == [True, True]

    virtually(main)


def test_a_cancelled_request_costs_the_wire_and_hands_its_turn_on() -> None:
    async def main() -> None:
        plant = Plant()
        seat, other = plant.seat("meter"), plant.seat("other")
        async with asyncio.TaskGroup() as group:
            first = group.create_task(seat.ask(plant.answer(0.5)))
            waiting = group.create_task(other.ask(plant.answer(0.1)))
            third = group.create_task(other.ask(plant.answer(0.1)))
            await asyncio.sleep(0.01)
            waiting.cancel()
            first.cancel()
            assert await third == 1
        assert plant.wires[0].closed
        assert not plant.line.turns.held

    virtually(main)


def test_a_unit_that_the_gateway_calls_silent_keeps_the_wire() -> None:
    async def main() -> None:
        plant = Plant()
        seat = plant.seat("meter")

        async def silent(_: FakeWire) -> int:
            raise UnitSilent("gateway-no-answer")

        with pytest.raises(UnitSilent):
            await seat.ask(silent)
        assert [wire.closed for wire in plant.wires] == [False]

    virtually(main)


def test_a_line_that_cannot_be_opened_is_not_tried_by_each_of_its_devices() -> None:
    async def main() -> None:
        plant = Plant(refuses=100)
        seats = [plant.seat(f"unit-{n}") for n in range(20)]
        for seat in seats:
            with pytest.raises(SourceUnavailable, match="unreachable"):
                await seat.ask(plant.answer(0.1))
        assert plant.refuses == 99
        await asyncio.sleep(1.1)
        plant.refuses = 0
        assert await seats[0].ask(plant.answer(0.1)) == 1

    virtually(main)


def test_a_wire_that_was_closed_while_idle_is_opened_again_without_a_failed_request() -> None:
    async def main() -> None:
        plant = Plant()
        seat = plant.seat("meter")
        await seat.ask(plant.answer(0.1))
        plant.wires[0].usable = False
        assert await seat.ask(plant.answer(0.1)) == 1
        assert len(plant.wires) == 2

    virtually(main)


def test_the_last_seat_closes_the_wire() -> None:
    async def main() -> None:
        plant = Plant()
        one, two = plant.seat("one"), plant.seat("two")
        await one.ask(plant.answer(0.1))
        await two.leave()
        assert not plant.wires[0].closed
        await one.leave()
        assert plant.wires[0].closed

    virtually(main)


def test_a_pause_between_requests_is_kept_for_all_devices() -> None:
    async def main() -> None:
        plant = Plant()
        seats = [plant.seat(f"unit-{n}", pause_s=0.15) for n in range(4)]
        began = plant.line.clock.monotonic()
        async with asyncio.TaskGroup() as group:
            for seat in seats:
                group.create_task(seat.ask(plant.answer(0.05)))
        assert plant.line.clock.monotonic() - began == pytest.approx(4 * 0.05 + 3 * 0.15)

    virtually(main)


@pytest.mark.parametrize("dead", [1, 8])
@pytest.mark.parametrize("told", [False, True], ids=["silent", "gateway-says-so"])
def test_dead_units_leave_the_others_their_period(dead: int, told: bool) -> None:
    """Two seconds' time-out, a period of one second: without probation they would have a third."""

    async def main() -> list[float]:
        plant = Plant()
        times: list[float] = []

        async def alive() -> None:
            seat = plant.seat("alive", timeout_s=2.0)
            due = plant.line.clock.monotonic()
            while True:
                await seat.ask(plant.answer(0.03))
                times.append(plant.line.clock.monotonic())
                due = max(due + 1.0, plant.line.clock.monotonic())
                await asyncio.sleep(due - plant.line.clock.monotonic())

        async def gateway_waits(_: FakeWire) -> int:
            await asyncio.sleep(0.5)
            raise UnitSilent("gateway-no-answer")

        async def dead_unit(number: int) -> None:
            while True:  # as the runner does, with a new adapter each time
                seat = plant.seat(f"dead-{number}", timeout_s=2.0)
                try:
                    await seat.ask(gateway_waits if told else plant.answer(NEVER))
                except SourceUnavailable:
                    await seat.leave()
                await asyncio.sleep(0.5)

        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(alive())]
            tasks += [group.create_task(dead_unit(number)) for number in range(dead)]
            await asyncio.sleep(600)
            for task in tasks:
                task.cancel()
        return times

    times = virtually(main)
    settled = [time for time in times if time > times[0] + 60]
    mean = (settled[-1] - settled[0]) / (len(settled) - 1)
    assert mean == pytest.approx(1.0, rel=0.1)


def test_a_unit_that_is_back_is_found_within_five_seconds() -> None:
    async def main() -> float:
        plant = Plant()
        alive, dead = plant.seat("alive"), plant.seat("dead")
        took_s = NEVER
        found = asyncio.Event()

        async def keep_asking() -> None:
            while True:
                await alive.ask(plant.answer(0.02))
                await asyncio.sleep(1)

        async def keep_probing() -> None:
            while not found.is_set():
                try:
                    await dead.ask(plant.answer(took_s))
                    found.set()
                except SourceUnavailable:
                    pass

        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(keep_asking()), group.create_task(keep_probing())]
            await asyncio.sleep(60)
            took_s, back = 0.02, plant.line.clock.monotonic()
            await found.wait()
            for task in tasks:
                task.cancel()
            return plant.line.clock.monotonic() - back

    assert virtually(main) < 5.0


def test_a_line_lives_as_long_as_its_devices() -> None:
    lines = Lines(LoopClock())
    one, two = lines.line("modbus://a:502", "one"), lines.line("modbus://a:502", "two")
    assert one is two
    lines.forget("one")
    assert lines.line("modbus://a:502", "two") is one
    assert lines.line("modbus://b:502", "two") is not one
    assert lines.line("modbus://a:502", "one") is not one
