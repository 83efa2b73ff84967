"""The one thread that writes a database: what arrives within a window shares one commit, one sync.

A commit with `synchronous=FULL` waits for the disk, some milliseconds whatever it holds. So the
thread waits for a window after the first job, and everything that came meanwhile goes into the same
transaction: twenty sources that deliver at once wait for one sync, not for twenty.

The event loop only puts jobs into a deque; what became of them comes back in one call on the loop.
The thread waits in its own real time (`time.monotonic`), because it waits for the disk and not for
the plant. What the jobs mean, and which files they change, a `Committer` knows; it runs on the
thread alone. A caller who is cancelled leaves his job in the queue: it is wholly done all the same,
and its outcome goes to a future that nobody awaits.
"""

from __future__ import annotations

import asyncio
import threading
import time
from asyncio import Event
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Generic, NoReturn, Protocol, TypeVar

from gateway.ops.scope import adopter

POLL_S = 1.0
"""The thread looks around this often when there is nothing to commit."""

RETRY_S = 0.5
"""How often a refusing disk is tried again: well within the 5 s in which it must be noticed."""

Outcome = tuple["asyncio.Future[Any]", Any]
"""The future of a job, and its result or the exception that it gets."""


@dataclass(slots=True, kw_only=True)
class Job:
    """Something to do in a commit; a room adds what it is.

    Attributes:
        future: gets the outcome, on the event loop.
        weight: how much of a group it fills.
        patient: waits out the window, so that others share the commit. One that does not makes the
            group begin at once.
    """

    future: asyncio.Future[Any]
    weight: int = 1
    patient: bool = True


JobT = TypeVar("JobT", bound=Job)
JobT_contra = TypeVar("JobT_contra", bound=Job, contravariant=True)
NewsT = TypeVar("NewsT")
ToldT = TypeVar("ToldT")
NewsT_co = TypeVar("NewsT_co", covariant=True)


class Committer(Protocol[JobT_contra, NewsT_co]):
    """What a room does on the thread. Nothing of it raises for a disk that refuses: jobs do."""

    def commit(self, jobs: Sequence[JobT_contra], *, closing: bool) -> None:
        """Do jobs in this order, and what was held back and is due; with `closing`, all of that.

        The list may be empty. An outcome belongs to the news, whichever round it comes from.
        """

    def due(self) -> float | None:
        """Tell when it wants to be called although no job comes (monotonic); None for never."""

    def keep_house(self) -> None:
        """Do what is to be done between two commits, about once a second at least."""

    def refusal(self) -> Exception:
        """Give what a job gets that comes after the thread has ended; it was not begun."""

    def news(self) -> NewsT_co | None:
        """Give what there is to tell since the last call, None for nothing."""

    def close(self, *, orderly: bool) -> None:
        """Close the files; not `orderly` after a bug, when nothing in memory is to be believed."""


