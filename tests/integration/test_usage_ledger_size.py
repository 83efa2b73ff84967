"""A large ledger: fast enough to write, at once to open."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from gateway.usage.ledger.verify import verify
from gateway.usage.model import State
from tests.unit.usage.ledger import makers

EVENTS = 100_000
BATCH = 500


@pytest.mark.slow
async def test_100_000_events_are_kept_at_1_000_a_second_and_opened_within_a_second(
    tmp_path: Path,
) -> None:
    ledger = await makers.opened(tmp_path)
    started = time.monotonic()
    for number in range(0, EVENTS, BATCH):
        entries = [("mes", makers.event(number + each)) for each in range(BATCH)]
        await ledger.append(entries)
    assert EVENTS / (time.monotonic() - started) >= 1_000
    await ledger.close()
    started = time.monotonic()
    ledger = await makers.opened(tmp_path)
    assert time.monotonic() - started <= 1.0
    assert len(await ledger.waiting("mes", State.QUEUED)) == EVENTS
    await ledger.close()
    assert verify(tmp_path).count == 0
