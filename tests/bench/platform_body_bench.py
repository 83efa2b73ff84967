"""CPU of the platform path: encoding alone, then spool, forwarder and HTTP sink at a steady rate.

`python -m tests.bench.platform_body_bench [--rate 50000] [--seconds 6]` prints one JSON object. The
second part runs twice, appending only and with the forwarder, so that the difference is the
forwarder's and the sink's own cost; the platform runs in a process of its own and reports its CPU.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
import time
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from gateway.core.clock import SystemClock
from gateway.core.records import Batch
from gateway.core.types import UnixNs
from gateway.flow.forward import Forwarder, ForwardLimits
from gateway.ops.health import SinkHealth
from gateway.sinks.body import compressed, records_body, samples_fragment
from gateway.spool.log import SqliteSpool
from tests.integration.platform_parts import http_sink, platform_process, table

SIGNALS = 1_000
PLAN = table("line-01", *["xs:double"] * SIGNALS)
NOTIFICATIONS_S = 50


def batch(size: int, noise: np.random.Generator) -> Batch:
    now = time.time_ns()
    return Batch(
        PLAN,
        np.arange(size, dtype=np.int32) % SIGNALS,
        now - noise.integers(0, 10**8, size),
        np.round(noise.random(size) * 200, 2),
        UnixNs(now),
    )


def encoding() -> dict[str, dict[str, float]]:
    """Give µs a value for encoding a record, and for joining and compressing a body of them."""
    noise = np.random.default_rng(1)
    found = {}
    for size in (1, 5, 20, 100, 1_000):
        sample = batch(size, noise)
        rounds = max(1, 200_000 // (size + 20))
        started = time.process_time()
        for offset in range(rounds):
            samples_fragment(offset, sample)
        encoded_s = time.process_time() - started
        others = [samples_fragment(o, batch(size, noise)) for o in range(max(1, 10_000 // size))]
        body = records_body("epoch", others)
        values = len(others) * size
        started = time.process_time()
        for _ in range(50):
            packed = compressed(body, "zstd")
        packed_s = time.process_time() - started
        found[str(size)] = {
            "encode_us": round(encoded_s / (rounds * size) * 1e6, 3),
            "zstd_us": round(packed_s / (50 * values) * 1e6, 3),
            "json_bytes": round(len(body) / values, 1),
            "wire_bytes": round(len(packed) / values, 1),
        }
    return found


async def steady(rate: int, seconds: float, *, forward: bool) -> dict[str, Any]:
    """Append at a rate, in bursts of 20 ms, with or without a forwarder; give CPU a value."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        platform = await stack.enter_async_context(platform_process(folder))
        spool = await SqliteSpool.open(folder / "spool", quota_bytes=10**9, clock=SystemClock())
        stack.push_async_callback(spool.close)
        async with asyncio.TaskGroup() as group:
            tasks = []
            if forward:
                sink = await stack.enter_async_context(http_sink(platform.url, spool.plans))
                forwarder = Forwarder(
                    await spool.reader("central"), sink, SinkHealth("central", "http"),
                    SystemClock(), ForwardLimits(), head=spool.head, epoch=spool.epoch,
                )  # fmt: skip
                tasks.append(group.create_task(forwarder.run()))
            cpu_s = await _append(spool, rate, seconds)
            if forward:
                pending = (await spool.reader("central")).state().pending_samples
            for task in tasks:
                task.cancel()
        summary = await platform.get("summary")
        values = rate * seconds
        found = {"us_a_value": round(cpu_s / values * 1e6, 3)}
        if forward:
            found["arrived"] = summary["samples"]
            found["pending_at_end"] = pending
            found["requests"] = summary["requests"]
            found["platform_us_a_value"] = round(summary["cpu_s"] / values * 1e6, 3)
        return found


async def _append(spool: SqliteSpool, rate: int, seconds: float) -> float:
    noise = np.random.default_rng(1)
    made = [batch(rate // NOTIFICATIONS_S, noise) for _ in range(NOTIFICATIONS_S)]
    await spool.append([made[0]])
    await asyncio.sleep(0.5)
    started, cpu = time.monotonic(), time.process_time()
    for turn in range(round(seconds * NOTIFICATIONS_S)):
        late = started + turn / NOTIFICATIONS_S - time.monotonic()
        if late > 0:
            await asyncio.sleep(late)
        now = UnixNs(time.time_ns())
        await spool.append([replace(made[turn % NOTIFICATIONS_S], received=now)])
    await asyncio.sleep(0.3)
    return time.process_time() - cpu


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rate", type=int, default=50_000)
    parser.add_argument("--seconds", type=float, default=6.0)
    chosen = parser.parse_args()
    plain = asyncio.run(steady(chosen.rate, chosen.seconds, forward=False))
    forwarded = asyncio.run(steady(chosen.rate, chosen.seconds, forward=True))
    own = round(forwarded["us_a_value"] - plain["us_a_value"], 3)
    print(
        json.dumps(
            {
                "rate": chosen.rate,
                "encoding": encoding(),
                "append_only": plain,
                "with_forwarder": forwarded,
                "forwarder_and_sink_us_a_value": own,
            },
            indent=1,
        )
    )


if __name__ == "__main__":
    main()
