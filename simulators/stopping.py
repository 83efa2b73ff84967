"""When a simulator ends: SIGTERM or Ctrl-C, on every system."""

from __future__ import annotations

import asyncio
import signal


def stop_event() -> asyncio.Event:
    """Give an event that is set at the first SIGTERM or SIGINT."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        try:
            loop.add_signal_handler(number, stop.set)
        except NotImplementedError:  # Windows
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop.set))
    return stop
