"""One file that the gateways of a site share, so that one of them sends with a key.

The holder writes a growing number into the file; the others watch it. A number that does not grow
for `EXPIRY_S` of the watcher's own monotonic clock belongs to a holder that is gone: no two clocks
are ever compared. Only whole files are put in place by renaming, which Windows and network folders
do, too; no lock of an operating system is needed. Two that take over at once both write, wait, and
read again: the last writer has it. What little can still go wrong (a share that shows old content)
the service answers with AP1029, at which the sender steps back.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import secrets
import socket
import threading
import time as pauses
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from gateway.core.clock import Clock
from gateway.ops.events import usage_sender as events
from gateway.usage.ports import Alarms
from gateway.usage.sender.alarm_codes import LEASE_UNREACHABLE

BEAT_S = 10.0
EXPIRY_S = 60.0
"""Longer than the longest request and a slow share together."""
SETTLE_S = 3.0
"""Between writing a take-over and believing it."""
FILE_S = 5.0
"""For one look at the file; a share that hangs counts as gone."""
BYTES_MAX = 1_000
REMOVE_S = 1.0
"""For giving the file back at the end."""
RENAMES = 5
"""Tries to rename over a file that a neighbour on Windows has open just now."""


class Lease(Protocol):
    """Says whether this gateway may send."""

    def holds(self) -> bool:
        """Say whether it may send now."""

    async def keep(self) -> None:
        """Keep or gain the lease, for ever where there is something to keep."""


class NoLease:
    """For a site with one gateway."""

    def holds(self) -> bool:
        """Say yes."""
        return True

    async def keep(self) -> None:
        """Return at once."""


class FileLease:
    """See above.

    Args:
        path: the shared file; its folder exists.
        delivery: for events and alarms.
        alarms: told when the file cannot be used.
        clock: time; only monotonic time is used.
    """

    def __init__(self, path: Path, delivery: str, alarms: Alarms, clock: Clock) -> None:
        self._path = path
        self._delivery = delivery
        self._alarms = alarms
        self._clock = clock
        self._me = f"{socket.gethostname()[:40]}-{os.getpid()}-{secrets.token_hex(4)}"
        self._beat = 0
        self._sure_until = float("-inf")
        self._seen: str | None = None
        self._seen_at = float("-inf")
        self._content = ""
        self._thread: threading.Thread | None = None

    def holds(self) -> bool:
        """Say whether this gateway's last beat is so young that nobody can have taken over."""
        return self._clock.monotonic() < self._sure_until

    async def keep(self) -> None:
        """Beat, or watch, until cancelled. Cancel: the lease is given back."""
        try:
            while True:
                try:
                    await self._turn()
                    self._alarms.clear(LEASE_UNREACHABLE, self._delivery)
                except (OSError, TimeoutError) as error:
                    self._unreachable(error)
                await self._clock.sleep(BEAT_S)
        finally:
            self._give_back()

    async def _turn(self) -> None:
        holder = await self._on_thread(self._holder)
        if holder == self._me:
            await self._beaten()
        elif not holder or self._expired(holder):
            await self._take()
        elif self.holds():
            self._lost("taken", "another gateway took the lease")
        else:
            self._sure_until = float("-inf")

    def _expired(self, holder: str) -> bool:
        """Watch what the file says; true when it did not change for long enough."""
        now = self._clock.monotonic()
        if self._content != self._seen:
            self._seen, self._seen_at = self._content, now
        return bool(holder) and now - self._seen_at >= EXPIRY_S

    def _holder(self) -> str:
        """Read who holds the lease, "" for nobody; what cannot be understood is somebody."""
        try:
            with self._path.open("rb") as file:
                self._content = file.read(BYTES_MAX).decode("utf-8", "replace")
        except FileNotFoundError:
            self._content = ""
            return ""
        try:
            return str(json.loads(self._content)["holder"])
        except (ValueError, KeyError, TypeError):
            return f"unreadable {self._content[:50]}"

    async def _beaten(self) -> None:
        began = self._clock.monotonic()
        held = self.holds()
        await self._on_thread(self._write)
        self._sure_until = began + EXPIRY_S - 2 * BEAT_S
        if not held:
            events.usage_lease_taken(self._delivery)

    async def _take(self) -> None:
        """Write, wait, and see at the next turn whether it is still ours."""
        await self._on_thread(self._write)
        await self._clock.sleep(SETTLE_S)
        if await self._on_thread(self._holder) == self._me:
            await self._beaten()

    def _write(self) -> str:
        self._beat += 1
        text = json.dumps({"holder": self._me, "beat": self._beat})
        beside = self._path.with_name(f"{self._path.name}.{self._me}")
        beside.write_text(text, encoding="utf-8")
        for left in reversed(range(RENAMES)):
            try:
                beside.replace(self._path)
            except PermissionError:
                if not left:
                    raise
                pauses.sleep(0.05)  # on a thread
            else:
                break
        return self._me

    async def _on_thread(self, work: Callable[[], str]) -> str:
        """Do one thing with the file; a share that hangs holds one thread and nothing else.

        Raises:
            OSError: it failed.
            TimeoutError: what was begun before is still hanging.
        """
        if self._thread is not None and self._thread.is_alive():
            raise TimeoutError("the shared folder does not answer")
        loop = asyncio.get_running_loop()
        future: asyncio.Future[str] = loop.create_future()

        def run() -> None:
            try:
                result: str | OSError = work()
            except OSError as error:
                result = error
            with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
                loop.call_soon_threadsafe(_hand_over, future, result)

        # Not the executor of the process: it waits for its threads, and a dead share never ends.
        self._thread = threading.Thread(target=run, name="usage-lease", daemon=True)
        self._thread.start()
        async with asyncio.timeout(FILE_S):
            return await future

    def _unreachable(self, error: OSError | TimeoutError) -> None:
        detail = str(error) or type(error).__name__
        self._alarms.raise_(LEASE_UNREACHABLE, self._delivery, self._clock.now(), text=detail[:200])
        if not self.holds():
            self._lost("unreachable", detail)

    def _lost(self, reason: str, detail: str) -> None:
        if self._sure_until > float("-inf"):
            events.usage_lease_lost(self._delivery, reason, detail)
        self._sure_until = float("-inf")

    def _give_back(self) -> None:
        """Remove the file where it is ours; a killed process leaves it to expire."""
        held, self._sure_until = self.holds(), float("-inf")
        if held:
            last = threading.Thread(target=self._remove, name="usage-lease-end", daemon=True)
            last.start()
            last.join(REMOVE_S)

    def _remove(self) -> None:
        with contextlib.suppress(OSError):
            if self._holder() == self._me:
                self._path.unlink()


def _hand_over(future: asyncio.Future[str], result: str | OSError) -> None:
    if future.done():
        return
    if isinstance(result, OSError):
        future.set_exception(result)
    else:
        future.set_result(result)


def lease_of(path: Path | None, delivery: str, alarms: Alarms, clock: Clock) -> Lease:
    """Give the lease of a delivery."""
    return NoLease() if path is None else FileLease(path, delivery, alarms, clock)
