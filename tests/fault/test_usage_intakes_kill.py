"""A gateway that is killed while it reads files loses no line and makes no event twice."""

from __future__ import annotations

import asyncio
import contextlib
import random
import signal
import sys
from collections import Counter
from pathlib import Path

import pytest

from gateway.core.clock import SystemClock
from gateway.usage.config import Columns, FileIntakeConfig
from gateway.usage.intakes import pieces
from gateway.usage.intakes.folder import FolderIntake
from gateway.usage.intakes.tail import TailIntake
from gateway.usage.model import State
from tests.integration.usage_intake_parts import DELIVERY, intake_of, lines, opened

KILLS = 20
LINES = 6_000
DROPPED = 4_000
RUNS_MAX = 20
COLUMNS = Columns({"logDt": 0, "useSe": 1, "sysUser": 2, "conectIp": 3, "dataUsgqty": 4})


def config(folder: Path, name: str, mode: str) -> FileIntakeConfig:
    # The pattern takes in rotated files: one may come and go while the gateway is down.
    path = folder / "logs" / "app.log*" if mode == "tail" else folder / "drop"
    return FileIntakeConfig(
        name, str(path), mode, columns=COLUMNS, header=False, every_s=0.01  # type: ignore[arg-type]
    )  # fmt: skip


async def work(folder: Path) -> None:
    """Read for ever; small pieces, so that kills fall between them. Say when it is running."""
    pieces.PIECE_BYTES = 2_000
    clock = SystemClock()
    async with opened(folder) as ledger:
        intake = intake_of(ledger)
        tail = TailIntake(config(folder, "log", "tail"), intake, clock, folder / "data")
        drop = FolderIntake(config(folder, "drop", "drop"), intake, clock, folder / "data")
        sys.stdout.write("up\n")
        sys.stdout.flush()
        async with asyncio.TaskGroup() as group:
            group.create_task(tail.run())
            group.create_task(drop.run())


async def start(folder: Path) -> asyncio.subprocess.Process:
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.fault.test_usage_intakes_kill", str(folder),
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert child.stdout is not None
    assert await child.stdout.readline() == b"up\n"
    return child


async def kill(child: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        child.send_signal(signal.SIGKILL)
    await child.wait()


class Writer:
    """A solution's log, written in bursts that end anywhere, rotated now and then."""

    def __init__(self, folder: Path, chance: random.Random) -> None:
        self._log = folder / "app.log"
        self._chance = chance
        self._rest = "".join(lines(range(LINES)))
        self._rotations = 0

    def write(self) -> None:
        size = self._chance.randrange(len(self._rest) // 8 + 100)
        burst, self._rest = self._rest[:size], self._rest[size:]
        with self._log.open("a") as file:
            file.write(burst)
        if burst.endswith("\n") and self._chance.random() < 0.5:
            self.rotate()

    def rotate(self) -> None:
        self._rotations += 1
        self._log.rename(self._log.with_name(f"app.log.{self._rotations}"))

    def finish_line(self) -> None:
        burst, newline, self._rest = self._rest.partition("\n")
        with self._log.open("a") as file:
            file.write(burst + newline)

    def finish(self) -> None:
        with self._log.open("a") as file:
            file.write(self._rest)
        self._rest = ""


async def stored(folder: Path) -> Counter[int]:
    async with opened(folder) as ledger:
        events = await ledger.waiting(DELIVERY, State.QUEUED)
        assert await ledger.waiting("", State.QUEUED) == []
    return Counter(event.amount for event in events)


async def read_to_the_end(folder: Path) -> Counter[int]:
    """Run once more until all is there; the ledger has one writer, so look between runs."""
    found: Counter[int] = Counter()
    for _ in range(RUNS_MAX):
        child = await start(folder)
        await asyncio.sleep(2.0)
        await kill(child)
        found = await stored(folder)
        if len(found) == LINES + DROPPED:
            break
    return found


@pytest.mark.slow
async def test_no_line_is_lost_and_none_is_two_events_over_20_kills(tmp_path: Path) -> None:
    chance = random.Random(11)
    (tmp_path / "logs").mkdir()
    (tmp_path / "drop").mkdir()
    writer = Writer(tmp_path / "logs", chance)
    dropped = list(lines(range(LINES, LINES + DROPPED)))
    size = DROPPED // KILLS
    for number in range(KILLS):
        child = await start(tmp_path)
        part = tmp_path / "drop" / f"{number}.csv.tmp"
        part.write_text("".join(dropped[number * size : (number + 1) * size]))
        part.rename(part.with_suffix(""))
        writer.write()
        await asyncio.sleep(chance.random() * 0.3)
        writer.write()
        if chance.random() < 0.3:
            writer.finish_line()
            writer.rotate()
            writer.write()
        await kill(child)
    writer.finish()
    found = await read_to_the_end(tmp_path)
    assert set(found) == set(range(LINES + DROPPED))
    assert max(found.values()) == 1
    assert len(list((tmp_path / "drop" / "done").iterdir())) == KILLS


if __name__ == "__main__":
    asyncio.run(work(Path(sys.argv[1])))
