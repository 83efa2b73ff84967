"""Decode a publish response: ours against asyncua's own decoding, in the same run.

Run: .venv/bin/python -m tests.bench.opcua_decode_bench
"""

from __future__ import annotations

import json
import statistics
import struct
import time
from collections.abc import Callable
from datetime import UTC, datetime

from adapters.opcua.library import Buffer, struct_from_binary, struct_to_binary, ua
from adapters.opcua.messages import Notification, read_publish
from adapters.opcua.router import Router
from adapters.opcua.variants import ValueReader
from gateway.core.signals import PlanTable, Signal
from gateway.core.types import UnixNs
from tests.unit.opcua.test_decode import NoStructures

ROUNDS = 7
COLD_BYTES = 64 * 1024 * 1024
"""Touched between two rounds, so that caches hold nothing of the last one."""


def plan(count: int) -> PlanTable:
    signals = (
        Signal(i, "d", f"n{i}", "s", "aas", "asset", "sm", "OperationalData", "", f"e{i}")
        for i in range(count)
    )
    return PlanTable("d", tuple(signals))


def response(count: int, kinds: tuple[str, ...], first: int, sequence: int = 1) -> bytes:
    at = datetime(2026, 1, 2, tzinfo=UTC)
    notification = ua.DataChangeNotification()
    for place in range(count):
        kind = getattr(ua.VariantType, kinds[place % len(kinds)])
        value = (
            place * 1.25 if kind in (ua.VariantType.Double, ua.VariantType.Float) else place % 100
        )
        data = ua.DataValue(ua.Variant(value, kind), SourceTimestamp=at, ServerTimestamp=at)
        notification.MonitoredItems.append(
            ua.MonitoredItemNotification(ClientHandle=first + place, Value=data)
        )
    answer = ua.PublishResponse()
    answer.Parameters.SubscriptionId = 1
    answer.Parameters.NotificationMessage.SequenceNumber = sequence
    answer.Parameters.NotificationMessage.PublishTime = at
    answer.Parameters.NotificationMessage.NotificationData = [notification]
    return bytes(struct_to_binary(answer))


def median_us(work: Callable[[], object], count: int, *, cold: bool, repeat: int) -> float:
    waste = bytearray(COLD_BYTES) if cold else bytearray()
    work()
    spans = []
    for _ in range(ROUNDS):
        if cold:
            waste[::64] = b"x" * (len(waste) // 64)
        began = time.process_time_ns()
        for _ in range(1 if cold else repeat):
            work()
        spent = time.process_time_ns() - began
        spans.append(spent / (1 if cold else repeat) / count / 1000)
    return statistics.median(spans)


def measure(count: int, kinds: tuple[str, ...]) -> dict[str, object]:
    first = 1000
    body = response(count, kinds, first)
    router = Router(plan(count))
    router.assign([(first + i, i) for i in range(count)], router.plan)
    reader = ValueReader(NoStructures())

    def ours() -> object:
        found = read_publish(body, reader)
        assert isinstance(found, Notification)
        batches = router.batches(found.columns, UnixNs(1))
        assert sum(map(len, batches)) == count
        return batches

    def library() -> object:
        return struct_from_binary(ua.PublishResponse, Buffer(body))

    return {
        "values": count,
        "types": "+".join(kinds),
        "bytes_a_value": round(len(body) / count, 1),
        "ours_cold_us": round(median_us(ours, count, cold=True, repeat=1), 4),
        "ours_warm_us": round(median_us(ours, count, cold=False, repeat=20), 4),
        "asyncua_us": round(median_us(library, count, cold=False, repeat=1), 3),
    }


def main() -> None:
    assert struct.calcsize("<IBBdqq") == 30
    for count in (20, 1000, 5000):
        print(json.dumps(measure(count, ("Double",))))
    print(json.dumps(measure(1000, ("Double", "Int32", "Boolean"))))
    print(json.dumps(measure(5, ("Double",))))


if __name__ == "__main__":
    main()
