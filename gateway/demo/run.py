"""What happens in the demo: the three faults, by themselves or by key, and the count after each."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from gateway.core.clock import Clock
from gateway.demo.plant import POLL_S, DemoError, Plant
from gateway.demo.reconciliation import Result

DRAIN_S = 45.0
"""Longest wait after a fault, or at the end, until everything has arrived."""
PLATFORM_CUT_MAX_S = 10.0
PLC_DOWN_S = 1.5
GATEWAY_DOWN_S = 1.0
EVENTS_MAX = 8
COUNT_EVERY = 4


@dataclass(slots=True)
class Event:
    """A line of the demo's story; `result` is there once it is settled."""

    kind: str
    at: float
    result: Result | None = None


@dataclass(slots=True)
class Story:
    """What the screen shows of the faults; the newest last."""

    events: list[Event] = field(default_factory=list)

    def begin(self, kind: str, at: float) -> Event:
        """Note a fault that begins now, for the screen."""
        event = Event(kind, at)
        self.events.append(event)
        del self.events[:-EVENTS_MAX]
        return event


class Show:
    """One running demo. At any time one fault at most."""

    def __init__(self, plant: Plant, clock: Clock, tell: Callable[[Event], None]) -> None:
        self.plant = plant
        self.clock = clock
        self.story = Story()
        self._tell = tell
        self._faults: dict[str, Callable[[], Awaitable[None]]] = {
            "platform": lambda: plant.cut_platform(PLATFORM_CUT_MAX_S),
            "plc": lambda: plant.restart_plc(PLC_DOWN_S, shift=len(plant.faults) % 3),
            "gateway": lambda: plant.kill_gateway(GATEWAY_DOWN_S),
        }

    async def make(self, kind: str, cut_s: float | None = None) -> Result:
        """Make a fault, and wait until what it held up has arrived."""
        event = self.story.begin(kind, self.clock.monotonic())
        self._tell(event)
        if kind == "platform" and cut_s is not None:
            await self.plant.cut_platform(cut_s)
        else:
            await self._faults[kind]()
        event.result = await self._settled()
        self._tell(event)
        return event.result

    async def _settled(self) -> Result:
        """Compare again and again: what is still on its way counts as missing until it comes."""
        said = self.clock.now()
        end = self.clock.monotonic() + DRAIN_S
        while True:
            await self.plant.poll()
            result = self.plant.result(until=said)
            if result.unexplained == 0 or self.clock.monotonic() > end:
                return result
            await self.clock.sleep(1.0)

    async def unattended(self, seconds: float) -> Result:
        """Run the three faults spread over the time, then stop the machines and drain."""
        began = self.clock.monotonic()
        cut_s = min(PLATFORM_CUT_MAX_S, seconds * 0.15)
        for share, kind in ((0.15, "platform"), (0.4, "plc"), (0.65, "gateway")):
            await self._until(began + seconds * share)
            await self.make(kind, cut_s)
        await self._until(began + seconds)
        return await self.finish()

    async def _until(self, end: float) -> None:
        while (left := end - self.clock.monotonic()) > 0:
            await self.plant.poll()
            await self.clock.sleep(min(left, POLL_S))

    async def finish(self) -> Result:
        """Stop the machines and wait, within a bound, until everything has arrived."""
        event = self.story.begin("end", self.clock.monotonic())
        await self.plant.pause()
        event.result = await self.plant.drain(DRAIN_S)
        self._tell(event)
        return event.result


async def watch(show: Show, keys: asyncio.Queue[str], draw: Callable[[Result], None]) -> Result:
    """Run until `q`: draw all the time, make the fault of each key, one after the other.

    Raises:
        DemoError: a child process ended by itself.
    """
    kinds = {"1": "platform", "2": "plc", "3": "gateway"}
    failure: BaseException | None = None
    try:
        async with asyncio.TaskGroup() as group:
            drawing = group.create_task(_draw(show, draw))
            while (key := await keys.get()) != "q":
                if key in kinds:
                    await show.make(kinds[key])
            result = await show.finish()
            drawing.cancel()
    except* DemoError as errors:
        failure = errors.exceptions[0]
    if failure is not None:
        raise failure
    draw(result)
    return result


async def _draw(show: Show, draw: Callable[[Result], None]) -> None:
    """Values four times a second; the count, which costs more, once."""
    while True:
        result = show.plant.result()
        for _ in range(COUNT_EVERY):
            await show.plant.poll()
            draw(result)
            await show.clock.sleep(POLL_S)
