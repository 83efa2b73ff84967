"""Looks at the times that a source claims: doubtful ones make a sample Uncertain, and a trouble.

The sample keeps its time (I2). What is doubted: a time far ahead of ours, one from before 2001 or
from a clock that runs but is more than a year behind, one that stands still while values change,
one that went backwards. All are what clocks of machines do; none may pass for a measurement whose
time is known. An old time alone is no fault: many servers say when a set-point was last changed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gateway.core.records import Batch
from gateway.core.signals import PlanTable
from gateway.core.time_policy import TimePolicy
from gateway.core.times import SECOND_NS, TIME_MIN, by_receipt, earliest_at, time_range
from gateway.core.types import SEVERITY_MASK, UNCERTAIN_TIME, UnixNs
from gateway.ops.health import DeviceHealth

AHEAD, ANCIENT = "time-ahead", "time-ancient"
STANDS_STILL, BACKWARDS = "time-stands-still", "time-backwards"
REASONS = (AHEAD, ANCIENT, STANDS_STILL, BACKWARDS)
BEHIND_NS = 366 * 86_400 * SECOND_NS
BACK_NS = 5 * SECOND_NS
"""Less is what a clock that is kept right may step back, and what a broker sends again."""
STILL_CHANGES = 3
STILL_NS = 2 * SECOND_NS
"""So many different values over so long under one time: several readings of one message, and
clocks that show whole seconds, are none of that."""
CALM_NS = 10 * SECOND_NS
"""A trouble is over when the newest time of every signal is right, and nothing was doubted for this
long: one odd sample is seen, and does not keep a machine grey."""
NEVER = TIME_MIN
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
PLAIN = (str, bytes, bool, int, float, np.generic)


@dataclass(slots=True)
class _Still:
    """A signal whose time does not move: since when, how often its value changed, the value."""

    since: UnixNs
    changes: int
    value: Any


class TimeClaims:
    """The claims of one device under one plan.

    Args:
        plan: what the batches point into.
        policy: how far ahead a clock may be, and whether source times are taken at all.
        health: where doubts are noted.
    """

    def __init__(self, plan: PlanTable, policy: TimePolicy, health: DeviceHealth) -> None:
        self._plan = plan
        self._policy = policy
        self._health = health
        self._ahead_ns = round(policy.ahead_s * 1e9)
        self._newest = np.full(len(plan.signals), NEVER, np.int64)
        self._still: dict[int, _Still] = {}
        self._doubtful: dict[int, str] = {}
        """Signals whose newest time is doubted, and why."""
        self._doubted_at: UnixNs | None = None

    def looked_at(self, batch: Batch) -> Batch:
        """Give the batch with doubtful samples marked, or by the times of receipt.

        On the path of every value: a batch whose times all move on costs a few array operations.
        """
        if batch.received_time or not len(batch):
            return batch
        if not self._policy.trust:
            return _received(batch)
        signals, times = batch.signals, batch.times
        low, high = time_range(times)
        plausible = (
            low >= batch.received - BEHIND_NS
            and high <= batch.received + self._ahead_ns
            and high - int(times[-1]) <= BACK_NS
        )
        if plausible and bool((times > self._newest[signals]).all()):
            self._newest[signals] = times
            if self._still or self._doubtful:
                for signal in batch.signals.tolist():
                    self._still.pop(signal, None)
                    self._cleared(signal, batch.received)
            return batch
        return self._marked(batch)

    def new_connection(self) -> None:
        """Compare nothing with what came before it: a source may say the last values again."""
        self._newest[:] = NEVER

    def look(self, now: UnixNs) -> None:
        """Take troubles back that are over; called about once a second."""
        if self._doubted_at is None or self._doubtful or now - self._doubted_at < CALM_NS:
            return
        self.end(now)

    def end(self, now: UnixNs) -> None:
        """Take back all that was said: it is over, or another configuration begins."""
        self._doubted_at = None
        for signal in list(self._doubtful):
            self._cleared(signal, now)
        for reason in REASONS:
            self._health.relieved(reason, now)

    def _cleared(self, signal: int, now: UnixNs) -> None:
        reason = self._doubtful.pop(signal, None)
        if reason is not None:
            self._health.signal_good(self._plan.signals[signal].name, now, reason)

    def _doubted(self, signal: int, reason: str, time: int, now: UnixNs) -> None:
        name = self._plan.signals[signal].name
        # Not fromtimestamp: Windows refuses times before 1970 there.
        moment = EPOCH + timedelta(microseconds=time // 1000)
        stamp = f"{moment.replace(microsecond=0, tzinfo=None).isoformat(' ')} UTC"
        if self._doubtful.get(signal) != reason:
            self._doubtful[signal] = reason
            self._health.signal_bad(name, reason, now, stamp)
        self._health.trouble(reason, now, f"{name}: {stamp}")

    def _marked(self, batch: Batch) -> Batch:
        """Look at each sample by itself."""
        doubtful = np.zeros(len(batch), np.bool_)
        value_of = _values(batch)
        for place, (signal, time) in enumerate(
            zip(batch.signals.tolist(), batch.times.tolist(), strict=True)
        ):
            reason = self._doubt(signal, time, batch.received, value_of, place)
            if reason is None:
                self._cleared(signal, batch.received)
            else:
                doubtful[place] = True
                self._doubted(signal, reason, time, batch.received)
        if not doubtful.any():
            return batch
        self._doubted_at = batch.received
        return replace(batch, status=_uncertain(batch, doubtful))

    def _doubt(
        self,
        signal: int,
        time: int,
        received: UnixNs,
        value_of: Callable[[int], Any],
        place: int,
    ) -> str | None:
        """Say why a time is doubtful; a time that cannot be right is nothing to compare with."""
        if time > received + self._ahead_ns:
            return AHEAD
        if time < earliest_at(received):
            return ANCIENT
        newest = int(self._newest[signal])
        if time == newest:
            return self._stood_still(signal, received, value_of(place))
        self._newest[signal] = time
        self._still.pop(signal, None)
        if NEVER < newest < time < received - BEHIND_NS:
            return ANCIENT
        return BACKWARDS if time < newest - BACK_NS else None

    def _stood_still(self, signal: int, received: UnixNs, value: Any) -> str | None:
        known = self._still.get(signal)
        if known is None:
            self._still[signal] = _Still(received, 0, value)
            return None
        if not _same(value, known.value):
            known.value = value
            known.changes += 1
        stood = received - known.since
        return STANDS_STILL if known.changes >= STILL_CHANGES and stood >= STILL_NS else None


def _values(batch: Batch) -> Callable[[int], Any]:
    values = batch.values if batch.raw is None else batch.raw
    return values.__getitem__


def _same(first: Any, second: Any) -> bool:
    """Compare; not a number is the same as itself, and arrays are compared by what they say."""
    if isinstance(first, PLAIN) and isinstance(second, PLAIN):
        return bool(first == second) or bool(first != first and second != second)  # noqa: PLR0124 - NaN
    return repr(first) == repr(second)


def _uncertain(batch: Batch, doubtful: NDArray[np.bool_]) -> NDArray[np.uint32]:
    """Mark what is Good; a status that says something worse stays."""
    status = np.zeros(len(batch), np.uint32) if batch.status is None else batch.status.copy()
    status[doubtful & ((status & SEVERITY_MASK) == 0)] |= np.uint32(UNCERTAIN_TIME)
    return status


def _received(batch: Batch) -> Batch:
    """Give the samples the times of receipt; what the source claimed is kept beside them."""
    times = by_receipt(len(batch), batch.received)
    return replace(batch, times=times, server_times=batch.times, received_time=True)
