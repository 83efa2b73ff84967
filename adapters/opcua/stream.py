"""One subscription on one connection: what belongs to reading it, and how far it was read."""

from __future__ import annotations

from dataclasses import dataclass, field

from adapters.opcua.config import OpcUaSource
from adapters.opcua.router import Router
from adapters.opcua.structures import TypeBook
from adapters.opcua.timeline import Memory, PublishClock
from adapters.opcua.transport import Protocol
from gateway.core.clock import Clock
from gateway.core.types import UnixNs
from gateway.ops.health import DeviceHealth


@dataclass(slots=True)
class Progress:
    """How far a subscription was read and settled; survives a cut together with its session.

    `expected` is the next sequence number, None until the first message; `settled` is the first
    number that is not durable. `dated` is the date (ns, our clock) of the last message that was
    read, `durable` of the last settled one; before the first message, both are when the items were
    asked for. `key` ties the mark on the disk to this subscription.
    """

    subscription: int
    keepalive_s: float
    expected: int | None = None
    settled: int | None = None
    dated: UnixNs = UnixNs(0)
    durable: UnixNs = UnixNs(0)
    key: int = 0
    clock: PublishClock = field(default_factory=PublishClock)

    def go_back(self) -> None:
        """Stand where all is durable: what was read beyond it is fetched again."""
        self.expected, self.dated = self.settled, self.durable


@dataclass(frozen=True, slots=True)
class Stream:
    """What the parts of a pump share; they change `progress` and `memory`, never the rest."""

    protocol: Protocol
    source: OpcUaSource
    progress: Progress
    router: Router
    book: TypeBook
    memory: Memory
    health: DeviceHealth
    clock: Clock
