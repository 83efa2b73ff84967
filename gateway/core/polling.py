"""How a protocol that cannot push meets the loop that asks for its values.

An adapter's kind names the line of a source (`AdapterKind.line(source)`: a text, equal for all
devices that share a serial port, a gateway's socket or a port with one client; None for a protocol
that pushes). The fleet keeps one `Line` for each such text and hands the adapter a `Polling`. In
its `run` the adapter takes a seat, proves with one `ask` that its unit answers, tells the gap since
the last value, and gives itself to `poll`:

    seat = polling.line.seat(source.device, self._open, terms)
    try:
        await seat.ask(self._first)
        await polling.poll(self, intake)
    finally:
        await seat.leave()

Who waits, tries again or backs off is behind these protocols (`gateway/flow/line.py`, `poll.py`);
an adapter never sleeps.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn, Protocol, TypeVar

from gateway.core.errors import SourceUnavailable

if TYPE_CHECKING:  # NumPy comes with the records, and who loads a configuration needs none
    from gateway.core.protocols import Intake
    from gateway.core.records import Batch, Gap, Rejected


class UnitSilent(SourceUnavailable):
    """The line works and said so, but this unit behind it does not answer: the wire is kept."""


class Wire(Protocol):
    """An open connection of a line, whatever it is made of."""

    @property
    def usable(self) -> bool:
        """Tell whether the next request may go over it; False once the other side has closed."""

    async def close(self) -> None:
        """Let go of it; at most 2 s. Nothing that comes over it later is read by anybody."""


@dataclass(frozen=True, slots=True)
class Terms:
    """How one device uses its line; all times in seconds.

    `timeout_s` bounds one answer, `connect_timeout_s` opening the wire. `pause_s` is the rest
    between two requests, for devices that are slow to listen again. `settle_s` is how long a unit
    is left alone after it did not answer, where a late answer cannot be told from the next one
    (no transaction number). `weight` is the device's share of a line that is too slow for all.
    """

    timeout_s: float = 1.0
    connect_timeout_s: float = 3.0
    pause_s: float = 0.0
    settle_s: float = 0.0
    weight: float = 1.0


W = TypeVar("W", bound=Wire)
W_co = TypeVar("W_co", bound=Wire, covariant=True)
T = TypeVar("T")
B = TypeVar("B", bound="Block")


class Seat(Protocol[W_co]):
    """One device's place on a line."""

    async def ask(self, exchange: Callable[[W_co], Awaitable[T]]) -> T:
        """Wait for the turn, open the wire where it is not, and run one request with its answer.

        An exchange that raises or takes too long costs the wire: a stream that is one answer out
        of step gives plausible wrong values for ever. It is tried a second time on a new one. A
        unit that failed twice is on probation: it is asked seldom and briefly as long as others
        answer on this line, so that it costs them next to nothing.

        Raises:
            SourceUnavailable: the wire could not be opened, or the unit did not answer twice.
            UnitSilent: as the exchange raised it; the wire is kept.
        Cancel: an exchange that was under way costs the wire.
        """

    async def leave(self) -> None:
        """Give the place up; with the last one the wire is closed. What was learned stays."""


class Line(Protocol):
    """What several devices share: one request is under way at any time."""

    def seat(self, device: str, open_wire: Callable[[], Awaitable[W]], terms: Terms) -> Seat[W]:
        """Take a place. All devices of a line open the same kind of wire to the same address."""


class Block(Protocol):
    """What is read with one request; equal blocks are the same request."""

    @property
    def period_s(self) -> float:
        """How often it is read, in seconds."""


class Polled(Protocol[B]):
    """What an adapter shows the loop."""

    def blocks(self) -> Sequence[B]:
        """Give the plan as it stands; asked for before every request, so that it may change."""

    async def read(self, block: B) -> None:
        """Ask for one block and keep what it said, stamped with the middle of request and answer.

        Raises:
            SourceUnavailable: the connection is over.
        """

    def taken(self) -> Sequence[Batch | Gap | Rejected]:
        """Give, in columns, everything that was read since the last call."""


class Poll(Protocol):
    """The loop of one device."""

    async def __call__(self, polled: Polled[B], intake: Intake) -> NoReturn:
        """Read every block at its period and deliver once a cycle, until a read raises.

        Periods do not drift. A cycle that is still under way when its next one is due is finished;
        the next one is left out, counted and said.

        Raises:
            SourceUnavailable: as `read` raised it.
        """


@dataclass(frozen=True, slots=True)
class Polling:
    """What the fleet hands to an adapter that is polled."""

    line: Line
    poll: Poll


__all__ = ["Block", "Line", "Poll", "Polled", "Polling", "Seat", "Terms", "UnitSilent", "Wire"]
