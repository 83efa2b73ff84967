"""Where the demo's reconciliation reads: truth logs as they grow, and the platform's records."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import aiohttp

from gateway.demo.reconciliation import Reconciliation, Source

PAGE = 500
"""Records in one answer: some megabytes at most."""
REQUEST_S = 30.0


class TruthTail:
    """Reads the new whole lines of a truth log."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._place = 0

    def lines(self) -> list[dict[str, Any]]:
        """Give what was written since the last call."""
        if not self._path.exists():
            return []
        with self._path.open("rb") as file:
            file.seek(self._place)
            data = file.read()
        whole = data.rfind(b"\n") + 1
        self._place += whole
        return [line for raw in data[:whole].splitlines() if (line := _line(raw)) is not None]


def _line(raw: bytes) -> dict[str, Any] | None:
    try:
        line = json.loads(raw)
    except ValueError:
        return None  # a line that a killed simulator could not finish; its values never left it
    return line if isinstance(line, dict) else None


def signal_numbers(
    headers: list[dict[str, Any]], sources: Mapping[Source, str]
) -> dict[Source, int]:
    """Give the number of each signal from the logs' first lines."""
    numbers = {name: int(n) for header in headers for n, name in header["signals"].items()}
    return {source: numbers[origin] for source, origin in sources.items()}


class PlatformTail:
    """Reads the records that the platform accepted since the last call."""

    def __init__(self, base: str, gateway: str) -> None:
        self._url = f"{base}/v1/gateways/{gateway}"
        self._after = 0
        self.samples = 0
        self.received: dict[str, int] = {}
        """Newest receive time by device."""
        self.latest: dict[Source, Any] = {}
        """Newest value by device and name."""
        self._names: dict[str, list[Source]] = {}

    async def read(
        self, session: aiohttp.ClientSession, reconciliation: Reconciliation | None
    ) -> None:
        """Hand new plans and records to the reconciliation.

        Raises:
            aiohttp.ClientError, TimeoutError: the platform does not answer.
        """
        while True:
            page = await self._page(session)
            for digest, body in page["plans"].items():
                self._names[digest] = [(s["device"], s["name"]) for s in body["signals"]]
                if reconciliation is not None:
                    reconciliation.add_plan(digest, body)
            for stored in page["records"]:
                self._after = stored["seq"]
                self._note(stored["record"])
                if reconciliation is not None:
                    reconciliation.add_record(stored["epoch"], stored["record"])
            if page["next"] is None:
                return
            await asyncio.sleep(0)

    async def _page(self, session: aiohttp.ClientSession) -> dict[str, Any]:
        query = {"after": str(self._after), "limit": str(PAGE)}
        async with (
            asyncio.timeout(REQUEST_S),
            session.get(f"{self._url}/records", params=query) as answer,
        ):
            answer.raise_for_status()
            page: dict[str, Any] = json.loads(await answer.read())
            return page

    def _note(self, record: Mapping[str, Any]) -> None:
        if record["kind"] != "samples":
            return
        names = self._names[record["plan"]]
        self.samples += len(record["signals"])
        for index, value in zip(record["signals"], record["values"], strict=True):
            self.latest[names[index]] = value
        device = names[0][0]
        self.received[device] = max(record["received"], self.received.get(device, 0))
