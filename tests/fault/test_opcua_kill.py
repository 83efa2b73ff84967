"""A gateway that is killed: what the server kept for its session is collected by the next one."""

from __future__ import annotations

import asyncio
import base64
import json
import stat
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from adapters.opcua.link import close, connect
from adapters.opcua.trust import Decision, TrustStore
from gateway.core.clock import SystemClock
from gateway.core.errors import SourceRejected
from tests.ports import free_port
from tests.services.node_opcua import NodeServer, node_server
from tests.services.opcua_child import Child, child
from tests.services.opcua_peer import source

pytestmark = [pytest.mark.service, pytest.mark.asyncio(loop_scope="module")]
NAMES = [f"D{n}" for n in range(10)]
PLAIN = {"mode": "None", "policy": "None"}
ADDRESS = "nsu=urn:simulator:press-line;s="
KILLS = 3
DOWN_S = 1.0
START_S = 60.0


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[NodeServer]:
    folder = tmp_path_factory.mktemp("node")
    async with node_server(folder, count=10, rateMs=50, secure=True) as made:
        yield made


async def storm(folder: Path, url: str, names: list[str], **changes: Any) -> Child:
    """Kill the adapter again and again while data flows."""
    for _ in range(KILLS):
        async with child(folder, url, names, **changes) as run:
            await run.more(300)
            await run.kill()
        await asyncio.sleep(DOWN_S)
    async with child(folder, url, names, **changes) as run:
        await run.more(600)
    return run


def gaps(run: Child) -> list[dict[str, Any]]:
    return [line for line in run.items() if "gap" in line]


def ticks(run: Child, name: str) -> list[int]:
    """Give the ticks of one signal of node-opcua; a value of another signal fails."""
    first = int(name[1:]) * 1_000_000
    found = [int(line["value"]) - first for line in run.items() if line.get("name") == name]
    assert all(0 <= tick < 1_000_000 for tick in found), f"{name} has values of another signal"
    return found


def whole(found: list[int]) -> None:
    """Fail where a number between the first and the last is missing or out of order."""
    assert sorted(set(found)) == list(range(found[0], found[-1] + 1)), "lost"
    assert found == sorted(found), "out of order"
    assert len(found) - len(set(found)) <= KILLS, "doubled"


async def test_kills_lose_nothing_and_need_no_gap(server: NodeServer, tmp_path: Path) -> None:
    run = await storm(tmp_path, server.url, NAMES, **PLAIN)
    for name in NAMES:
        whole(ticks(run, name))
    assert gaps(run) == []


async def test_kills_while_the_disk_is_behind_lose_nothing(
    server: NodeServer, tmp_path: Path
) -> None:
    run = await storm(tmp_path, server.url, NAMES, **PLAIN, slow_s=0.15)
    for name in NAMES:
        whole(ticks(run, name))
    assert gaps(run) == []


async def test_kills_on_a_protected_channel_lose_nothing(
    server: NodeServer, tmp_path: Path
) -> None:
    made = source(server.url, tmp_path, NAMES, unsafe=False)
    with pytest.raises(SourceRejected):
        await close(await connect(made, SystemClock()))
    store = TrustStore(made.trust_folder)
    store.decide(store.entries()[0], Decision.TRUSTED)
    run = await storm(tmp_path, server.url, NAMES, unsafe=False)
    for name in NAMES:
        whole(ticks(run, name))
    assert gaps(run) == []
    assert "SignAndEncrypt" in run.log()


