"""A broker, and somebody who publishes to it."""

from __future__ import annotations

import asyncio
import itertools
import json
import sys

from simulators.mqtt_broker import Broker
from simulators.mqtt_codec import Message

EVERY_S = 0.05


def command(port: int) -> list[str]:
    """Run this module."""
    return [sys.executable, "-m", __name__, str(port)]


async def talk(port: int) -> None:
    """Publish for ever."""
    async with Broker(port) as broker:
        sys.stdout.write(json.dumps({"ready": "mqtt"}) + "\n")
        sys.stdout.flush()
        for number in itertools.count():
            payload = json.dumps({"upper": number, "lower": -number}).encode()
            broker.memory.route(Message("press", payload, 1))
            await asyncio.sleep(EVERY_S)


def device(port: int) -> str:
    """Write a device file of it."""
    return f"""connect: mqtt://127.0.0.1:{port}
keepalive: 1s
topic: press
tags:
  - Upper: $.upper
  - Lower: $.lower
"""


if __name__ == "__main__":
    asyncio.run(talk(int(sys.argv[1])))
