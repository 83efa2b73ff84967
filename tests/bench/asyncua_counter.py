"""The floor of the library route: an asyncua subscription handler that only counts.

Run as `python -m tests.bench.asyncua_counter URL PREFIX COUNT`; prints the count once a second.
"""

from __future__ import annotations

import asyncio
import sys
from typing import Any

from asyncua import ua
from asyncua.client.client import Client


class Counter:
    """Counts values and does nothing else."""

    def __init__(self) -> None:
        self.values = 0

    def datachange_notification(self, node: Any, value: Any, data: Any) -> None:
        self.values += 1


async def count(url: str, prefix: str, signals: int) -> None:
    async with Client(url) as client:
        handler = Counter()
        parameters = ua.CreateSubscriptionParameters()
        parameters.RequestedPublishingInterval = 100
        parameters.RequestedMaxKeepAliveCount = 50
        parameters.RequestedLifetimeCount = 500
        parameters.PublishingEnabled = True
        subscription = await client.create_subscription(parameters, handler)
        nodes = [client.get_node(f"{prefix}{place}") for place in range(signals)]
        for start in range(0, signals, 500):
            await subscription.subscribe_data_change(
                nodes[start : start + 500],
                queuesize=10,
                sampling_interval=ua.Double(100),
            )
        print("ready", flush=True)
        while True:
            await asyncio.sleep(1.0)
            print(handler.values, flush=True)


if __name__ == "__main__":
    asyncio.run(count(sys.argv[1], sys.argv[2], int(sys.argv[3])))