class CommitThread(Generic[JobT, NewsT]):
    """Runs a committer whose files are open.

    Args:
        name: of the thread, as a debugger shows it.
        committer: what the jobs are for; belongs to the thread from now on.
        loop: where `tell` is called.
        tell: takes the news of each round, on the event loop.
        window_s: how long the first job of a group waits for others.
        group: the weight at which a group is cut, so that one commit stays short whatever waits.
    """

    def __init__(
        self,
        name: str,
        committer: Committer[JobT, NewsT],
        loop: asyncio.AbstractEventLoop,
        tell: Callable[[NewsT], None],
        *,
        window_s: float,
        group: int,
    ) -> None:
        self._committer = committer
        self._loop = loop
        self._tell = tell
        self._window_s = window_s
        self._group = group
        self._jobs: deque[JobT] = deque()
        self._wake = threading.Event()
        self._full = threading.Event()
        self._closing = False
        self._ended = False
        self._busy_since: float | None = None
        self._bug: BaseException | None = None
        self._broken = asyncio.Event()
        self._adopt = adopter()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def put(self, job: JobT) -> None:
        """Hand a job over; from the event loop."""
        self._jobs.append(job)
        if len(self._jobs) >= self._group or not job.patient:
            self._full.set()
        if not self._wake.is_set():  # setting it takes a lock that the thread may hold
            self._wake.set()
        if self._ended:
            self._hand_out(self._refused())

    def busy_s(self) -> float:
        """Tell for how many seconds the thread has been at one commit; from any thread.

        A disk that does not finish a write shows here, and nowhere else.
        """
        since = self._busy_since
        return 0.0 if since is None else time.monotonic() - since

    def stop(self) -> None:
        """Make the thread commit what waits and end; `join` waits for it."""
        self._closing = True
        self._full.set()
        self._wake.set()

    async def broken(self) -> NoReturn:
        """Wait until a bug has ended the thread, and raise it: what is left to do is another's.

        Cancel: nothing happens to the thread.
        """
        await self._broken.wait()
        assert self._bug is not None
        raise self._bug

    def join(self) -> None:
        """Wait for the thread, without a limit: what was promised has to reach the disk."""
        self._thread.join()

    # -- the thread -----------------------------------------------------------------------------

    def _run(self) -> None:
        """Commit until stopped.

        A bug ends the thread: `broken` raises it and later jobs are refused. Those it was at get no
        answer, for nobody knows whether they are stored, and a source that hears nothing sends
        again.
        """
        self._adopt()
        orderly = False
        try:
            while not (self._closing and not self._jobs and self._committer.due() is None):
                self._await_jobs()
                self._busy_since = time.monotonic()
                self._committer.commit(self._next_group(), closing=self._closing)
                self._report()
                self._busy_since = time.monotonic()
                self._committer.keep_house()
                self._report()
                self._busy_since = None
            orderly = True
        except BaseException as bug:
            self._bug = bug
            raise
        finally:
            self._ended = True
            self._on_loop(self._hand_out, self._refused())
            if not orderly:
                self._on_loop(Event.set, self._broken)
            self._committer.close(orderly=orderly)

    def _await_jobs(self) -> None:
        due = self._committer.due()
        timeout = POLL_S if due is None else max(due - time.monotonic(), 0)
        if not self._wake.wait(timeout):
            return
        if not self._closing:
            self._full.wait(self._window_s)
        self._full.clear()
        self._wake.clear()

    def _next_group(self) -> list[JobT]:
        jobs: list[JobT] = []
        weight = 0
        while self._jobs and weight < self._group:
            job = self._jobs.popleft()
            jobs.append(job)
            weight += job.weight
        if self._jobs:  # the next group is full already, or came after the events were cleared
            self._wake.set()
            self._full.set()
        return jobs

    def _report(self) -> None:
        news = self._committer.news()
        if news is not None:
            self._on_loop(self._tell, news)

    def _on_loop(self, function: Callable[[ToldT], None], told: ToldT) -> None:
        try:
            self._loop.call_soon_threadsafe(function, told)
        except RuntimeError:  # the loop was closed without closing what this thread writes
            self._closing = True

    # -- after its end: on the thread once more, then on the event loop -------------------------

    def _refused(self) -> list[Outcome]:
        outcomes: list[Outcome] = []
        with suppress(IndexError):  # the loop and the ending thread may both empty it
            while True:
                outcomes.append((self._jobs.popleft().future, self._committer.refusal()))
        return outcomes

    @staticmethod
    def _hand_out(outcomes: list[Outcome]) -> None:
        for future, outcome in outcomes:
            hand_out(future, outcome)


class Outage:
    """Since when files are closed because of an error, and when opening them is tried again."""

    def __init__(self) -> None:
        self.since: float | None = None
        """Monotonic; None while the files are open."""
        self._next_try = 0.0

    def begin(self) -> None:
        """Note that the files were closed; a second failure does not make it begin later."""
        now = time.monotonic()
        if self.since is None:
            self.since = now
        self._next_try = now + RETRY_S

    def try_due(self) -> bool:
        """Tell whether to try now; whoever hears yes has `RETRY_S` until the next try."""
        now = time.monotonic()
        if now < self._next_try:
            return False
        self._next_try = now + RETRY_S
        return True

    def end(self) -> float:
        """Note that the files are open again; give the seconds that they were not."""
        assert self.since is not None
        took_s, self.since = time.monotonic() - self.since, None
        return took_s


def hand_out(future: asyncio.Future[Any], outcome: Any) -> bool:
    """Give a caller what became of his job; False when he does not wait any more."""
    if future.done():
        return False
    if isinstance(outcome, Exception):
        future.set_exception(outcome)
    else:
        future.set_result(outcome)
    return True
