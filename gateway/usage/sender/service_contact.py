"""What every answer tells beside its code: the service's time, and that it is there."""

from __future__ import annotations

from gateway.core.clock import Clock
from gateway.ops.events import usage_sender as events
from gateway.usage.ports import Alarms
from gateway.usage.sender.alarm_codes import CLOCK_OFF, UNREACHABLE
from gateway.usage.sender.kst import parse_kst
from gateway.usage.sender.log_service import Exchange, Outcome
from gateway.usage.sender.service_time import OFF_S, ServiceTime

SILENT_S = 1_800.0
"""Without an answer for so long, a person has to hear."""


class ServiceContact:
    """Learns the time and watches the silence."""

    def __init__(self, delivery: str, time: ServiceTime, alarms: Alarms, clock: Clock) -> None:
        self._delivery = delivery
        self._time = time
        self._alarms = alarms
        self._clock = clock
        self._silent_since: float | None = None

    def hear(self, exchange: Exchange) -> None:
        """Take in what a request brought, an answer or none."""
        stamp = None if exchange.answer is None else parse_kst(exchange.answer.answered)
        if stamp is None and not self._time.sure:
            stamp = exchange.date
        if stamp is not None:
            self._time.learn(stamp)
            self._check_clock()
        if exchange.outcome is Outcome.ANSWERED:
            self._silent_since = None
            self._alarms.clear(UNREACHABLE, self._delivery)
        else:
            self._silent(exchange.text)

    def _silent(self, text: str) -> None:
        now = self._clock.monotonic()
        if self._silent_since is None:
            self._silent_since = now
        passed_s = now - self._silent_since
        if passed_s > SILENT_S:
            minutes = round(passed_s / 60)
            at = self._clock.now()
            self._alarms.raise_(UNREACHABLE, self._delivery, at, minutes=minutes, text=text)

    def _check_clock(self) -> None:
        ahead_s = self._time.offset_s() or 0.0
        if abs(ahead_s) <= OFF_S:
            self._alarms.clear(CLOCK_OFF, self._delivery)
            return
        events.usage_clock_off(self._delivery, ahead_s)
        at = self._clock.now()
        self._alarms.raise_(CLOCK_OFF, self._delivery, at, ahead_s=round(ahead_s))
