"""A large ledger keeps everything. How fast: `python -m tests.bench.usage_ledger_bench`."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.usage.ledger.verify import verify
from gateway.usage.model import State
from tests.unit.usage.ledger import makers

EVENTS = 100_000
BATCH = 500


@pytest.mark.slow
async def test_100_000_events_are_kept_and_there_when_it_is_opened_again(tmp_path: Path) -> None:
    ledger = await makers.opened(tmp_path)
    for number in range(0, EVENTS, BATCH):
        entries = [("mes", makers.event(number + each)) for each in range(BATCH)]
        await ledger.append(entries)
    await ledger.close()
    ledger = await makers.opened(tmp_path)
    assert len(await ledger.waiting("mes", State.QUEUED)) == EVENTS
    await ledger.close()
    assert verify(tmp_path).count == 0
