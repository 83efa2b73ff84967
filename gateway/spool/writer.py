"""The one thread that writes: what arrives within a window shares one commit and one sync.

The event loop only puts jobs into a deque; the results of a commit come back in one call on the
loop. Settles wait a little longer than appends, so that they do not double the number of syncs.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import apsw

from gateway.core.errors import SpoolError, SpoolFull, SpoolUnavailable
from gateway.core.protocols import ReaderState
from gateway.core.records import Answer, Item
from gateway.ops.events import spool as events
from gateway.ops.health import SpoolCondition
from gateway.ops.sqlite import CORRUPT_ERRORS, DISK_ERRORS
from gateway.spool.appending import append
from gateway.spool.codec import DamagedRecord
from gateway.spool.condition import (
    GOOD,
    STALL_S,
    condition_after,
    looked_at,
    quota_full,
    recovering,
    stalled,
)
from gateway.spool.counts import DeviceCounts
from gateway.spool.quota import has_room, make_room, trim_quarantine
from gateway.spool.recovery import load
from gateway.spool.settling import count_again, settle
from gateway.spool.store import COMMIT_OVERHEAD, Store
from gateway.spool.tail import TailEntry

ROOM_AGAIN_SHARE = 8
"""A full spool is fine again with this share of the quota free, or once something was stored."""

GROUP_ITEMS = 2_000
"""A group is cut here, so that one commit stays short however much waits."""

SETTLE_WINDOW_S = 0.05
POLL_S = 1.0
IDLE_S = 2.0
RETRY_S = 0.5
"""How often a refusing disk is tried again: well within the 5 s in which it must be noticed."""

FAILURES = (*DISK_ERRORS, *CORRUPT_ERRORS, DamagedRecord, apsw.Error)


@dataclass(slots=True)
class AppendJob:
    items: Sequence[Item]
    future: asyncio.Future[int]


@dataclass(slots=True)
class SettleJob:
    reader: str
    answer: Answer
    future: asyncio.Future[None]


@dataclass(slots=True)
class CallJob:
    """Something to do on the writer's thread between commits."""

    function: Callable[[Store], Any]
    future: asyncio.Future[Any]


Job = AppendJob | SettleJob | CallJob
Outcome = tuple[asyncio.Future[Any], Any]


@dataclass(slots=True)
class News:
    """What a commit changed, for the event loop."""

    outcomes: list[Outcome]
    entries: list[TailEntry]
    states: dict[str, ReaderState]
    head: int
    round: int
    """What was declared missing up to this round is in `states`, or was not declared after all."""
    counted: DeviceCounts


