"""Our clock is wrong, the service's is not: the event's time stays, the day is the service's."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from gateway.usage.model import State
from tests.unit.usage.sender.bench import DAY, at_work, logins, made
from tests.unit.usage.sender.fakes import event_at, not_there
from tests.unit.usage.sender.virtual import running

HOUR = 3_600.0


@contextmanager
def zone(name: str) -> Iterator[None]:
    before = os.environ.get("TZ")
    os.environ["TZ"] = name
    if hasattr(time, "tzset"):
        time.tzset()
    try:
        yield
    finally:
        os.environ.pop("TZ") if before is None else os.environ.__setitem__("TZ", before)
        if hasattr(time, "tzset"):
            time.tzset()


@pytest.mark.parametrize("name", ["UTC", "Asia/Seoul", "America/New_York"])
@pytest.mark.parametrize("ahead_s", [-HOUR, 0.0, HOUR])
async def test_log_dt_stays_the_events_and_slots_follow_the_service(
    name: str, ahead_s: float
) -> None:
    with zone(name):
        async with at_work(*logins(3), ahead_s=ahead_s) as bench:
            await bench.until_clock("09:30:00")
            sent = [row["logDt"] for _, row in bench.service.stored]
            assert sent == [f"{DAY} 08:00:0{number}.000" for number in range(3)]
            assert bench.service.codes == ["AP1002"] * 3
            assert ("U5008" in bench.alarms.now) is (ahead_s != 0)
            if ahead_s:
                assert bench.alarms.now["U5008"]["ahead_s"] == ahead_s


@pytest.mark.parametrize("ahead_s", [-HOUR, HOUR])
async def test_with_send_time_log_dt_is_the_services_time_or_the_events(ahead_s: float) -> None:
    async with at_work(*logins(2), ahead_s=ahead_s, log_dt="send") as bench:
        await bench.until_clock("09:30:00")
        first, second = (row["logDt"] for _, row in bench.service.stored)
    assert first == f"{DAY} 08:00:00.000"
    assert second.startswith(f"{DAY} 09:10:0")


@pytest.mark.parametrize("ahead_s", [-HOUR, HOUR])
async def test_the_day_ends_when_it_ends_for_the_service(ahead_s: float) -> None:
    bench = made("22:20:00", ahead_s)
    await bench.add(event_at(f"{DAY} 22:19:00"))

    async def feed() -> None:
        for hour, minute in ((22, 50), (23, 40), (23, 55)):
            await bench.until_clock(f"{hour}:{minute}:00")
            await bench.add(event_at(f"{DAY} {hour}:{minute}:00"))
        await bench.until_clock("2026-03-04 00:10:00")
        await bench.add(event_at("2026-03-04 00:10:00"))

    async with running(bench.world, bench.sender.run, feed):
        await bench.until_clock("2026-03-04 00:30:00")
    assert bench.ledger.counts() == {State.DELIVERED: 5}
    assert set(bench.service.codes) == {"AP1002"}


async def test_events_of_tomorrow_are_held_with_an_alarm_and_sent_when_it_is_tomorrow() -> None:
    events = [event_at(f"{DAY} 23:20:00"), event_at("2026-03-04 00:20:00")]
    async with at_work(*events, start="23:20:00") as bench:
        await bench.until_clock("23:45:00")
        assert bench.ledger.state("e00002") is State.QUEUED
        assert bench.alarms.now["U5013"] == {"events": 1}
        await bench.until_clock("2026-03-04 00:30:00")
        assert bench.ledger.state("e00002") is State.DELIVERED
        assert "U5013" not in bench.alarms.now
    assert set(bench.service.codes) == {"AP1002"}


async def test_a_solution_an_hour_ahead_has_its_events_held_until_they_are_true() -> None:
    events = [event_at(f"{DAY} 08:59:00"), event_at(f"{DAY} 10:05:00")]
    async with at_work(*events) as bench:
        await bench.until_clock("09:55:00")
        assert bench.ledger.state("e00002") is State.QUEUED
        await bench.until_clock("10:12:00")
        assert bench.ledger.state("e00002") is State.DELIVERED


async def test_a_clock_that_is_put_right_while_running_changes_nothing() -> None:
    async with at_work(*logins(4), ahead_s=HOUR) as bench:
        await bench.until_clock("09:08:00")
        bench.clock.ahead_s = 0.0
        await bench.until_clock("09:45:00")
    assert bench.service.codes == ["AP1002"] * 4
    times = [began for began, _, _ in bench.service.requests]
    assert times[1] == pytest.approx(605.2, abs=0.5)


async def test_a_machine_that_slept_over_night_sends_todays_events() -> None:
    async with at_work(*logins(1), start="18:00:00") as bench:
        await bench.until_clock("18:00:05")
        bench.clock.slept_s = 14 * HOUR
        bench.world.passed += 14 * HOUR
        await bench.add(event_at("2026-03-04 07:59:00"), event_at(f"{DAY} 18:00:03"))
        await bench.until_clock("2026-03-04 08:15:00")
    assert bench.ledger.state("e00002") is State.DELIVERED
    assert bench.ledger.state("e00003") is State.EXPIRED_MIDNIGHT
    assert set(bench.service.codes) == {"AP1002"}


@pytest.mark.parametrize("days", [-9_000, -1, 1, 400])
async def test_a_clock_that_is_days_off_loses_no_event_of_today(days: int) -> None:
    async with at_work(*logins(3), ahead_s=days * 24 * HOUR) as bench:
        await bench.until_clock("09:45:00")
        assert bench.ledger.counts() == {State.DELIVERED: 3}
        assert bench.alarms.now["U5008"]["ahead_s"] == days * 24 * HOUR
    assert bench.service.codes == ["AP1002"] * 3


async def test_a_clock_a_day_ahead_gives_up_nothing_while_nobody_answers() -> None:
    bench = made(ahead_s=24 * HOUR)
    bench.service.always = not_there
    await bench.add(*logins(3))
    async with running(bench.world, bench.sender.run):
        await bench.until_clock("12:00:00")
        bench.service.always = None
        await bench.until_clock("12:45:00")
    assert bench.ledger.counts() == {State.DELIVERED: 3}


async def test_a_run_without_any_answer_gives_yesterday_up_after_a_day_and_sends_none_of_it() -> (
    None
):
    async with at_work(*logins(1)) as bench:
        bench.service.always = not_there
        await bench.until_clock("2026-03-05 03:00:00")
        assert bench.ledger.counts() == {State.EXPIRED_MIDNIGHT: 1}
        tried = len(bench.service.requests)
        await bench.until_clock("2026-03-05 09:00:00")
        assert len(bench.service.requests) == tried
