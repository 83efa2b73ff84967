"""Doubles that all change at a rate, from a server nobody here wrote."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.bench import telegraf
from tests.bench.gateway_run import Load, lines_in, run_gateway, run_peer
from tests.bench.programs import TELEGRAF
from tests.bench.table import Row
from tests.services.node_opcua import URI, node_server

DEVICE = """version: 1
device: bench
connect: {url}
security: {{ mode: "None", unsafe: true }}
every: 100ms
tags:
"""


def device_text(url: str, signals: int) -> str:
    """Give the device file of the load."""
    tags = "".join(f'  - D{place}: "nsu={URI};s=D{place}"\n' for place in range(signals))
    return DEVICE.format(url=url) + tags


def counter_of(folder: Path) -> int:
    """Read the last count that the counting handler printed."""
    lines = (folder / "peer.log").read_text(encoding="utf-8").split()
    return int(lines[-1]) if lines and lines[-1].isdigit() else 0


async def run(folder: Path, signals: int, period_ms: int, seconds: float) -> list[Row]:
    """Measure gateway, Telegraf and the counting handler one after the other."""
    name = f"OPC UA, {signals} doubles at {1000 // period_ms} Hz"
    rows = []
    async with node_server(folder, count=signals, rateMs=period_ms) as server:
        place = folder / f"gateway-{signals}"
        place.mkdir()
        rows.append(await run_gateway(place, Load(name, device_text(server.url, signals)), seconds))
        if TELEGRAF.exists():
            place = folder / f"telegraf-{signals}"
            place.mkdir()
            nodes = [f"D{number}" for number in range(signals)]
            config = telegraf.opcua_config(place, server.url, 2, nodes)
            command = [str(TELEGRAF), "--config", str(config), "--quiet"]
            rows.append(await run_peer(place, "Telegraf", name, command, output_lines, seconds))
        place = folder / f"counter-{signals}"
        place.mkdir()
        module = "tests.bench.asyncua_counter"
        command = [sys.executable, "-m", module, server.url, "ns=2;s=D", str(signals)]
        program = "asyncua handler, counting only"
        rows.append(await run_peer(place, program, name, command, counter_of, seconds))
    return rows


def output_lines(folder: Path) -> int:
    return lines_in(folder / "out.lp")
