"""Work that blocks (files, database drivers), beside the event loop."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Generic, TypeVar

from gateway.ops.scope import adopter

T = TypeVar("T")


class BlockingThread:
    """Runs one piece of blocking work at a time on a thread that never holds up the process's end.

    A hung network drive or database costs its own intake only: the thread is its own, and is a
    daemon, so that the process can stop while a driver waits for an answer.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._free = asyncio.Lock()

    async def run(self, work: Callable[[], T]) -> T:
        """Give what the work gives, or raise what it raises.

        Cancel: the work goes on to its end and its answer is dropped; the next work waits for it.
        """
        await self._free.acquire()
        hand_over = _HandOver[T](self._free)
        adopt = adopter()

        def run() -> None:
            adopt()
            with hand_over:
                hand_over.result = work()

        try:
            threading.Thread(target=run, name=self._name, daemon=True).start()
        except RuntimeError:  # no more threads: nothing was begun
            self._free.release()
            raise
        return await asyncio.shield(hand_over.answer)


class _HandOver(Generic[T]):
    """Takes a result, or whatever was raised, from the thread to the loop."""

    result: T

    def __init__(self, free: asyncio.Lock) -> None:
        self._free = free
        self._loop = asyncio.get_running_loop()
        self.answer: asyncio.Future[T] = self._loop.create_future()

    def __enter__(self) -> None:
        return

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            self._loop.call_soon_threadsafe(self._done, error)
        return True

    def _done(self, error: BaseException | None) -> None:
        self._free.release()
        if error is None:
            self.answer.set_result(self.result)
        else:
            self.answer.set_exception(error)
            self.answer.exception()  # seen, should the caller have been cancelled
