"""A day of a sender against the service's rules, in virtual time."""

from __future__ import annotations

from itertools import pairwise

import pytest

from gateway.usage.model import State
from tests.unit.usage.sender.bench import DAY, at, at_work, logins, made
from tests.unit.usage.sender.fakes import event_at
from tests.unit.usage.sender.virtual import running


async def test_a_full_day_stores_144_with_no_record_too_early() -> None:
    bench = made("00:00:00")
    start = at("00:00:00")

    async def feed() -> None:
        for number in range(3_000):
            due = number * 86_399 / 2_999
            await bench.world.sleep(start / 1e9 + due - bench.world.true() / 1e9)
            kind = f"DO600{1 + number % 6}"
            text = f"{DAY} 00:00:00" if not number else _now(bench.world.true())
            await bench.add(event_at(text, f"user-{number % 40}", kind))

    async with running(bench.world, bench.sender.run, feed):
        await bench.until_clock("2026-03-04 00:00:30")
    counts = bench.ledger.counts()
    assert len(bench.service.stored) == 144
    assert set(bench.service.codes) == {"AP1002"}
    assert counts[State.DELIVERED] == 144
    assert counts[State.SAMPLED_OUT] + counts[State.EXPIRED_MIDNIGHT] == 3_000 - 144
    assert 1 <= counts[State.EXPIRED_MIDNIGHT] < 60
    assert len({fields["sysUser"] for _, fields in bench.service.stored}) == 40
    assert bench.service.stored[-1][0] < f"{DAY} 23:59:30"


def _now(true: int) -> str:
    from gateway.core.types import UnixNs
    from gateway.usage.sender.kst import kst_text

    return kst_text(UnixNs(true))


async def test_records_leave_every_605_seconds_when_the_day_is_not_full() -> None:
    async with at_work(*logins(4)) as bench:
        await bench.until_clock("10:00:00")
        times = [began for began, _, _ in bench.service.requests]
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert len(times) == 4
    assert gaps == pytest.approx([605.2] * 3, abs=0.1)


async def test_an_event_that_comes_into_a_free_slot_leaves_at_once() -> None:
    async with at_work() as bench:
        await bench.until_clock("09:30:00")
        await bench.add(event_at(f"{DAY} 09:30:00"))
        await bench.until_clock("09:30:02")
        assert bench.ledger.state() is State.DELIVERED


async def test_nothing_leaves_between_235915_and_midnight_and_the_day_expires() -> None:
    async with at_work(start="23:59:00") as bench:
        await bench.until_clock("23:59:20")
        await bench.add(event_at(f"{DAY} 23:59:20"))
        await bench.until_clock("2026-03-04 00:01:00")
        # The first answer after the start tells the time; until then no day is given up.
        assert [(round(began), code) for began, code, _ in bench.service.requests] == [
            (60, "AP1014")
        ]
        assert bench.ledger.state() is State.EXPIRED_MIDNIGHT


async def test_nothing_leaves_in_the_last_minute_and_no_request_for_what_is_left() -> None:
    async with at_work(event_at(f"{DAY} 23:40:00"), start="23:40:10") as bench:
        await bench.until_clock("23:59:20")
        await bench.add(event_at(f"{DAY} 23:59:20"))
        await bench.until_clock("2026-03-04 00:01:00")
        assert bench.service.codes == ["AP1002"]
        assert bench.ledger.state("e00002") is State.EXPIRED_MIDNIGHT


async def test_yesterdays_rows_found_at_a_start_cost_one_request_that_tells_the_time() -> None:
    rows = [event_at(f"2026-03-02 17:00:0{number}") for number in range(5)]
    async with at_work(*rows) as bench:
        await bench.until_clock("09:01:00")
        assert bench.service.codes == ["AP1014"]
        assert bench.ledger.counts() == {State.EXPIRED_MIDNIGHT: 5}


