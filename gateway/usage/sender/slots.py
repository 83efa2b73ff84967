"""When a request may start: ten minutes after the last stored one, and before the day ends."""

from __future__ import annotations

import math

from gateway.core.clock import Clock
from gateway.core.types import UnixNs
from gateway.usage.config import DeliveryConfig
from gateway.usage.model import Today
from gateway.usage.sender.kst import NS, day_end, day_start, parse_kst
from gateway.usage.sender.service_time import ServiceTime

LAST_END_S = 30.0
"""The last request of a day is over this long before midnight. Source: research §1.7."""
TIGHTEST_S = 602.0
"""605 s give 143 records a day. Where events wait around the clock, the pace is just so much faster
that the 144th fits, but never faster than this."""


class Slots:
    """Holds the moment from which the service takes another record.

    The moment is kept on the monotonic clock: an answer that arrived at m means that the record was
    stored at m or before, so m plus the interval is late enough, however wrong wall clocks are.
    """

    def __init__(self, config: DeliveryConfig, time: ServiceTime, clock: Clock) -> None:
        self._config = config
        self._time = time
        self._clock = clock
        self._stored_at: float | None = None
        self._not_before = -math.inf
        self._tighten = True

    def resume(self, today: Today) -> None:
        """Begin with what a run before this one stored."""
        if not today.last_stored and not today.last_stored_at:
            return
        now = self._clock.now()
        since = [now - today.last_stored_at] if today.last_stored_at else []
        stamp = parse_kst(today.last_stored)
        if stamp is not None:
            since.append(UnixNs(now - stamp))
        # Clocks may have been set meanwhile: the span that makes the pause longer counts, and no
        # span makes it longer than one interval.
        passed_s = max(0.0, min(since) / NS)
        self._stored_at = self._clock.monotonic() - passed_s

    def stored(self, at: float) -> None:
        """Begin the interval of a record that was stored, at the latest at `at` (monotonic s)."""
        self._stored_at = at

    def not_before(self, seconds: float) -> None:
        """Wait at least so long from now, beside the interval."""
        self._not_before = max(self._not_before, self._clock.monotonic() + seconds)

    def loosen(self) -> None:
        """Keep to the whole interval; the service found a record too early."""
        self._tighten = False

    def new_day(self) -> None:
        """Allow the tighter pace again."""
        self._tighten = True

    def wait_s(self, stored: int) -> float:
        """Give the seconds until a request may start; 0 when it may now."""
        free = self._not_before
        if self._stored_at is not None:
            free = max(free, self._stored_at + self._gap_s(stored))
        return max(0.0, free - self._clock.monotonic())

    def closing_s(self) -> float:
        """Give the seconds for which a request may still start today; negative afterwards."""
        now = self._time.now()
        last_start = day_end(self._time.day()) - int((LAST_END_S + self._config.timeout_s) * NS)
        return (last_start - now) / NS

    def midnight_s(self) -> float:
        """Give the seconds until the service's next Korean day."""
        return (day_end(self._time.day()) - self._time.now()) / NS

    def left(self, stored: int) -> int:
        """Give how many records can still be sent today when one may be sent now."""
        by_time = int(max(0.0, self.closing_s()) // self._config.interval_s) + 1
        return max(0, min(self._config.stored_max - stored, by_time))

    def _gap_s(self, stored: int) -> float:
        interval_s = self._config.interval_s
        more = self._config.stored_max - stored
        if not self._tighten or more <= 0 or self._stored_at is None:
            return interval_s
        since_stored = self._clock.monotonic() - self._stored_at
        stored_on = self._time.now() - int(since_stored * NS)
        if stored_on < day_start(self._time.day()):
            return interval_s
        wanted_s = (self.closing_s() + since_stored) / more
        return min(interval_s, wanted_s) if wanted_s >= TIGHTEST_S else interval_s
