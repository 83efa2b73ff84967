"""Prometheus metrics. Labels name devices, sinks, states; never tags.

A metric is declared once, in the module that counts, and has values of its own in every gateway of
the process (`gateway/ops/scope.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import generate_latest

from gateway.ops.scope import scope

LATENCY_BUCKETS_S = (
    0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.75, 1.0, 2.5, 5.0, 10.0,
    30.0,
)  # fmt: skip
M = TypeVar("M", Counter, Gauge, Histogram)


class Metric(Generic[M]):
    """A declared metric. Who counts often keeps what `labels` gave: it belongs to its gateway."""

    def __init__(self, make: Callable[[CollectorRegistry], M]) -> None:
        self._make: Callable[[CollectorRegistry], M] = make

    @property
    def here(self) -> M:
        """The metric of the gateway that calls; made when it is first asked for."""
        known = scope()
        found: M | None = known.metrics.get(self)
        if found is None:
            found = known.metrics[self] = self._make(known.registry)
        return found

    def labels(self, *values: object) -> M:
        """Pick the series with these label values, in the order of the declaration."""
        return self.here.labels(*values)


_DECLARED: list[Metric[Counter] | Metric[Gauge] | Metric[Histogram]] = []
"""Grows while modules are imported and never after."""


def counter(name: str, text: str, labels: Sequence[str] = ()) -> Metric[Counter]:
    """Declare a counter; its name ends in `_total`."""
    made = Metric(lambda registry: Counter(name, text, labels, registry=registry))
    _DECLARED.append(made)
    return made


def gauge(name: str, text: str, labels: Sequence[str] = ()) -> Metric[Gauge]:
    """Declare a gauge."""
    made = Metric(lambda registry: Gauge(name, text, labels, registry=registry))
    _DECLARED.append(made)
    return made


def histogram(name: str, text: str, labels: Sequence[str] = ()) -> Metric[Histogram]:
    """Declare a histogram of seconds."""
    made = Metric(
        lambda registry: Histogram(name, text, labels, registry=registry, buckets=LATENCY_BUCKETS_S)
    )
    _DECLARED.append(made)
    return made


_INFO = gauge("gateway_info", "Which gateway this is; always 1", ["gateway", "version"])


def name_gateway(gateway: str, version: str) -> None:
    """Let the metrics say whose they are."""
    _INFO.labels(gateway, version).set(1)


def exposition() -> bytes:
    """Render all metrics of the gateway that calls in the Prometheus text format."""
    for metric in _DECLARED:
        metric.here  # noqa: B018 - what nobody has counted yet is shown as 0
    return generate_latest(scope().registry)