async def test_yesterdays_rows_that_come_today_expire_without_a_request() -> None:
    async with at_work(event_at(f"{DAY} 08:59:00")) as bench:
        await bench.until_clock("09:20:00")
        await bench.add(event_at("2026-03-02 17:00:00"), event_at(f"{DAY} 09:19:00"))
        await bench.until_clock("09:40:00")
        assert bench.ledger.state("e00002") is State.EXPIRED_MIDNIGHT
        assert bench.ledger.state("e00003") is State.DELIVERED
        assert len(bench.service.requests) == 2


async def test_the_interval_goes_over_midnight() -> None:
    async with at_work(event_at(f"{DAY} 23:50:00"), start="23:58:00") as bench:
        await bench.until_clock("2026-03-04 00:00:05")
        await bench.add(event_at("2026-03-04 00:00:04"))
        await bench.until_clock("2026-03-04 00:10:00")
        assert [code for _, code, _ in bench.service.requests] == ["AP1002", "AP1002"]
        assert bench.service.requests[1][0] == pytest.approx(605.2, abs=0.1)


async def test_a_working_day_with_nothing_stored_raises_an_alarm_and_a_sunday_does_not() -> None:
    async with at_work(start="20:00:00") as bench:
        await bench.until_clock("2026-03-04 00:01:00")
        assert bench.alarms.now["U5007"] == {"day": DAY}
    async with at_work(start="2026-03-01 20:00:00") as bench:
        await bench.until_clock("2026-03-02 00:01:00")
        assert "U5007" not in bench.alarms.ever


async def test_an_event_passed_over_in_the_morning_goes_into_a_quiet_slot() -> None:
    morning = [event_at(f"{DAY} 08:00:0{number}", "kim", "DO6003") for number in range(3)]
    async with at_work(*morning) as bench:
        await bench.until_clock("09:30:00")
        assert bench.ledger.counts()[State.DELIVERED] == 3


async def test_the_request_guard_stops_until_tomorrow_with_an_alarm() -> None:
    async with at_work(*logins(9), requests_max=3, start="09:00:00") as bench:
        await bench.until_clock("12:00:00")
        assert len(bench.service.requests) == 3
        assert bench.alarms.now["U5005"] == {"requests": 3}
        await bench.until_clock("2026-03-04 08:00:00")
        await bench.add(event_at("2026-03-04 08:00:00"))
        await bench.until_clock("2026-03-04 08:01:00")
        assert len(bench.service.requests) == 4
        assert "U5005" not in bench.alarms.now


async def test_with_sum_one_record_carries_the_bytes_of_its_window() -> None:
    events = [event_at(f"{DAY} 08:00:0{number}", "kim", amount=100) for number in range(5)]
    big = event_at(f"{DAY} 09:05:00", "lee", amount=999_999_000)
    async with at_work(*events, sample="sum") as bench:
        await bench.until_clock("09:05:00")
        await bench.add(big, event_at(f"{DAY} 09:05:01", "park", amount=2_000))
        await bench.until_clock("09:40:00")
        amounts = [fields["dataUsgqty"] for _, fields in bench.service.stored]
        counts = bench.ledger.counts()
    assert amounts == ["500", "999999999"]
    assert counts[State.SAMPLED_OUT] == 5
    assert counts[State.DELIVERED] == 2


async def test_the_ledger_that_refuses_stops_requests_and_nothing_is_lost() -> None:
    bench = made()
    bench.ledger.refuse = 5
    await bench.add(*logins(1))
    async with running(bench.world, bench.sender.run):
        await bench.until_clock("09:00:10")
        assert bench.service.requests == []
        await bench.until_clock("09:05:00")
        assert bench.ledger.state() is State.DELIVERED


async def test_a_result_is_written_before_anything_else_happens() -> None:
    bench = made()
    await bench.add(*logins(2))
    original = bench.service.send

    async def send(fields, variant):  # type: ignore[no-untyped-def]
        exchange = await original(fields, variant)
        bench.ledger.refuse = 4
        return exchange

    bench.service.send = send  # type: ignore[method-assign]
    async with running(bench.world, bench.sender.run):
        await bench.until_clock("09:05:00")
        assert bench.ledger.state() is State.DELIVERED
        assert len(bench.service.requests) == 1
