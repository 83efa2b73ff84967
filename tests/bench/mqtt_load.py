"""QoS 1 messages with five values each through a real broker."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.bench import telegraf
from tests.bench.gateway_run import Load, lines_in, run_gateway, run_peer
from tests.bench.programs import LOAD_CORE, TELEGRAF, program
from tests.bench.table import Row

VALUES = "abcde"
DEVICE = """version: 1
device: bench
connect: mqtt://127.0.0.1:{port}
topic: bench/cell
time: {{ json: $.ts, unit: ms }}
tags:
"""


async def run(folder: Path, rate: int, seconds: float) -> list[Row]:
    """Measure gateway and Telegraf one after the other; the unit is a message."""
    from tests.services.mosquitto import Mosquitto

    name = f"MQTT QoS 1, {rate} messages/s of five values"
    rows = []
    place = folder / "mqtt"
    (place / "broker").mkdir(parents=True)
    broker = Mosquitto(place / "broker")
    broker.start()
    try:
        publisher = [
            sys.executable,
            "-m",
            "tests.bench.mqtt_publisher",
            str(broker.port),
            str(rate),
        ]
        async with program(LOAD_CORE, place / "publisher.log", *publisher):
            tags = "".join(f"  - {{ name: {key}, json: $.{key} }}\n" for key in VALUES)
            load = Load(name, DEVICE.format(port=broker.port) + tags, each=len(VALUES))
            rows.append(await run_gateway(place, load, seconds))
            if TELEGRAF.exists():
                peer = folder / "mqtt-telegraf"
                peer.mkdir()
                config = telegraf.mqtt_config(peer, broker.port)
                command = [str(TELEGRAF), "--config", str(config), "--quiet"]
                rows.append(await run_peer(peer, "Telegraf", name, command, output_lines, seconds))
    finally:
        broker.stop()
    return rows


def output_lines(folder: Path) -> int:
    return lines_in(folder / "out.lp")
