"""A whole day: real ledger, real HTTP, virtual time on both sides."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from gateway.usage.ledger.verify import verify
from gateway.usage.model import State
from gateway.usage.sender.kst import parse_kst
from simulators.usage_log import UsageLogService
from tests.integration.usage_sender_parts import Plant, event, plant
from tests.unit.usage.sender.virtual import NS, World, running

EVENTS = 3_000
DAY_S = 86_400


async def feed(plant: Plant) -> None:
    """Hand in 3,000 events over the day, as a solution that collects for some minutes does."""
    start, step_s, together = plant.world.start, (DAY_S - 1) / (EVENTS - 1), 10
    for first in range(-together + 1, EVENTS, together):
        numbers = range(max(first, 0), min(first + together, EVENTS))
        await plant.world.sleep(numbers[-1] * step_s - plant.world.passed)
        events = [event(number, start + int(number * step_s * NS)) for number in numbers]
        await plant.ledger.append([("mes", each) for each in events])


async def test_a_day_of_3000_events_stores_144_none_early_none_twice(tmp_path: Path) -> None:
    start = parse_kst("2026-03-03 00:00:00")
    assert start is not None
    world = World(start)
    service = UsageLogService(now=world.true)
    async with service.serving() as url, plant(tmp_path, url, world) as made:

        async def feeding() -> None:
            await feed(made)

        async with running(world, made.sender.run, feeding):
            await world.sleep(DAY_S + 60)
        rows = await made.ledger.waiting("mes", *State)
    counts = Counter(row.state for row in rows)
    assert len(service.stored) == 144
    assert Counter(request["code"] for request in service.requests) == {"AP1002": 144}
    assert len({(row["logDt"], row["sysUser"]) for row in service.stored}) == 144
    assert len({row["sysUser"] for row in service.stored}) == 40
    assert counts[State.DELIVERED] == 144
    assert counts[State.SAMPLED_OUT] + counts[State.EXPIRED_MIDNIGHT] == EVENTS - 144
    assert counts[State.EXPIRED_MIDNIGHT] >= 1
    assert sum(counts.values()) == EVENTS
    assert not verify(tmp_path).problems
    assert not made.alarms.ever
