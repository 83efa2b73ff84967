"""Answers that were lost: sent again within ten minutes, never twice into the service."""

from __future__ import annotations

from collections import Counter

import pytest

from gateway.usage.model import Attempt, Move, State
from tests.unit.usage.sender.bench import DAY, Bench, at, logins, made
from tests.unit.usage.sender.fakes import (
    FakeLedger,
    event_at,
    lost,
    lost_after_storing,
    not_there,
    says,
)
from tests.unit.usage.sender.virtual import running


def sent_twice(bench: Bench) -> list[str]:
    """Give logDt and user of records that the service stored more than once."""
    rows = Counter(f"{row['logDt']} {row['sysUser']}" for _, row in bench.service.stored)
    return [row for row, count in rows.items() if count > 1]


async def test_a_lost_answer_becomes_delivered_presumed_by_ap1029() -> None:
    bench = made()
    bench.service.script.append(lost_after_storing)
    await bench.add(*logins(2))
    async with running(bench.world, bench.sender.run):
        await bench.until_clock("09:05:00")
        entry = bench.ledger.entries["e00001"]
        assert entry.states == [
            State.SENDING,
            State.SENDING,
            State.SENDING,
            State.DELIVERED_PRESUMED,
        ]
        assert bench.service.sent[0] == bench.service.sent[1]
        await bench.until_clock("09:30:00")
    assert bench.service.codes == ["", "AP1029", "AP1002"]
    assert bench.ledger.counts() == {State.DELIVERED_PRESUMED: 1, State.DELIVERED: 1}
    assert not sent_twice(bench)
    assert "U5006" not in bench.alarms.ever


async def test_a_record_that_did_not_arrive_is_delivered_by_the_second_try() -> None:
    bench = made()
    bench.service.script.append(lost)
    await bench.add(*logins(1))
    async with running(bench.world, bench.sender.run):
        await bench.until_clock("09:05:00")
    assert bench.ledger.state() is State.DELIVERED
    assert bench.service.codes == ["", "AP1002"]


async def test_an_outcome_unknown_for_ten_minutes_is_set_aside_and_never_stored_twice() -> None:
    bench = made()
    bench.service.always = lost_after_storing
    await bench.add(*logins(30))
    async with running(bench.world, bench.sender.run):
        await bench.until_clock("12:00:00")
        bench.service.always = None
        await bench.until_clock("20:00:00")
    counts = bench.ledger.counts()
    assert not sent_twice(bench)
    assert 3 <= counts[State.QUARANTINED] <= 8
    assert (
        counts[State.DELIVERED] + counts[State.DELIVERED_PRESUMED] + counts[State.QUARANTINED]
        == len(bench.service.stored)
        == 30
    )
    assert "U5010" in bench.alarms.ever
    assert "U5010" not in bench.alarms.now


async def test_a_service_that_is_not_there_costs_no_event() -> None:
    bench = made()
    bench.service.always = not_there
    await bench.add(*logins(3))
    async with running(bench.world, bench.sender.run):
        await bench.until_clock("11:00:00")
        assert "U5010" in bench.alarms.now
        assert len(bench.service.requests) < 40
        assert bench.sender.status().state == "offline"
        bench.service.always = None
        await bench.until_clock("11:40:00")
    assert bench.ledger.counts() == {State.DELIVERED: 3}
    assert "U5010" not in bench.alarms.now


async def test_a_passing_error_after_a_lost_answer_leaves_it_unknown() -> None:
    bench = made()
    bench.service.script.extend([lost_after_storing, says("AP1010")])
    await bench.add(*logins(1))
    async with running(bench.world, bench.sender.run):
        await bench.until_clock("09:09:00")
    assert bench.service.codes == ["", "AP1010", "AP1029"]
    assert bench.ledger.state() is State.DELIVERED_PRESUMED


async def test_an_unknown_outcome_at_midnight_expires_and_says_so() -> None:
    bench = made("23:58:50")
    bench.service.script.append(lost_after_storing)
    await bench.add(event_at(f"{DAY} 23:58:00"))
    async with running(bench.world, bench.sender.run):
        await bench.until_clock("2026-03-04 02:10:00")
    last = bench.ledger.entries["e00001"].moves[-1]
    assert (last.state, last.why) == (State.EXPIRED_MIDNIGHT, "outcome-unknown")
    assert len(bench.service.requests) == 1


async def after_a_kill(passed_s: float, *, stored: bool) -> Bench:
    """Give a bench whose ledger holds a record that was `sending` when the process died."""
    bench = made(ledger=FakeLedger())
    await bench.add(*logins(1))
    moment = at("09:00:00") - round(passed_s * 1e9)
    await bench.ledger.move([Move("e00001", State.SENDING, moment)])  # type: ignore[arg-type]
    if stored:
        fields = {"logDt": f"{DAY} 08:00:00.000", "sysUser": "user-1"}
        bench.service.stored.append((f"{DAY} 08:59:00.000", fields))
        bench.service._last = -passed_s
    return bench


@pytest.mark.parametrize(
    ("passed_s", "stored", "state"),
    [
        (5, True, State.DELIVERED_PRESUMED),
        (5, False, State.DELIVERED),
        (500, True, State.DELIVERED_PRESUMED),
        (3_600, True, State.QUARANTINED),
    ],
)
async def test_a_start_that_finds_a_record_sending_sends_the_same_again_or_sets_it_aside(
    passed_s: float, stored: bool, state: State
) -> None:
    bench = await after_a_kill(passed_s, stored=stored)
    async with running(bench.world, bench.sender.run):
        await bench.until_clock("09:05:00")
    assert bench.ledger.state() is state
    assert not sent_twice(bench)


async def test_a_restart_keeps_to_the_interval_of_the_run_before() -> None:
    ledger = FakeLedger()
    bench = made(ledger=ledger)
    await bench.add(*logins(2))
    done = Attempt(at("08:58:00"), {}, "AP1002", answered=f"{DAY} 08:58:00.100")
    await ledger.move(
        [
            Move("e00001", State.SENDING, at("08:58:00")),
            Move("e00001", State.DELIVERED, at("08:58:01"), "AP1002", done),
        ]
    )
    bench.service._last = -120.0
    async with running(bench.world, bench.sender.run):
        await bench.until_clock("09:30:00")
    assert bench.service.codes == ["AP1002"]
    assert bench.service.requests[0][0] == pytest.approx(605 - 119, abs=2)
