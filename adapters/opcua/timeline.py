"""When things happened by our clock, although the server and the source have clocks of their own.

Times of a server are claims. Only their differences are used, and never against what our own clock
allows: an answer was sent after its request left and before it came. See `PublishClock`.
"""

from __future__ import annotations

import statistics
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np

from adapters.opcua.handles import Handles
from adapters.opcua.repeats import Repeats
from adapters.opcua.session_file import SessionFile
from adapters.opcua.transport import FILETIME_OF_1970
from gateway.core.records import Batch
from gateway.core.times import EARLIEST, STORE_AHEAD_NS, implausible
from gateway.core.types import UnixNs

SECOND_NS = 1_000_000_000
IN_STEP_NS = 2 * SECOND_NS
"""Clocks that differ by less are one clock: many servers renew theirs once a second only."""
STEP_NS = SECOND_NS
"""A way to us that seems shorter than the shortest by more than this is a clock that was set."""
STILL_NS = 2 * SECOND_NS
"""A publish time that stays the same for longer stands still."""
LOOKS = 15
"""Messages from which the distance of the source's clock is taken."""
_INT64_MAX = (1 << 63) - 1


def latest(time: int) -> int:
    """Give the end of what a clock may mean: one that shows whole seconds is up to one behind."""
    return time + SECOND_NS - 1 if time % SECOND_NS == 0 else time


def claimed(ticks: int) -> int | None:
    """Give 100 ns since 1601 as ns since 1970; None where there is no time, or none of ours."""
    time = (ticks - FILETIME_OF_1970) * 100
    return time if ticks > 0 and abs(time) <= _INT64_MAX else None


def ran_evenly(claim: int | None, newer: int | None, dated: int, received: int) -> bool:
    """Tell whether two publish times may be of one clock that was not set between them.

    `claim` is that of a message which was published after `dated`, `newer` of one that came later
    and was `received`: no more time can have passed between the two than between those.
    """
    if claim is None or newer is None:
        return False
    return 0 <= newer - claim <= received - dated + STEP_NS


@dataclass(slots=True)
class PublishClock:
    """Dates the messages of one server by our clock, so that a gap can begin where one ended.

    A date is never later than the moment in which the message was published, as far as that can be
    known: what was sampled after it may be missing. While the server's clock runs evenly, it is
    the publish time, moved by the shortest way that a message took to us. It never lies before
    `asked` less `held_ns`, nor after the receipt. `asked` is when the request left that
    was answered; a server that numbered its message before that held it back no longer than
    `held_ns`. A clock that is missing, stands still, or was set dates the message with `asked`.
    """

    distance: int | None = None
    """Our clock less the server's, and the shortest way that a message took; None: not known."""
    _claim: int | None = None
    _since: int = 0
    """When we first received `_claim`."""

    def date(self, claim: int | None, asked: int, received: int, held_ns: int) -> int:
        """Give when a message was published that just came, or a little before."""
        asked = min(asked, received)
        if claim is None:
            return asked
        way, before = received - claim, self._claim
        if claim != before:
            self._claim, self._since = claim, received
        backwards = before is not None and claim < before
        if self.distance is None or backwards or way < self.distance - STEP_NS:
            self.distance = way
            return asked
        self.distance = min(self.distance, way)
        if claim == before and received - self._since > STILL_NS:
            return asked
        found = claim + self.distance
        if found < asked - held_ns:
            self.distance = way
            return asked
        # A long way may hide that the clock was set forward meanwhile.
        return found if way <= self.distance + STEP_NS else min(found, asked)

    def again(self, claim: int | None, newer: int | None, dated: int, received: int) -> int:
        """Date a message that was fetched again, after the one of `dated`.

        `newer` is the publish time of the live message that was `received`: it tells whether the
        clock was set forward meanwhile.
        """
        if self.distance is None or not ran_evenly(claim, newer, dated, received):
            return dated
        assert claim is not None
        assert newer is not None
        if received - newer < self.distance - STEP_NS:
            return dated
        return max(min(claim + self.distance, received), dated)

    def until(self, claim: int | None, newer: int | None, dated: int, received: int) -> int:
        """Give a time that is not before the message of `claim` was published, after `dated`.

        `newer` is the publish time of the live message that was `received`.
        """
        if not ran_evenly(claim, newer, dated, received):
            return received
        assert claim is not None
        assert newer is not None
        way = received - newer
        return min(claim + max(way, way if self.distance is None else self.distance), received)


