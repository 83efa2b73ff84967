"""How it stands with one device: what its adapter writes and everybody else reads.

Written as things change; one event loop, no locks.
"""

from __future__ import annotations

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
