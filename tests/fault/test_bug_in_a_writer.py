"""A bug in a thread that writes does not leave a gateway running that can store nothing."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from gateway.app.run import Gateway
from gateway.core.clock import SystemClock
from gateway.spool.committer import SpoolCommitter
from gateway.usage.ledger.committer import LedgerCommitter
from gateway.usage.ledger.ledger import SqliteLedger
from tests.ports import free_port
from tests.unit.exchange.parts import ROOM, folder, planned

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
WAIT_S = 60.0


class Bug(Exception):
    """What nobody expects."""


def broken(*_: Any, **__: Any) -> None:
    raise Bug


async def test_a_bug_in_the_spools_thread_ends_the_gateway(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = folder(tmp_path / "config", env_room=ROOM)
    with (config / "gateway.yaml").open("a") as file:
        file.write(f'api: {{ listen: "127.0.0.1:{free_port()}" }}\n')
    gateway = Gateway(tmp_path / "data", planned(config), {}, SystemClock())
    task = asyncio.create_task(gateway.run())
    await asyncio.sleep(0.5)
    assert not task.done()
    monkeypatch.setattr(SpoolCommitter, "keep_house", broken)
    async with asyncio.timeout(WAIT_S):
        await asyncio.wait([task])
    error = task.exception()
    assert isinstance(error, ExceptionGroup)
    assert error.subgroup(Bug) is not None


async def test_a_bug_in_the_usage_ledgers_thread_is_raised_to_whoever_runs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = await SqliteLedger.open(tmp_path, clock=SystemClock())
    monkeypatch.setattr(LedgerCommitter, "keep_house", broken)
    async with asyncio.timeout(WAIT_S):
        with pytest.raises(Bug):
            await ledger.broken()
    await ledger.close()
    monkeypatch.undo()
    again = await SqliteLedger.open(tmp_path, clock=SystemClock())
    assert await again.append([]) == []
    await again.close()
