"""The conservation law in numbers: what came in is somewhere, for every device and every reader."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from gateway.core.protocols import ReaderState
from gateway.ops.metrics import REGISTRY

RECEIVED = "gateway_samples_received_total"
SPOOLED = "gateway_samples_spooled_total"
REJECTED = "gateway_messages_rejected_total"
DROPPED = "gateway_samples_dropped_total"
RETURNED = "gateway_samples_returned_total"
COUNTS = {
    RECEIVED: "received",
    SPOOLED: "spooled",
    REJECTED: "rejected",
    DROPPED: "dropped",
    RETURNED: "returned",
}
SETTLED = ("spooled", "rejected", "dropped", "returned")

Readers = Callable[[], Sequence[ReaderState]]


def device_ledger() -> list[dict[str, Any]]:
    """Give the counts of each device since the start of the process.

    `waiting` is what an adapter handed over and the disk does not have yet; `balanced` says that
    nothing waits and received = spooled + rejected + dropped + returned (never acknowledged).
    """
    counts: dict[str, dict[str, int]] = {}
    for family in REGISTRY.collect():
        for sample in family.samples:
            kind = COUNTS.get(sample.name)
            if kind is not None:
                device = counts.setdefault(
                    sample.labels["device"], dict.fromkeys(COUNTS.values(), 0)
                )
                device[kind] = int(sample.value)
    return [_balanced_device(device, counts[device]) for device in sorted(counts)]


def _balanced_device(device: str, counts: dict[str, int]) -> dict[str, Any]:
    waiting = counts["received"] - sum(counts[kind] for kind in SETTLED)
    return {"device": device, **counts, "waiting": waiting, "balanced": waiting == 0}


def reader_ledger(
    states: Sequence[ReaderState], spooled: Callable[[str], int] | None
) -> list[dict[str, Any]]:
    """Give the counts of each reader in records: spooled = delivered + pending + quarantined +
    expired.
    """
    return [_balanced_reader(state, spooled) for state in states]


def _balanced_reader(state: ReaderState, spooled: Callable[[str], int] | None) -> dict[str, Any]:
    parts = {
        "delivered": state.delivered,
        "pending": state.pending,
        "quarantined": state.quarantined,
        "expired": state.expired,
    }
    total = sum(parts.values())
    stored = total if spooled is None else spooled(state.name)
    balanced = total == stored and min(parts.values()) >= 0
    return {"reader": state.name, "spooled": stored, **parts, "balanced": balanced}


class ReaderGauges(Collector):
    """Gauges of every reader, read from the spool when somebody scrapes."""

    def __init__(self, readers: Readers) -> None:
        self._readers = readers

    def describe(self) -> Iterator[Metric]:
        """Give the families without samples."""
        yield from self._families()

    def collect(self) -> Iterator[Metric]:
        """Give the present counts."""
        families = self._families()
        for state in self._readers():
            for family, value in zip(families, _gauged(state), strict=True):
                family.add_metric([state.name], value)
        yield from families

    @staticmethod
    def _families() -> list[GaugeMetricFamily]:
        words = {
            "delivered_records": "Records that the destination took",
            "pending_records": "Records that wait for the destination",
            "quarantined_records": "Records that the destination refused",
            "expired_records": "Records given up before the destination took them",
            "pending_samples": "Samples that wait for the destination",
            "pending_bytes": "Bytes that wait for the destination",
        }
        return [
            GaugeMetricFamily(f"gateway_reader_{name}", text, labels=["reader"])
            for name, text in words.items()
        ]


def _gauged(state: ReaderState) -> tuple[int, ...]:
    return (
        state.delivered,
        state.pending,
        state.quarantined,
        state.expired,
        state.pending_samples,
        state.pending_bytes,
    )
