"""What only many events together show: one address for all, several servers, a batch at night.

Kept in memory for one Korean day of arrival and bounded; after a restart it begins anew. Each
mistake is told once a day and solution.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from gateway.usage.model import Event
from gateway.usage.normal.kst import NS_PER_S, kst_text
from gateway.usage.rules.lints import Lint

SOLUTIONS_MAX = 50
"""Solutions that are watched at a time; a site has a handful."""

ONE_ADDRESS_USERS, ONE_ADDRESS_EVENTS = 5, 20
"""So many users and events, and every one from the same address."""

SERVER_USERS = 3
"""A caller that sends for so many users is a server, not somebody's computer."""

CALLERS_MAX = 100
BURST_EVENTS, BURST_S, BURST_SPAN_S = 20, 60, 3_600
BURST_AFTER = "23:30"
"""So many events arriving within a minute of the late evening, of an hour or more."""


@dataclass(slots=True)
class _Day:
    day: str
    told: set[Lint] = field(default_factory=set)
    events: int = 0
    users: set[str] = field(default_factory=set)
    addresses: set[str] = field(default_factory=set)
    callers: dict[str, set[str]] = field(default_factory=dict)
    recent: deque[tuple[int, int]] = field(default_factory=lambda: deque(maxlen=BURST_EVENTS))
    """Arrival and time of the last events."""


class Habits:
    """Watches the events of each solution."""

    def __init__(self) -> None:
        self._days: dict[str, _Day] = {}

    def see(self, event: Event, *, known: bool = False) -> tuple[Lint, ...]:
        """Take note of an event; give what it shows for the first time today.

        `known` says that the ledger had it already.
        """
        day = self._day_of(event)
        if known:
            found = [Lint.SENT_AGAIN] if event.raw.intake == "receiver" else []
        else:
            self._note(day, event)
            found = _shown(day, event)
        fresh = tuple(lint for lint in found if lint not in day.told)
        day.told.update(fresh)
        return fresh

    def _day_of(self, event: Event) -> _Day:
        solution, today = event.raw.solution, kst_text(event.raw.received)[:10]
        day = self._days.pop(solution, None)
        if day is None or day.day != today:
            day = _Day(today)
        self._days[solution] = day  # the last one seen stands last
        while len(self._days) > SOLUTIONS_MAX:
            del self._days[next(iter(self._days))]
        return day

    def _note(self, day: _Day, event: Event) -> None:
        day.events += 1
        day.recent.append((event.raw.received, event.at))
        if len(day.users) < ONE_ADDRESS_USERS:
            day.users.add(event.user)
        if len(day.addresses) < 2:
            day.addresses.add(event.address)
        peer = event.raw.peer
        if peer and (peer in day.callers or len(day.callers) < CALLERS_MAX):
            users = day.callers.setdefault(peer, set())
            if len(users) < SERVER_USERS:
                users.add(event.user)


def _shown(day: _Day, event: Event) -> list[Lint]:
    found = []
    if (
        len(day.addresses) == 1
        and len(day.users) >= ONE_ADDRESS_USERS
        and day.events >= ONE_ADDRESS_EVENTS
    ):
        found.append(Lint.ONE_ADDRESS)
    if sum(len(users) >= SERVER_USERS for users in day.callers.values()) > 1:
        found.append(Lint.SEVERAL_SENDERS)
    if _is_burst(day, kst_text(event.raw.received)[11:16]):
        found.append(Lint.BURST)
    return found


def _is_burst(day: _Day, clock: str) -> bool:
    if clock < BURST_AFTER or len(day.recent) < BURST_EVENTS:
        return False
    arrivals = [arrival for arrival, _ in day.recent]
    times = [at for _, at in day.recent]
    quick = max(arrivals) - min(arrivals) <= BURST_S * NS_PER_S
    return quick and max(times) - min(times) >= BURST_SPAN_S * NS_PER_S
