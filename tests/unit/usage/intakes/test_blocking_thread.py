"""Blocking work beside the loop."""

from __future__ import annotations

import asyncio
import threading

import pytest

from gateway.usage.intakes.blocking_thread import BlockingThread


async def test_it_gives_what_the_work_gives_or_raises() -> None:
    aside = BlockingThread("test")
    assert await aside.run(lambda: threading.current_thread().name) == "test"
    with pytest.raises(ZeroDivisionError):
        await aside.run(lambda: 1 // 0)
    assert await aside.run(lambda: 2) == 2


async def test_a_cancelled_caller_leaves_the_work_to_end_and_the_next_waits_for_it() -> None:
    aside, release, order = BlockingThread("test"), threading.Event(), []

    def slow() -> None:
        release.wait(20)
        order.append("slow")
        raise ValueError("nobody is there to hear it")

    task = asyncio.create_task(aside.run(slow))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()
    following = asyncio.create_task(aside.run(lambda: order.append("next")))
    await asyncio.sleep(0)
    assert order == []
    release.set()
    await following
    assert order == ["slow", "next"]


async def test_the_process_can_end_while_work_hangs() -> None:
    aside, release = BlockingThread("test"), threading.Event()
    task = asyncio.create_task(aside.run(lambda: release.wait(20)))
    await asyncio.sleep(0)
    hanging = [thread for thread in threading.enumerate() if thread.name == "test"]
    assert hanging
    assert all(thread.daemon for thread in hanging)
    release.set()
    await task
