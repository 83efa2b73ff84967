"""A killed receiver loses nothing that it had answered for."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from gateway.core.clock import SystemClock
from gateway.usage.config import ReceiverConfig
from gateway.usage.model import Raw, State, Taken, Unfit
from gateway.usage.receiver.server import Receiver
from tests.integration.usage_receiver_parts import client_of, until
from tests.unit.usage.receiver.support import (
    form,
)

KILLS = 15
CLIENTS = 4


class FileIntake:
    """A ledger of one file: a line an event, synced before the receipt."""

    def __init__(self, path: Path, die_after: int) -> None:
        self._path = path
        self._die_after = die_after
        self._lines = known_lines(path)

    async def take(self, raws: Sequence[Raw]) -> list[Taken | Unfit]:
        taken: list[Taken | Unfit] = []
        with self._path.open("a", encoding="utf-8") as file:
            for raw in raws:
                known = raw.source_id in self._lines
                if not known:
                    file.write(raw.source_id + "\n")
                    self._lines.append(raw.source_id)
                taken.append(Taken(raw.source_id, State.QUEUED, known))
            file.flush()
            os.fsync(file.fileno())
        self._die_after -= 1
        if self._die_after == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return taken


def known_lines(path: Path) -> list[str]:
    return path.read_text("utf-8").splitlines() if path.exists() else []


async def serve(path: Path, die_after: int) -> None:
    """Run a receiver that is killed between the receipt and the answer."""
    receiver = Receiver(ReceiverConfig("127.0.0.1:0"), FileIntake(path, die_after), SystemClock())
    async with asyncio.TaskGroup() as group:
        group.create_task(receiver.run())
        await receiver.started.wait()
        os.write(1, f"{receiver.url}\n".encode())


@asynccontextmanager
async def receiver_process(path: Path, die_after: int = 0) -> AsyncIterator[str]:
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.fault.test_usage_receiver_kill", str(path), str(die_after),
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert child.stdout is not None
    try:
        yield (await child.stdout.readline()).decode().strip()
    finally:
        with contextlib.suppress(ProcessLookupError):
            child.kill()
        await child.wait()


def request(name: str) -> bytes:
    body = form()
    return (
        f"POST /apisvc/sendLogData.json HTTP/1.1\r\nIdempotency-Key: {name}\r\n"
        f"Content-Length: {len(body.encode())}\r\n\r\n{body}"
    ).encode()


async def send_for_ever(url: str, prefix: str, answered: list[str]) -> None:
    """Send records until the receiver dies; note those that it answered for."""
    with contextlib.suppress(OSError, asyncio.IncompleteReadError):
        async with client_of(url) as client:
            for number in range(10_000):
                answer = await client.ask(request(f"{prefix}-{number}"))
                result = json.loads(answer.body)["result"]
                if result["recptnRsltCd"] == "AP1001":
                    answered.append(f"{prefix}-{number}")


@pytest.mark.slow
@pytest.mark.invariant("I1")
async def test_answered_then_lost_over_kills_is_nothing(tmp_path: Path) -> None:
    chance, ledger = random.Random(7), tmp_path / "ledger"
    answered: list[str] = []
    for kill in range(KILLS):
        async with (
            receiver_process(ledger, chance.randrange(1, 60)) as url,
            asyncio.TaskGroup() as group,
        ):
            for number in range(CLIENTS):
                group.create_task(send_for_ever(url, f"{kill}-{number}", answered))
    stored = known_lines(ledger)
    assert len(answered) > KILLS
    assert set(answered) <= set(stored)
    assert len(stored) == len(set(stored))
    assert len(set(stored) - set(answered)) <= KILLS * CLIENTS


async def test_a_record_stored_without_an_answer_is_known_when_it_comes_again(
    tmp_path: Path,
) -> None:
    ledger = tmp_path / "ledger"
    async with receiver_process(ledger, die_after=1) as url, client_of(url) as client:
        await client.send(request("once"))
        assert await client.ended() == b""
    assert known_lines(ledger) == ["once"]
    async with receiver_process(ledger) as url, client_of(url) as client:
        result = json.loads((await client.ask(request("once"))).body)["result"]
        assert result["recptnRsltCd"] == "AP1001"
    assert known_lines(ledger) == ["once"]


async def test_a_terminated_receiver_has_answered_all_that_it_stored(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger"
    answered: list[str] = []
    receiver = Receiver(ReceiverConfig("127.0.0.1:0"), FileIntake(ledger, 0), SystemClock())
    async with asyncio.TaskGroup() as group:
        serving = group.create_task(receiver.run())
        await receiver.started.wait()
        for number in range(CLIENTS):
            group.create_task(send_for_ever(receiver.url, str(number), answered))
        await until(lambda: len(answered) > 20)
        serving.cancel()
    assert sorted(known_lines(ledger)) == sorted(answered)


if __name__ == "__main__":
    if sys.platform == "win32":
        asyncio.run(serve(Path(sys.argv[1]), int(sys.argv[2])))
    else:
        import uvloop

        uvloop.run(serve(Path(sys.argv[1]), int(sys.argv[2])))
