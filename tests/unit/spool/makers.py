"""Small plans and items for tests of the spool."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gateway.core.records import Audit, Batch, Gap, GapReason, Item, Rejected, Usage
from gateway.core.signals import PlanTable, Signal
from gateway.core.types import UnixNs

START = 1_795_439_647_817_927_000


def plan(device: str = "press-01", signals: int = 10) -> PlanTable:
    return PlanTable(
        device,
        tuple(
            Signal(i, device, f"온도_{i}", f"ns=1;i={i}", "a", "asset", "sm", "Data", "", f"T{i}")
            for i in range(signals)
        ),
    )  # fmt: skip


PLAN = plan()


def batch(
    first: int = 0, count: int = 3, table: PlanTable = PLAN, values: Any = None, **more: Any
) -> Batch:
    """Values tell the sample's number, times are a microsecond apart from `START` on."""
    numbers = np.arange(first, first + count)
    return Batch(
        table,
        (numbers % len(table.signals)).astype(np.int32),
        START + numbers * 1_000,
        numbers.astype(np.float64) if values is None else values,
        UnixNs(START + first * 1_000 + 500),
        **more,
    )


def usage(number: int = 0) -> Usage:
    return Usage(
        UnixNs(START + number), "MES", "login", "p:3f9a", "192.168.0.12", 7, "L1", {"n": number}
    )


def gap(reader: str | None = None, table: PlanTable | None = PLAN) -> Gap:
    return Gap("press-01", UnixNs(START), UnixNs(START + 5), GapReason.OVERFLOW, table, (0, 1), 4,
               reader, "queue")  # fmt: skip


def rejected() -> Rejected:
    return Rejected("env", UnixNs(START), "bad-json", "factory/env", b"{\xff", 2)


def audit() -> Audit:
    return Audit(UnixNs(START), "kim", "trust-accepted", {"fingerprint": "ab", "size": 1 << 80})


def same_values(left: Any, right: Any) -> bool:
    if isinstance(left, np.ndarray) or isinstance(right, np.ndarray):
        return (
            isinstance(left, np.ndarray)
            and isinstance(right, np.ndarray)
            and left.dtype == right.dtype
            and left.tobytes() == right.tobytes()
        )
    return repr(left) == repr(right)


def same(left: Item, right: Item) -> bool:
    """Compare items bit by bit (NaN equals NaN, 1 is not True)."""
    if isinstance(left, Batch) and isinstance(right, Batch):
        return (
            left.plan == right.plan
            and (left.received, left.received_time) == (right.received, right.received_time)
            and all(
                same_values(getattr(left, name), getattr(right, name))
                for name in ("signals", "times", "values", "status", "server_times", "raw")
            )
        )
    return left == right


def all_same(left: Sequence[Item], right: Sequence[Item]) -> bool:
    return len(left) == len(right) and all(map(same, left, right))
