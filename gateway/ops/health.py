"""What `status` shows: the state of each device, its signals, and each destination.

Written by adapters and forwarders as things change, read by the API; one event loop, no locks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from gateway.core.health import DeviceHealth, DeviceState, SignalHealth, Trouble
from gateway.core.types import UnixNs


class SinkState(StrEnum):
    """`catching-up`: live data flows, a backlog is sent beside it; `hold`: a person must act."""

    GOOD = "good"
    CATCHING_UP = "catching-up"
    RETRYING = "retrying"
    HOLD = "hold"


@dataclass(slots=True)
class SinkHealth:
    """One destination; `reason` is the word for which `advice` has a next step."""

    name: str
    kind: str
    state: SinkState = SinkState.GOOD
    since: UnixNs = UnixNs(0)
    note: str = ""
    reason: str = ""
    last_accepted: UnixNs | None = None
    tries: int = 0
    next_try_s: float | None = None

    def change(self, state: SinkState, now: UnixNs, note: str = "", reason: str = "") -> None:
        """Enter a state; the time is kept when the state stays the same."""
        if state is not self.state:
            self.state, self.since = state, now
        self.note, self.reason = note, reason


class SpoolState(StrEnum):
    """Whether values can be stored; only in `good` they can.

    `full`: the disk is, or the quota and nothing more may be given up; `stalled`: a write does not
    return; `recovering`: the files are read again after a failure.
    """

    OPENING = "opening"
    GOOD = "good"
    FULL = "full"
    READ_ONLY = "read-only"
    DISK_ERROR = "disk-error"
    STALLED = "stalled"
    RECOVERING = "recovering"


class SpoolCondition(NamedTuple):
    """How it stands with the spool; `reason` is a word for which `advice` has a next step."""

    state: SpoolState
    reason: str = ""
    detail: str = ""


@dataclass(slots=True)
class SpoolHealth:
    """The spool, as it was last looked at."""

    state: SpoolState = SpoolState.OPENING
    reason: str = "spool-opening"
    detail: str = ""
    since: UnixNs = UnixNs(0)

    @property
    def ready(self) -> bool:
        """Tell whether values can be stored now."""
        return self.state is SpoolState.GOOD

    @property
    def note(self) -> str:
        """What a person reads of it: reason and detail, empty while all is well."""
        return f"{self.reason}: {self.detail}" if self.detail else self.reason

    def change(self, to: SpoolCondition, now: UnixNs) -> bool:
        """Enter a condition; tells whether state or reason are others than before."""
        changed = (to.state, to.reason) != (self.state, self.reason)
        if to.state is not self.state:
            self.since = now
        self.state, self.reason, self.detail = to
        return changed


@dataclass(slots=True)
class Alarm:
    """What a person has to hear until it is over; `texts` are what and how to fix, by language."""

    code: str
    about: str
    since: UnixNs
    texts: Mapping[str, tuple[str, str]]
    facts: Mapping[str, str | float] = field(default_factory=dict)


@dataclass(slots=True)
class Health:
    """Everything, for `status`, `/healthz` and `/readyz`."""

    started: UnixNs
    devices: dict[str, DeviceHealth] = field(default_factory=dict)
    sinks: dict[str, SinkHealth] = field(default_factory=dict)
    alarms: dict[tuple[str, str], Alarm] = field(default_factory=dict)
    """By code and what it is about; as many as there are kinds and deliveries."""
    spool: SpoolHealth = field(default_factory=SpoolHealth)
    config_note: str = ""
    api_note: str = ""

    @property
    def spool_ready(self) -> bool:
        """Whether values can be stored."""
        return self.spool.ready

    @property
    def spool_note(self) -> str:
        """Why not: a reason, and what only this case has."""
        return self.spool.note


__all__ = [
    "Alarm",
    "DeviceHealth",
    "DeviceState",
    "Health",
    "SignalHealth",
    "SinkHealth",
    "SinkState",
    "SpoolCondition",
    "SpoolHealth",
    "SpoolState",
    "Trouble",
]
