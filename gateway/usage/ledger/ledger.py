"""The ledger of solution usage: every event, every change of its state, every request and answer.

Append-only and hash-chained in one SQLite file, see `chain` and `store`. An append is durable when
its transaction is synced; then, not before, a solution may be answered.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NoReturn

import apsw

from gateway.core.clock import Clock
from gateway.core.errors import LedgerUnavailable
from gateway.core.records import Usage
from gateway.ops.commit_thread import CommitThread, hand_out
from gateway.ops.events import usage_ledger as events
from gateway.ops.lock import FileLock
from gateway.ops.scope import adopter
from gateway.usage.ledger import outbox, people, questions
from gateway.usage.ledger.bodies import event_draft, move_draft
from gateway.usage.ledger.chain import ChainRow
from gateway.usage.ledger.committer import GROUP_JOBS, LedgerCommitter, LedgerJob, News
from gateway.usage.ledger.opening import SetAside, load
from gateway.usage.ledger.requests import LOCK_FILE, erase
from gateway.usage.ledger.store import Settings, Store
from gateway.usage.ledger.verify import Report, verify
from gateway.usage.model import Event, Move, Raw, State, Taken, Today, Unfit, Waiting

CALLS_WAITING_MAX = 1_024
"""Calls that may wait for a commit; more wait their turn, which is the back-pressure (I9)."""

Heard = Callable[[SetAside], None]


class SqliteLedger:
    """See `gateway.usage.ports.Ledger`. Made by `open`; belongs to the event loop.

    Cancel, of every method that writes: wholly stored or wholly absent.
    """

    def __init__(
        self,
        store: Store,
        lock: FileLock,
        set_aside: SetAside | None,
        heard: Heard,
        window_s: float,
    ) -> None:
        self._store = store
        self._lock = lock
        self._heard = heard
        self._news: dict[str, asyncio.Event] = {}
        self._calls = asyncio.Semaphore(CALLS_WAITING_MAX)
        self._rows = asyncio.Event()
        self._head = (store.head.ledger, store.head.seq)
        self._threads = ThreadPoolExecutor(1, "usage-ledger-check", adopter())
        self._closed = False
        self.set_aside = set_aside
        """The last ledger that was replaced by this process, for an alarm; None for none."""
        self._thread: CommitThread[LedgerJob, News] = CommitThread(
            "usage-ledger", LedgerCommitter(store), asyncio.get_running_loop(), self._hear,
            window_s=window_s, group=GROUP_JOBS,
        )  # fmt: skip
        self._thread.start()

    @property
    def name(self) -> str:
        """The random name of this ledger; another one when a damaged ledger was replaced."""
        return self._store.head.ledger

    @staticmethod
    async def open(
        folder: Path,
        *,
        clock: Clock,
        settings: Settings | None = None,
        on_set_aside: Heard = lambda _: None,
        commit_window_s: float = 0.01,
    ) -> SqliteLedger:
        """Open the ledger of a folder, making both where they are not there.

        A damaged ledger is set aside and a new one begun with its open events; `set_aside` and
        `on_set_aside` say so.

        Raises:
            LedgerUnavailable: another process holds it, a newer version wrote it (nothing was
                changed), or the disk refuses.
        Cancel: what was opened is closed again.
        """
        store = Store(folder, clock, settings or Settings())
        lock = FileLock(folder / LOCK_FILE)
        started = clock.monotonic()
        replaced = await asyncio.to_thread(_open_files, store, lock)
        try:
            ledger = SqliteLedger(store, lock, replaced, on_set_aside, commit_window_s)
        except BaseException:
            store.close()
            lock.release()
            raise
        if replaced is not None:
            on_set_aside(replaced)
        took = clock.monotonic() - started
        events.usage_ledger_opened(store.head.ledger, store.head.seq, took)
        return ledger

    async def broken(self) -> NoReturn:
        """Wait until a bug has ended the thread that writes, and raise it; a new one can go on."""
        await self._thread.broken()

    async def append(self, entries: Sequence[tuple[str, Event | Unfit]]) -> list[Taken]:
        """See the port. An event of no delivery ("") is `queued`, too.

        Raises:
            LedgerUnavailable: nothing was stored.
            ValueError, TypeError: an entry holds what cannot be kept; nothing was stored.
        """
        drafts = [event_draft(delivery, entry, self._store.hide) for delivery, entry in entries]
        if not drafts:
            return []
        taken: list[Taken] = await self._do(lambda store: questions.append(store, drafts))
        return taken

    async def move(self, moves: Sequence[Move]) -> None:
        """See the port. A move of an unknown event is kept and changes nothing."""
        drafts = [move_draft(move, self._store.hide) for move in moves]
        if drafts:
            await self._do(lambda store: questions.move(store, drafts))

    async def waiting(self, delivery: str, *states: State) -> list[Waiting]:
        """See the port. Raises LedgerUnavailable."""
        found: list[Waiting] = await self._ask(
            lambda store: questions.waiting(store, delivery, states)
        )
        return found

    async def today(self, delivery: str, day: str) -> Today:
        """See the port; `stored` counts by the service's own stamp. Raises LedgerUnavailable."""
        found: Today = await self._ask(lambda store: questions.today(store, delivery, day))
        return found

    async def wait(self, delivery: str) -> None:
        """See the port. For one waiter a delivery; what was there at the start is not news."""
        event = self._news.setdefault(delivery, asyncio.Event())
        await event.wait()
        event.clear()

    async def raw(self, event: str) -> Raw | None:
        """See the port. Raises LedgerUnavailable."""
        found: Raw | None = await self._ask(lambda store: questions.raw(store, event))
        return found

    async def used(self, day: str) -> bool:
        """Say whether a solution was used on a Korean day; tests do not count."""
        found: bool = await self._ask(lambda store: questions.used(store, day))
        return found

    async def person(self, pseudonym: str) -> str | None:
        """Give what the solution called a user, None when unknown or erased."""
        found: str | None = await self._ask(lambda store: people.person(store, pseudonym))
        return found

    async def erase(self, *, person: str = "", before: str = "") -> int:
        """Erase the personal content of one user, or of all that came before a Korean day.

        Gives the events. Those that were still to be sent are quarantined: nobody's event is sent.

        Raises:
            LedgerUnavailable: nothing was erased.
            ValueError: neither is given, or not a day.
        """
        if not person and not before:
            raise ValueError("a person or a day")
        request = {"person": person} if person else {"before": before}
        count: int = await self._do(lambda store: erase(store, request))
        return count

    async def rows_after(self, seq: int, limit: int) -> list[ChainRow]:
        """Give the next rows of the chain as they are, personal content included."""
        rows: list[ChainRow] = await self._ask(
            lambda store: questions.rows_after(store, seq, limit)
        )
        return rows

    async def records_after(self, seq: int, limit: int) -> list[tuple[int, Usage]]:
        """Give the next rows as records of the spool, each with its row's number."""
        found: list[tuple[int, Usage]] = await self._ask(
            lambda store: outbox.records_after(store, seq, limit)
        )
        return found

    async def outbox(self) -> int:
        """Give the last row that the outbox has done, 0 at the start of a ledger."""
        seq: int = await self._ask(questions.cursor)
        return seq

    async def outbox_done(self, seq: int) -> None:
        """Keep how far the outbox has come. Durable on return."""
        await self._do(lambda store: questions.set_cursor(store, seq))

    async def wait_rows(self) -> None:
        """Return when rows were added since the last call returned; for one waiter."""
        await self._rows.wait()
        self._rows.clear()

    async def check(self) -> Report:
        """Prove the whole ledger on a thread of its own, beside the writing; takes its time.

        Derived tables that disagree are made anew; anything else is told by an event and in the
        report, and left as it is: it is the evidence.
        """
        folder = self._store.folder
        report: Report = await asyncio.get_running_loop().run_in_executor(
            self._threads, lambda: verify(folder)
        )
        if report.problems:
            events.usage_ledger_damaged(report.count, str(report.problems[0]))
        if any(each.place == "derived" for each in report.problems):
            await self._ask(lambda store: store.derive_anew("disagreed"))
        return report

    async def close(self) -> None:
        """Commit what waits, release files and lock. A second call does nothing."""
        if self._closed:
            return
        self._closed = True
        self._thread.stop()
        await asyncio.to_thread(self._thread.join)
        self._threads.shutdown(wait=True, cancel_futures=True)
        self._lock.release()

    # -- between threads ------------------------------------------------------------------------

    async def _do(self, function: Callable[[Store], Any]) -> Any:
        return await self._hand_over(function, patient=True)

    async def _ask(self, function: Callable[[Store], Any]) -> Any:
        return await self._hand_over(function, patient=False)

    async def _hand_over(self, function: Callable[[Store], Any], *, patient: bool) -> Any:
        async with self._calls:
            if self._closed:
                raise LedgerUnavailable("closed")
            future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
            self._thread.put(LedgerJob(future=future, patient=patient, function=function))
            return await future

    def _hear(self, news: News) -> None:
        """Take over what a commit brought; on the event loop."""
        for delivery in news.deliveries:
            self._news.setdefault(delivery, asyncio.Event()).set()
        if news.head != self._head:
            self._head = news.head
            self._rows.set()
        for replaced in news.set_aside:
            self.set_aside = replaced
            self._heard(replaced)
        for future, result in news.outcomes:
            hand_out(future, result)


def _open_files(store: Store, lock: FileLock) -> SetAside | None:
    try:
        store.folder.mkdir(parents=True, exist_ok=True)
        if not lock.acquire():
            raise LedgerUnavailable("locked", f"another gateway holds {store.folder}")
    except OSError as error:
        raise LedgerUnavailable(type(error).__name__, str(error)) from error
    try:
        return load(store)
    except (apsw.Error, OSError) as error:
        store.close()
        lock.release()
        raise LedgerUnavailable(type(error).__name__, str(error)) from error
    except BaseException:
        store.close()
        lock.release()
        raise
