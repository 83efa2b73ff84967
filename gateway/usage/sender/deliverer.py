"""What every destination of usage has in common."""

from __future__ import annotations

from typing import NoReturn, Protocol


class Deliverer(Protocol):
    """A destination of solution usage that works by itself; retry is its own, by a schedule."""

    @property
    def name(self) -> str:
        """The delivery's name."""

    async def run(self) -> NoReturn:
        """Deliver until cancelled."""
