"""A service's own clock: Korean time that a test may set, advance, hurry or put off."""

from __future__ import annotations

import datetime as dt
import math
import time
from collections.abc import Callable
from typing import Any

from simulators.control import BadRequest, seconds

SECOND_NS = 1_000_000_000
KST = dt.timezone(dt.timedelta(hours=9))
ORDERS = frozenset({"set", "advance", "rate", "shift_s"})


class VirtualClock:
    """Times are ns UTC. It follows `source`, true time, until it is ordered about."""

    def __init__(self, source: Callable[[], int] = time.time_ns) -> None:
        self._source = source
        self._mark = self._base = source()
        self._rate = 1.0
        self._free = True
        self.shift_s = 0.0
        """How wrong the service shows its time; its intervals stay right."""

    def true(self) -> int:
        """Give the time by which spans are measured."""
        if self._free:
            return self._source()
        return self._base + round((self._source() - self._mark) * self._rate)

    def shown(self) -> int:
        """Give the time that the service stamps and that decides what today is."""
        return self.true() + round(self.shift_s * SECOND_NS)

    def set(self, now: int) -> None:
        """Make it this time; it goes on from there."""
        self._free = False
        self._base, self._mark = now, self._source()

    def advance(self, span_s: float) -> None:
        """Let this much time have passed."""
        self.set(self.true() + round(span_s * SECOND_NS))

    def hurry(self, rate: float) -> None:
        """Run this many times as fast as true time; 0 stands still."""
        self.set(self.true())
        self._rate = rate

    def order(self, order: dict[str, Any]) -> None:
        """Take `{"set": "2026-03-02 09:00:00.000", "advance": "605s", "rate": 60, "shift_s": 9}`.

        Raises:
            BadRequest: it cannot be understood; nothing was changed.
        """
        unknown = sorted(order.keys() - ORDERS)
        if unknown:
            raise BadRequest(f"{unknown[0]}: {', '.join(sorted(ORDERS))} are known")
        now = read_stamp(str(order["set"])) if "set" in order else None
        span_s = seconds(order, "advance", 0.0)
        rate = _number(order, "rate", 0.0) if "rate" in order else None
        shift_s = _number(order, "shift_s", -86_400.0) if "shift_s" in order else None
        if now is not None:
            self.set(now)
        if span_s:
            self.advance(span_s)
        if rate is not None:
            self.hurry(rate)
        if shift_s is not None:
            self.shift_s = shift_s


def _number(order: dict[str, Any], name: str, least: float) -> float:
    value = order[name]
    fits = isinstance(value, int | float) and not isinstance(value, bool)
    if not fits or not math.isfinite(value) or not least <= value <= 1e6:
        raise BadRequest(f"{name}: a number from {least:g} to 1000000 is needed")
    return float(value)


def stamp(now: int) -> str:
    """Write ns UTC as Korean time, `yyyy-MM-dd HH:mm:ss.SSS`."""
    whole, rest = divmod(now, SECOND_NS)
    text = dt.datetime.fromtimestamp(whole, KST).strftime("%Y-%m-%d %H:%M:%S")
    return f"{text}.{rest // 1_000_000:03d}"


def read_stamp(text: str) -> int:
    """Read Korean time, with or without milliseconds, into ns UTC."""
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError as error:
        raise BadRequest(f"not a time such as 2026-03-02 09:00:00.000: {text}") from error
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=KST)
    since = moment - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
    return (since // dt.timedelta(microseconds=1)) * 1_000
