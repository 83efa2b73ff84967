"""What leaves when: requests and acknowledgements, with a disk that takes its time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from adapters.opcua import deliveries as deliveries_module
from adapters.opcua.deliveries import Deliveries
from adapters.opcua.library import ua
from adapters.opcua.messages import Fault, Notification
from adapters.opcua.repeats import Repeats
from adapters.opcua.requests import FAULTS_MAX, PublishRequests
from adapters.opcua.stream import Progress, Stream
from adapters.opcua.timeline import Memory
from gateway.core.errors import SourceUnavailable
from gateway.core.records import Gap, GapReason
from gateway.core.types import UnixNs
from tests.services.opcua_peer import source
from tests.unit.opcua.model import SteeredClock

REQUESTS = 4


class Disk:
    """An intake that stores what it is told to, in any order."""

    def __init__(self) -> None:
        self.waiting: list[asyncio.Event] = []

    async def deliver(self, _items: Sequence[Any]) -> None:
        stored = asyncio.Event()
        self.waiting.append(stored)
        await stored.wait()

    def last_received(self) -> UnixNs | None:
        return None

    async def store(self, *places: int) -> None:
        for place in places:
            self.waiting[place].set()
        await calm()


class Server:
    """Takes requests and never answers by itself."""

    def __init__(self) -> None:
        self.lost: str | None = None
        self.received_at = 0.0
        self.out: list[asyncio.Future[bytes]] = []
        self.acks: list[tuple[int, int]] = []

    def publish(self, _now: int, acks: Sequence[tuple[int, int]]) -> asyncio.Future[bytes]:
        self.acks += acks
        future: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self.out.append(future)
        return future

    @property
    def numbers(self) -> list[int]:
        return [number for _, number in self.acks]


class Publishing:
    """Requests and deliveries of one subscription; the next message is 1."""

    def __init__(self, tasks: asyncio.TaskGroup) -> None:
        self.server, self.disk = Server(), Disk()
        made = source("opc.tcp://127.0.0.1:1", Path(), ["a"], publish_requests=REQUESTS)
        self.progress = Progress(7, 5.0, expected=1, settled=1)
        parts: Any = (self.server, made, self.progress, None, None, Memory(), None, SteeredClock())
        self.stream = Stream(*parts)
        repeats = Repeats(made.plan)
        self.deliveries = Deliveries(self.stream, repeats, self.disk, tasks, self.top_up)
        self.requests = PublishRequests(self.stream, self.deliveries)

    def top_up(self) -> None:
        self.requests.top_up()

    async def answer(self) -> None:
        """Let the server answer the oldest request."""
        self.server.out.pop(0).set_result(b"")
        await calm()
        assert await self.requests.next_answer() == b""

    def take(self, number: int) -> None:
        """Hand over a message that holds a gap alone, as far as the disk is concerned."""
        plan = self.stream.source.plan
        gap = Gap("press", UnixNs(1), UnixNs(2), GapReason.OVERFLOW, plan, (0,))
        self.deliveries.hand_over(Notification(7, number, 0), [gap], [])


async def calm() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


@asynccontextmanager
async def publishing() -> AsyncIterator[Publishing]:
    async with asyncio.TaskGroup() as tasks:
        made = Publishing(tasks)
        made.top_up()
        yield made
        made.deliveries.stop()


async def test_a_message_is_acknowledged_only_with_all_before_it_durable() -> None:
    async with publishing() as run:
        for number in (1, 2, 3):
            await run.answer()
            run.take(number)
        await calm()
        await run.disk.store(2)
        assert (run.server.numbers, run.progress.settled) == ([], 1)
        await run.disk.store(0)
        assert (run.server.numbers, run.progress.settled) == ([], 2)  # it waits for the commit of 2
        await run.disk.store(1)
        assert (run.server.numbers, run.progress.settled) == ([1, 2, 3], 4)


async def test_what_is_said_beside_the_messages_holds_back_the_acknowledgement_behind_it() -> None:
    async with publishing() as run:
        await run.answer()
        gap = Gap("press", UnixNs(1), UnixNs(2), GapReason.DISCONNECTED, run.stream.source.plan)
        run.deliveries.say([gap])
        run.take(1)
        await calm()
        await run.disk.store(1)
        assert run.deliveries.take_acks() == []
        await run.disk.store(0)
        assert run.server.numbers == [1]


async def test_while_the_disk_is_waited_for_half_of_the_requests_stay_out() -> None:
    async with publishing() as run:
        assert len(run.server.out) == REQUESTS
        out = []
        for number in (1, 2, 3, 4):
            await run.answer()
            run.take(number)
            run.top_up()
            out.append(len(run.server.out))
        assert out == [3, 2, 2, 2]
        await calm()
        await run.disk.store(0, 1, 2, 3)
        assert len(run.server.out) == REQUESTS
        assert run.server.numbers == [1, 2, 3, 4]


async def test_with_too_much_waiting_for_the_disk_nothing_is_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(deliveries_module, "PENDING_MAX", 3)
    async with publishing() as run:
        for number in (1, 2, 3):
            await run.answer()
            run.take(number)
        while run.server.out:
            await run.answer()
        run.top_up()
        assert run.server.out == []
        await run.disk.store(0)
        assert len(run.server.out) == REQUESTS // 2


async def test_acknowledgements_of_a_request_that_failed_go_with_the_next_one() -> None:
    async with publishing() as run:
        await run.answer()
        run.take(1)
        await calm()
        await run.disk.store(0)
        assert run.server.numbers == [1]
        for _ in range(REQUESTS):  # the request with the acknowledgement is the last of them
            await run.answer()
        run.requests.refused(Fault(ua.StatusCodes.BadTimeout))
        run.top_up()
        assert run.server.numbers == [1, 1]


async def test_a_server_that_bears_fewer_requests_gets_no_more() -> None:
    async with publishing() as run:
        await run.answer()
        run.requests.refused(Fault(ua.StatusCodes.BadTooManyPublishRequests))
        run.top_up()
        assert len(run.server.out) == REQUESTS - 1


async def test_a_server_that_only_fails_is_given_up_and_one_good_answer_starts_anew() -> None:
    async with publishing() as run:
        fault = Fault(ua.StatusCodes.BadTimeout)
        for count in range(2 * FAULTS_MAX - 2):
            await run.answer()
            run.requests.refused(fault)
            if count == FAULTS_MAX - 2:
                run.requests.accepted(UnixNs(1))
            run.top_up()
        await run.answer()
        with pytest.raises(SourceUnavailable, match="subscription-lost"):
            run.requests.refused(fault)


async def test_a_keep_alive_settles_its_moment_only_when_nothing_waits() -> None:
    async with publishing() as run:
        await run.answer()
        run.take(1)
        run.progress.dated = UnixNs(9)
        run.deliveries.note_alive(2)
        assert (run.progress.settled, run.progress.durable) == (1, 0)
        await calm()
        await run.disk.store(0)
        run.deliveries.note_alive(2)
        assert (run.progress.settled, run.progress.durable) == (2, 9)
