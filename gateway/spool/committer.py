"""What the spool does on its committing thread: appends of a group together, settles a bit later.

Settles wait a little longer than appends, so that they do not double the number of syncs: records
and cursors lie in different files. A call runs by itself between two commits, after everything that
was handed over before it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Any

import apsw

from gateway.core.errors import SpoolError, SpoolFull, SpoolUnavailable
from gateway.ops.commit_thread import POLL_S, Outage, Outcome
from gateway.ops.events import spool as events
from gateway.ops.health import SpoolCondition
from gateway.ops.sqlite import CORRUPT_ERRORS, DISK_ERRORS
from gateway.spool.admission import append, has_room, make_room
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
from gateway.spool.giving_up import trim_quarantine
from gateway.spool.jobs import AppendJob, CallJob, News, SettleJob, SpoolJob
from gateway.spool.recovery import load
from gateway.spool.requests import answer_requests
from gateway.spool.settling import count_again, settle
from gateway.spool.store import Store
from gateway.spool.writing import COMMIT_OVERHEAD

GROUP_ITEMS = 2_000
"""A group is cut here, so that one commit stays short however much waits."""

SETTLE_WINDOW_S = 0.05
IDLE_S = 2.0
"""So long after the last commit the write-ahead logs are folded in, whatever their length."""

FAILURES = (*DISK_ERRORS, *CORRUPT_ERRORS, DamagedRecord, apsw.Error)

ROOM_AGAIN_SHARE = 8
"""A full spool is fine again with this share of the quota free, or once something was stored."""


class SpoolCommitter:
    """Works on a loaded store; see `gateway.ops.commit_thread.Committer`."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._held: list[SettleJob] = []
        self._held_until = 0.0
        self._outcomes: list[Outcome] = []
        self._outage = Outage()
        self._unavailable_since: float | None = None
        self._disk_full = False
        self._quota_full = False
        self._room_again = max(COMMIT_OVERHEAD, store.settings.quota_bytes // ROOM_AGAIN_SHARE)
        self._failed: SpoolCondition | None = None
        self._looked_at: SpoolCondition | None = None
        self._loading = False
        self._polled = self._worked = self._counted = time.monotonic()
        self._counts_differ = False

    def condition(self, busy_s: float) -> SpoolCondition:
        """Tell how it stands with the disk; from any thread, without waiting.

        `busy_s` is for how long the thread has been at one commit.
        """
        if busy_s > STALL_S:
            return recovering(busy_s) if self._loading else stalled(busy_s)
        if self._failed is not None:
            return self._failed
        if self._quota_full:
            return quota_full(self._store.settings.quota_bytes)
        return self._looked_at or GOOD

    def commit(self, jobs: Sequence[SpoolJob], *, closing: bool) -> None:
        """Store the appends in one commit, the settles that are due in another; see `Committer`."""
        appends: list[AppendJob] = []
        for job in jobs:
            match job:
                case AppendJob():
                    appends.append(job)
                case SettleJob():
                    if not self._held:
                        self._held_until = time.monotonic() + SETTLE_WINDOW_S
                    self._held.append(job)
                case CallJob():
                    self._append(appends)
                    self._settle()
                    appends = []
                    self._call(job)
        self._append(appends)
        if self._held and (closing or time.monotonic() >= self._held_until):
            self._settle()

    def due(self) -> float | None:
        """Tell when the settles that are held back have waited long enough."""
        return self._held_until if self._held else None

    def keep_house(self) -> None:
        """Fold the logs; each second look at the disk, answer requests, count what is pending."""
        now = time.monotonic()
        try:
            if self._outage.since is None:
                self._store.fold_log(idle=now - self._worked >= IDLE_S)
            if now - self._polled >= POLL_S:
                self._polled = now
                self._poll()
        except FAILURES as error:
            self._fail(error, [])

    def refusal(self) -> SpoolUnavailable:
        """Say that the spool is closed."""
        return SpoolUnavailable("closed")

    def news(self) -> News | None:
        """Give what the commits since the last call changed."""
        store, leases = self._store, self._store.leases
        outcomes, self._outcomes = self._outcomes, []
        entries, store.published = store.published, []
        differ, self._counts_differ = self._counts_differ, False
        if not (outcomes or entries or differ) and leases.round == leases.heard:
            return None
        counted, store.counted = store.counted, {}
        states = {name: account.state() for name, account in store.readers.items()}
        return News(outcomes, entries, states, store.next - 1, leases.round, counted)

    def close(self, *, orderly: bool) -> None:
        """Leave the files so that the next start has least to do; after a bug only close them."""
        if orderly:
            self._store.finish(loaded=self._outage.since is None)
        else:
            self._store.close_files()

    # -- jobs -----------------------------------------------------------------------------------

    def _append(self, jobs: Sequence[AppendJob]) -> None:
        if not jobs or not self._may_go_on([job.future for job in jobs], appending=True):
            return
        futures = [job.future for job in jobs]
        try:
            results = append(self._store, [job.items for job in jobs])
        except FAILURES as error:
            self._fail(error, futures)
        else:
            self._quota_full = any(isinstance(each, SpoolFull) for each in results)
            self._outcomes += zip(futures, results, strict=True)

    def _settle(self) -> None:
        jobs, self._held = self._held, []
        futures = [job.future for job in jobs]
        if not jobs or not self._may_go_on(futures, appending=False):
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
            self._refuse([job.future], _refusing_disk())
            return
        try:
            self._outcomes.append((job.future, job.function(self._store)))
        except SpoolError as error:
            self._outcomes.append((job.future, error))
        except FAILURES as error:
            self._fail(error, [job.future])

    def _may_go_on(self, futures: Sequence[asyncio.Future[Any]], *, appending: bool) -> bool:
        """Note that something is committed; refuse it where the files are not open."""
        self._worked = time.monotonic()
        if self._ready(appending=appending):
            return True
        self._refuse(futures, _refusing_disk())
        return False

    def _refuse(self, futures: Sequence[asyncio.Future[Any]], error: SpoolUnavailable) -> None:
        self._outcomes += [(future, error) for future in futures]

    # -- the disk -------------------------------------------------------------------------------

    def _poll(self) -> None:
        store = self._store
        self._looked_at = looked_at(store.folder)
        if not self._ready(appending=True):
            return
        answer_requests(store)
        store.ballast.hold()
        if self._quota_full and has_room(store, self._room_again):
            self._quota_full = False
        if self._worked != self._counted:
            self._counted, self._counts_differ = self._worked, count_again(store)

    def _fail(self, error: BaseException, futures: Sequence[asyncio.Future[Any]]) -> None:
        """Believe nothing of the files any more; nothing of this commit counts."""
        reason = type(error).__name__
        self._failed = condition_after(error, self._store.folder)
        self._refuse(futures, SpoolUnavailable(reason, str(error)))
        self._store.close_files()
        if isinstance(error, apsw.FullError):
            self._disk_full = True
        self._store.ballast.release()
        self._outage.begin()
        events.spool_unavailable(reason, str(error))

    def _ready(self, *, appending: bool) -> bool:
        """Tell whether the files are open, opening them again when it is time.

        On a full disk they are, and cursors move: the ballast was given up for that. Appends wait
        until there is room for it again.
        """
        if self._outage.since is None and not (appending and self._disk_full):
            return True
        if not self._outage.try_due():
            return self._outage.since is None and not appending
        if self._outage.since is not None and not self._reopen():
            return False
        if self._disk_full and self._store.ballast.hold():
            self._disk_full = False
        if not self._disk_full and self._unavailable_since is not None:
            events.spool_recovered(time.monotonic() - self._unavailable_since)
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
        self._unavailable_since = self._outage.since
        self._outage.end()
        return True


def _refusing_disk() -> SpoolUnavailable:
    return SpoolUnavailable("disk", "the disk refuses; tried again")
