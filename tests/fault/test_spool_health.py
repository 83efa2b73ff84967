"""The spool says why nothing can be stored, as soon as it is so, and that it is over."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import apsw
import pytest

from gateway.api.ledger import device_ledger, reader_ledger
from gateway.app.run import _note_disk
from gateway.core.clock import SystemClock
from gateway.core.errors import SpoolUnavailable
from gateway.core.records import Rejected, answer_for
from gateway.core.types import Offset, UnixNs
from gateway.ops.health import Account, DeviceHealth, Health
from gateway.spool import condition
from gateway.spool.log import SqliteSpool
from gateway.spool.store import Settings, Store
from tests.unit.spool import makers

SEEN_WITHIN_S = 20.0
"""A busy machine takes its time; what is claimed is that it comes at all."""


class OddFile(apsw.VFSFile):
    def __init__(self, disk: OddDisk, name: Any, flags: list[int]) -> None:
        super().__init__("", name, flags)
        self.disk = disk

    def xWrite(self, data: bytes, offset: int) -> None:
        self.disk.meet("write")
        super().xWrite(data, offset)

    def xSync(self, flags: int) -> None:
        self.disk.meet("sync")
        super().xSync(flags)


class OddDisk(apsw.VFS):
    """A disk that fails as told: `raises` by kind of operation, `stalled_s` for each sync."""

    def __init__(self, name: str) -> None:
        self.vfs_name = name
        self.raises: dict[str, type[Exception]] = {}
        self.stalled_s = 0.0
        super().__init__(name, "")

    def xOpen(self, name: Any, flags: list[int]) -> OddFile:
        return OddFile(self, name, flags)

    def meet(self, kind: str) -> None:
        if kind in self.raises:
            raise self.raises[kind]("told to")
        if kind == "sync" and self.stalled_s:
            stalled, self.stalled_s = self.stalled_s, 0.0
            time.sleep(stalled)


@pytest.fixture
async def disk(tmp_path: Path) -> AsyncIterator[tuple[OddDisk, SqliteSpool]]:
    odd = OddDisk(f"odd-{tmp_path.name}")
    settings = Settings(100_000_000, vfs=odd.vfs_name)
    spool = await SqliteSpool.open(
        tmp_path / "spool", quota_bytes=100_000_000, clock=SystemClock(), settings=settings
    )
    yield odd, spool
    odd.raises, odd.stalled_s = {}, 0.0
    await spool.close()
    odd.unregister()


async def until(what: Callable[[], bool]) -> None:
    async with asyncio.timeout(SEEN_WITHIN_S):
        while not what():
            await asyncio.sleep(0.02)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (apsw.FullError, condition.DISK_FULL),
        (apsw.ReadOnlyError, condition.READ_ONLY),
        (apsw.IOError, condition.DISK_ERROR),
    ],
)
async def test_a_disk_that_refuses_is_told_with_its_reason_until_it_takes_data_again(
    disk: tuple[OddDisk, SqliteSpool], error: type[Exception], reason: str
) -> None:
    odd, spool = disk
    await spool.append([makers.batch(0, 10)])
    assert spool.why_not() == ""
    odd.raises["write"] = error
    with pytest.raises(SpoolUnavailable) as caught:
        await spool.append([makers.batch(10, 10)])
    assert caught.value.reason == reason
    await until(lambda: spool.why_not() == reason)
    odd.raises = {}
    await until(lambda: spool.why_not() == "")
    await spool.append([makers.batch(10, 10)])


async def test_a_sync_that_does_not_end_is_told_while_it_lasts(
    disk: tuple[OddDisk, SqliteSpool], monkeypatch: pytest.MonkeyPatch
) -> None:
    odd, spool = disk
    monkeypatch.setattr(condition, "STALLED_S", 0.2)
    odd.stalled_s = 1.5
    waiting = asyncio.create_task(spool.append([makers.batch(0, 10)]))
    await until(lambda: spool.why_not() == condition.DISK_STALLED)
    assert await waiting == 1
    await until(lambda: spool.why_not() == "")


def test_readiness_and_note_follow_and_go_back() -> None:
    health = Health(UnixNs(0), spool_ready=True)
    _note_disk(health, condition.DISK_FULL)
    assert (health.spool_ready, health.spool_note) == (False, condition.DISK_FULL)
    _note_disk(health, condition.DISK_STALLED)
    assert (health.spool_ready, health.spool_note) == (False, condition.DISK_STALLED)
    _note_disk(health, "")
    assert (health.spool_ready, health.spool_note) == (True, "")


async def opened(folder: Path) -> SqliteSpool:
    return await SqliteSpool.open(folder / "spool", quota_bytes=100_000_000, clock=SystemClock())


@pytest.mark.invariant("I4")
async def test_a_record_that_the_writer_drops_makes_device_and_reader_unbalanced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool = await opened(tmp_path)
    reader = await spool.reader("central")
    plain = Store._book
    kept = Store.commit

    async def took(number: int) -> None:
        account.received += 10
        await spool.append([makers.batch(number, 10)])

    def balanced() -> tuple[bool, bool]:
        (one,) = device_ledger([device], spool.stored)
        (other,) = reader_ledger([spool.reader_state("central")])
        return one["balanced"], other["balanced"]

    account = Account()
    device = DeviceHealth(makers.batch(0, 1).plan.device, 1, account=account)
    await took(0)
    await reader.settle(answer_for(await reader.read(Offset(1), 10, 1 << 30)))
    assert balanced() == (True, True)
    with monkeypatch.context() as patch:
        patch.setattr(Store, "_book", lambda store, entries, rows: plain(store, [], []))
        await took(10)
    await took(20)
    assert balanced() == (True, False), "written, and the reader never hears of it"
    with monkeypatch.context() as patch:
        patch.setattr(Store, "commit", lambda store, entries, *rest: kept(store, [], *rest))
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
            e["balanced"] for e in reader_ledger([spool.reader_state(n) for n in spool.readers()])
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
