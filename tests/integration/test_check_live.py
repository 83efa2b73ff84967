"""`gateway check --live` proves every tag against a server that really runs."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.app.config.live import probe_device
from gateway.app.config.plan import load_plan
from gateway.core.clock import SystemClock

NODES = """tags:
  - 금형온도_상: nsu=urn:simulator:press-line;s=Press1.Mold.TempUpper
  - 없는것: nsu=urn:simulator:press-line;s=Press1.Mold.TempUppr
  - 레시피: nsu=urn:simulator:press-line;s=Press1.Recipe
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def press_line() -> Iterator[int]:
    port, control = free_port(), free_port()
    ports = ["--port", str(port), "--control-port", str(control)]
    command = [sys.executable, "-m", "simulators.opcua_press", *ports]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            assert json.loads(server.stdout.readline())["ready"] == "opcua"
            yield port
        finally:
            server.terminate()


def folder_for(tmp_path: Path, port: int) -> Path:
    (tmp_path / "devices").mkdir()
    (tmp_path / "gateway.yaml").write_text("gateway: { id: edge-07 }\n", "utf-8")
    (tmp_path / "devices" / "press-01.yaml").write_text(
        f"connect: opc.tcp://127.0.0.1:{port}\n"
        f"security: {{ mode: None, policy: None, unsafe: true }}\n{NODES}",
        "utf-8",
    )
    return tmp_path


async def test_each_tag_is_proven_and_a_wrong_one_named_with_its_nearest(
    tmp_path: Path, press_line: int
) -> None:
    plan = load_plan(folder_for(tmp_path, press_line), tmp_path / "data", {})
    result = await probe_device(plan.devices["press-01"], SystemClock())
    assert result.failure == ""
    assert set(result.good) == {"금형온도_상", "레시피"}
    assert "BadNodeIdUnknown" in result.bad["없는것"]
    assert "Press1.Mold.TempUpper" in result.bad["없는것"]


async def test_a_server_that_is_away_is_a_failure_with_a_reason(tmp_path: Path) -> None:
    plan = load_plan(folder_for(tmp_path, 9), tmp_path / "data", {})
    result = await probe_device(plan.devices["press-01"], SystemClock())
    assert "unreachable" in result.failure
