"""Publishes JSON messages of five values at a rate. Run as a module: PORT RATE."""

from __future__ import annotations

import sys
import time

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

BURSTS_PER_S = 100


def publish(port: int, rate: int) -> None:
    client = mqtt.Client(CallbackAPIVersion.VERSION2, "bench-publisher", protocol=mqtt.MQTTv5)
    client.max_inflight_messages_set(10_000)
    client.connect("127.0.0.1", port)
    client.loop_start()
    number = 0
    due = time.monotonic()
    while True:
        for _ in range(rate // BURSTS_PER_S):
            number += 1
            values = ",".join(f'"{key}":{number + place / 8}' for place, key in enumerate("abcde"))
            client.publish("bench/cell", f'{{"ts":{time.time_ns() // 1_000_000},{values}}}', qos=1)
        due += 1 / BURSTS_PER_S
        time.sleep(max(0.0, due - time.monotonic()))


if __name__ == "__main__":
    publish(int(sys.argv[1]), int(sys.argv[2]))
