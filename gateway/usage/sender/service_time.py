"""The service's clock as far as it is known; ours may be wrong by hours.

Every answer carries the service's stamp (`recptnDt`). It is taken as if it were made at the moment
the answer arrived, so the estimate is late by at most the time an answer takes, and whoever waits
by it never comes too early. Between answers the monotonic clock carries it on.
"""

from __future__ import annotations

from dataclasses import dataclass

from gateway.core.clock import Clock
from gateway.core.types import UnixNs
from gateway.usage.sender.kst import NS, kst_day, kst_text

STEP_S = 2.0
"""Wall and monotonic time that part by more: one was set, or the machine slept."""
OFF_S = 60.0
"""A clock that is off by more is somebody's business. Source: research §5, clock sanity."""


@dataclass(frozen=True, slots=True)
class _Anchor:
    service: int
    monotonic: float
    wall: int


class ServiceTime:
    """Tells what time it is for the service."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._anchor: _Anchor | None = None

    def learn(self, stamp: UnixNs) -> None:
        """Take a stamp from an answer that has just arrived."""
        self._anchor = _Anchor(stamp, self._clock.monotonic(), self._clock.now())

    @property
    def sure(self) -> bool:
        """Say whether an answer told the time and nothing was set since."""
        anchor = self._anchor
        if anchor is None:
            return False
        carried, by_wall = self._estimates(anchor)
        return abs(carried - by_wall) <= STEP_S * NS

    def offset_s(self) -> float | None:
        """Give by how much our clock is ahead of the service's, None when unknown."""
        if self._anchor is None:
            return None
        return (self._clock.now() - self.now()) / NS

    def now(self) -> UnixNs:
        """Give the service's time, ns UTC; our own wall clock until an answer told better."""
        anchor = self._anchor
        if anchor is None:
            return self._clock.now()
        carried, by_wall = self._estimates(anchor)
        if abs(self._clock.now() - carried) < OFF_S * NS:
            return UnixNs(carried)  # our clock is right, or was put right meanwhile
        if by_wall - carried > STEP_S * NS:
            return UnixNs(by_wall)  # the monotonic clock stood still while the machine slept
        return UnixNs(carried)

    def day(self) -> str:
        """Give the service's Korean day."""
        return kst_day(self.now())

    def text(self) -> str:
        """Give the service's time as it writes it."""
        return kst_text(self.now())

    def _estimates(self, anchor: _Anchor) -> tuple[int, int]:
        passed_s = self._clock.monotonic() - anchor.monotonic
        carried = anchor.service + int(passed_s * NS)
        return carried, anchor.service + self._clock.now() - anchor.wall
