"""Counts of solution usage events since the start, for the gateway's own shell."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from gateway.usage.model import Event, Move, Raw, State, Taken, Today, Unfit, Waiting
from gateway.usage.ports import Ledger


class CountedLedger:
    """A ledger that counts what passes; see `Ledger`."""

    def __init__(self, ledger: Ledger, counts: Counter[str]) -> None:
        self._ledger = ledger
        self._counts = counts

    async def append(self, entries: Sequence[tuple[str, Event | Unfit]]) -> list[Taken]:
        taken = await self._ledger.append(entries)
        for each in taken:
            self._counts["Repeated" if each.known else "Taken"] += 1
        self._counts["Unfit"] += sum(isinstance(entry, Unfit) for _, entry in entries)
        return taken

    async def move(self, moves: Sequence[Move]) -> None:
        await self._ledger.move(moves)
        for move in moves:
            if move.state is not State.SENDING:
                self._counts[_id_short(move.state)] += 1

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


def shown_counts(counts: Counter[str]) -> Mapping[str, int]:
    """Give the counts in a fixed order; what is asked for most often is there from the start."""
    first = ("Taken", "Repeated", "Unfit", _id_short(State.DELIVERED))
    names = dict.fromkeys([*first, *sorted(counts)])
    return {name: counts[name] for name in names}


def _id_short(state: State) -> str:
    return "".join(part.capitalize() for part in str(state).split("_"))
