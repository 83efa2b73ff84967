"""The conservation law in numbers: what came in is somewhere, for every device and every reader."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from gateway.core.protocols import ReaderState, Stored
from gateway.ops.health import Account, DeviceHealth

Readers = Callable[[], Sequence[ReaderState]]


def device_ledger(
    devices: Iterable[DeviceHealth], stored: Callable[[str], Stored]
) -> list[dict[str, Any]]:
    """Give the counts of each device since the start of the process.

    received = spooled + rejected + dropped + waiting, where the intake counts what it received,
    dropped (deadband) and what waits for the disk, and the spool what it committed. What a lost
    connection took back (`returned`) may have been committed all the same. `balanced` says that
    nothing else is missing, and nothing is there that nobody received.
    """
    return [_balanced_device(each.device, each.account, stored(each.device)) for each in devices]


def _balanced_device(device: str, account: Account, stored: Stored) -> dict[str, Any]:
    open_ = account.received - account.dropped - stored.samples - stored.rejected
    return {
        "device": device,
        "received": account.received,
        "spooled": stored.samples,
        "rejected": stored.rejected,
        "dropped": account.dropped,
        "returned": account.returned,
        "waiting": account.waiting,
        "balanced": 0 <= open_ <= account.waiting + account.returned,
    }


def reader_ledger(states: Sequence[ReaderState]) -> list[dict[str, Any]]:
    """Give the counts of each reader in records.

    spooled = delivered + pending + quarantined + expired, where the writer counts what it committed
    for the reader, and the reader's books say what became of it.
    """
    return [_balanced_reader(state) for state in states]


def _balanced_reader(state: ReaderState) -> dict[str, Any]:
    parts = {
        "delivered": state.delivered,
        "pending": state.pending,
        "quarantined": state.quarantined,
        "expired": state.expired,
    }
    balanced = sum(parts.values()) == state.spooled and min(parts.values()) >= 0
    return {"reader": state.name, "spooled": state.spooled, **parts, "balanced": balanced}


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
