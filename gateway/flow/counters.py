"""How long values take to be durable. What is counted of them: `gateway.core.accounts`."""

from __future__ import annotations

from gateway.ops.metrics import histogram

DURABLE_LATENCY = histogram(
    "gateway_durable_latency_seconds",
    "From the source time of a batch's oldest sample to its commit, by the gateway's clock",
    ["device"],
)