@dataclass(slots=True)
class SourceClock:
    """How far the clock behind the source times is ahead of ours, where it runs at all.

    Only messages count whose newest source time advanced as our clock did, so that one sample from
    another century, a time that stands still and a clock that is being set say nothing.
    """

    _newest: tuple[int, int] | None = None
    _found: deque[int] = field(default_factory=lambda: deque(maxlen=LOOKS))
    heard: bool = False
    """Whether there was any source time at all."""

    def note(self, batches: Sequence[Batch], received: int) -> None:
        """Learn from a message that just came."""
        newest = max(
            (_newest(batch, received) for batch in batches if not batch.received_time), default=None
        )
        if newest is None:
            return
        self.heard = True
        before, self._newest = self._newest, (newest, received)
        if before is None:
            return
        moved, passed = newest - before[0], received - before[1]
        if moved <= 0 or passed <= 0 or abs(moved - passed) >= IN_STEP_NS:
            return
        known = self.ahead
        if known is not None and abs(newest - received - known) > IN_STEP_NS:
            self._found.clear()
        self._found.append(newest - received)

    @property
    def ahead(self) -> int | None:
        """Source clock less our clock in ns; None where that is not known."""
        return round(statistics.median(self._found)) if self._found else None

    def recall(self, ahead: int | None) -> None:
        """Take up what a process before this one knew."""
        if ahead is not None:
            self._found.append(ahead)
            self.heard = True


def _newest(batch: Batch, received: int) -> int:
    newest = int(batch.times.max())
    if EARLIEST <= newest <= received + STORE_AHEAD_NS:
        return newest
    return int(batch.times[batch.times <= received + STORE_AHEAD_NS].max(initial=EARLIEST))


def server_ahead(stamps: Sequence[int], asked: int, received: int) -> int | None:
    """Give the server's clock less ours from the stamps of one answer; None where it has none.

    One stamp that is far from the others does not count. Many servers renew some of them once a
    second only, so that the latest is taken, and a clock that seems to be a little behind is ours.
    """
    if not stamps:
        return None
    middle = statistics.median_low(stamps)
    found = max(latest(time) for time in stamps if abs(time - middle) <= IN_STEP_NS)
    ahead = found - (asked + received) // 2
    return 0 if abs(ahead) < IN_STEP_NS else ahead


def at_source(
    start: int, end: int, before: int | None, after: int | None
) -> tuple[UnixNs | None, UnixNs | None]:
    """Give a span of our clock by the source's, which was `before` and is `after` ahead of ours.

    None where it is the same clock, where it is not known, and where it cannot be right.
    """
    first = after if before is None else before
    last = before if after is None else after
    if first is None or last is None or max(abs(first), abs(last)) <= IN_STEP_NS:
        return None, None
    span = np.array([start + first, end + last], np.int64)
    if span[0] > span[1] or implausible(span, UnixNs(end), STORE_AHEAD_NS) is not None:
        return None, None
    return UnixNs(int(span[0])), UnixNs(int(span[1]))


def span_of_history(
    start: int, end: int, ahead: int | None, server: tuple[int | None, int | None]
) -> tuple[UnixNs, UnixNs]:
    """Give a span of our clock by the clock that a server files its values by.

    `ahead` is the source's clock less ours before the outage, `server` the server's before and
    now. A clock that was set meanwhile makes the span wider, by as much; one that is renewed once a
    second may file a second ahead.
    """
    before, now = server
    if now is None:
        now = before
    first = ahead if ahead is not None else before if before is not None else now or 0
    moved = 0 if before is None or now is None else now - before
    last = first if abs(moved) <= IN_STEP_NS else first + moved
    return UnixNs(start + min(first, last)), UnixNs(end + max(first, last) + SECOND_NS)


@dataclass(slots=True)
class Memory:
    """What one device keeps from connection to connection.

    `durable` is the time of our clock up to which everything published is durable or stated as a
    gap. `session` is what is needed to go on with the old subscription after a mere network cut.
    """

    handles: Handles = field(default_factory=Handles)
    """Those of all devices of the gateway."""
    durable: UnixNs | None = None
    server_ahead: int | None = None
    """The server's clock less ours, as it was last."""
    source_clock: SourceClock = field(default_factory=SourceClock)
    started: datetime | None = None
    namespaces: list[str] | None = None
    connected_before: bool = False
    session: Any = None
    repeats: Repeats | None = None
    session_file: SessionFile | None = None
    """The file that outlives the process; None until it was looked at, or where there is none."""
    missing: dict[str, UnixNs] = field(default_factory=dict)
    """Signals (by address) that were not delivered since this time of our clock."""
    unfit: set[str] = field(default_factory=set)
    """Addresses whose values are too large for a message."""
    notifications_max: int | None = None
    """Samples in one message, where fewer have to be asked for than usual."""
    too_large: str = ""
    """How the server refused the message that ended the last connection; what it held is lost."""

    def source_ahead(self) -> int | None:
        """Give the source's clock less ours; the server's where no source time was seen yet."""
        clock = self.source_clock
        return clock.ahead if clock.heard else self.server_ahead
