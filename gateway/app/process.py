"""What differs between operating systems: the event loop, signals, a process's end."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import signal
import sys
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

EXIT_FORCED = 130
M_ARENA_MAX = -8
"""Source: glibc malloc.h."""
Result = TypeVar("Result")


def bound_memory() -> None:
    """Let glibc keep two heaps instead of one for each thread.

    Seen in one run each at 48,000 values/s: about 205 MB resident instead of 232.
    Batches are made in one thread and freed in another, which leaves holes in every heap.
    """
    if sys.platform.startswith("linux"):
        with contextlib.suppress(OSError, AttributeError):  # another C library
            ctypes.CDLL(None).mallopt(M_ARENA_MAX, 2)


def run_loop(main: Coroutine[Any, Any, Result]) -> Result:
    """Run a coroutine on uvloop where there is one, else on the system's own loop."""
    if sys.platform == "win32":
        return asyncio.run(main)
    import uvloop

    return uvloop.run(main)


def on_stop_signal(stop: Callable[[], None]) -> None:
    """Call `stop` at the first SIGTERM or SIGINT; the second ends the process at once.

    Ending at once is safe: what is acknowledged is on disk.
    """
    asked = False

    def ask(*_: object) -> None:
        nonlocal asked
        if asked:
            os._exit(EXIT_FORCED)
        asked = True
        stop()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        if sys.platform == "win32":
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(ask))
        else:
            loop.add_signal_handler(number, ask)
