"""The one thread that writes: what arrives within a window shares one commit and one sync.

The event loop puts jobs into a deque; the results of a commit come back in one call on the loop.
Questions run on the same thread between the writes, so they see what is durable or will be with
them. The thread waits for the disk in its own real time.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import apsw

from gateway.core.errors import GatewayError, LedgerUnavailable
from gateway.ops.events import usage_ledger as events
from gateway.ops.sqlite import CORRUPT_ERRORS
from gateway.usage.ledger.opening import SetAside, load, replace
from gateway.usage.ledger.people import erase_old
from gateway.usage.ledger.requests import answer_requests
from gateway.usage.ledger.store import Store

GROUP_JOBS = 500
"""A group is cut here, so that one commit stays short however much waits."""

POLL_S = 1.0
RETENTION_S = 3_600.0
RETRY_S = 0.5
"""How often a refusing disk is tried again."""

FAILURES = (apsw.Error, OSError)


@dataclass(slots=True)
class Job:
    """Something to do in a transaction; `patient` ones wait for others to share the commit."""

    function: Callable[[Store], Any]
    future: asyncio.Future[Any]
    patient: bool = True


@dataclass(slots=True)
class News:
    """What a commit brought, for the event loop."""

    outcomes: list[tuple[asyncio.Future[Any], Any]]
    deliveries: set[str]
    set_aside: list[SetAside]
    head: tuple[str, int] = ("", 0)


class Writer:
    """Runs an opened store; `tell` is called on the event loop with the news of each commit."""

    def __init__(
        self,
        store: Store,
        loop: asyncio.AbstractEventLoop,
        tell: Callable[[News], None],
        window_s: float,
    ) -> None:
        self._store = store
        self._loop = loop
        self._tell = tell
        self._window_s = window_s
        self._jobs: deque[Job] = deque()
        self._wake = threading.Event()
        self._full = threading.Event()
        self._closing = False
        self._ended = False
        self._news = News([], set(), [])
        self._down_since: float | None = None
        self._next_try = 0.0
        self._polled = -POLL_S
        self._erased = -RETENTION_S
        self._thread = threading.Thread(target=self._run, name="usage-ledger", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def put(self, job: Job) -> None:
        """Hand a job over; from the event loop."""
        self._jobs.append(job)
        if len(self._jobs) >= GROUP_JOBS or not job.patient:
            self._full.set()
        self._wake.set()
        if self._ended:
            self._refuse_rest()

    def stop(self) -> None:
        """Make the thread commit what waits and end; `join` waits for it."""
        self._closing = True
        self._full.set()
        self._wake.set()

    def join(self) -> None:
        """Wait for the thread."""
        self._thread.join()

    # -- the thread -----------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            while not (self._closing and not self._jobs):
                self._await_work()
                self._work()
                self._report()
                self._keep_house()
        finally:
            self._ended = True
            self._refuse_rest()
            self._store.close()

    def _refuse_rest(self) -> None:
        jobs = [self._jobs.popleft() for _ in range(len(self._jobs))]
        self._refuse(jobs, LedgerUnavailable("stopped"))
        self._report()

    def _await_work(self) -> None:
        if not self._wake.wait(POLL_S):
            return
        if not self._closing:
            self._full.wait(self._window_s)
        self._full.clear()
        self._wake.clear()

    def _work(self) -> None:
        jobs = [self._jobs.popleft() for _ in range(min(len(self._jobs), GROUP_JOBS))]
        if self._jobs:
            self._wake.set()
            self._full.set()
        if not jobs:
            return
        if not self._ready():
            self._refuse(jobs, LedgerUnavailable("disk", "the disk refuses; tried again"))
            return
        try:
            self._commit(jobs)
        except FAILURES as error:
            self._fail(error, jobs)

    def _commit(self, jobs: list[Job]) -> None:
        outcomes: list[tuple[asyncio.Future[Any], Any]] = []
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

    def _refuse(self, jobs: list[Job], error: Exception) -> None:
        self._news.outcomes += [(job.future, error) for job in jobs]

    def _fail(self, error: Exception, jobs: list[Job]) -> None:
        """Believe nothing of the file any more; nothing of this commit counts."""
        reason = type(error).__name__
        self._refuse(jobs, LedgerUnavailable(reason, str(error)))
        events.usage_ledger_unavailable(reason, str(error))
        self._store.close()
        if self._down_since is None:
            self._down_since = time.monotonic()
        self._next_try = time.monotonic() + RETRY_S
        if isinstance(error, CORRUPT_ERRORS):
            self._replace(f"{reason}: {error}")

    def _replace(self, reason: str) -> None:
        try:
            self._news.set_aside.append(replace(self._store, reason))
        except FAILURES as error:
            self._store.close()
            events.usage_ledger_unavailable(type(error).__name__, str(error))
        else:
            self._down_since = None
            self._take_news()

    def _ready(self) -> bool:
        """Tell whether the file is open, opening it again when it is time."""
        if self._down_since is None:
            return True
        now = time.monotonic()
        if now < self._next_try:
            return False
        self._next_try = now + RETRY_S
        try:
            aside = load(self._store)
        except (*FAILURES, LedgerUnavailable) as error:
            self._store.close()
            events.usage_ledger_unavailable(type(error).__name__, str(error))
            return False
        self._news.set_aside += [aside] if aside is not None else []
        events.usage_ledger_recovered(now - self._down_since)
        self._down_since = None
        return True

    def _report(self) -> None:
        news, self._news = self._news, News([], set(), [])
        if not (news.outcomes or news.deliveries or news.set_aside):
            return
        news.head = (self._store.head.ledger, self._store.head.seq)
        try:
            self._loop.call_soon_threadsafe(self._tell, news)
        except RuntimeError:  # the loop was closed without closing the ledger
            self._closing = True

    def _keep_house(self) -> None:
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
        self._report()
