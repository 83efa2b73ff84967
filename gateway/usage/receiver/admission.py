"""How many clients may be inside, and who leaves when it is full."""

from __future__ import annotations

import asyncio
import math
from collections import Counter
from typing import Protocol

from gateway.core.clock import Clock

CONNECTIONS_MAX = 256
"""Each holds at most one request, about 200 kB with its buffers."""
PEER_CONNECTIONS_MAX = 128
"""One address may be a whole MES; it never fills the receiver alone."""
LOOK_AGAIN_S = 0.5
"""A new connection becomes idle without anything happening."""


class Guest(Protocol):
    """A connection as who admits it sees it."""

    peer: str
    idle_since: float | None
    """Monotonic time from which it counts as idle: it waits for a request of which nothing has
    come. None while it is busy."""

    def leave(self) -> None:
        """End at once; only asked of an idle one."""


class Admission:
    """Counts connections, oldest first."""

    def __init__(
        self,
        clock: Clock,
        most: int = CONNECTIONS_MAX,
        peer_most: int = PEER_CONNECTIONS_MAX,
    ) -> None:
        self._clock = clock
        self._most = most
        self._peer_most = peer_most
        self._inside: dict[Guest, None] = {}
        self._peers: Counter[str] = Counter()
        self._changed = asyncio.Event()

    def __len__(self) -> int:
        return len(self._inside)

    async def room(self) -> None:
        """Return when one more may enter.

        An idle one is sent away for it, else it waits until one ends, while further clients wait in
        the system's own queue.
        """
        while len(self._inside) >= self._most:
            self._send_longest_away()
            if len(self._inside) >= self._most:
                await self._change(LOOK_AGAIN_S)

    def crowded(self, peer: str) -> bool:
        """Tell that an address holds its share already, none of it idle."""
        if self._peers[peer] >= self._peer_most:
            self._send_longest_away(peer)
        return self._peers[peer] >= self._peer_most

    def enter(self, guest: Guest) -> None:
        """Count a connection in."""
        self._inside[guest] = None
        self._peers[guest.peer] += 1

    def left(self, guest: Guest) -> None:
        """Count a connection out; a second time changes nothing."""
        if guest in self._inside:
            del self._inside[guest]
            self._peers[guest.peer] -= 1
            if not self._peers[guest.peer]:
                del self._peers[guest.peer]
            self._changed.set()

    async def empty(self, seconds: float) -> None:
        """Send idle ones away and wait until all have left, at most so long."""
        for guest in [guest for guest in self._inside if guest.idle_since is not None]:
            self._send_away(guest)
        end = self._clock.monotonic() + seconds
        while self._inside and (rest := end - self._clock.monotonic()) > 0:
            await self._change(rest)

    async def _change(self, seconds: float) -> None:
        """Wait until somebody leaves, at most so long."""
        self._changed.clear()
        try:
            async with asyncio.timeout(seconds):
                await self._changed.wait()
        except TimeoutError:
            return

    def _send_longest_away(self, peer: str | None = None) -> None:
        idle = [
            (guest.idle_since, number, guest)
            for number, guest in enumerate(self._inside)
            if guest.idle_since is not None and peer in {None, guest.peer}
        ]
        since, _, guest = min(idle, default=(math.inf, 0, None))
        if guest is not None and since <= self._clock.monotonic():
            self._send_away(guest)

    def _send_away(self, guest: Guest) -> None:
        guest.leave()
        self.left(guest)
