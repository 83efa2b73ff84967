"""What the HTTP side is connected to: a few small ports, each handed to the routes that use it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from gateway.api.aas.ports import AasPort
from gateway.core.records import Item, Usage
from gateway.core.signals import Signal
from gateway.core.types import Offset, Value
from gateway.ops.status import StatusBoard

QUERY_PATH = "/influx/api/v2/query"
"""Where viewers ask for history. One of them keeps only an address's part up to `/influx` and adds
the rest itself."""


class UsageReceipt(NamedTuple):
    """What became of one event: its id in the ledger, or why nobody can send it."""

    id: str = ""
    code: str = ""
    detail: str = ""


class HistoryRows(Protocol):
    """Rows of one variable, ascending; `next_start` is None when these are all."""

    @property
    def times(self) -> Sequence[int]: ...
    @property
    def values(self) -> Sequence[Value]: ...
    @property
    def next_start(self) -> int | None: ...


class ReadHistory(Protocol):
    """Reads the history that is configured, whatever kind it is."""

    async def __call__(
        self, signal: Signal, start: int, end: int, *, limit: int, every: int, aggregate: str
    ) -> HistoryRows:
        """Give rows with start <= time < end; `every` in ns reduces them, 0: as stored.

        Raises:
            SinkUnavailable: the store does not answer.
        """


TakeUsage = Callable[[Sequence[Usage], str], Awaitable[list[UsageReceipt]]]
"""Events with the request's Idempotency-Key; all are durable when it returns.

Raises LedgerUnavailable: nothing was stored.
"""


Reload = Callable[[], Awaitable[Mapping[str, Any]]]
"""Reads the configuration again; `taken` says whether it runs now."""


@dataclass(frozen=True, slots=True)
class UsagePort:
    """Where `POST /usage` leads: `take`, or without it `append` (`Spool.append`)."""

    append: Callable[[Sequence[Item]], Awaitable[Offset]]
    take: TakeUsage | None = None


@dataclass(frozen=True, slots=True)
class Ports:
    """Everything that the routes are connected to.

    `board` composes the status, `history` answers the queries of AAS viewers, `reload` reads the
    configuration again.
    """

    board: StatusBoard
    aas: AasPort
    usage: UsagePort
    history: ReadHistory | None = None
    reload: Reload | None = None


@dataclass(frozen=True, slots=True)
class Listening:
    """Where the API is served and who may call.

    `listen` is `host:port`; port 0 takes a free one. `users_file` says who may log in, read again
    when it changes; None allows loopback only. `folder` is where `run.json` is written for the
    command line; None: nowhere. `hosts` are further names in `Host` that are answered, `origins`
    other sites whose scripts may read (CORS).
    """

    listen: str
    users_file: Path | None = None
    folder: Path | None = None
    hosts: Collection[str] = ()
    origins: Collection[str] = ()
