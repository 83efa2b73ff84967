"""What the event loop hands to the committing thread, and what it hears from it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from gateway.core.protocols import ReaderState
from gateway.core.records import Answer, Item
from gateway.ops.commit_thread import Job, Outcome
from gateway.spool.counts import DeviceCounts
from gateway.spool.store import Store
from gateway.spool.tail import TailEntry


@dataclass(slots=True, kw_only=True)
class AppendJob(Job):
    """Items to store; it weighs as much as there are."""

    items: Sequence[Item]


@dataclass(slots=True, kw_only=True)
class SettleJob(Job):
    """An answer of a reader's destination."""

    reader: str
    answer: Answer
    weight: int = 0


@dataclass(slots=True, kw_only=True)
class CallJob(Job):
    """Something to do on the thread between commits."""

    function: Callable[[Store], Any]
    weight: int = 0
    patient: bool = False


SpoolJob = AppendJob | SettleJob | CallJob


@dataclass(slots=True)
class News:
    """What a round changed, for the event loop.

    Attributes:
        outcomes: of the jobs.
        entries: the records that are durable now, ascending.
        states: of all readers, by name.
        head: the newest durable offset.
        round: what was declared missing up to this round is in `states`, or was not declared after
            all; see `leases`.
        counted: what the entries hold of each device.
    """

    outcomes: list[Outcome]
    entries: list[TailEntry]
    states: dict[str, ReaderState]
    head: int
    round: int
    counted: DeviceCounts
