"""The laws of conservation as metrics: what came in is somewhere, for each device and reader."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from gateway.core.accounts import DeviceAccount
from gateway.core.protocols import ReaderState

Readers = Callable[[], Sequence[ReaderState]]
Accounts = Callable[[], Mapping[str, DeviceAccount]]


class AccountMetrics(Collector):
    """The counts of every device and reader, asked for when somebody scrapes."""

    def __init__(self, readers: Readers, accounts: Accounts) -> None:
        self._readers = readers
        self._accounts = accounts

    def describe(self) -> Iterator[Metric]:
        """Give the families without samples."""
        yield from _device_families()
        yield from self._families()

    def collect(self) -> Iterator[Metric]:
        """Give the present counts."""
        counters = _device_families()
        for device, account in self._accounts().items():
            for counted, value in zip(counters, _counted(account), strict=True):
                counted.add_metric([device], value)
        yield from counters
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


def _device_families() -> list[CounterMetricFamily | GaugeMetricFamily]:
    words = {
        "samples_received": "Samples, and messages that could not be read, that adapters handed"
        " over",
        "samples_spooled": "Samples that are durable",
        "messages_rejected": "Messages kept as unreadable",
        "samples_dropped": "Samples left out as configured (deadband)",
        "samples_returned": "Samples that a lost connection took back before they were durable;"
        " never acknowledged",
    }
    waiting = "Samples, and messages that could not be read, that wait for the disk"
    return [
        *(
            CounterMetricFamily(f"gateway_{name}", text, labels=["device"])
            for name, text in words.items()
        ),
        GaugeMetricFamily("gateway_samples_waiting", waiting, labels=["device"]),
    ]


def _counted(account: DeviceAccount) -> tuple[int, ...]:
    return (
        account.received,
        account.spooled,
        account.rejected,
        account.dropped,
        account.returned - account.late,
        account.waiting,
    )


def _gauged(state: ReaderState) -> tuple[int, ...]:
    return (
        state.delivered,
        state.pending,
        state.quarantined,
        state.expired,
        state.pending_samples,
        state.pending_bytes,
    )
