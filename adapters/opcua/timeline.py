"""What time it is at the source, and from when to when samples are missing.

Source times and the server's clock (its publish times) may differ: a machine's clock is rarely
right. Where a machine's newest source times move in step with the publish times, their distance is
taken into account, so that a gap is stated in source time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from adapters.opcua.decode import Column
from adapters.opcua.kept import Shelf
from adapters.opcua.repeats import Repeats
from adapters.opcua.transport import FILETIME_OF_1970
from gateway.core.records import Batch
from gateway.core.types import UnixNs

IN_STEP_NS = 2_000_000_000
"""Newest source time and publish time that advance alike within this belong to one moving clock."""


SECOND_NS = 1_000_000_000


def latest(time: int) -> int:
    """Give the end of what a clock may mean: one that shows whole seconds is up to one behind."""
    return time + SECOND_NS - 1 if time % SECOND_NS == 0 else time


def from_ticks(ticks: int) -> UnixNs:
    """Give 100 ns since 1601 as ns since 1970."""
    return UnixNs((ticks - FILETIME_OF_1970) * 100)


def to_ticks(time: int) -> int:
    """Give ns since 1970 as 100 ns since 1601."""
    return time // 100 + FILETIME_OF_1970


@dataclass(slots=True)
class Timeline:
    """Clock of one server as its messages show it; all times in ns UTC."""

    offset: int = 0
    """Source clock minus server clock."""
    ahead: int = 0
    """Server clock minus our clock, as the last message showed it (with its way to us)."""
    _newest: tuple[int, int] | None = None

    def note(self, published: int, batches: Sequence[Batch]) -> None:
        """Learn from a message with data: its publish time (ns) and its batches."""
        newest = max(
            (int(batch.times.max()) for batch in batches if not batch.received_time), default=None
        )
        if newest is None:
            return
        if self._newest is not None:
            moved, passed = newest - self._newest[0], published - self._newest[1]
            if moved > 0 and passed > 0 and abs(moved - passed) < IN_STEP_NS:
                self.offset = newest - published
        self._newest = (newest, published)

    def source(self, published: int) -> UnixNs:
        """Give the source time of a publish time. Small differences are no other clock."""
        return UnixNs(published + (self.offset if abs(self.offset) > IN_STEP_NS else 0))

    def source_ahead(self) -> int:
        """Give source clock minus our clock in ns."""
        return self.source(self.ahead)

    def now(self, now: UnixNs) -> UnixNs:
        """Give the source time that belongs to our wall time."""
        return UnixNs(now + self.source_ahead())


@dataclass(slots=True)
class Memory:
    """What one device keeps from connection to connection of this process.

    `durable` is the newest source time up to which everything published is durable. `session` is
    what is needed to go on with the old subscription after a mere network cut.
    """

    durable: UnixNs | None = None
    offset: int = 0
    started: datetime | None = None
    namespaces: list[str] | None = None
    connected_before: bool = False
    session: Any = None
    repeats: Repeats | None = None
    shelf: Shelf | None = None
    """The file that outlives the process; None until it was looked at, or where there is none."""
    missing: dict[str, UnixNs] = field(default_factory=dict)
    """Signals (by address) that were not delivered since this source time."""


_MEMORIES: dict[tuple[str, str], Memory] = {}
"""One for each configured device of the process; the runner makes a new adapter each time."""


def memory_of(device: str, url: str) -> Memory:
    """Give what is kept of a device at this address."""
    return _MEMORIES.setdefault((device, url), Memory())


def forget(device: str) -> None:
    """Drop what is kept of a device, as a restart of the process would."""
    for key in [key for key in _MEMORIES if key[0] == device]:
        del _MEMORIES[key]


def has_samples(kinds: Sequence[Sequence[Column]]) -> bool:
    """Say whether a notification holds any row."""
    return any(len(column.rows) for columns in kinds for column in columns)
