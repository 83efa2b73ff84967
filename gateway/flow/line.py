"""A line that several devices share: one request under way, and a dead unit delays nobody.

Constraints. Behind a serial gateway or on an RS-485 line a request to a unit that is switched off
costs the whole time-out, and nobody else can speak meanwhile. A runner that tries its device again
every few seconds would take most of the line for what does not answer.

So a unit that did not answer twice is on probation for as long as others do answer here:

- All of them together get one attempt at a time, and a pause behind it: fifty times what the
  attempt took, between `PROBE_PAUSE_S_MIN` and `PROBE_PAUSE_S_MAX`. A machine that is back is
  found in that time.
- An attempt may take three times what the slowest answer on this line took of late, not the whole
  time-out. Every eighth may, for units that are slower than their neighbours.
- Where a gateway says itself that its unit is silent (`UnitSilent`) it has waited already, and
  cutting it short would leave it deaf to the next request: the attempt is not shortened, and the
  pause may be longer.

The wire belongs to the line. It is closed after anything that is not a complete, matching answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from gateway.core.clock import Clock
from gateway.core.errors import SourceError, SourceUnavailable
from gateway.core.polling import Terms, UnitSilent, Wire
from gateway.flow.turns import Account, Turns

NO_ANSWER, UNOPENED = "no-answer", "connect-timeout"
SILENT_MAX = 2
"""Requests without an answer, one after the other, until a unit is on probation."""
PROBE_S_MIN = 0.05
PROBE_FACTOR = 3.0
PROBE_FULL_EACH = 8
PROBE_COST = 50.0
PROBE_PAUSE_S_MIN, PROBE_PAUSE_S_MAX, PROBE_PAUSE_S_TOLD = 1.0, 4.0, 30.0
REFUSED_S = 1.0
"""So long a line that could not be opened is not tried by the next device of it."""
FADE = 0.98
"""By which the slowest answer is forgotten with each that is faster."""

W = TypeVar("W", bound=Wire)
T = TypeVar("T")


@dataclass(slots=True)
class _Unit:
    """What a line remembers of one device, from one of its connections to the next."""

    account: Account = field(default_factory=Account)
    answers: bool = False
    silent: int = 0
    probes: int = 0
    told: bool = False
    """The gateway said that it is silent."""
    spent_s: float = 0.0
    """What the last request without an answer took."""

    def failed(self, spent_s: float, *, told: bool = False) -> None:
        """Note a request without its answer."""
        self.answers, self.told, self.spent_s = False, told, spent_s
        self.silent += 1


class SharedLine:
    """A line; its devices take seats. Belongs to the event loop, has no task of its own."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.turns = Turns()
        self.slowest_s = 0.0
        self.free_at = 0.0
        self._units: dict[str, _Unit] = {}
        self._seats: dict[str, int] = {}
        self._wire: Wire | None = None
        self._refused: SourceError | None = None
        self._refused_until = 0.0
        self._probe_at = 0.0

    def seat(self, device: str, open_wire: Callable[[], Awaitable[W]], terms: Terms) -> LineSeat[W]:
        """Take a place; see `gateway.core.polling.Line`."""
        unit = self._units.setdefault(device, _Unit())
        unit.account.weight = terms.weight
        self._seats[device] = self._seats.get(device, 0) + 1
        return LineSeat(self, device, open_wire, terms)

    def unit(self, device: str) -> _Unit:
        """Give what is known of a device."""
        return self._units.setdefault(device, _Unit())

    def forget(self, device: str) -> None:
        """Let go of what is known of a device that was taken out of the configuration."""
        self._units.pop(device, None)

    async def leave(self, device: str) -> None:
        """Give one seat up; the last one closes the wire."""
        self._seats[device] -= 1
        if not self._seats[device]:
            del self._seats[device]
            self.unit(device).answers = False
        if not self._seats:
            await self.drop()

    def others_answer(self, device: str) -> bool:
        """Tell whether anybody else on this line would lose by a request that hangs."""
        return any(other != device and self.unit(other).answers for other in self._seats)

    async def wire(self, open_wire: Callable[[], Awaitable[Wire]], terms: Terms) -> Wire:
        """Give the open wire, or open it. Called by the holder of the turn.

        Raises:
            SourceError: it cannot be opened; for a moment everybody else hears the same.
        """
        if self._wire is not None and self._wire.usable:
            return self._wire
        await self.drop()
        if self._refused is not None and self.clock.monotonic() < self._refused_until:
            raise self._refused
        self._refused = None
        try:
            async with asyncio.timeout(terms.connect_timeout_s):
                self._wire = await open_wire()
        except TimeoutError:
            self._refuse(SourceUnavailable(UNOPENED, f"{terms.connect_timeout_s:g} s"))
        except SourceError as error:
            self._refuse(error)
        assert self._wire is not None
        return self._wire

    def _refuse(self, error: SourceError) -> None:
        self._refused = error
        self._refused_until = self.clock.monotonic() + REFUSED_S
        raise error

    def unopened(self, error: SourceError) -> bool:
        """Tell whether it was the opening that failed."""
        return error is self._refused

    async def drop(self) -> None:
        """Close the wire, if there is one."""
        wire, self._wire = self._wire, None
        if wire is not None:
            await wire.close()

    async def probe_turn(self) -> None:
        """Wait until a unit on probation may be asked; one at a time, in the order of coming."""
        while (wait_s := self._probe_at - self.clock.monotonic()) > 0:
            await self.clock.sleep(wait_s)
        self._probe_at = self.clock.monotonic() + PROBE_PAUSE_S_MAX

    def probed(self, unit: _Unit) -> None:
        """Set when the next one may be asked, by what this one cost."""
        most_s = PROBE_PAUSE_S_TOLD if unit.told else PROBE_PAUSE_S_MAX
        pause_s = min(max(unit.spent_s * PROBE_COST, PROBE_PAUSE_S_MIN), most_s)
        self._probe_at = self.clock.monotonic() + pause_s

    def answered(self, unit: _Unit, took_s: float) -> None:
        """Note an answer."""
        unit.answers, unit.silent, unit.probes, unit.told = True, 0, 0, False
        self.slowest_s = max(took_s, self.slowest_s * FADE)


