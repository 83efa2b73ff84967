"""Who goes next on a line: by the time that each has had of it, so that a slow unit takes no more.

Start-time fair queueing: a device's account is the time that it held the line over its weight. Who
waits with the smallest account is next. Somebody who was away begins at the account of whoever went
last: absence earns nothing.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field


@dataclass(slots=True, eq=False)
class Account:
    """What one device had of a line, in seconds over its weight."""

    weight: float = 1.0
    had: float = 0.0


@dataclass(slots=True)
class Turns:
    """One holder at a time. As many may wait as there are devices on the line (I9)."""

    held: bool = False
    _waiting: list[tuple[Account, asyncio.Future[None]]] = field(default_factory=list)
    _last: float = 0.0

    async def take(self, account: Account) -> None:
        """Return when it is this one's turn. Cancel: the turn goes to the next."""
        account.had = max(account.had, self._last)
        if self.held:
            mine: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            entry = (account, mine)
            self._waiting.append(entry)
            try:
                await mine
            except asyncio.CancelledError:
                if mine.cancelled():
                    self._waiting = [one for one in self._waiting if one is not entry]
                else:  # it was this one's turn already
                    self._hand_on()
                raise
        self.held = True
        self._last = account.had

    def give(self, account: Account, held_s: float) -> None:
        """End the turn, which lasted so many seconds, and wake who is next.

        Not at once: whoever has just been served asks for its next block without a pause, and
        would otherwise always come a moment too late to be compared with the others.
        """
        account.had += held_s / account.weight
        asyncio.get_running_loop().call_soon(self._hand_on)

    def _hand_on(self) -> None:
        self._waiting = [one for one in self._waiting if not one[1].done()]
        self.held = bool(self._waiting)
        if self._waiting:
            place = min(range(len(self._waiting)), key=lambda i: self._waiting[i][0].had)
            self._waiting.pop(place)[1].set_result(None)
