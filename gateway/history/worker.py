"""The thread on which all writing of the embedded store happens."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from gateway.core.errors import SinkUnavailable
from gateway.history.columns import Ranked
from gateway.history.writer import StoreWriter
from gateway.ops.scope import adopter

T = TypeVar("T")

GROUP_MAX = 64
"""Appends that wait for one commit; each caller waits for its answer, so hardly more come."""


class _Group:
    """Appends that share a commit; joined from the event loop, sealed on the thread."""

    def __init__(self) -> None:
        self.appends: list[tuple[str, Sequence[Ranked]]] = []
        self.done: Future[None] | None = None


class DiskThread:
    """Runs appends at once, those that wait together in one commit, and compaction in between."""

    def __init__(self, writer: StoreWriter) -> None:
        self._writer = writer
        self._thread = ThreadPoolExecutor(1, "history-write", adopter())
        self._group: _Group | None = None
        self._joining = threading.Lock()
        """Held for a few operations: nobody may join a group that is being written."""
        self._compaction: Future[None] | None = None
        self._closing = False

    async def append(self, epoch: str, batches: Sequence[Ranked]) -> None:
        """Return once durable; raises what the writer raises.

        Cancel: the write happens all the same.
        """
        self._show_bug()
        with self._joining:
            group = self._group
            if group is None or len(group.appends) >= GROUP_MAX:
                group = self._group = _Group()
            group.appends.append((epoch, batches))
            if group.done is None:
                group.done = self._thread.submit(self._commit, group)
        await asyncio.shield(asyncio.wrap_future(group.done))

    async def call(self, work: Callable[[], T]) -> T:
        """Run something on the thread between two appends."""
        self._show_bug()
        return await asyncio.wrap_future(self._thread.submit(work))

    def start_compaction(self) -> None:
        """Look for work, on the thread, a short piece at a time."""
        if self._closing or (self._compaction is not None and not self._compaction.done()):
            return
        self._compaction = self._thread.submit(self._compact)

    def close(self) -> None:
        """Let waiting appends finish and release the files; blocking."""
        if not self._closing:
            self._closing = True
            self._thread.submit(self._writer.close).result()
            self._thread.shutdown(wait=True)

    def _commit(self, group: _Group) -> None:
        with self._joining:
            if self._group is group:
                self._group = None
        self._writer.append(group.appends)

    def _compact(self) -> None:
        if not self._closing and self._writer.compaction_step():
            # Queued anew after each piece, so that appends come in between.
            self._compaction = self._thread.submit(self._compact)

    def _show_bug(self) -> None:
        if self._closing:
            raise SinkUnavailable("history-closed")
        if self._compaction is not None and self._compaction.done():
            self._compaction.result()