@asynccontextmanager
async def press(folder: Path) -> AsyncIterator[str]:
    """Run the press line of this repository."""
    port = free_port()
    command = f"-m simulators.opcua_press --port {port} --signals 20 --hz 20 --no-machines"
    process = await asyncio.create_subprocess_exec(
        sys.executable, *command.split(), "--security", "none", "--truth", str(folder / "truth"),
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        async with asyncio.timeout(START_S):
            assert b"ready" in await process.stdout.readline()
        yield f"opc.tcp://127.0.0.1:{port}"
    finally:
        process.kill()
        await process.wait()


async def test_kills_under_the_press_line_lose_nothing(tmp_path: Path) -> None:
    names = [f"Truth.{n:04}" for n in range(1, 20, 3)]
    async with press(tmp_path) as url:
        run = await storm(tmp_path, url, names, addresses=[ADDRESS + name for name in names])
    for name in names:
        values = [line["value"] for line in run.items() if line.get("name") == name]
        assert {value >> 40 for value in values} == {int(name[6:])}
        whole([value & (1 << 40) - 1 for value in values])
    assert gaps(run) == []


@pytest.mark.invariant("I6")
async def test_what_the_server_has_no_more_is_a_gap(server: NodeServer, tmp_path: Path) -> None:
    async with child(tmp_path, server.url, NAMES, **PLAIN, queue=10) as run:
        await run.more(300)
        await run.kill()
    await asyncio.sleep(3.0)
    async with child(tmp_path, server.url, NAMES, **PLAIN, queue=10) as run:
        await run.more(300)
    assert {gap["gap"] for gap in gaps(run)} == {"overflow"}
    truth = (await server.ask("truth"))["truth"]
    for name in NAMES:
        found = set(ticks(run, name))
        lost = [at for tick, at in truth if min(found) < tick < max(found) and tick not in found]
        assert lost
        assert all(covered(run, at * 1_000_000) for at in lost)


async def test_an_overflow_in_a_signal_not_read_since_the_kill_is_a_gap_from_then_on(
    tmp_path: Path,
) -> None:
    async with node_server(tmp_path, count=10) as own:
        async with child(tmp_path, own.url, ["D0"], queue=3) as run:
            await run.more(1)
            await own.ask("beat")
            await asyncio.sleep(0.5)
            await run.kill()
        await asyncio.sleep(6.0)  # the requests that were out are answered with keep-alives
        for _ in range(15):
            await own.ask("beat")
            await asyncio.sleep(0.1)
        async with child(tmp_path, own.url, ["D0"], queue=3) as run:
            await run.more(3)
        truth = (await own.ask("truth"))["truth"]
    found = set(ticks(run, "D0"))
    lost = [at for tick, at in truth if min(found) < tick < max(found) and tick not in found]
    assert len(lost) > 5
    assert all(covered(run, at * 1_000_000) for at in lost)
    assert {gap["gap"] for gap in gaps(run)} == {"overflow"}


def covered(run: Child, at: int) -> bool:
    return any(gap["start"] <= at <= gap["end"] for gap in gaps(run))


async def test_a_server_that_started_again_meanwhile_is_a_gap(tmp_path: Path) -> None:
    async with node_server(tmp_path, count=10, rateMs=50) as own:
        async with child(tmp_path, own.url, NAMES) as run:
            await run.more(200)
            await run.kill()
        await own.ask("restart", shift=True, down=300)
        await own.ask("rate", ms=50)
        async with child(tmp_path, own.url, NAMES) as run:
            await run.more(200)
        assert {gap["gap"] for gap in gaps(run)} == {"source-restart"}
        truth = (await own.ask("truth"))["truth"]
    for name in NAMES:
        found = set(ticks(run, name))
        lost = [at for tick, at in truth if min(found) < tick < max(found) and tick not in found]
        assert all(covered(run, at * 1_000_000) for at in lost)


@pytest.mark.parametrize("damage", ["cut", "foreign", "mark", "token"])
async def test_a_file_that_is_not_whole_or_not_ours_is_ignored(
    server: NodeServer, tmp_path: Path, damage: str
) -> None:
    async with child(tmp_path, server.url, NAMES, **PLAIN) as run:
        await run.more(100)
        await run.kill()
    file, mark = tmp_path / "opcua" / "press.json", tmp_path / "opcua" / "press.mark"
    kept = json.loads(file.read_text())
    if damage == "cut":
        file.write_bytes(file.read_bytes()[:-20])
    elif damage == "foreign":
        file.write_text(json.dumps({**kept, "terms": "[]"}))
    elif damage == "token":
        file.write_text(json.dumps({**kept, "token": "AAAA"}))
    else:
        raw = bytearray(mark.read_bytes())
        raw[8] ^= 0xFF  # the number up to which all is durable
        mark.write_bytes(raw)
    async with child(tmp_path, server.url, NAMES, **PLAIN) as run:
        await run.more(100)
    assert [gap["gap"] for gap in gaps(run)] == ["gateway-down"]


async def test_another_wish_makes_a_new_subscription_in_the_old_session(
    server: NodeServer, tmp_path: Path
) -> None:
    async with child(tmp_path, server.url, NAMES, **PLAIN) as run:
        await run.more(100)
        await run.kill()
    before = json.loads((tmp_path / "opcua" / "press.json").read_text())
    async with child(tmp_path, server.url, NAMES, **PLAIN, queue=500) as run:
        await run.more(100)
        await run.kill()
    after = json.loads((tmp_path / "opcua" / "press.json").read_text())
    assert [gap["gap"] for gap in gaps(run)] == ["gateway-down"]
    assert after["token"] == before["token"]
    assert after["subscription"] != before["subscription"]


async def test_the_file_is_ours_alone_and_its_token_is_never_logged(
    server: NodeServer, tmp_path: Path
) -> None:
    async with child(tmp_path, server.url, NAMES, **PLAIN) as run:
        await run.more(100)
        file = tmp_path / "opcua" / "press.json"
        written = file.stat().st_mtime_ns
        await run.more(300)
        assert file.stat().st_mtime_ns == written, "written while nothing changed"
        await run.kill()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    async with child(tmp_path, server.url, NAMES, **PLAIN) as run:
        await run.more(50)
    token = base64.b64decode(json.loads(file.read_text())["token"])
    secret = token[3:]
    assert len(secret) >= 16
    log = run.log()
    assert "session_resumed" in log
    assert secret.hex() not in log.replace("-", "").lower()
    assert base64.b64encode(token).decode() not in log
    assert repr(secret)[2:-1] not in log
