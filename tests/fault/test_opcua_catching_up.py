"""Messages that are fetched again come late: what follows them may be older than their receipt."""

from __future__ import annotations

import asyncio
import socket
import time
from contextlib import suppress
from pathlib import Path

import pytest

from adapters.opcua.adapter import OpcUaAdapter
from adapters.opcua.config import OpcUaItem
from adapters.opcua.session_file import Mark, SessionFile
from adapters.opcua.timeline import Memory
from gateway.core.clock import SystemClock
from gateway.ops.health import DeviceHealth
from simulators.opcua_line import NAMESPACE, PressLine
from simulators.opcua_press import PressServer, parse
from tests.services.opcua_peer import Recorder, source

S = 1_000_000_000
WAIT_S = 20.0


@pytest.mark.parametrize(
    ("marked_s", "received_s", "begins_s"), [(30, 5, 30), (5, 30, 30), (None, 5, 5)]
)
async def test_a_gap_after_a_kill_begins_where_the_last_durable_message_was_published(
    tmp_path: Path, marked_s: int | None, received_s: int, begins_s: int
) -> None:
    """A process read its backlog when it was killed, and the server restarted meanwhile."""
    now = time.time_ns()
    folder = tmp_path / "opcua"
    folder.mkdir()
    if marked_s is not None:
        SessionFile(folder, "press").mark(7, Mark(5, now - marked_s * S, None, None))
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = int(one.getsockname()[1])
    options = parse(["--port", str(port), "--security", "none"])
    press = PressServer(options, PressLine(signals=3, plain=False, seed=1))
    await press.start()
    url = f"opc.tcp://127.0.0.1:{port}"
    item = OpcUaItem(0, f"nsu={NAMESPACE};s=Truth.0000", 0.1)
    wanted = source(url, tmp_path, ["t"], items=(item,), state_folder=folder)
    intake, health = Recorder(now - received_s * S), DeviceHealth("press", 1)
    adapter = OpcUaAdapter(wanted, health, SystemClock(), Memory())
    running = asyncio.create_task(adapter.run(intake))
    async with asyncio.timeout(WAIT_S):
        while not intake.gaps:
            await asyncio.sleep(0.02)
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
    await press.stop()
    margin = (now - begins_s * S) - intake.gaps[0].start
    assert 0 <= margin < 3 * S
