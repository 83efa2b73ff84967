"""The reply mode `relay`: an event goes out at once where a window is free, and who sent it waits.

The sender sends as always; here its client only hears what came of it. So the rules of the service
hold, and an event that was not chosen stays in the ledger like any other.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Protocol

from gateway.usage.model import Attempt, Move, Taken
from gateway.usage.sender.delivery_state import SenderStatus

FREE = "ready"
WAITING_MAX = 50
"""Clients that wait at once; others are answered like in the mode `queued`."""


class Standing(Protocol):
    """A sender, as far as this is concerned."""

    def status(self) -> SenderStatus: ...


class Relay:
    """Called by the receiver with the receipt of a new event; gives the answer of the service."""

    def __init__(self, senders: Sequence[Standing]) -> None:
        self._senders = senders
        self._waiting: dict[str, asyncio.Future[Attempt]] = {}

    def heard(self, move: Move) -> None:
        """Hear of a state change, once it is durable."""
        waiting = self._waiting.get(move.event)
        if waiting is not None and move.attempt is not None and not waiting.done():
            waiting.set_result(move.attempt)

    async def __call__(self, taken: Taken, timeout_s: float) -> Attempt | None:
        """Give what came of sending an event now; None when no window is free, or in time.

        Cancel: the event stays in the ledger, and is sent as always.
        """
        free = any(sender.status().state == FREE for sender in self._senders)
        if not free or len(self._waiting) >= WAITING_MAX:
            return None
        future: asyncio.Future[Attempt] = asyncio.get_running_loop().create_future()
        self._waiting[taken.id] = future
        try:
            async with asyncio.timeout(timeout_s):
                return await future
        except TimeoutError:
            return None
        finally:
            del self._waiting[taken.id]
