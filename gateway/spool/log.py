"""The spool as the event loop sees it: appends, readers, counts; see the package for the design.

It belongs to the loop alone. Two threads work for it: one commits, one reads from the disk.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NoReturn

from gateway.core.accounts import DeviceAccount
from gateway.core.clock import Clock
from gateway.core.errors import SpoolError, SpoolUnavailable
from gateway.core.protocols import ReaderState, RecordListener
from gateway.core.records import Answer, Item
from gateway.core.signals import PlanTable
from gateway.core.types import Offset, UnixNs
from gateway.ops.commit_thread import CommitThread, hand_out
from gateway.ops.events import spool as events
from gateway.ops.health import SpoolCondition
from gateway.ops.scope import adopter
from gateway.ops.sqlite import CORRUPT_ERRORS, DISK_ERRORS
from gateway.spool.committer import GROUP_ITEMS, SpoolCommitter
from gateway.spool.counters import SpoolCounters, count_everything
from gateway.spool.counts import DeviceAccounts, DeviceCounts, count_item
from gateway.spool.cursor import Cursor
from gateway.spool.files import FolderLock
from gateway.spool.jobs import AppendJob, CallJob, News, SettleJob, SpoolJob
from gateway.spool.limits import Settings
from gateway.spool.reader import Chunk, DiskReader, SpoolReader
from gateway.spool.recovery import load
from gateway.spool.replacing import check_part
from gateway.spool.settling import add_reader, forget_reader, note_jump
from gateway.spool.store import Store
from gateway.spool.tail import Tail

CALLS_WAITING_MAX = 1_024
"""Appends that may wait for a commit; more wait their turn, which is the back-pressure (I9)."""


__all__ = ["SpoolCounters", "SqliteSpool"]


class SqliteSpool:
    """See `gateway.core.protocols.Spool`. Made by `open`; belongs to the event loop."""

    def __init__(
        self, store: Store, lock: FolderLock, listener: RecordListener | None, window_s: float
    ) -> None:
        self._store = store
        self._lock = lock
        self._listener = listener
        self.epoch = store.state.epoch
        self.leases = store.leases
        self.tail = Tail(store.next)
        self._head = store.next - 1
        self._states = {name: account.state() for name, account in store.readers.items()}
        self._waiters: list[tuple[int, asyncio.Future[None]]] = []
        self._calls = asyncio.Semaphore(CALLS_WAITING_MAX)
        self._closed = False
        self.accounts = DeviceAccounts()
        self._cancelled: dict[asyncio.Future[int], Sequence[Item]] = {}
        self._disk = DiskReader(store.settings.vfs)
        self._threads = ThreadPoolExecutor(1, "spool-reader", adopter())
        self._committer = SpoolCommitter(store)
        self._thread: CommitThread[SpoolJob, News] = CommitThread(
            "spool-writer", self._committer, asyncio.get_running_loop(), self._hear,
            window_s=window_s, group=GROUP_ITEMS,
        )  # fmt: skip
        self._thread.start()

    @staticmethod
    async def open(
        folder: Path,
        *,
        quota_bytes: int,
        clock: Clock,
        listener: RecordListener | None = None,
        part_bytes: int = 128_000_000,
        commit_window_s: float = 0.02,
        settings: Settings | None = None,
    ) -> SqliteSpool:
        """Open the spool of a folder, making the folder where there is none.

        Raises:
            SpoolLocked: another gateway holds the folder.
            SpoolTooNew: a newer version wrote the files; nothing was changed.
            SpoolUnavailable: the disk refuses.
        Cancel: what was opened is closed again.
        """
        settings = settings or Settings(quota_bytes, part_bytes)
        store = Store(folder, clock, settings)
        lock = FolderLock(folder)
        started = clock.monotonic()
        await asyncio.to_thread(_open_files, store, lock)
        try:
            spool = SqliteSpool(store, lock, listener, commit_window_s)
        except BaseException:
            store.close_files()
            lock.release()
            raise
        took = clock.monotonic() - started
        events.spool_opened(spool.epoch, spool.head(), len(store.sealed) + 1, took)
        return spool

    async def append(self, items: Sequence[Item]) -> Offset:
        """Store items in this order and return the last offset once durable.

        Raises:
            SpoolFull, SpoolUnavailable: nothing of this call was stored.
            ValueError, TypeError: an item holds what cannot be kept; nothing was stored.
        Cancel: wholly stored or wholly absent.
        """
        if not items:
            return self.head()
        async with self._calls:
            self._require_open()
            future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
            self._thread.put(AppendJob(future=future, weight=len(items), items=items))
            try:
                return Offset(await future)
            except asyncio.CancelledError:
                self._taken_back(future, items)
                raise

    def _taken_back(self, future: asyncio.Future[int], items: Sequence[Item]) -> None:
        """See to it that what is stored although its append was cancelled is counted as such."""
        if future.cancelled():
            self._cancelled[future] = items
        elif future.exception() is None:
            self.accounts.add({}, _count(items))

    async def reader(self, name: str) -> SpoolReader:
        """Open the reader of this name, at the oldest record there is when it is new."""
        if name not in self._states:
            await self._call(lambda store: add_reader(store, name))
        return SpoolReader(self, name)

    async def forget_reader(self, name: str) -> None:
        """Remove a reader with its cursor and quarantine: it holds no disk any more."""
        await self._call(lambda store: forget_reader(store, name))

    def readers(self) -> tuple[str, ...]:
        """Give the names of all readers, those no longer in use included."""
        return tuple(self._states)

    def head(self) -> Offset:
        """Give the offset of the newest durable record, 0 when there is none."""
        return Offset(self._head)

    def last_received(self) -> dict[str, UnixNs]:
        """Give when the newest durable samples of each device came, by our clock."""
        devices = dict(self._store.devices)
        return {
            device: UnixNs(newest) for device, (_, newest) in devices.items() if newest is not None
        }

    def account(self, device: str) -> DeviceAccount:
        """Give the one account of a device; see `gateway.core.accounts`."""
        return self.accounts.account(device)

    def plans(self) -> dict[str, PlanTable]:
        """Give the newest plan table stored for each device."""
        return {device: table for device, (table, _) in dict(self._store.devices).items()}

    def condition(self) -> SpoolCondition:
        """Tell whether values can be stored now, and why not; cheap, no disk."""
        return self._committer.condition(self._thread.busy_s())

    async def broken(self) -> NoReturn:
        """Wait until a bug has ended the thread that writes, and raise it.

        Nothing can be stored from then on, and no file says how far it came: only a new process
        that recovers the spool can go on.
        """
        await self._thread.broken()

    async def counters(self) -> SpoolCounters:
        """Count everything; taken between two commits, so the sums agree."""
        counters: SpoolCounters = await self._call(count_everything)
        return counters

    async def close(self) -> None:
        """Commit what waits, then release files and lock. A second call does nothing."""
        if self._closed:
            return
        self._closed = True
        self._thread.stop()
        await asyncio.to_thread(self._thread.join)
        self._threads.shutdown(wait=True, cancel_futures=True)
        self._lock.release()
        for _, future in self._waiters:
            if not future.done():
                future.set_exception(SpoolUnavailable("closed"))
        self._waiters = []

    # -- for readers ----------------------------------------------------------------------------

    def reader_state(self, name: str) -> ReaderState:
        """Give a reader's state as of the last commit.

        Raises:
            SpoolError: the reader was forgotten.
        """
        state = self._states.get(name)
        if state is None:
            raise SpoolError("unknown-reader", name)
        return state

    async def settle(self, name: str, answer: Answer) -> None:
        """See `Reader.settle`."""
        self._require_open()
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._thread.put(SettleJob(future=future, reader=name, answer=answer))
        await future

    def read_limit(self) -> int:
        """Give the bytes that a reader may read at once."""
        return self._store.read_limit(len(self._states))

    async def note_jump(self, name: str) -> None:
        """Note durably where a reader has something in hand."""
        places = self.leases.places(name)
        await self._call(lambda store: note_jump(store, name, places))

    async def writers_turn(self) -> None:
        """Wait until the writer has told what it has been doing."""
        await self._call(lambda _: None)

    async def wait(self, beyond: int) -> None:
        """See `Reader.wait`."""
        if self._head > beyond:
            return
        self._require_open()
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        waiter = (beyond, future)
        self._waiters.append(waiter)
        try:
            await future
        finally:
            if waiter in self._waiters:
                self._waiters.remove(waiter)

    async def read_disk(self, chunk: Chunk, cursor: Cursor, last: int, reader: str) -> None:
        """Fill a chunk on the reading thread."""
        self._require_open()
        spans = self._store.spans
        await asyncio.get_running_loop().run_in_executor(
            self._threads, lambda: self._disk.fill(chunk, spans, cursor, last, reader)
        )

    async def check_part(self, first: int) -> None:
        """Have a part that could not be read looked at, and replaced where it is damaged."""
        await self._call(lambda store: check_part(store, first))

    # -- between threads ------------------------------------------------------------------------

    async def _call(self, function: Callable[[Store], Any]) -> Any:
        self._require_open()
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._thread.put(CallJob(future=future, function=function))
        return await future

    def _require_open(self) -> None:
        if self._closed:
            raise SpoolUnavailable("closed")

    def _hear(self, news: News) -> None:
        """Take over what a commit changed; on the event loop."""
        self._states = news.states
        self._head = news.head
        self.leases.heard = news.round
        for entry in news.entries:
            self.tail.add(entry)
        if self._listener is not None and news.entries:
            self._listener([entry.record for entry in news.entries])
        late: DeviceCounts = {}
        for future, result in news.outcomes:
            if not hand_out(future, result):
                items = self._cancelled.pop(future, ())
                if not isinstance(result, Exception):
                    _count(items, late)
        # After those who waited have gone on: at no time is a sample stored and still waiting.
        if news.counted or late:
            asyncio.get_running_loop().call_soon(self.accounts.add, news.counted, late)
        ready = [waiter for waiter in self._waiters if waiter[0] < news.head]
        for waiter in ready:
            self._waiters.remove(waiter)
            if not waiter[1].done():
                waiter[1].set_result(None)


def _count(items: Sequence[Item], counts: DeviceCounts | None = None) -> DeviceCounts:
    counts = {} if counts is None else counts
    for item in items:
        count_item(counts, item)
    return counts


def _open_files(store: Store, lock: FolderLock) -> None:
    try:
        store.folder.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except OSError as error:
        raise SpoolUnavailable(type(error).__name__, str(error)) from error
    try:
        load(store)
        store.ballast.hold()
    except (*DISK_ERRORS, *CORRUPT_ERRORS) as error:
        store.close_files()
        lock.release()
        raise SpoolUnavailable(type(error).__name__, str(error)) from error
    except BaseException:
        store.close_files()
        lock.release()
        raise
