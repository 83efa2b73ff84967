"""A ledger that tells a solution's own table what became of its rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from gateway.usage.model import OPEN, Event, Move, Raw, State, Taken, Today, Unfit, Waiting
from gateway.usage.ports import Ledger, Outcomes


class ReportingLedger:
    """The ledger as the sender has it; see `Ledger`.

    Args:
        ledger: the real one.
        outcomes: told what became of an event, once that is durable.
        heard: called with every durable change.
    """

    def __init__(self, ledger: Ledger, outcomes: Outcomes, heard: Callable[[Move], None]) -> None:
        self._ledger = ledger
        self._outcomes = outcomes
        self._heard = heard

    async def append(self, entries: Sequence[tuple[str, Event | Unfit]]) -> list[Taken]:
        return await self._ledger.append(entries)

    async def move(self, moves: Sequence[Move]) -> None:
        await self._ledger.move(moves)
        for move in moves:
            self._heard(move)
            if move.state in OPEN:
                continue
            raw = await self._ledger.raw(move.event)
            if raw is not None:
                await self._outcomes.outcome(move.event, raw, move)

    async def waiting(self, delivery: str, *states: State) -> list[Waiting]:
        return await self._ledger.waiting(delivery, *states)

    async def today(self, delivery: str, day: str) -> Today:
        return await self._ledger.today(delivery, day)

    async def wait(self, delivery: str) -> None:
        await self._ledger.wait(delivery)

    async def raw(self, event: str) -> Raw | None:
        return await self._ledger.raw(event)

    async def close(self) -> None:
        await self._ledger.close()
