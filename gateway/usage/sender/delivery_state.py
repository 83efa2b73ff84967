"""Where a delivery stands: counts of its day, what it waits for, which record is under way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from gateway.usage.config import Variant
from gateway.usage.model import Today, Waiting
from gateway.usage.sender.sampler import AMOUNT_MAX

SERVICE_INTERVAL_S = 600.0
"""The service's own interval: what it stored longer ago, it does not remember against us."""
RESOLVE_MARGIN_S = 5.0


@dataclass(slots=True)
class UnderWay:
    """One record that is being sent, perhaps again. Times are monotonic seconds.

    `first` is when the first try began whose outcome is unknown, `last_end` when the newest such
    ended. `absorbed` are events whose bytes it carries.
    """

    event: Waiting
    fields: Mapping[str, str]
    absorbed: tuple[str, ...] = ()
    first: float | None = None
    last_end: float = 0.0
    due: float = 0.0

    @property
    def unknown(self) -> bool:
        """Say whether it may have been stored already."""
        return self.first is not None

    def resolvable_until(self, timeout_s: float) -> float:
        """Give until when a further try tells whether the first was stored.

        Later the ten minutes are over, the service would take the record once more, and it would
        be there twice.
        """
        assert self.first is not None
        return self.first + SERVICE_INTERVAL_S - timeout_s - RESOLVE_MARGIN_S


@dataclass(slots=True)
class Day:
    """Counts of one Korean day."""

    day: str
    requests: int = 0
    stored: int = 0
    early: int = 0
    """Unexpected AP1029."""
    users: set[str] = field(default_factory=set)
    tries: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Answers by event and code."""
    amounts: dict[str, int] = field(default_factory=dict)
    """Bytes that the service wanted otherwise, by event."""

    @staticmethod
    def of(today: Today) -> Day:
        """Begin with what the ledger knows."""
        return Day(today.day, today.requests, today.stored, users=set(today.users))

    def amount(self, event: Waiting) -> int:
        """Give the bytes to be sent of an event."""
        return self.amounts.get(event.id, min(max(event.amount, 0), AMOUNT_MAX))


@dataclass(slots=True)
class Stop:
    """Nothing is sent for this key. `probe` is when one event may find out (monotonic s)."""

    code: str
    probe: float | None


@dataclass(slots=True)
class Trouble:
    """What went wrong in a row; an answer, or a stored record, sets it back."""

    offline: int = 0
    contended: int = 0
    refused: int = 0
    unresolved: int = 0
    variants: list[Variant] = field(default_factory=list)
    """Forms of request that the service found empty."""


@dataclass(frozen=True, slots=True)
class SenderStatus:
    """What `status` shows of a delivery.

    `state` is ready, interval, closed (for today), stopped, full, contended, unanswered, offline,
    ledger (it cannot be written) or standby (another gateway sends). `next_s` is when it looks
    again. `ahead_s` is by how much this computer's clock is ahead of the service's, None when
    unknown.
    """

    delivery: str
    state: str
    code: str
    day: str
    stored: int
    requests: int
    next_s: float
    ahead_s: float | None
    variant: Variant
