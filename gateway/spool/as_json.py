"""Items as JSON for people and their tools: `gateway spool show` and `export`."""

from __future__ import annotations

import base64
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from gateway.core.records import Audit, Batch, Gap, Item, Rejected, Usage
from gateway.core.types import BAD, SEVERITY_MASK


def item_as_json(item: Item) -> dict[str, Any]:
    """Give an item as JSON-ready values; numbers JSON does not know become words or base64."""
    match item:
        case Batch():
            return _batch(item)
        case Gap():
            return {
                "device": item.device, "from": item.start, "to": item.end,
                "source_from": item.source_start, "source_to": item.source_end,
                "reason": item.reason.value, "count": item.count, "reader": item.reader,
                "signals": None if item.signals is None else list(item.signals),
                "detail": item.detail,
            }  # fmt: skip
        case Usage():
            return {
                "at": item.at, "solution": item.solution, "event": item.event, "user": item.user,
                "address": item.address, "bytes": item.bytes, "ledger": item.ledger,
                "extra": plain(item.extra),
            }  # fmt: skip
        case Rejected():
            return {
                "device": item.device, "at": item.at, "reason": item.reason,
                "source": item.source, "head": plain(item.head), "size": item.size,
            }  # fmt: skip
        case Audit():
            return {
                "at": item.at, "actor": item.actor, "action": item.action,
                "detail": plain(item.detail),
            }  # fmt: skip


def _batch(batch: Batch) -> dict[str, Any]:
    names = batch.plan.signals
    status = [0] * len(batch) if batch.status is None else batch.status.tolist()
    values = [
        None if state & SEVERITY_MASK >= BAD else plain(value)
        for value, state in zip(_list(batch.values), status, strict=True)
    ]
    fields = {
        "device": batch.plan.device, "plan": batch.plan.digest, "received": batch.received,
        "names": [names[index].name for index in batch.signals.tolist()],
        "times": batch.times.tolist(), "values": values, "status": status,
    }  # fmt: skip
    if batch.raw is not None:
        fields["raw"] = [plain(value) for value in _list(batch.raw)]
    return fields


def _list(column: Any) -> list[Any]:
    values: list[Any] = column.tolist() if isinstance(column, np.ndarray) else column
    return values


def plain(value: Any) -> Any:
    """Give a value as JSON keeps it; NaN and infinities as words, bytes as `{"b64": ...}`."""
    match value:
        case float():
            if math.isnan(value):
                return "NaN"
            return value if math.isfinite(value) else ("Infinity" if value > 0 else "-Infinity")
        case bytes():
            return {"b64": base64.b64encode(value).decode()}
        case Mapping():
            return {str(key): plain(entry) for key, entry in value.items()}
        case list() | tuple():
            return [plain(entry) for entry in value]
        case _:
            return value
