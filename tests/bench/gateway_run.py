"""The gateway under a load: its configuration, its process, and what it says of itself."""

from __future__ import annotations

import asyncio
import json
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.bench.meter import Meter
from tests.bench.programs import (
    MEASURED_CORE,
    answering,
    fetched,
    program,
    reference_platform,
)
from tests.bench.table import Row
from tests.ports import free_port

WARM_UP_S = 8.0
DRAIN_S = 10.0
GATEWAY_YAML = """version: 1
gateway: {{ id: bench }}
devices: devices/*.yaml
platform:
  - {{ name: central, kind: http, url: "http://127.0.0.1:{platform}" }}
api: {{ listen: "127.0.0.1:{api}" }}
"""


@dataclass(frozen=True, slots=True)
class Load:
    """`device` is the text of the device file; `each` values make one unit of `per second`."""

    name: str
    device: str
    each: int = 1


def counted(metrics: str, name: str) -> float:
    """Sum a metric over its labels."""
    found = re.findall(rf"^{name}(?:{{[^}}]*}})? (\S+)$", metrics, re.MULTILINE)
    return sum(map(float, found))


def quantile_ms(before: str, after: str, share: float) -> float | None:
    """Interpolate a quantile of the durable latency between two scrapes."""
    buckets: dict[float, float] = {}
    for text, sign in ((before, -1.0), (after, 1.0)):
        pattern = r'^gateway_durable_latency_seconds_bucket{.*le="([^"]+)"} (\S+)$'
        for bound, count in re.findall(pattern, text, re.MULTILINE):
            key = float(bound)
            buckets[key] = buckets.get(key, 0.0) + sign * float(count)
    total = buckets.get(float("inf"), 0.0)
    low, below = 0.0, 0.0
    for bound in sorted(buckets):
        if buckets[bound] >= share * total > 0:
            if bound == float("inf"):
                return low * 1e3
            inside = buckets[bound] - below
            return (low + (bound - low) * (share * total - below) / max(inside, 1.0)) * 1e3
        low, below = bound, buckets[bound]
    return None


async def run_gateway(folder: Path, load: Load, seconds: float) -> Row:
    """Measure the gateway with every destination on; it has fallen behind when much is pending."""
    config = folder / "config"
    (config / "devices").mkdir(parents=True, exist_ok=True)
    (config / "devices" / "bench.yaml").write_text(load.device, encoding="utf-8")
    api = free_port()
    async with reference_platform(folder) as port:
        text = GATEWAY_YAML.format(platform=port, api=api)
        (config / "gateway.yaml").write_text(text, encoding="utf-8")
        command = [sys.executable, "-m", "gateway", "run", str(config), "--data"]
        log = folder / "gateway.log"
        async with program(MEASURED_CORE, log, *command, str(folder / "data")) as process:
            await answering(f"http://127.0.0.1:{api}/healthz")
            await asyncio.sleep(WARM_UP_S)
            return await _measured(process.pid, api, load, seconds)


async def _measured(pid: int, api: int, load: Load, seconds: float) -> Row:
    address = f"http://127.0.0.1:{api}"
    before = (await fetched(f"{address}/metrics")).decode()
    meter = Meter(pid)
    await asyncio.sleep(seconds)
    span = meter.span()
    after = (await fetched(f"{address}/metrics")).decode()
    status = json.loads(await fetched(f"{address}/api/status"))
    name = "gateway_samples_spooled_total"
    values = (counted(after, name) - counted(before, name)) / load.each
    return Row(
        load.name,
        "gateway, all destinations",
        values / span.seconds,
        span.cpu_s / max(values, 1.0) * 1e6,
        span.rss_mb,
        quantile_ms(before, after, 0.5),
        quantile_ms(before, after, 0.99),
        behind(status),
    )


def behind(status: dict[str, object]) -> str:
    """Say what waits for each destination at the end of the span."""
    sinks = status.get("sinks")
    assert isinstance(sinks, list)
    return "waiting: " + ", ".join(
        f"{sink['name']} {sink.get('pending_samples', sink.get('waiting', '?'))}" for sink in sinks
    )


Counted = Callable[[Path], int]


def lines_in(path: Path) -> int:
    """Count the lines of a file."""
    if not path.exists():
        return 0
    with path.open("rb") as file:
        return sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b""))


async def run_peer(
    folder: Path, name: str, load: str, command: Sequence[str], count: Counted, seconds: float
) -> Row:
    """Measure another program that tells by its output how much it has done."""
    log = folder / "peer.log"
    async with program(MEASURED_CORE, log, *command) as process:
        await asyncio.sleep(WARM_UP_S + 4.0)
        first, meter = count(folder), Meter(process.pid)
        await asyncio.sleep(seconds)
        span, last = meter.span(), count(folder)
    done = last - first
    return Row(load, name, done / span.seconds, span.cpu_s / max(done, 1) * 1e6, span.rss_mb)
