"""What every sink promises the forwarder, whatever stands behind it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from gateway.app.kinds import KINDS
from gateway.core.clock import SystemClock
from gateway.core.errors import SinkUnavailable
from gateway.core.protocols import Sink
from gateway.core.records import (
    Audit,
    Gap,
    GapReason,
    Item,
    Record,
    Rejected,
    Usage,
    answer_for,
)
from gateway.core.types import BAD, UNCERTAIN, UnixNs
from gateway.history.config import HistoryConfig
from gateway.history.embedded import EmbeddedStore
from gateway.history.interface import Series
from gateway.history.sink import HistorySink
from tests.integration.platform_parts import (
    EPOCH,
    http_sink,
    numbers,
    platform_process,
    records,
    samples,
    table,
)

PLAN = table("press-01", "xs:double", "xs:string")
AT = UnixNs(1795439647800000000)


@dataclass(frozen=True)
class Subject:
    """A sink, how many samples its destination holds, and a twin whose destination is away."""

    sink: Sink
    count: Callable[[], Awaitable[int]]
    away: Sink


async def http_subject(folder: Path, stack: AsyncExitStack) -> Subject:
    platform = await stack.enter_async_context(platform_process(folder))
    sink = await stack.enter_async_context(http_sink(platform.url))
    away = await stack.enter_async_context(http_sink("http://127.0.0.1:9", timeout_s=1.0))

    async def count() -> int:
        return int((await platform.get("summary"))["samples"])

    return Subject(sink, count, away)


async def history_subject(folder: Path, stack: AsyncExitStack) -> Subject:
    history = EmbeddedStore(HistoryConfig(), folder / "history", SystemClock(), linger_s=0.0)
    blocked = folder / "blocked"
    blocked.write_text("a file where the store's folder should be")
    broken = EmbeddedStore(HistoryConfig(), blocked, SystemClock(), linger_s=0.0)
    stack.push_async_callback(history.close)
    stack.push_async_callback(broken.close)

    async def count() -> int:
        found = 0
        for signal in PLAN.signals:
            rows = await history.query(Series.of(signal), UnixNs(0), UnixNs(2**62), limit=10_000)
            found += len(rows)
        return found

    return Subject(HistorySink("history", history), count, HistorySink("history", broken))


SUBJECTS = {"http": http_subject, "history": history_subject}


def test_every_kind_of_platform_is_held_to_this() -> None:
    assert SUBJECTS.keys() == {"history", *(kind.name for kind in KINDS.sinks)}


@pytest.fixture(params=sorted(SUBJECTS))
async def subject(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Subject]:
    async with AsyncExitStack() as stack:
        yield await SUBJECTS[request.param](tmp_path, stack)


def everything() -> list[Record]:
    status = np.array([0, BAD, UNCERTAIN], dtype=np.uint32)
    items: list[Item] = [
        numbers(PLAN, 4, received=AT),
        samples(PLAN, ["run", "정지"], signals=[1, 1], received=AT),
        samples(PLAN, np.array([1.0, 2.0, np.nan]), status=status, received=AT + 100),
        Gap("press-01", AT, AT, GapReason.DISCONNECTED, PLAN, (0,)),
        Gap("press-01", AT, AT, GapReason.QUOTA, reader="somebody else"),
        Usage(AT, "MES", "login", "p:1", "10.0.0.1", 0, "l"),
        Rejected("press-01", AT, "no JSON", "topic", b"{", 1),
        Audit(AT, "operator", "trust accepted"),
    ]
    return records(items, first=101)


@pytest.mark.invariant("I4")
async def test_every_record_is_answered_and_nothing_else(subject: Subject) -> None:
    written = everything()
    assert await subject.sink.write(EPOCH, written) == answer_for(written)
    assert await subject.count() == 9


@pytest.mark.invariant("I7")
async def test_writing_twice_changes_nothing(subject: Subject) -> None:
    written = everything()
    first = await subject.sink.write(EPOCH, written)
    before = await subject.count()
    assert await subject.sink.write(EPOCH, written) == first
    assert await subject.count() == before


async def test_records_with_holes_between_their_offsets_are_answered_one_by_one(
    subject: Subject,
) -> None:
    written = [Record(record.offset, record.item) for record in everything()[::2]]
    assert await subject.sink.write(EPOCH, written) == answer_for(written)


async def test_two_writes_at_once_are_both_right(subject: Subject) -> None:
    """A live lane and a backlog lane share one sink."""
    early = records([numbers(PLAN, 3, received=AT + n * 10) for n in range(20)], first=1)
    late = records([numbers(PLAN, 3, received=AT + 5_000 + n * 10) for n in range(20)], first=900)
    async with asyncio.TaskGroup() as group:
        one = group.create_task(subject.sink.write(EPOCH, early))
        two = group.create_task(subject.sink.write(EPOCH, late))
    assert one.result() == answer_for(early)
    assert two.result() == answer_for(late)
    assert await subject.count() == 120


async def test_a_destination_that_is_away_is_unavailable_and_nothing_else(
    subject: Subject,
) -> None:
    with pytest.raises(SinkUnavailable):
        await subject.away.write(EPOCH, everything())


@pytest.mark.invariant("I7")
async def test_a_cancelled_write_can_be_written_again(subject: Subject) -> None:
    written = everything()
    async with asyncio.TaskGroup() as group:
        task = group.create_task(subject.sink.write(EPOCH, written))
        await asyncio.sleep(0)
        task.cancel()
    assert await subject.sink.write(EPOCH, written) == answer_for(written)
    assert await subject.count() == 9
