"""The history as a destination of the forwarder."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.core.records import Answer, Record
from gateway.history.interface import History


class HistorySink:
    """Writes records into a history store; the store's owner closes it by this sink."""

    def __init__(self, name: str, history: History) -> None:
        self.name = name
        self.history = history

    async def write(self, epoch: str, records: Sequence[Record]) -> Answer:
        """Append and answer; see History.append."""
        return await self.history.append(records, epoch=epoch)

    async def close(self) -> None:
        """Close the store."""
        await self.history.close()
