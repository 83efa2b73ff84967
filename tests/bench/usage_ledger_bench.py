"""How fast the usage ledger stores and opens: `python -m tests.bench.usage_ledger_bench`."""

from __future__ import annotations

import asyncio
import tempfile
import time
from pathlib import Path

from tests.unit.usage.ledger import makers

EVENTS = 100_000
BATCH = 500


async def measure(folder: Path) -> tuple[float, float]:
    """Give events a second and the seconds that opening takes."""
    ledger = await makers.opened(folder)
    started = time.perf_counter()
    for number in range(0, EVENTS, BATCH):
        await ledger.append([("mes", makers.event(number + each)) for each in range(BATCH)])
    rate = EVENTS / (time.perf_counter() - started)
    await ledger.close()
    started = time.perf_counter()
    ledger = await makers.opened(folder)
    opening_s = time.perf_counter() - started
    await ledger.close()
    return rate, opening_s


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made:
        rate, opening_s = asyncio.run(measure(Path(made)))
    print(
        f"{rate:,.0f} events/s in calls of {BATCH}; {EVENTS:,} events opened in {opening_s:.2f} s"
    )
