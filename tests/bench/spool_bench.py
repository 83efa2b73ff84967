"""What a value costs in the spool: `python -m tests.bench.spool_bench`.

CPU is that of the whole process (both threads); `append` is durable, 50 calls at a time as they
come from 50 devices; `read` is from disk, decoded, by a reader that has fallen behind.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from gateway.core.clock import SystemClock
from gateway.core.records import Batch
from gateway.core.types import Offset, UnixNs
from gateway.spool.codec import Decoder, Encoder, frame
from gateway.spool.log import SqliteSpool
from tests.unit.spool.makers import START, plan

SIZES = (1, 5, 20, 100, 1_000, 5_000)
TABLE = plan("bench", 500)


def make(count: int, seed: int = 1) -> Batch:
    random = np.random.default_rng(seed)
    return Batch(
        TABLE,
        random.integers(0, 500, count).astype(np.int32),
        START + np.arange(count) // 50 * 1_000_000,
        np.round(random.normal(20, 5, count), 2),
        UnixNs(START),
    )


def cost_us(action: Callable[[], object], times: int) -> float:
    action()
    started = time.process_time()
    for _ in range(times):
        action()
    return (time.process_time() - started) / times * 1e6


async def append_all(spool: SqliteSpool, batches: list[Batch]) -> None:
    async with asyncio.TaskGroup() as group:
        for batch in batches:
            group.create_task(spool.append([batch]))


async def measure(folder: Path, count: int) -> dict[str, float]:
    encoder, decoder, batch = Encoder(), Decoder(), make(count)
    row = frame(1, encoder.encode(batch), 1, None)
    times = max(20, 50_000 // count)
    figures = {
        "encode": cost_us(lambda: encoder.encode(batch), times) / count,
        "decode": cost_us(lambda: decoder.decode(row, TABLE), times) / count,
        "bytes": len(row.body) / count,
    }
    spool = await SqliteSpool.open(folder, quota_bytes=2_000_000_000, clock=SystemClock())
    batches = [make(count, seed) for seed in range(50)]
    rounds = max(4, min(30, 40_000 // count // 5))
    await append_all(spool, batches)
    cpu, wall = time.process_time(), time.perf_counter()
    for _ in range(rounds):
        await append_all(spool, batches)
    figures["append"] = (time.process_time() - cpu) / rounds / 50 / count * 1e6
    figures["values/s"] = rounds * 50 * count / (time.perf_counter() - wall)
    await spool.close()
    figures["read"] = await read_cost(folder, count)
    return figures


async def read_cost(folder: Path, count: int) -> float:
    started = time.perf_counter()
    spool = await SqliteSpool.open(folder, quota_bytes=2_000_000_000, clock=SystemClock())
    reader = await spool.reader("bench")
    opened = time.perf_counter() - started
    assert opened < 60
    cpu, start, values = time.process_time(), 1, 0
    while records := await reader.read(Offset(start), 2_000, 8_000_000):
        values += count * len(records)
        start = records[-1].offset + 1
    cost = (time.process_time() - cpu) / values * 1e6
    await spool.close()
    return cost


async def main() -> None:
    print("CPU us a value           values  encode  decode  append    read  bytes   values/s")
    for count in SIZES:
        with tempfile.TemporaryDirectory() as name:
            found = await measure(Path(name) / "spool", count)
        print(
            f"batch of {count:>21,} {found['encode']:>7.3f} {found['decode']:>7.3f}"
            f" {found['append']:>7.3f} {found['read']:>7.3f} {found['bytes']:>6.1f}"
            f" {found['values/s']:>10,.0f}"
        )


if __name__ == "__main__":
    asyncio.run(main())
