"""Runs the OPC UA adapter in a process of its own, which a test kills.

    python -m tests.services.opcua_child '{"url": ..., "folder": ..., ...}'

What is delivered goes to `folder/out.jsonl` before `deliver` returns; logs go to stderr.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from gateway.core.records import Batch, Gap, Rejected
from gateway.ops.events.emit import set_up_logging
from tests.services.opcua_peer import Recorder, Running, source

OUT = "out.jsonl"
WAIT_S = 60.0


class FileIntake(Recorder):
    """Writes every item to a file; what a process before it wrote tells the last time."""

    def __init__(self, path: Path, slow_s: float = 0.0) -> None:
        last = max((line["at"] for line in lines(path) if "at" in line), default=None)
        super().__init__(last)
        self._slow_s = slow_s
        self._order = asyncio.Lock()
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    async def deliver(self, items: Sequence[Batch | Gap | Rejected]) -> None:
        async with self._order:
            await asyncio.sleep(self._slow_s)
            os.write(self._file, b"".join(_encode(item) for item in items))


def _encode(item: Batch | Gap | Rejected) -> bytes:
    if isinstance(item, Gap):
        facts = {"gap": item.reason, "start": item.start, "end": item.end}
        return json.dumps(facts).encode() + b"\n"
    if isinstance(item, Rejected):
        return b""
    rows = (
        {
            "name": item.plan.signals[signal].name,
            "at": int(item.times[place]),
            "value": item.values[place],
        }
        for place, signal in enumerate(item.signals)
    )
    return b"".join(json.dumps(row, default=_plain).encode() + b"\n" for row in rows)


def lines(path: Path) -> list[dict[str, Any]]:
    """Give what was delivered so far."""
    if not path.exists():
        return []
    return [
        json.loads(line)
        for line in path.read_text().splitlines(keepends=True)
        if line.endswith("\n")
    ]


def _plain(value: Any) -> Any:
    return value.item()


class Child:
    """A running child."""

    def __init__(self, process: asyncio.subprocess.Process, folder: Path) -> None:
        self._process = process
        self._folder = folder

    def items(self) -> list[dict[str, Any]]:
        return lines(self._folder / OUT)

    async def more(self, count: int) -> None:
        """Wait until so many lines more were delivered."""
        until = len(self.items()) + count
        async with asyncio.timeout(WAIT_S):
            while len(self.items()) < until:
                assert self._process.returncode is None, self.log()
                await asyncio.sleep(0.05)

    def log(self) -> str:
        return (self._folder / "log").read_text()

    async def kill(self) -> None:
        self._process.kill()
        await self._process.wait()


@asynccontextmanager
async def child(folder: Path, url: str, names: list[str], **changes: Any) -> AsyncIterator[Child]:
    """Run the adapter in a child process; it is killed at the end of the block."""
    order = {"folder": str(folder), "url": url, "names": names, **changes}
    command = [sys.executable, "-m", "tests.services.opcua_child", json.dumps(order)]
    with (folder / "log").open("ab") as log:
        process = await asyncio.create_subprocess_exec(*command, stderr=log, stdout=log)
    made = Child(process, folder)
    try:
        yield made
    finally:
        if process.returncode is None:
            await made.kill()


async def _main(order: dict[str, Any]) -> None:
    folder = Path(order.pop("folder"))
    intake = FileIntake(folder / OUT, order.pop("slow_s", 0.0))
    url, names = order.pop("url"), order.pop("names")
    made = source(url, folder, names, state_folder=folder / "opcua", **order)
    await Running(made, intake).loop()


if __name__ == "__main__":
    set_up_logging(as_json=False)
    asyncio.run(_main(json.loads(sys.argv[1])))
