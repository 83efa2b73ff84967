"""`gateway demo` as anybody would run it, without a terminal."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = [pytest.mark.service, pytest.mark.slow, pytest.mark.timeout(600)]

DEMO = [sys.executable, "-c", "from gateway.cli.main import main; main()", "demo"]
KEYS = {
    "produced",
    "delivered",
    "missing",
    "unexplained",
    "duplicates",
    "wrong",
    "gaps",
    "faults",
}


def test_the_unattended_demo_loses_and_doubles_nothing() -> None:
    done = subprocess.run(
        [*DEMO, "--for", "25s", "--json"], capture_output=True, text=True, timeout=220, check=False
    )
    last = json.loads(done.stdout.splitlines()[-1])
    assert done.returncode == 0, done.stdout + done.stderr
    assert last.keys() >= KEYS
    assert (last["unexplained"], last["duplicates"], last["wrong"]) == (0, 0, 0)
    assert last["faults"] == {"platform": 1, "plc": 1, "gateway": 1}
    assert last["delivered"] > 0
    assert last["gaps"] > 0, "a killed gateway and a restarted PLC cannot go unnoticed"
    assert last["produced"] == last["delivered"] + last["missing"]


def children_of(parent: int) -> set[int]:
    found = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                stat = (entry / "stat").read_text()
            except OSError:
                continue
            if int(stat.rpartition(")")[2].split()[1]) == parent:
                found.add(int(entry.name))
    return found


def alive(process: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{process}/status").read_text()
    except OSError:
        return False


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="reads /proc")
def test_a_terminated_demo_leaves_no_process_and_no_folder(tmp_path: Path) -> None:
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen(
        [*DEMO, "--for", "100s"], stdout=subprocess.PIPE, text=True, env=environment
    ) as running:
        assert running.stdout is not None
        while not running.stdout.readline().startswith("first value"):
            assert running.poll() is None
        children = children_of(running.pid)
        assert len(children) == 5
        running.send_signal(signal.SIGTERM)
        running.wait(60)
    end = time.monotonic() + 10
    while any(map(alive, children)) and time.monotonic() < end:
        time.sleep(0.1)
    assert not [child for child in children if alive(child)]
    assert not list(tmp_path.glob("gateway-demo-*"))


@pytest.mark.parametrize(
    ("arguments", "word"), [(["--for", "60"], "60s"), (["--lang", "fr"], "ko")]
)
def test_a_wrong_option_says_what_is_needed(arguments: list[str], word: str) -> None:
    done = subprocess.run(
        [*DEMO, *arguments], capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False
    )
    assert done.returncode == 2
    assert word in done.stderr
