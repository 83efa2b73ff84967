"""What an OPC UA device needs, free of any protocol library."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from gateway.core.signals import PlanTable


@dataclass(frozen=True, slots=True)
class OpcUaItem:
    """One monitored item; `index` is its signal's place in the plan table.

    `address` is as written: `nsu=URI;s=...`, `ns=2;i=...`, or a browse path `/Objects/...`.
    `queue` None means ceil(stall tolerance / sampling).
    """

    index: int
    address: str
    sampling_s: float
    queue: int | None = None
    element: int | None = None
    """Which element of an array value the signal is; None: the value as it is."""


@dataclass(frozen=True, slots=True)
class OpcUaSource:
    """One server as one device. `mode` and `policy` None take the best that the server offers."""

    device: str
    url: str
    plan: PlanTable
    items: tuple[OpcUaItem, ...]
    publishing_s: float = 1.0
    mode: str | None = None
    policy: str | None = None
    unsafe: bool = False
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    user_certificate: Path | None = None
    user_key: Path | None = None
    trust_folder: Path = Path("trust")
    state_folder: Path | None = None
    """Where the session is kept beyond the process; None: nowhere."""
    application_uri: str = "urn:factory-telemetry-gateway"
    stall_tolerance_s: float = 10.0
    keepalive_s: float = 5.0
    lifetime_s: float = 60.0
    request_timeout_s: float = 10.0
    session_timeout_s: float = 60.0
    publish_requests: int = 4
