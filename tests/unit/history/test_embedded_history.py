"""The asynchronous side of the embedded store: one commit for many, nothing blocks the loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest

from gateway.core.clock import SystemClock
from gateway.core.errors import SinkUnavailable
from gateway.core.records import Audit, Gap, GapReason, Record
from gateway.core.types import Offset, UnixNs
from gateway.history.config import HistoryConfig
from gateway.history.dayfile import DayFile
from gateway.history.embedded import LINGER_SAMPLES, EmbeddedStore
from gateway.history.interface import Series
from tests.unit.history.parts import T0, S, batch, rows

TAG0 = Series("press-01", "OperationalData", "Tag0")


class CountingClock(SystemClock):
    """Notes how long somebody wanted to wait, and does not."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await asyncio.sleep(0)


@pytest.fixture
def clock() -> CountingClock:
    return CountingClock()


@pytest.fixture
async def history(tmp_path: Path, clock: CountingClock) -> AsyncIterator[EmbeddedStore]:
    opened = EmbeddedStore(HistoryConfig(), tmp_path / "history", clock)
    yield opened
    await opened.close()


def record(offset: int, *values: float) -> Record:
    times = [T0 + offset * S + n for n in range(len(values))]
    return Record(Offset(offset), batch(times, np.array(values)))


async def test_records_without_samples_are_accepted_and_touch_no_disk(
    history: EmbeddedStore, tmp_path: Path
) -> None:
    gap = Gap("press-01", UnixNs(T0), UnixNs(T0), GapReason.QUOTA)
    answer = await history.append(
        [Record(Offset(1), gap), Record(Offset(2), Audit(UnixNs(T0), "me", "saw"))]
    )
    assert answer.accepted == ((1, 2),)
    assert not (tmp_path / "history").exists()


async def test_appends_that_wait_together_share_a_commit(
    history: EmbeddedStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await history.append([record(1, 1.0)])
    commits = 0
    real = DayFile.transaction

    def counted(self: DayFile) -> object:
        nonlocal commits
        commits += 1
        return real(self)

    monkeypatch.setattr(DayFile, "transaction", counted)
    async with asyncio.TaskGroup() as group:
        for offset in range(2, 32):
            group.create_task(history.append([record(offset, float(offset))]))
    assert commits <= 3
    assert rows(tmp_path / "history").values == [float(n) for n in range(1, 32)]


async def test_small_appends_wait_for_company_and_large_ones_do_not(
    history: EmbeddedStore, clock: CountingClock
) -> None:
    await history.append([record(1, 1.0)])
    assert clock.slept == []
    await history.append([record(2, *np.zeros(LINGER_SAMPLES))])
    assert clock.slept == []
    await history.append([record(3, 3.0)])
    assert len(clock.slept) == 1
    assert 0 < clock.slept[0] <= 0.5


async def test_a_cancelled_append_is_stored_or_not_and_breaks_nothing(
    history: EmbeddedStore, tmp_path: Path
) -> None:
    await history.append([record(1, 1.0)])
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await history.append([record(2, 2.0)])
    await history.append([record(2, 2.0), record(3, 3.0)])
    assert rows(tmp_path / "history").values == [1.0, 2.0, 3.0]


async def test_a_query_sees_what_an_append_acknowledged(history: EmbeddedStore) -> None:
    for offset in range(1, 20):
        await history.append([record(offset, float(offset))])
        found = await history.query(TAG0, UnixNs(0), UnixNs(2**62), limit=100)
        assert found.values[-1] == float(offset)


async def test_after_close_everything_is_unavailable(history: EmbeddedStore) -> None:
    await history.append([record(1, 1.0)])
    await history.close()
    with pytest.raises(SinkUnavailable):
        await history.append([record(2, 2.0)])
    with pytest.raises(SinkUnavailable):
        await history.query(TAG0, UnixNs(0), UnixNs(1), limit=5)
    assert not (await history.health()).ready


async def test_retain_before_the_first_append_finds_old_days(tmp_path: Path) -> None:
    first = EmbeddedStore(HistoryConfig(), tmp_path, SystemClock())
    await first.append([record(1, 1.0)])
    await first.close()
    second = EmbeddedStore(HistoryConfig(), tmp_path, SystemClock())
    await second.retain(UnixNs(T0 + 3 * 86_400 * S))
    assert await second.series() == []
    await second.close()
