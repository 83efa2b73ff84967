"""Prometheus metrics in our own registry. Labels name devices, sinks, states; never tags."""

from __future__ import annotations

from collections.abc import Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import generate_latest

REGISTRY = CollectorRegistry(auto_describe=True)
LATENCY_BUCKETS_S = (
    0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.75, 1.0, 2.5, 5.0, 10.0,
    30.0,
)  # fmt: skip


def counter(name: str, text: str, labels: Sequence[str] = ()) -> Counter:
    """Make a counter; its name ends in `_total`."""
    return Counter(name, text, labels, registry=REGISTRY)


def gauge(name: str, text: str, labels: Sequence[str] = ()) -> Gauge:
    """Make a gauge."""
    return Gauge(name, text, labels, registry=REGISTRY)


def histogram(name: str, text: str, labels: Sequence[str] = ()) -> Histogram:
    """Make a histogram of seconds."""
    return Histogram(name, text, labels, registry=REGISTRY, buckets=LATENCY_BUCKETS_S)


def exposition() -> bytes:
    """Give all metrics in the Prometheus text format."""
    return generate_latest(REGISTRY)
