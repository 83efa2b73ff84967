"""What the ledger does on its committing thread: every job of a group in one transaction.

Questions run there, too, between the writes, so they see what is durable or will be with them. A
file that turns out to be damaged is replaced at once; see `opening`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import apsw

from gateway.core.errors import GatewayError, LedgerUnavailable
from gateway.ops.commit_thread import POLL_S, Job, Outage, Outcome
from gateway.ops.events import usage_ledger as events
from gateway.ops.sqlite import CORRUPT_ERRORS
from gateway.usage.ledger.opening import SetAside, load, replace
from gateway.usage.ledger.people import erase_old
from gateway.usage.ledger.requests import answer_requests
from gateway.usage.ledger.store import Store

GROUP_JOBS = 500
"""A group is cut here, so that one commit stays short however much waits."""

RETENTION_S = 3_600.0

FAILURES = (apsw.Error, OSError)


@dataclass(slots=True, kw_only=True)
class LedgerJob(Job):
    """A function of the store, run inside a transaction."""

    function: Callable[[Store], Any]


@dataclass(slots=True)
class News:
    """What a round brought, for the event loop.

    Attributes:
        outcomes: of the jobs.
        deliveries: those that got something to send.
        set_aside: the ledgers that were replaced.
        head: name of the ledger and number of its last row.
    """

    outcomes: list[Outcome] = field(default_factory=list)
    deliveries: set[str] = field(default_factory=set)
    set_aside: list[SetAside] = field(default_factory=list)
    head: tuple[str, int] = ("", 0)


class LedgerCommitter:
    """Works on an opened store; see `gateway.ops.commit_thread.Committer`."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._news = News()
        self._outage = Outage()
        self._polled = -POLL_S
        self._erased = -RETENTION_S

    def commit(self, jobs: Sequence[LedgerJob], *, closing: bool) -> None:  # noqa: ARG002 - nothing is held back
        """Run the jobs in one transaction; see `Committer`."""
        if not jobs:
            return
        if not self._ready():
            self._refuse(jobs, LedgerUnavailable("disk", "the disk refuses; tried again"))
            return
        try:
            self._commit(jobs)
        except FAILURES as error:
            self._fail(error, jobs)

    def due(self) -> None:
        """Nothing is ever held back."""

    def keep_house(self) -> None:
        """Answer the command line each second, and erase each hour what is older than allowed."""
        now = time.monotonic()
        if now - self._polled < POLL_S or not self._ready():
            return
        self._polled = now
        try:
            answer_requests(self._store)
            self._take_news()
            if now - self._erased >= RETENTION_S:
                self._erased = now
                with self._store.transaction():
                    erase_old(self._store)
                self._store.fold_erased()
        except FAILURES as error:
            self._fail(error, [])

    def refusal(self) -> LedgerUnavailable:
        """Say that the ledger is closed."""
        return LedgerUnavailable("stopped")

    def news(self) -> News | None:
        """Give outcomes, deliveries and replaced ledgers since the last call."""
        news, self._news = self._news, News()
        if not (news.outcomes or news.deliveries or news.set_aside):
            return None
        news.head = (self._store.head.ledger, self._store.head.seq)
        return news

    def close(self, *, orderly: bool) -> None:  # noqa: ARG002 - every commit is whole by itself
        """Close the file."""
        self._store.close()

    def _commit(self, jobs: Sequence[LedgerJob]) -> None:
        outcomes: list[Outcome] = []
        with self._store.transaction():
            for job in jobs:
                try:
                    outcomes.append((job.future, job.function(self._store)))
                except (GatewayError, ValueError) as error:  # before it wrote anything
                    outcomes.append((job.future, error))
        self._news.outcomes += outcomes
        self._take_news()
        self._store.fold_erased()

    def _take_news(self) -> None:
        """Tell each delivery once of what there is to send."""
        self._news.deliveries |= self._store.news
        self._store.news = set()

    def _refuse(self, jobs: Sequence[LedgerJob], error: LedgerUnavailable) -> None:
        self._news.outcomes += [(job.future, error) for job in jobs]

    def _fail(self, error: Exception, jobs: Sequence[LedgerJob]) -> None:
        """Believe nothing of the file any more; nothing of this commit counts."""
        reason = type(error).__name__
        self._refuse(jobs, LedgerUnavailable(reason, str(error)))
        events.usage_ledger_unavailable(reason, str(error))
        self._store.close()
        self._outage.begin()
        if isinstance(error, CORRUPT_ERRORS):
            self._replace(f"{reason}: {error}")

    def _replace(self, reason: str) -> None:
        try:
            self._news.set_aside.append(replace(self._store, reason))
        except FAILURES as error:
            self._store.close()
            events.usage_ledger_unavailable(type(error).__name__, str(error))
        else:
            self._outage.end()
            self._take_news()

    def _ready(self) -> bool:
        """Tell whether the file is open, opening it again when it is time."""
        if self._outage.since is None:
            return True
        if not self._outage.try_due():
            return False
        try:
            replaced = load(self._store)
        except (*FAILURES, LedgerUnavailable) as error:
            self._store.close()
            events.usage_ledger_unavailable(type(error).__name__, str(error))
            return False
        self._news.set_aside += [replaced] if replaced is not None else []
        events.usage_ledger_recovered(self._outage.end())
        return True
