"""Both laws of conservation from counts kept apart: a record that is dropped shows itself."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from gateway.core.clock import SystemClock
from gateway.core.records import Rejected, answer_for
from gateway.core.types import Offset, UnixNs
from gateway.ops.status import accounts_of
from gateway.spool import admission, writing
from gateway.spool.log import SqliteSpool
from tests.unit.spool import makers


async def opened(folder: Path) -> SqliteSpool:
    return await SqliteSpool.open(folder / "spool", quota_bytes=100_000_000, clock=SystemClock())


@pytest.mark.invariant("I4")
async def test_a_record_that_the_writer_drops_makes_device_and_reader_unbalanced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool = await opened(tmp_path)
    reader = await spool.reader("central")
    book = writing._book
    commit = writing.commit

    async def took(number: int) -> None:
        account.received += 10
        await spool.append([makers.batch(number, 10)])
        await asyncio.sleep(0)  # what was stored is told after those who waited

    def balanced() -> tuple[bool, bool]:
        (one,) = accounts_of(spool.accounts.of, ()).devices
        (other,) = accounts_of({}, [spool.reader_state("central")]).readers
        return one.balanced, other.balanced

    account = spool.account(makers.batch(0, 1).plan.device)
    await took(0)
    await reader.settle(answer_for(await reader.read(Offset(1), 10, 1 << 30)))
    assert balanced() == (True, True)
    with monkeypatch.context() as patch:
        patch.setattr(writing, "_book", lambda store, entries, rows: book(store, [], []))
        await took(10)
    await took(20)
    assert balanced() == (True, False), "written, and the reader never hears of it"
    with monkeypatch.context() as patch:
        patch.setattr(admission, "commit", lambda store, entries: commit(store, []))
        await took(30)
    assert balanced() == (False, False), "handed over, and never written"
    await spool.close()


async def test_the_counts_hold_through_quarantine_retry_and_a_restart(tmp_path: Path) -> None:
    spool = await opened(tmp_path)
    await spool.reader("early")
    rejected = Rejected("press-01", UnixNs(1), "payload-not-json", "a/b", b"{", 1)
    for number in range(5):
        await spool.append([makers.batch(number * 10, 10), rejected])
    await spool.reader("late")

    def all_balanced() -> bool:
        return all(
            e.balanced
            for e in accounts_of({}, [spool.reader_state(n) for n in spool.readers()]).readers
        )

    assert all_balanced()
    await spool.close()
    spool = await opened(tmp_path)
    assert all_balanced()
    await spool.append([makers.batch(100, 10)])
    assert all_balanced()
    await spool.forget_reader("early")
    await spool.reader("early")
    await spool.append([makers.batch(110, 10)])
    assert all_balanced()
    await spool.close()
