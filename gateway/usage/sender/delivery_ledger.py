"""The sender's side of the ledger: writes until it is written, closes days."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.core.clock import Clock
from gateway.core.errors import LedgerUnavailable
from gateway.ops.events import usage_sender as events
from gateway.usage.model import OPEN, Move, State, Today, Waiting
from gateway.usage.ports import Ledger
from gateway.usage.sender.past_days import MOVES_AT_ONCE, closing_moves

AGAIN_FIRST_S = 1.0
AGAIN_CAP_S = 30.0


class DeliveryLedger:
    """One delivery's use of the ledger."""

    def __init__(self, ledger: Ledger, delivery: str, clock: Clock) -> None:
        self._ledger = ledger
        self._delivery = delivery
        self._clock = clock

    async def open_events(self) -> list[Waiting]:
        """Give what may still be sent, oldest first. Raises LedgerUnavailable."""
        return await self._ledger.waiting(self._delivery, *sorted(OPEN))

    async def today(self, day: str) -> Today:
        """Give what was done on a day. Raises LedgerUnavailable."""
        return await self._ledger.today(self._delivery, day)

    async def wait(self) -> None:
        """Return when something came."""
        await self._ledger.wait(self._delivery)

    async def before_sending(self, event: str) -> None:
        """Make it durable that a request is about to leave.

        Raises:
            LedgerUnavailable: nothing may be sent.
        """
        move = Move(event, State.SENDING, self._clock.now(), "request")
        await self._ledger.move([move])

    async def record(self, moves: Sequence[Move]) -> None:
        """Write what happened, however long the disk refuses: nothing else is done before.

        Cancel: what was sent and not written is found as `sending` after the next start.
        """
        for first in range(0, len(moves), MOVES_AT_ONCE):
            await self._record(moves[first : first + MOVES_AT_ONCE])

    async def _record(self, moves: Sequence[Move]) -> None:
        pause_s = AGAIN_FIRST_S
        while True:
            try:
                await self._ledger.move(moves)
            except LedgerUnavailable as error:
                events.usage_ledger_waits(self._delivery, error.reason, error.detail)
                await self._clock.sleep(pause_s)
                pause_s = min(2 * pause_s, AGAIN_CAP_S)
            else:
                return

    async def close_day(self, day: str, last_stored: str) -> None:
        """Give every open event of this day and of earlier ones its last state."""
        past = [event for event in await self.open_events() if event.log_dt[:10] <= day]
        moves = closing_moves(past, last_stored, self._clock.now())
        await self.record(moves)
        counts = {
            state: sum(move.state is state for move in moves)
            for state in (State.SAMPLED_OUT, State.EXPIRED_MIDNIGHT)
        }
        stored = (await self.today(day)).stored
        events.usage_day_closed(
            self._delivery,
            day,
            stored,
            counts[State.SAMPLED_OUT],
            counts[State.EXPIRED_MIDNIGHT],
        )

    async def put_aside(self, waiting: Sequence[Waiting], state: State, why: str) -> None:
        """Move events that are not in this state yet."""
        now = self._clock.now()
        await self.record(
            [Move(event.id, state, now, why) for event in waiting if event.state is not state]
        )