class Lines:
    """The lines of one gateway, by what their kind calls them; a line lives as its devices do."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lines: dict[str, SharedLine] = {}
        self._devices: dict[str, str] = {}

    def line(self, name: str, device: str) -> SharedLine:
        """Give the line of a device, which shares it with all that have the same name."""
        if self._devices.get(device, name) != name:
            self.forget(device)
        self._devices[device] = name
        return self._lines.setdefault(name, SharedLine(self._clock))

    def forget(self, device: str) -> None:
        """Take a device off its line; call it once its adapter has ended."""
        name = self._devices.pop(device, None)
        if name is not None:
            self._lines[name].forget(device)
            if name not in self._devices.values():
                del self._lines[name]


class LineSeat(Generic[W]):
    """One device's place on a line; see `gateway.core.polling.Seat`."""

    def __init__(
        self,
        line: SharedLine,
        device: str,
        open_wire: Callable[[], Awaitable[W]],
        terms: Terms,
    ) -> None:
        self._line = line
        self._device = device
        self._open = open_wire
        self._terms = terms

    async def leave(self) -> None:
        await self._line.leave(self._device)

    async def ask(self, exchange: Callable[[W], Awaitable[T]]) -> T:
        line, unit = self._line, self._line.unit(self._device)
        if unit.silent >= SILENT_MAX and line.others_answer(self._device):
            return await self._probe(unit, exchange)
        try:
            return await self._once(unit, exchange, self._terms.timeout_s)
        except SourceUnavailable as error:
            if line.unopened(error) or isinstance(error, UnitSilent):
                raise
            if self._terms.settle_s:
                await line.clock.sleep(self._terms.settle_s)
        return await self._once(unit, exchange, self._terms.timeout_s)

    async def _probe(self, unit: _Unit, exchange: Callable[[W], Awaitable[T]]) -> T:
        line, terms = self._line, self._terms
        await line.probe_turn()
        unit.probes += 1
        limit_s = terms.timeout_s
        if not unit.told and unit.probes % PROBE_FULL_EACH:
            limit_s = min(limit_s, max(PROBE_S_MIN, PROBE_FACTOR * line.slowest_s))
        try:
            return await self._once(unit, exchange, limit_s)
        finally:
            line.probed(unit)

    async def _once(self, unit: _Unit, exchange: Callable[[W], Awaitable[T]], limit_s: float) -> T:
        line = self._line
        await line.turns.take(unit.account)
        began = line.clock.monotonic()
        try:
            if began < line.free_at:
                await line.clock.sleep(line.free_at - began)
            wire: Any = await line.wire(self._open, self._terms)
            return await self._exchange(unit, exchange, wire, limit_s)
        finally:
            now = line.clock.monotonic()
            line.free_at = now + self._terms.pause_s
            line.turns.give(unit.account, now - began)

    async def _exchange(
        self, unit: _Unit, exchange: Callable[[W], Awaitable[T]], wire: W, limit_s: float
    ) -> T:
        """Run one exchange; whatever does not end as it should costs the wire."""
        line = self._line
        asked = line.clock.monotonic()
        try:
            async with asyncio.timeout(limit_s):
                answer = await exchange(wire)
        except UnitSilent:
            unit.failed(line.clock.monotonic() - asked, told=True)
            raise
        except TimeoutError as error:
            unit.failed(limit_s)
            await line.drop()
            raise SourceUnavailable(NO_ANSWER, f"{limit_s:g} s") from error
        except SourceUnavailable:
            unit.failed(line.clock.monotonic() - asked)
            await line.drop()
            raise
        except BaseException:
            await line.drop()
            raise
        line.answered(unit, line.clock.monotonic() - asked)
        return answer
