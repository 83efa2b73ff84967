"""What `status` shows: the state of each device, its signals, and each destination.

Written by adapters and forwarders as things change, read by the API; one event loop, no locks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from gateway.core.types import UnixNs


class DeviceState(StrEnum):
    """`partly`: connected, some signals are not being delivered."""

    CONNECTING = "connecting"
    GOOD = "good"
    PARTLY = "partly"
    LOST = "lost"
    NEEDS_PERSON = "needs-person"
    STOPPED = "stopped"


class SinkState(StrEnum):
    """`catching-up`: live data flows, a backlog is sent beside it; `hold`: a person must act."""

    GOOD = "good"
    CATCHING_UP = "catching-up"
    RETRYING = "retrying"
    HOLD = "hold"


@dataclass(slots=True)
class SignalHealth:
    """One signal that is not delivered, and why."""

    reason: str
    since: UnixNs
    tries: int = 0


@dataclass(slots=True)
class DeviceHealth:
    """One device. `bad` holds only signals with a problem, by their name."""

    device: str
    signals: int
    state: DeviceState = DeviceState.CONNECTING
    since: UnixNs = UnixNs(0)
    note: str = ""
    security: str = ""
    clock_offset_s: float | None = None
    last_received: UnixNs | None = None
    samples: int = 0
    gaps: int = 0
    overflows: int = 0
    rejected: int = 0
    connects: int = 0
    next_try_s: float | None = None
    bad: dict[str, SignalHealth] = field(default_factory=dict)

    def change(self, state: DeviceState, now: UnixNs, note: str = "") -> None:
        """Enter a state; the time is kept when the state stays the same."""
        if state is not self.state:
            self.state, self.since = state, now
        self.note = note

    def connected(self, now: UnixNs, note: str = "") -> None:
        """Be good, or partly where signals have problems."""
        self.connects += 1
        self.next_try_s = None
        self.change(DeviceState.PARTLY if self.bad else DeviceState.GOOD, now, note)

    def signal_bad(self, name: str, reason: str, now: UnixNs) -> None:
        """Note that a signal is not delivered."""
        known = self.bad.get(name)
        if known is None:
            self.bad[name] = SignalHealth(reason, now, 1)
        else:
            known.reason, known.tries = reason, known.tries + 1
        if self.state is DeviceState.GOOD:
            self.change(DeviceState.PARTLY, now, self.note)

    def signal_good(self, name: str, now: UnixNs) -> None:
        """Note that a signal is delivered again."""
        if self.bad.pop(name, None) and not self.bad and self.state is DeviceState.PARTLY:
            self.change(DeviceState.GOOD, now, self.note)


@dataclass(slots=True)
class SinkHealth:
    """One destination."""

    name: str
    kind: str
    state: SinkState = SinkState.GOOD
    since: UnixNs = UnixNs(0)
    note: str = ""
    last_accepted: UnixNs | None = None
    tries: int = 0
    next_try_s: float | None = None

    def change(self, state: SinkState, now: UnixNs, note: str = "") -> None:
        """Enter a state; the time is kept when the state stays the same."""
        if state is not self.state:
            self.state, self.since = state, now
        self.note = note


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
    spool_note: str = ""
    spool_ready: bool = False
    config_note: str = ""
    api_note: str = ""
