"""An event that was set aside can be put back by a person, whether a gateway runs or not."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from gateway.core.clock import SystemClock
from gateway.usage.ledger.ledger import SqliteLedger
from gateway.usage.ledger.requests import ask
from gateway.usage.ledger.verify import verify
from gateway.usage.model import Move, State
from tests.unit.usage.ledger import makers


async def quarantined(ledger: SqliteLedger) -> str:
    (taken,) = await ledger.append([("mes", makers.event(1))])
    await ledger.move([Move(taken.id, State.QUARANTINED, makers.raw().received, "outcome-unknown")])
    return taken.id


@pytest.mark.slow
async def test_it_waits_again_and_the_sender_hears_of_it(tmp_path: Path) -> None:
    ledger = await makers.opened(tmp_path)
    event = await quarantined(ledger)
    async with asyncio.timeout(10):
        await ledger.wait("mes")
    answer = await asyncio.to_thread(ask, tmp_path, {"again": event}, SystemClock())
    assert isinstance(answer, Path)
    async with asyncio.timeout(10):
        await ledger.wait("mes")
    waiting = await ledger.waiting("mes", State.QUEUED)
    assert [each.id for each in waiting] == [event]
    await ledger.close()
    assert json.loads(answer.read_text()) == {"done": 1}
    assert verify(tmp_path).problems == []


async def test_while_nothing_runs_it_is_done_at_once_and_once_only(tmp_path: Path) -> None:
    ledger = await makers.opened(tmp_path)
    event = await quarantined(ledger)
    await ledger.close()
    answers = [ask(tmp_path, {"again": event}, SystemClock()) for _ in range(2)]
    assert answers == [1, 0], "what waits is not set aside"
    assert ask(tmp_path, {"again": "no-such-event"}, SystemClock()) == 0
