"""The real way into the real ledger, for tests of intakes."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from gateway.core.clock import SystemClock
from gateway.core.types import UnixNs
from gateway.usage.config import DeliveryConfig, NormalConfig
from gateway.usage.intakes.intake import Intake
from gateway.usage.intakes.row_outcomes import korean_time
from gateway.usage.ledger.ledger import SqliteLedger
from gateway.usage.model import Attempt, Move, State
from gateway.usage.normal.normalise import make_normaliser
from gateway.usage.ports import Outcomes

CLOCK = SystemClock()
DELIVERY = "main"
WAIT_S = 60.0


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[SqliteLedger]:
    ledger = await SqliteLedger.open(folder / "ledger", clock=CLOCK)
    try:
        yield ledger
    finally:
        await ledger.close()


def intake_of(ledger: SqliteLedger) -> Intake:
    normalise = make_normaliser(NormalConfig(user="raw"))
    delivery = DeliveryConfig(DELIVERY, "https://example.invalid", "key")
    return Intake(normalise, ledger, [delivery], CLOCK, solution="MES")


class Sender:
    """Moves events as the sender does: the ledger first, then who wants to know."""

    def __init__(self, ledger: SqliteLedger, *outcomes: Outcomes) -> None:
        self._ledger = ledger
        self._outcomes = outcomes

    async def end(self, user: str, state: State, code: str = "", *, silent: bool = False) -> None:
        """End the waiting event of this user; `silent`: the process died before it told."""
        waiting = await self._ledger.waiting(DELIVERY, State.QUEUED)
        (event,) = [each.id for each in waiting if each.user == user]
        now = CLOCK.now()
        answered = "2026-11-26 10:00:00.123" if code else ""
        attempt = Attempt(UnixNs(now), {}, code, answered=answered) if code else None
        move = Move(event, state, now, attempt=attempt)
        await self._ledger.move([move])
        if silent:
            return
        raw = await self._ledger.raw(event)
        assert raw is not None
        for each in self._outcomes:
            await each.outcome(event, raw, move)


async def waiting_users(ledger: SqliteLedger) -> list[str]:
    return [each.user for each in await ledger.waiting(DELIVERY, State.QUEUED)]


async def until(what: Callable[[], Any]) -> None:
    async with asyncio.timeout(WAIT_S):
        while not what():
            await asyncio.sleep(0.02)


@asynccontextmanager
async def running(run: Callable[[], Any]) -> AsyncIterator[None]:
    """Keep something running until the block ends; then it must be gone within 10 s."""
    task = asyncio.create_task(run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task], timeout=10)
        assert task.done()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def now_text() -> str:
    return korean_time(CLOCK.now())


def lines(numbers: range) -> Iterator[str]:
    for number in numbers:
        yield f"{now_text()},DO6001,user{number},10.0.0.1,{number}\n"
