"""Prints what history costs: append, compaction, bytes a sample, a day's query, line protocol.

python -m tests.bench.history_bench [--signals 1000] [--hours 24] [--kind jitter]
"""

from __future__ import annotations

import argparse
import asyncio
import resource
import tempfile
import time
from pathlib import Path

import numpy as np

from gateway.core.clock import SystemClock
from gateway.core.records import Batch, Record
from gateway.core.signals import PlanTable, Signal
from gateway.core.types import Offset, UnixNs
from gateway.history.columns import Ranked
from gateway.history.config import HistoryConfig
from gateway.history.embedded import EmbeddedStore
from gateway.history.interface import Aggregate, Bucket, Series
from gateway.history.line_protocol import LineEncoder
from gateway.history.query import query_buckets, query_rows
from gateway.history.writer import StoreWriter

DAY_START_S = 20_000 * 86_400
S = 10**9


def plan_of(signals: int, value_type: str = "xs:double") -> PlanTable:
    """A device with this many signals of one type."""
    return PlanTable(
        "press-01",
        tuple(
            Signal(
                index=index,
                device="press-01",
                name=f"tag{index}",
                source=f"ns=2;s=tag{index}",
                aas="urn:aas",
                asset="urn:asset",
                submodel="urn:sm",
                submodel_id_short="OperationalData",
                submodel_semantic_id="urn:sem",
                element=f"Group{index // 100}.Tag{index}",
                value_type=value_type,
            )
            for index in range(signals)
        ),
    )


class Day:
    """A thousand sensors: each walks at random in steps of its resolution, times jitter by ms."""

    def __init__(self, signals: int, decimals: int | None) -> None:
        self.plan = plan_of(signals)
        self.random = np.random.default_rng(7)
        self.level = self.random.normal(100, 20, signals)
        self.decimals = decimals
        self.index = np.arange(signals, dtype=np.int32)

    def second(self, at: int) -> Batch:
        """One publish: all signals, in one batch, source times a few ms apart."""
        self.level += self.random.normal(0, 0.3, len(self.level))
        values = self.level.copy() if self.decimals is None else np.round(self.level, self.decimals)
        jitter = self.random.integers(0, 15, len(self.level)) * 1_000_000
        times = np.full(len(self.level), at, np.int64) + jitter
        return Batch(self.plan, self.index, times, values, UnixNs(at + 20_000_000))


def fill(writer: StoreWriter, day: Day, hours: float) -> tuple[int, float, float]:
    """Append one second at a time, ten to a commit; give samples and CPU seconds of both parts."""
    append_s = compact_s = 0.0
    samples = offset = 0
    for first in range(0, int(hours * 3600), 10):
        batches = []
        for second in range(first, first + 10):
            offset += 1
            batches.append(Ranked(offset, day.second((DAY_START_S + second) * S)))
        samples += sum(len(ranked.batch) for ranked in batches)
        began = time.process_time()
        writer.append([("epoch", batches)])
        append_s += time.process_time() - began
        began = time.process_time()
        while writer.compaction_step():
            pass
        compact_s += time.process_time() - began
    return samples, append_s, compact_s


def disk_bytes(folder: Path) -> int:
    """All files of the store."""
    return sum(path.stat().st_size for path in folder.iterdir())


def query_times(folder: Path, hours: float) -> None:
    """One signal's whole span, raw and by the minute."""
    series = Series("press-01", "OperationalData", "Group1.Tag123")
    start, end = DAY_START_S * S, int((DAY_START_S + hours * 3600) * S) + S
    for _ in range(2):
        began = time.perf_counter()
        rows = query_rows(folder, series, start, end, 10**7)
        raw_ms = (time.perf_counter() - began) * 1e3
        began = time.perf_counter()
        buckets = query_buckets(
            folder, series, start, end, limit=10**6, bucket=Bucket(60 * S, Aggregate.MEAN)
        )
        print(
            f"  one signal, {hours:g} h: {len(rows)} rows in {raw_ms:.0f} ms;"
            f" {len(buckets)} minutes in {(time.perf_counter() - began) * 1e3:.0f} ms"
        )


def embedded(signals: int, hours: float, decimals: int | None) -> None:
    """Fill, measure, ask."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "history"
        writer = StoreWriter(folder, 365 * 86_400.0)
        writer.open()
        samples, append_s, compact_s = fill(writer, Day(signals, decimals), hours)
        print(
            f"  {samples} samples: append {append_s / samples * 1e6:.3f} us CPU a value,"
            f" compaction {compact_s / samples * 1e6:.3f}"
        )
        print(f"  {disk_bytes(folder) / samples:.2f} bytes a sample on disk")
        query_times(folder, hours)
        writer.close()


def line_protocol() -> None:
    """Bodies of a thousand doubles."""
    day = Day(1000, 2)
    encoder = LineEncoder("submodel")
    batches = [day.second((DAY_START_S + second) * S) for second in range(200)]
    encoder.encode(batches[0])
    began = time.process_time()
    size = sum(len(encoder.encode(batch).body()) for batch in batches)
    spent = (time.process_time() - began) / 200_000
    print(f"line protocol: {spent * 1e6:.3f} us CPU a value, {size / 200_000:.1f} bytes a line")


async def live(rate: int, seconds: float, signals: int) -> None:
    """Batches of 1,000 through the asynchronous store, as a forwarder writes them."""
    plan = plan_of(signals)
    random = np.random.default_rng(5)
    pool = [np.round(random.normal(100, 20, 1000), 1) for _ in range(50)]
    with tempfile.TemporaryDirectory() as name:
        history = EmbeddedStore(HistoryConfig(), Path(name) / "history", SystemClock())
        loop = asyncio.get_running_loop()
        began, cpu, made, own = loop.time(), time.process_time(), 0, 0.0
        slowest = 0.0
        while loop.time() - began < seconds:
            due = int((loop.time() - began) * rate / 1000)
            records = []
            started = time.process_time()
            for number in range(made, due):
                first = number * 1000 % signals
                indices = (np.arange(first, first + 1000) % signals).astype(np.int32)
                at = DAY_START_S * S + number * S * 1000 // rate
                times = np.full(1000, at // 10**6 * 10**6)
                item = Batch(plan, indices, times, pool[number % 50], UnixNs(at))
                records.append(Record(Offset(number + 1), item))
            own += time.process_time() - started
            made = due
            asked = loop.time()
            if records:
                await history.append(records, epoch="epoch")
                slowest = max(slowest, loop.time() - asked)
            await asyncio.sleep(0.02)
        spent = time.process_time() - cpu - own
        rss_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(
            f"live, {rate}/s of {signals} signals for {seconds:g} s:"
            f" {spent / made / 1000 * 1e6:.3f} us CPU a value all in (append, commits, compaction,"
            f" idle loop), slowest append {slowest * 1e3:.0f} ms, peak RSS {rss_mb:.0f} MB"
        )
        await history.close()


def main() -> None:
    """Run all of it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--signals", type=int, default=1000)
    parser.add_argument("--hours", type=float, default=24.0)
    parser.add_argument("--live", type=float, default=30.0, help="seconds of the live run")
    arguments = parser.parse_args()
    line_protocol()
    if arguments.live:
        asyncio.run(live(50_000, arguments.live, 5_000))
    if not arguments.hours:
        return
    for label, decimals in (("one decimal", 1), ("all digits", None)):
        print(f"embedded, {arguments.signals} signals at 1 Hz, {label}")
        embedded(arguments.signals, arguments.hours, decimals)


if __name__ == "__main__":
    main()
