"""How long values take to be durable, and what was not asked for. The rest: `core.accounts`."""

from __future__ import annotations

from gateway.ops.metrics import counter, histogram

DURABLE_LATENCY = histogram(
    "gateway_durable_latency_seconds",
    "From the source time of a batch's oldest sample to its commit, by the gateway's clock",
    ["device"],
)

POLLS_SKIPPED = counter(
    "gateway_polls_skipped_total",
    "Reads left out because the one before them was still under way",
    ["device"],
)
