"""Two gateways with one key: one sends; without a lease they find out, and do not fight."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from gateway.core.clock import SystemClock
from gateway.usage.model import State
from gateway.usage.rules.codes import load_codes
from gateway.usage.sender.lease import EXPIRY_S, FileLease
from gateway.usage.sender.sender import Sender
from tests.unit.usage.sender.bench import DAY, Bench, config, logins, made
from tests.unit.usage.sender.fakes import FakeAlarms, FakeLedger, event_at, stored_by_another
from tests.unit.usage.sender.virtual import VirtualClock, running, until


async def at_once(lease: FileLease, work: Callable[[], str]) -> str:
    """Files are looked at without a thread: virtual time does not wait for threads."""
    return work()


@pytest.fixture
def _no_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FileLease, "_on_thread", at_once)


def beside(bench: Bench, ahead_s: float = 0.0, lease: Path | None = None) -> Bench:
    """Give a second gateway with the same key at the same service."""
    clock = VirtualClock(bench.world, ahead_s)
    ledger, alarms = FakeLedger(), FakeAlarms()
    sender = Sender(config(lease=lease), ledger, bench.service, load_codes(), alarms, clock)
    return Bench(bench.world, clock, ledger, bench.service, alarms, sender)


def stoppable(
    run: Callable[[], Awaitable[object]], stop: asyncio.Event
) -> Callable[[], Awaitable[None]]:
    async def both() -> None:
        async with asyncio.TaskGroup() as group:
            task = group.create_task(_run(run))
            await stop.wait()
            task.cancel()

    return both


async def _run(run: Callable[[], Awaitable[object]]) -> None:
    await run()


@pytest.mark.usefixtures("_no_threads")
async def test_with_a_lease_one_sends_and_the_other_takes_over_when_it_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lease = tmp_path / "lease.json"
    first, died = made(lease=lease), asyncio.Event()
    second = beside(first, ahead_s=3_600.0, lease=lease)
    await first.add(*logins(8))
    await second.add(*logins(8, "08:30:00"))
    monkeypatch.setattr(FileLease, "_give_back", lambda lease: None)  # as killed processes do

    async def later() -> None:
        await first.world.sleep(30)
        await second.sender.run()

    async with running(first.world, stoppable(first.sender.run, died), later):
        await first.until_clock("09:41:00")
        assert first.ledger.counts()[State.DELIVERED] == 5
        assert second.sender.status().state == "standby"
        died.set()
        await first.until_clock("10:30:00")
        assert second.ledger.counts()[State.DELIVERED] >= 4
    assert first.ledger.counts()[State.DELIVERED] == 5
    assert set(first.service.codes) <= {"AP1002", "AP1029"}
    assert first.service.codes.count("AP1029") <= 1
    assert "U5006" not in first.alarms.ever + second.alarms.ever


@pytest.mark.usefixtures("_no_threads")
async def test_a_gateway_that_only_stands_by_raises_no_alarm_of_an_empty_day(
    tmp_path: Path,
) -> None:
    lease = tmp_path / "lease.json"
    first = made("22:00:00", lease=lease)
    second = beside(first, lease=lease)
    await first.add(*logins(3))

    async def later() -> None:
        await first.world.sleep(30)
        await second.sender.run()

    async with running(first.world, first.sender.run, later):
        await first.until_clock("2026-03-04 00:20:00")
    assert first.alarms.ever == []
    assert second.alarms.ever == []


@pytest.mark.usefixtures("_no_threads")
async def test_a_lease_that_is_given_back_is_taken_at_once(tmp_path: Path) -> None:
    lease = tmp_path / "lease.json"
    bench, stop = made(lease=lease), asyncio.Event()
    second = beside(bench, lease=lease)
    await second.add(*logins(1))

    async def later() -> None:
        await bench.world.sleep(8)
        await second.sender.run()

    async with running(bench.world, stoppable(bench.sender.run, stop), later):
        await bench.until_clock("09:02:00")
        assert second.ledger.state() is State.QUEUED
        stop.set()
        await until(lambda: not lease.exists() or second.ledger.state() is not State.QUEUED)
        await bench.until_clock("09:02:45")
        assert second.ledger.state() is State.DELIVERED


@pytest.mark.usefixtures("_no_threads")
@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", '{"holder": "old", "beat": 7}', "\x00" * 3_000],
    ids=["empty", "half", "list", "old", "zeros"],
)
async def test_a_lease_that_nobody_beats_is_taken_whatever_it_says(
    tmp_path: Path, content: str
) -> None:
    lease = tmp_path / "lease.json"
    lease.write_text(content, encoding="utf-8")
    bench = made(lease=lease)
    await bench.add(*logins(1))
    async with running(bench.world, bench.sender.run):
        await bench.world.sleep(EXPIRY_S - 5)
        assert bench.service.requests == []
        await bench.world.sleep(40)
        assert bench.ledger.state() is State.DELIVERED


@pytest.mark.usefixtures("_no_threads")
async def test_a_lease_in_a_folder_that_is_gone_stops_with_an_alarm_and_goes_on_later(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "share"
    folder.mkdir()
    bench = made(lease=folder / "lease.json")
    await bench.add(*logins(9))
    async with running(bench.world, bench.sender.run):
        await bench.until_clock("09:00:10")
        assert len(bench.service.requests) == 1
        folder.rename(tmp_path / "away")
        await bench.until_clock("09:30:00")
        assert len(bench.service.requests) == 1
        assert "U5011" in bench.alarms.now
        assert bench.sender.status().state == "standby"
        (tmp_path / "away").rename(folder)
        await bench.until_clock("09:31:00")
        assert len(bench.service.requests) == 2
        assert "U5011" not in bench.alarms.now


async def test_without_a_lease_ap1029_tells_and_one_of_them_steps_back() -> None:
    first = made()
    second = beside(first)
    await first.add(*logins(60))
    await second.add(*logins(60, "08:30:00"))

    async def later() -> None:
        await first.world.sleep(100)
        await second.sender.run()

    async with running(first.world, first.sender.run, later):
        await first.until_clock("17:00:00")
        assert "U5006" in second.alarms.now
        assert second.sender.status().state == "contended"
    refused = first.service.codes.count("AP1029")
    assert len(first.service.stored) >= 40
    assert 2 <= refused <= 15
    assert len(first.service.stored) == (
        first.ledger.counts()[State.DELIVERED] + second.ledger.counts()[State.DELIVERED]
    )


async def test_one_unexpected_ap1029_is_no_alarm_and_two_in_a_row_are() -> None:
    bench = made()
    bench.service.script.extend([stored_by_another] * 2)
    await bench.add(*logins(1))
    async with running(bench.world, bench.sender.run):
        await bench.until_clock("09:05:00")
        assert bench.ledger.state() is State.DEFERRED
        assert "U5006" not in bench.alarms.ever
        await bench.until_clock("09:15:00")
        assert bench.alarms.now["U5006"] == {"times": 2}
        await bench.until_clock("10:00:00")
        assert bench.ledger.state() is State.DELIVERED
        assert "U5006" not in bench.alarms.now
    times = [began for began, _, _ in bench.service.requests]
    assert times == pytest.approx([0, 605, 605 + 1_210], abs=2)


async def test_three_a_day_are_an_alarm_even_with_records_between_them() -> None:
    bench = made()

    async def feed() -> None:
        for hour in range(9, 14):
            await bench.until_clock(f"{hour:02d}:00:01")
            bench.service.script.append(stored_by_another)
            await bench.add(event_at(f"{DAY} {hour:02d}:00:00"))

    async with running(bench.world, bench.sender.run, feed):
        await bench.until_clock("13:50:00")
        assert "U5006" in bench.alarms.now
    assert bench.ledger.counts() == {State.DELIVERED: 5}


@pytest.mark.slow
async def test_real_threads_and_real_time_keep_one_of_two_leases(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, seconds in (("BEAT_S", 0.02), ("SETTLE_S", 0.05), ("EXPIRY_S", 2.0)):
        monkeypatch.setattr(f"gateway.usage.sender.lease.{name}", seconds)
    path = tmp_path / "lease.json"
    leases = [FileLease(path, "mes", FakeAlarms(), SystemClock()) for _ in range(3)]
    seen: list[list[bool]] = []
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(lease.keep()) for lease in leases]
        while len(seen) < 30:
            holders = [lease.holds() for lease in leases]
            if any(holders):
                seen.append(holders)
            await asyncio.sleep(0.01)
        for task in tasks:
            task.cancel()
    assert {sum(holders) for holders in seen[5:]} == {1}
    assert not path.exists()


async def test_a_share_that_hangs_holds_one_thread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import threading

    monkeypatch.setattr("gateway.usage.sender.lease.FILE_S", 0.05)
    monkeypatch.setattr("gateway.usage.sender.lease.BEAT_S", 0.01)
    free, alarms = threading.Event(), FakeAlarms()
    lease = FileLease(tmp_path / "lease.json", "mes", alarms, SystemClock())
    monkeypatch.setattr(lease, "_holder", lambda: str(free.wait(30)))
    async with asyncio.TaskGroup() as group:
        task = group.create_task(lease.keep())
        while alarms.ever.count("U5011") < 5:
            await asyncio.sleep(0.01)
        assert sum(each.name == "usage-lease" for each in threading.enumerate()) == 1
        assert not lease.holds()
        task.cancel()
    free.set()
