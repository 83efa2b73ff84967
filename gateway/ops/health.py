"""What `status` shows: the state of each device, its signals, and each destination.

Written by adapters and forwarders as things change, read by the API; one event loop, no locks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

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
    """One signal that is not delivered, or not as it should be, and why.

    `reason` is a fixed word that the catalogue of advice knows, or the name of a status code;
    `detail` what only this case has: a topic, a limit, a time. Never a library's text.
    """

    reason: str
    since: UnixNs
    tries: int = 0
    detail: str = ""


@dataclass(slots=True)
class Trouble:
    """Something about a device that a person should hear of although data flows.

    `reason` as with `SignalHealth`; `count` is how often it was seen since `since`.
    """

    reason: str
    since: UnixNs
    last: UnixNs
    count: int = 1
    detail: str = ""


TROUBLES_MAX = 20
"""Kinds of trouble of one device: there are fewer reasons than that; the oldest goes first."""


@dataclass(slots=True)
class DeviceHealth:
    """One device. `bad` holds only signals with a problem, by their name; `troubles` by reason.

    While it is connected it is `good` without any of them, else `partly`. `reason` is the word for
    which `advice` has a next step while it is lost or needs a person; `note` is what is shown.
    """

    device: str
    signals: int
    state: DeviceState = DeviceState.CONNECTING
    since: UnixNs = UnixNs(0)
    note: str = ""
    reason: str = ""
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
    troubles: dict[str, Trouble] = field(default_factory=dict)

    def change(self, state: DeviceState, now: UnixNs, note: str = "", reason: str = "") -> None:
        """Enter a state; the time is kept when the state stays the same."""
        if state is not self.state:
            self.state, self.since = state, now
        self.note, self.reason = note, reason

    def connected(self, now: UnixNs, note: str = "") -> None:
        """Be good, or partly where something is not as it should be."""
        self.connects += 1
        self.next_try_s = None
        self.change(DeviceState.GOOD, now, note)
        self._settle(now)

    def signal_bad(self, name: str, reason: str, now: UnixNs, detail: str = "") -> None:
        """Note that a signal is not delivered, or not as it should be."""
        known = self.bad.get(name)
        if known is None:
            self.bad[name] = SignalHealth(reason, now, 1, detail)
        else:
            known.reason, known.tries, known.detail = reason, known.tries + 1, detail
        self._settle(now)

    def signal_good(self, name: str, now: UnixNs, reason: str | None = None) -> None:
        """Note that a signal is delivered again; with `reason` only where that was the problem."""
        known = self.bad.get(name)
        if known is not None and reason in (None, known.reason):
            del self.bad[name]
            self._settle(now)

    def trouble(self, reason: str, now: UnixNs, detail: str = "") -> None:
        """Note something that a person should hear of; the same again is counted."""
        known = self.troubles.get(reason)
        if known is not None:
            known.last, known.count, known.detail = now, known.count + 1, detail or known.detail
            return
        if len(self.troubles) >= TROUBLES_MAX:
            del self.troubles[next(iter(self.troubles))]
        self.troubles[reason] = Trouble(reason, now, now, detail=detail)
        self._settle(now)

    def relieved(self, reason: str, now: UnixNs) -> None:
        """Note that a trouble is over."""
        if self.troubles.pop(reason, None) is not None:
            self._settle(now)

    def _settle(self, now: UnixNs) -> None:
        """Follow what is bad while connected."""
        if self.state in {DeviceState.GOOD, DeviceState.PARTLY}:
            odd = self.bad or self.troubles
            self.change(DeviceState.PARTLY if odd else DeviceState.GOOD, now, self.note)


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
