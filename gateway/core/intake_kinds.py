"""What a way in for events of use shows to everybody else.

Each module that reads one makes an `IntakeKind`, `gateway/app/kinds.py` lists them, and whoever
loads, checks or runs `usage:` is handed that list. Loading a configuration calls only what needs no
client library: what `make` runs by is imported inside it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, NoReturn, Protocol, TypeVar

from gateway.core.config import UsageColumns
from gateway.core.kinds import Problem

if TYPE_CHECKING:  # NumPy comes with these, and who loads a configuration needs none
    from gateway.core.clock import Clock
    from gateway.core.health import DeviceHealth
    from gateway.core.protocols import Adapter
    from gateway.core.signals import PlanTable

C = TypeVar("C", bound=UsageColumns)
Taker = TypeVar("Taker")


class UsageSource(Protocol):
    """One entry of `usage:` as it runs."""

    @property
    def name(self) -> str:
        """Its name in the log and at its events: `file:mes`."""

    async def run(self) -> NoReturn:
        """Look for events at its own pace and hand them over.

        Cancel: what was handed over is in the ledger; the rest is read again.
        """


class TextFeed(Protocol):
    """What makes events of the texts that an adapter reads, as if it were a device with one tag."""

    plan: PlanTable

    def source(self, make: Callable[[DeviceHealth], Adapter]) -> UsageSource:
        """Give what keeps the adapter connected; `make` is called once for each connection."""


@dataclass(frozen=True, slots=True)
class IntakeContext(Generic[C, Taker]):
    """What a source of events is made of.

    `gateway` is the gateway's id, `folder` where relative paths begin, `data` what it may remember
    in. `intake` takes the events (`gateway.usage.ports.UsageIntake`). `feed(address)` is for kinds
    that read by an adapter: `address` says where, in words.
    """

    keys: C
    gateway: str
    folder: Path
    data: Path
    clock: Clock
    intake: Taker
    feed: Callable[[str], TextFeed]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class IntakeKind(Generic[C]):
    """One way in for events of use.

    `section` is its key in `usage:`, a list of entries whose model is `keys`. `problems(keys,
    folder)` finds what only shows when several keys are looked at together. Where it `writes_back`,
    what `make` gives is told what became of its events (`gateway.usage.ports.Outcomes`).
    """

    section: str
    keys: type[C]
    problems: Callable[[C, Path], Iterable[Problem]]
    make: Callable[[IntakeContext[C, Any]], UsageSource]
    writes_back: bool = False


AnyIntakeKind = IntakeKind[Any]
"""A kind that the holder does not know."""
