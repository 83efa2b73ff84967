"""What messages show of each signal, into the device's health: a reason a signal, and its end.

Machines that publish good and bad messages by turns would make a state flicker: what was odd stays
said until a good message came some time after the last odd one.
"""

from __future__ import annotations

from collections.abc import Iterable

from adapters.mqtt.config import MqttSource
from adapters.mqtt.reasons import (
    MESSAGE_UNREADABLE,
    PATH_MISSING,
    RETAINED_ONLY,
    TIME_MISSING,
    TIME_UNREADABLE,
    TOPIC_UNMATCHED,
)
from gateway.core.types import UnixNs
from gateway.ops.health import DeviceHealth

SECOND_NS = 1_000_000_000
QUIET_NS = 30 * SECOND_NS
"""So long after the last odd message a good one ends what was said."""
AGAIN_NS = SECOND_NS
"""The same of a signal is written down once a second: thousands of messages may be odd."""
ABSENT_MAX = 10
"""A path is called missing when that many messages of its topic in a row were without it.

Machines that publish only what changed leave fields out all the time; one that never came is
called missing at once.
"""
RETAINED_NS = 60 * SECOND_NS
"""So long after a retained message its signal may stay without a live one."""
UNMATCHED_NS = 600 * SECOND_NS
TEXT_MAX = 40
ODD = {MESSAGE_UNREADABLE: False, TIME_UNREADABLE: True, TIME_MISSING: True}
"""Reasons that end by themselves, and whether it is the time that must be good again."""


class Notes:
    """The notes of one connection; what the connection before it noted goes on."""

    def __init__(self, source: MqttSource, health: DeviceHealth) -> None:
        self._names = [signal.name for signal in source.plan.signals]
        self._health = health
        self.messages: dict[int, int] = {}
        """Signals whose messages could not be read, and when that was last seen."""
        self.times: dict[int, int] = {}
        """The same of their times."""
        self.retained: dict[int, int] = {}
        """Signals of which only a retained message came, and when."""
        self.absent: dict[int, int] = {}
        """Signals of which nothing came yet, or not in so many messages."""
        self._noted: dict[int, int] = {}
        self._seldom = frozenset(item.index for item in source.items if item.seldom)
        self._unmatched = 0
        for item in source.items:
            self._take_over(item.index)

    def _take_over(self, index: int) -> None:
        known = self._health.bad.get(self._names[index])
        reason = known.reason if known else ""
        self.absent[index] = ABSENT_MAX if reason == PATH_MISSING else ABSENT_MAX - 1
        if known is not None and reason in ODD:
            (self.times if ODD[reason] else self.messages)[index] = known.since
        if known is not None and reason == RETAINED_ONLY:
            self.retained[index] = known.since

    def unreadable(self, indices: Iterable[int], at: int, detail: str) -> None:
        """Note that a message with these signals could not be read."""
        for index in indices:
            self.messages[index] = at
            self._say(index, MESSAGE_UNREADABLE, at, detail)

    def readable(self, indices: Iterable[int], at: int) -> None:
        """Note that a message with these signals could be read."""
        for index in indices:
            self._end(self.messages, index, at, (MESSAGE_UNREADABLE,))

    def untimed(self, indices: Iterable[int], at: int, reason: str, detail: str) -> None:
        """Note that the time of these signals could not be read, or is not there."""
        for index in indices:
            self.times[index] = at
            self._say(index, reason, at, detail)

    def timed(self, indices: Iterable[int], at: int) -> None:
        """Note that the time of these signals is good."""
        for index in indices:
            self._end(self.times, index, at, (TIME_UNREADABLE, TIME_MISSING))

    def came(self, indices: Iterable[int], at: int) -> None:
        """Note that these signals have a sample."""
        for index in indices:
            if self.absent.pop(index, 0) >= ABSENT_MAX:
                self._health.signal_good(self._names[index], UnixNs(at), PATH_MISSING)

    def missed(self, index: int, at: int) -> None:
        """Note that a message was without this signal."""
        count = self.absent[index] = self.absent.get(index, 0) + 1
        if count == ABSENT_MAX:
            self._health.signal_bad(self._names[index], PATH_MISSING, UnixNs(at))

    def kept_by_broker(self, indices: Iterable[int], at: int) -> None:
        """Note that a retained message had these signals."""
        for index in indices:
            self.retained.setdefault(index, at)

    def live(self, indices: Iterable[int], at: int) -> None:
        """Note that a message of now had these signals."""
        for index in indices:
            if self.retained.pop(index, None) is not None:
                self._health.signal_good(self._names[index], UnixNs(at), RETAINED_ONLY)

    def unmatched(self, topic: str, at: int) -> None:
        """Note a message on a topic that no tag names."""
        self._unmatched = at
        self._health.trouble(TOPIC_UNMATCHED, UnixNs(at), printable(topic))

    def review(self, now: int) -> None:
        """Say what only shows by waiting; call it every few seconds."""
        for index, since in self.retained.items():
            name = self._names[index]
            if index in self._seldom:
                self._health.signal_good(name, UnixNs(now), RETAINED_ONLY)  # a reload said so
            elif now - since >= RETAINED_NS and name not in self._health.bad:
                self._health.signal_bad(name, RETAINED_ONLY, UnixNs(now))
        if now - self._unmatched >= UNMATCHED_NS:
            self._health.relieved(TOPIC_UNMATCHED, UnixNs(now))

    def _say(self, index: int, reason: str, at: int, detail: str) -> None:
        name = self._names[index]
        known = self._health.bad.get(name)
        if known is None or known.reason != reason or at - self._noted.get(index, 0) >= AGAIN_NS:
            self._noted[index] = at
            self._health.signal_bad(name, reason, UnixNs(at), detail)

    def _end(self, odd: dict[int, int], index: int, at: int, reasons: tuple[str, ...]) -> None:
        last = odd.get(index)
        if last is not None and at - last >= QUIET_NS:
            del odd[index]
            for reason in reasons:
                self._health.signal_good(self._names[index], UnixNs(at), reason)


def printable(text: str) -> str:
    """Give a text of a machine as it may stand on a screen: short, without control characters."""
    shown = "".join(char if char.isprintable() else "·" for char in text[: TEXT_MAX + 1])
    return shown if len(shown) <= TEXT_MAX else shown[:TEXT_MAX] + "…"
