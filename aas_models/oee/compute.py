"""Overall equipment effectiveness of the running shift. Pure.

Source: ISO 22400-2. Availability = APT / PBT, effectiveness (here: performance) = PRI x PQ / APT,
quality ratio = GQ / PQ, OEE = the product. Planned stops are no part of PBT; time of which nothing
is known is part of PBT and never of APT: a gap makes the figure worse, not better.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from aas_models.oee.shifts import Shifts, Span
from aas_models.oee.timeline import Doing, Timeline

SECOND = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Kpis:
    """Times in seconds, ratios from 0; None where it cannot be told."""

    start: int
    end: int
    planned_busy: float
    production: float
    setup: float
    down: float
    planned_stop: float
    unknown: float
    produced: int | None = None
    good: int | None = None
    ideal_cycle: float | None = None

    @property
    def availability(self) -> float | None:
        return self.production / self.planned_busy if self.planned_busy > 0 else None

    @property
    def performance(self) -> float | None:
        if self.ideal_cycle is None or self.produced is None or self.production <= 0:
            return None
        return self.ideal_cycle * self.produced / self.production

    @property
    def quality(self) -> float | None:
        if self.good is None or not self.produced:
            return None
        return min(self.good / self.produced, 1.0)

    @property
    def oee(self) -> float | None:
        parts = (self.availability, self.performance, self.quality)
        if parts[0] is None or parts[1] is None or parts[2] is None:
            return None
        return parts[0] * parts[1] * parts[2]


@dataclass(slots=True)
class CounterSum:
    """What a counter grew by since the shift began; a counter that fell was reset to 0."""

    total: int | None = None
    _window: int | None = None
    _last: float | None = None
    _time: int = -(2**63)

    def take(self, time: int, value: float, window: Span | None) -> None:
        """Take a sample; one older than the newest is not counted again."""
        if time < self._time or value < 0:
            return
        start = None if window is None else window[0]
        if start != self._window:
            self._window, self.total = start, None
        last, self._last, self._time = self._last, value, time
        if last is not None:
            grown = value - last if value >= last else value
            self.total = (self.total or 0) + int(grown)

    def in_window(self, window: Span) -> int | None:
        """Give the sum when it belongs to this shift."""
        return self.total if self._window == window[0] else None


@dataclass(slots=True)
class Effectiveness:
    """Collects states and counts of one machine.

    Args:
        shifts: when production is planned.
        ideal_cycle: seconds planned for one part; None: not known.
        bad_counted: the second counter counts defects, not good parts.
    """

    shifts: Shifts
    ideal_cycle: float | None = None
    bad_counted: bool = False
    timeline: Timeline = field(default_factory=Timeline)
    total: CounterSum = field(default_factory=CounterSum)
    second: CounterSum = field(default_factory=CounterSum)

    def state(self, time: int, doing: Doing) -> None:
        """Take a state that holds from a source time on."""
        self.timeline.change(time, doing)

    def produced(self, time: int, value: float) -> None:
        """Take a value of the counter of all parts."""
        self.total.take(time, value, self.shifts.window(time))

    def judged(self, time: int, value: float) -> None:
        """Take a value of the counter of good parts, or of defects."""
        self.second.take(time, value, self.shifts.window(time))

    def kpis(self, now: int, lost_since: int | None = None) -> Kpis | None:
        """Give the figures of the shift so far; None before any shift.

        Args:
            now: in ns UTC.
            lost_since: since when the machine is not connected; nothing is known from then on.
        """
        window = self.shifts.window(now)
        if window is None:
            return None
        until = min(now, window[1])
        parts = self.shifts.planned((window[0], until))
        known = [(start, end) for start, end in parts]
        lost = 0
        if lost_since is not None:
            known = [(start, min(end, max(start, lost_since))) for start, end in parts]
            lost = _length(parts) - _length(known)
        self.timeline.forget(window[0])
        sums = self.timeline.sums(known)
        produced = self.total.in_window(window)
        return Kpis(
            start=window[0],
            end=window[1],
            planned_busy=(_length(parts) - sums[Doing.PLANNED_STOP]) / SECOND,
            production=sums[Doing.RUNNING] / SECOND,
            setup=sums[Doing.SETUP] / SECOND,
            down=sums[Doing.STOPPED] / SECOND,
            planned_stop=sums[Doing.PLANNED_STOP] / SECOND,
            unknown=(sums[Doing.UNKNOWN] + lost) / SECOND,
            produced=produced,
            good=self._good(window, produced),
            ideal_cycle=self.ideal_cycle,
        )

    def _good(self, window: Span, produced: int | None) -> int | None:
        counted = self.second.in_window(window)
        if not self.bad_counted:
            return counted
        return None if produced is None or counted is None else max(produced - counted, 0)


def _length(parts: list[Span]) -> int:
    return sum(end - start for start, end in parts)
