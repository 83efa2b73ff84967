"""What of a stream a person should hear of although values flow: wrong clocks, strange samples."""

from __future__ import annotations

from adapters.opcua.errors import span_words
from adapters.opcua.timeline import Memory
from gateway.core.types import UnixNs
from gateway.ops.health import DeviceHealth

CLOCK_OFF = "clock-off"
CLOCK_OFF_S = 60.0
"""A clock that is wrong by less is how clocks in factories are; by more, times of two machines
cannot be compared any more."""
FOREIGN = "foreign-samples"
FOREIGN_AFTER_NS = 10_000_000_000
"""After a change of tags a server may send of those that are gone for a moment."""
QUIET_NS = 60_000_000_000
"""After so long without another one a trouble is over."""
LOOK_NS = 5_000_000_000


class Oddities:
    """Notes troubles of one connection with the device, and that they are over."""

    def __init__(self, health: DeviceHealth, memory: Memory) -> None:
        self._health = health
        self._memory = memory
        self._looked = 0
        self._foreign = 0
        self._first = self._last = 0

    def foreign(self, count: int, now: UnixNs) -> None:
        """Note samples for items that are not ours."""
        if now - self._last > QUIET_NS:
            self._first, self._foreign = now, 0
        self._last = now
        self._foreign += count
        if now - self._first > FOREIGN_AFTER_NS:
            self._health.trouble(FOREIGN, now, f"{self._foreign} samples")

    def look(self, now: UnixNs) -> None:
        """Look at the clocks and at what is over, now and then; called with every message."""
        if 0 <= now - self._looked < LOOK_NS:
            return
        self._looked = now
        if FOREIGN in self._health.troubles and now - self._last > QUIET_NS:
            self._health.relieved(FOREIGN, now)
        words = self._clock_words()
        if words:
            self._health.trouble(CLOCK_OFF, now, words)
        else:
            self._health.relieved(CLOCK_OFF, now)

    def _clock_words(self) -> str:
        """Say which clock is wrong by how much; empty where none is."""
        parts = [
            f"{whose} is {span_words(abs(ahead) / 1e9)} {'ahead' if ahead > 0 else 'behind'}"
            for whose, ahead in (
                ("the server's clock", self._memory.server_ahead or 0),
                ("the clock of the values", self._memory.source_clock.ahead or 0),
            )
            if abs(ahead) > CLOCK_OFF_S * 1e9
        ]
        return ", ".join(parts)
