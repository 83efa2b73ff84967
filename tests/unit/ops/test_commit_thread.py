"""The committing thread: one commit for what comes together, and an outcome for every job."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from gateway.ops import commit_thread
from gateway.ops.commit_thread import CommitThread, Job, Outage, Outcome, hand_out

WINDOW_S = 0.05
PATIENCE_S = 10.0


@dataclass(slots=True, kw_only=True)
class Write(Job):
    number: int


@dataclass
class Groups:
    """A committer without a disk: it notes the groups; `go_on` is a disk that takes its time."""

    groups: list[list[int]] = field(default_factory=list)
    go_on: threading.Event = field(default_factory=threading.Event)
    begun: threading.Event = field(default_factory=threading.Event)
    outcomes: list[Outcome] = field(default_factory=list)
    houses: int = 0
    closed: list[bool] = field(default_factory=list)
    bug_at: int | None = None
    held: list[Write] = field(default_factory=list)
    hold_s: float | None = None
    held_until: float = 0.0

    def __post_init__(self) -> None:
        self.go_on.set()

    def commit(self, jobs: Sequence[Write], *, closing: bool) -> None:
        if self.hold_s is not None and jobs:
            self.held += jobs
            self.held_until = time.monotonic() + self.hold_s
        elif jobs:
            self._commit(jobs)
        if self.held and (closing or time.monotonic() >= self.held_until):
            jobs, self.held = self.held, []
            self._commit(jobs)

    def _commit(self, jobs: Sequence[Write]) -> None:
        self.begun.set()
        assert self.go_on.wait(PATIENCE_S)
        if any(job.number == self.bug_at for job in jobs):
            raise ZeroDivisionError
        self.groups.append([job.number for job in jobs])
        self.outcomes += [(job.future, job.number) for job in jobs]

    def due(self) -> float | None:
        return self.held_until if self.held else None

    def keep_house(self) -> None:
        self.houses += 1

    def refusal(self) -> Exception:
        return ConnectionRefusedError("ended")

    def news(self) -> list[Outcome] | None:
        outcomes, self.outcomes = self.outcomes, []
        return outcomes or None

    def close(self, *, orderly: bool) -> None:
        self.closed.append(orderly)


class Bench:
    """A thread over `Groups`, and the callers."""

    def __init__(self, groups: Groups, group: int = 1_000, window_s: float = WINDOW_S) -> None:
        self.groups = groups
        self.thread: CommitThread[Write, list[Outcome]] = CommitThread(
            "test", groups, asyncio.get_running_loop(), self.tell, window_s=window_s, group=group
        )
        self.late: list[object] = []
        self.thread.start()

    def tell(self, outcomes: list[Outcome]) -> None:
        self.late += [result for future, result in outcomes if not hand_out(future, result)]

    def put(self, number: int, *, weight: int = 1, patient: bool = True) -> asyncio.Future[int]:
        future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self.thread.put(Write(future=future, weight=weight, patient=patient, number=number))
        return future

    async def close(self) -> None:
        self.thread.stop()
        await asyncio.to_thread(self.thread.join)
        await asyncio.sleep(0)


async def test_what_comes_within_the_window_shares_one_commit_in_order() -> None:
    bench = Bench(Groups())
    assert await asyncio.gather(*(bench.put(number) for number in range(100))) == list(range(100))
    await bench.put(100)
    assert bench.groups.groups == [list(range(100)), [100]]
    await bench.close()


async def test_an_impatient_job_does_not_wait_out_the_window() -> None:
    bench = Bench(Groups(), window_s=PATIENCE_S)
    patient = bench.put(1)
    async with asyncio.timeout(PATIENCE_S / 2):
        assert await bench.put(2, patient=False) == 2
    assert await patient == 1
    assert bench.groups.groups == [[1, 2]]
    await bench.close()


async def test_a_group_is_cut_at_its_weight_and_the_rest_follows_without_a_window() -> None:
    groups = Groups()
    groups.go_on.clear()
    bench = Bench(groups, group=10, window_s=0.2)
    first = bench.put(0)
    await asyncio.to_thread(groups.begun.wait, PATIENCE_S)
    rest = [bench.put(number, weight=4) for number in range(1, 6)]
    began = time.monotonic()
    groups.go_on.set()
    await asyncio.gather(first, *rest)
    assert groups.groups == [[0], [1, 2, 3], [4, 5]]
    assert time.monotonic() - began < 2 * 0.2 + 1
    await bench.close()


async def test_what_waits_at_the_end_is_committed_before_the_files_are_closed() -> None:
    groups = Groups()
    bench = Bench(groups, window_s=PATIENCE_S)
    futures = [bench.put(number) for number in range(3)]
    async with asyncio.timeout(PATIENCE_S / 2):
        await bench.close()
        assert await asyncio.gather(*futures) == [0, 1, 2]
    assert groups.closed == [True]


async def test_a_job_after_the_end_is_refused_and_not_forgotten() -> None:
    bench = Bench(Groups())
    await bench.close()
    with pytest.raises(ConnectionRefusedError):
        await bench.put(1)
    assert bench.groups.groups == []


async def test_a_cancelled_caller_leaves_his_job_done_and_his_neighbours_alone() -> None:
    groups = Groups()
    groups.go_on.clear()
    bench = Bench(groups)
    gone, stays = bench.put(1), bench.put(2)
    await asyncio.to_thread(groups.begun.wait, PATIENCE_S)
    gone.cancel()
    groups.go_on.set()
    assert await stays == 2
    assert groups.groups == [[1, 2]]
    assert bench.late == [1]
    await bench.close()


async def test_what_a_committer_holds_back_is_asked_for_when_it_is_due_and_at_the_end() -> None:
    groups = Groups(hold_s=0.1)
    bench = Bench(groups, window_s=0)
    began = time.monotonic()
    assert await bench.put(1) == 1
    assert 0.1 <= time.monotonic() - began < commit_thread.POLL_S
    groups.hold_s = PATIENCE_S
    last = bench.put(2)
    await asyncio.sleep(0.1)
    async with asyncio.timeout(PATIENCE_S / 2):
        await bench.close()
    assert await last == 2


async def test_a_disk_that_does_not_finish_shows_in_the_seconds_the_thread_is_busy() -> None:
    groups = Groups()
    bench = Bench(groups, window_s=0)
    assert bench.thread.busy_s() == 0
    groups.go_on.clear()
    groups.begun.clear()
    future = bench.put(1)
    await asyncio.to_thread(groups.begun.wait, PATIENCE_S)
    await asyncio.sleep(0.1)
    assert bench.thread.busy_s() >= 0.1
    groups.go_on.set()
    await future
    await bench.close()
    assert bench.thread.busy_s() == 0


async def test_the_house_is_kept_while_nothing_is_to_be_done(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(commit_thread, "POLL_S", 0.01)
    groups = Groups()
    bench = Bench(groups)
    await asyncio.sleep(0.3)
    assert groups.houses >= 3
    await bench.close()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
async def test_a_bug_ends_the_thread_and_refuses_what_comes_after_but_not_what_it_was_at() -> None:
    groups = Groups(bug_at=1)
    groups.go_on.clear()
    bench = Bench(groups, window_s=0)
    lost = bench.put(1)
    await asyncio.to_thread(groups.begun.wait, PATIENCE_S)
    waiting = bench.put(2)
    groups.go_on.set()
    await asyncio.to_thread(bench.thread.join)
    with pytest.raises(ConnectionRefusedError):
        await waiting
    with pytest.raises(ConnectionRefusedError):
        await bench.put(3)
    assert not lost.done()
    assert groups.closed == [False]
    with pytest.raises(ZeroDivisionError):
        await bench.thread.broken()
    assert bench.thread.busy_s() > 0


def test_a_loop_that_was_closed_first_does_not_keep_the_thread() -> None:
    groups = Groups()

    async def leave_open() -> Bench:
        bench = Bench(groups)
        await bench.put(1)
        return bench

    with asyncio.Runner() as runner:
        bench = runner.run(leave_open())
        runner.get_loop().call_soon_threadsafe(lambda: None)
    future: asyncio.Future[int] = asyncio.Future(loop=asyncio.new_event_loop())
    bench.thread.put(Write(future=future, number=2))
    bench.thread.join()
    assert groups.groups == [[1], [2]]
    assert groups.closed == [True]
    future.get_loop().close()


def test_an_outage_begins_once_and_is_tried_at_its_own_pace(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 100.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    outage = Outage()
    outage.begin()
    assert not outage.try_due()
    now = 100.5
    assert outage.try_due()
    assert not outage.try_due()
    outage.begin()
    now = 101.0
    assert outage.try_due()
    assert outage.end() == 1.0
    assert outage.since is None
