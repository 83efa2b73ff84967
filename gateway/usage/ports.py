"""What the parts of this room promise one another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from gateway.core.types import UnixNs
from gateway.usage.model import Event, Move, Raw, State, Taken, Today, Unfit, Waiting


class Normaliser(Protocol):
    """Makes an event fit to be sent; pure."""

    def __call__(self, raw: Raw) -> Event | Unfit: ...


class UsageIntake(Protocol):
    """Where every intake hands over what it read."""

    async def take(self, raws: Sequence[Raw]) -> list[Taken | Unfit]:
        """Normalise and store; an answer for each in this order, all durable on return (I1).

        An unfit event is in the ledger, too (quarantined), before its `Unfit` is given back.

        Raises:
            LedgerUnavailable: nothing of this call was stored; the source keeps it.
        Cancel: wholly stored or wholly absent.
        """


class Outcomes(Protocol):
    """Told what became of events, so that a source can be written back."""

    async def outcome(self, event: str, raw: Raw, move: Move) -> None:
        """Write back what became of an event, where the way in has a place for it."""


class Ledger(Protocol):
    """Append-only and hash-chained: every event, every change of its state, every request.

    One process writes it; commands read it beside that.
    """

    async def append(self, entries: Sequence[tuple[str, Event | Unfit]]) -> list[Taken]:
        """Store entries, each with the name of the delivery it is for ("" for none). Durable.

        The same source id with the same fields again is known and not stored twice.

        Raises:
            LedgerUnavailable: nothing was stored.
        """

    async def move(self, moves: Sequence[Move]) -> None:
        """Append state changes in this order. Durable on return.

        Raises:
            LedgerUnavailable: nothing was stored.
        """

    async def waiting(self, delivery: str, *states: State) -> list[Waiting]:
        """Give a delivery's events in these states, oldest `log_dt` first."""

    async def today(self, delivery: str, day: str) -> Today:
        """Give what the delivery did on a Korean day."""

    async def wait(self, delivery: str) -> None:
        """Return when an event was stored for this delivery since the last call returned."""

    async def raw(self, event: str) -> Raw | None:
        """Give what came in for an event, None when unknown or erased."""

    async def close(self) -> None:
        """Commit, release the lock."""


class Alarms(Protocol):
    """What a person has to hear; `clear` ends it. `code` is stable (`U####`), texts ko/en."""

    def raise_(self, code: str, delivery: str, at: UnixNs, **facts: str | float) -> None:
        """Raise an alarm, or renew its facts."""

    def clear(self, code: str, delivery: str) -> None:
        """Take an alarm back."""