class Writer:
    """Runs a loaded store; `tell` is called on the event loop with the news of each commit."""

    def __init__(
        self,
        store: Store,
        loop: asyncio.AbstractEventLoop,
        tell: Callable[[News], None],
        *,
        window_s: float,
        poll: Callable[[Store], None],
    ) -> None:
        self._store = store
        self._loop = loop
        self._tell = tell
        self._window_s = window_s
        self._poll = poll
        self._jobs: deque[Job] = deque()
        self._wake = threading.Event()
        self._full = threading.Event()
        self._closing = False
        self._held: list[SettleJob] = []
        self._held_until = 0.0
        self._outcomes: list[Outcome] = []
        self._down_since: float | None = None
        self._unavailable_since: float | None = None
        self._disk_full = False
        self._quota_full = False
        self._room_again = max(COMMIT_OVERHEAD, store.settings.quota_bytes // ROOM_AGAIN_SHARE)
        self._next_try = 0.0
        self._failed: SpoolCondition | None = None
        self._looked_at: SpoolCondition | None = None
        self._busy_since: float | None = None
        self._loading = False
        self._polled = self._worked = self._counted = time.monotonic()
        self._thread = threading.Thread(target=self._run, name="spool-writer", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def put(self, job: Job) -> None:
        """Hand a job over; from the event loop."""
        self._jobs.append(job)
        if len(self._jobs) >= GROUP_ITEMS or isinstance(job, CallJob):
            self._full.set()
        if not self._wake.is_set():
            self._wake.set()

    def condition(self) -> SpoolCondition:
        """Tell how it stands with the disk; from any thread, without waiting."""
        busy_since = self._busy_since
        busy_s = 0.0 if busy_since is None else time.monotonic() - busy_since
        if busy_s > STALL_S:
            return recovering(busy_s) if self._loading else stalled(busy_s)
        if self._failed is not None:
            return self._failed
        if self._quota_full:
            return quota_full(self._store.settings.quota_bytes)
        return self._looked_at or GOOD

    def stop(self) -> None:
        """Make the thread commit what waits and end; `join` waits for it."""
        self._closing = True
        self._full.set()
        self._wake.set()

    def join(self) -> None:
        self._thread.join()

    # -- the thread -----------------------------------------------------------------------------

    def _run(self) -> None:
        while not (self._closing and not self._jobs and not self._held):
            self._await_work()
            self._busy_since = time.monotonic()
            self._work()
            self._report()
            self._busy_since = time.monotonic()
            self._keep_house()
            self._busy_since = None
        self._store.finish(loaded=self._down_since is None)

    def _await_work(self) -> None:
        timeout = POLL_S
        if self._held:
            timeout = max(self._held_until - time.monotonic(), 0)
        if not self._wake.wait(timeout):
            return
        if not self._closing:
            self._full.wait(self._window_s)
        self._full.clear()
        self._wake.clear()

    def _work(self) -> None:
        appends: list[AppendJob] = []
        count = 0
        while self._jobs and count < GROUP_ITEMS:
            job = self._jobs.popleft()
            match job:
                case AppendJob():
                    appends.append(job)
                    count += len(job.items)
                case SettleJob():
                    if not self._held:
                        self._held_until = time.monotonic() + SETTLE_WINDOW_S
                    self._held.append(job)
                case CallJob():
                    self._append(appends)
                    self._settle()
                    appends = []
                    self._call(job)
        if self._jobs:
            self._wake.set()
            self._full.set()
        self._append(appends)
        if self._held and (self._closing or time.monotonic() >= self._held_until):
            self._settle()

    def _append(self, jobs: list[AppendJob]) -> None:
        if not jobs:
            return
        self._worked = time.monotonic()
        futures = [job.future for job in jobs]
        if not self._ready(appending=True):
            self._refuse(futures, SpoolUnavailable("disk", "the disk refuses; tried again"))
            return
        try:
            results = append(self._store, [job.items for job in jobs])
        except FAILURES as error:
            self._fail(error, futures)
        else:
            self._quota_full = any(isinstance(each, SpoolFull) for each in results)
            self._outcomes += zip(futures, results, strict=True)

    def _settle(self) -> None:
        jobs, self._held = self._held, []
        if not jobs:
            return
        self._worked = time.monotonic()
        futures = [job.future for job in jobs]
        if not self._ready(appending=False):
            self._refuse(futures, SpoolUnavailable("disk", "the disk refuses; tried again"))
            return
        try:
            results = settle(self._store, [(job.reader, job.answer) for job in jobs])
            if any(job.answer.refused for job in jobs):
                trim_quarantine(self._store)
                make_room(self._store, 0)
        except FAILURES as error:
            self._fail(error, futures)
        else:
            self._outcomes += zip(futures, results, strict=True)

    def _call(self, job: CallJob) -> None:
        if not self._ready(appending=False):
            self._refuse([job.future], SpoolUnavailable("disk", "the disk refuses; tried again"))
            return
        try:
            self._outcomes.append((job.future, job.function(self._store)))
        except SpoolError as error:
            self._outcomes.append((job.future, error))
        except FAILURES as error:
            self._fail(error, [job.future])

    def _refuse(self, futures: Sequence[asyncio.Future[Any]], error: Exception) -> None:
        self._outcomes += [(future, error) for future in futures]

    def _fail(self, error: BaseException, futures: Sequence[asyncio.Future[Any]]) -> None:
        """Believe nothing of the files any more; nothing of this commit counts."""
        reason = type(error).__name__
        self._failed = condition_after(error, self._store.folder)
        self._refuse(futures, SpoolUnavailable(reason, str(error)))
        self._store.close_files()
        if isinstance(error, apsw.FullError):
            self._disk_full = True
        self._store.release_ballast()
        if self._down_since is None:
            self._down_since = time.monotonic()
        self._next_try = time.monotonic() + RETRY_S
        events.spool_unavailable(reason, str(error))

    def _ready(self, *, appending: bool) -> bool:
        """Tell whether the files are open, opening them again when it is time."""
        now = time.monotonic()
        if self._down_since is None and not (appending and self._disk_full):
            return True
        if now < self._next_try:
            return self._down_since is None and not appending
        self._next_try = now + RETRY_S
        if self._down_since is not None and not self._reopen():
            return False
        if self._disk_full and self._store.hold_ballast():
            self._disk_full = False
        if not self._disk_full and self._unavailable_since is not None:
            events.spool_recovered(now - self._unavailable_since)
            self._unavailable_since = self._failed = None
        return not (appending and self._disk_full)

    def _reopen(self) -> bool:
        self._loading = True
        try:
            load(self._store, acknowledged=self._store.next - 1)
        except (*FAILURES, SpoolError) as error:
            self._failed = condition_after(error, self._store.folder)
            self._store.close_files()
            events.spool_unavailable(type(error).__name__, str(error))
            return False
        finally:
            self._loading = False
        self._unavailable_since = self._down_since
        self._down_since = None
        return True

    def _report(self, *, anyway: bool = False) -> None:
        outcomes, self._outcomes = self._outcomes, []
        entries, self._store.published = self._store.published, []
        leases = self._store.leases
        if not (outcomes or entries or anyway) and leases.round == leases.heard:
            return
        counted, self._store.counted = self._store.counted, {}
        states = {name: ledger.state() for name, ledger in self._store.ledgers.items()}
        news = News(outcomes, entries, states, self._store.next - 1, leases.round, counted)
        try:
            self._loop.call_soon_threadsafe(self._tell, news)
        except RuntimeError:  # the loop was closed without closing the spool
            self._closing = True

    def _keep_house(self) -> None:
        now = time.monotonic()
        differ = False
        try:
            if self._down_since is None:
                self._store.fold_log(idle=now - self._worked >= IDLE_S)
            if now - self._polled >= POLL_S:
                self._polled = now
                self._looked_at = looked_at(self._store.folder)
                if self._ready(appending=True):
                    self._poll(self._store)
                    self._store.hold_ballast()
                    if self._quota_full and has_room(self._store, self._room_again):
                        self._quota_full = False
                    if self._worked != self._counted:
                        self._counted, differ = self._worked, count_again(self._store)
        except FAILURES as error:
            self._fail(error, [])
        self._report(anyway=differ)
