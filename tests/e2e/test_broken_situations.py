"""Broken situations as a technician meets them: one gateway, each machine broken in its own way.

What `gateway status` shows is looked at in both languages, at the width of a usual terminal. With
`GATEWAY_SHOW=1 pytest -s` the screens are printed.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from gateway.app.advice import book
from gateway.cli.screen import width
from gateway.cli.status import screen, state_word
from gateway.core.status import GatewayStatus, record_of
from gateway.core.texts import LANGUAGES, Language
from tests.ports import free_port
from tests.services.mosquitto import Mosquitto, make_broker, make_certificates
from tests.unit.mqtt.support import publish

__all__ = ["make_broker"]
pytestmark = [pytest.mark.service, pytest.mark.slow, pytest.mark.timeout(600)]

FOREIGN = re.compile(
    r"\[Errno|\[SSL|_ssl\.c|Traceback|asyncua|aiohttp|orjson|Exception|Error\(|Cannot connect|"
    r"certificate verify failed|unexpected character|<[A-Z]\w+"
)
"""What only a library says."""
READY_S = 120.0
ENVIRON = {**os.environ, "WRONG_PASSWORD": "not-this-one", "RIGHT_TOKEN": "not-this-one"}
WIDE = 120
FUTURE_MS = 4_260_000_000_000


@dataclass(frozen=True)
class Situation:
    """A machine, what is wrong with it, and by which words it is seen."""

    device: str
    state: str
    reason: str
    """A pattern: a room may name the case more exactly."""
    command: str = ""
    whole: bool = True
    """No tag of the device is good."""


SITUATIONS = (
    Situation("broker-away", "lost", "unreachable"),
    Situation("wrong-password", "needs-person", "bad-user-or-password|not-authorized"),
    Situation("wrong-name", "needs-person", "tls-name"),
    Situation("unreadable", "partly", "message-unreadable"),
    Situation("unreadable-time", "partly", "time-unreadable"),
    Situation("far-future", "partly", "time-ahead"),
    Situation("silent-tag", "partly", "no-value-yet", whole=False),
    Situation("wrong-node", "partly", "BadNodeIdUnknown", whole=False),
    Situation("unknown-server", "needs-person", "certificate-unknown", "gateway trust"),
)


def device_files(folder: Path, ports: dict[str, int]) -> dict[str, str]:
    """Give the device files: each is right but for one thing."""

    def mqtt(port: int, topic: str, *, scheme: str = "mqtt", host: str = "127.0.0.1") -> str:
        return f"connect: {scheme}://{host}:{port}\ntopic: {topic}\n"

    value = "tags:\n  - { name: V, json: $.v }\n"
    timed = "time: { json: $.ts, unit: ms }\n"
    node = "nsu=urn:simulator:press-line;s=Press1"
    login = "login: { user: gateway, password: !env WRONG_PASSWORD }\n"
    return {
        "broker-away": mqtt(ports["nobody"], "a") + value,
        "wrong-password": mqtt(ports["locked"], "a") + login + value,
        "wrong-name": mqtt(ports["tls"], "a", scheme="mqtts", host="localhost")
        + f"tls: {{ ca: {folder / 'ca.pem'} }}\n"
        + value,
        "unreadable": mqtt(ports["open"], "hall/unreadable") + value,
        "unreadable-time": mqtt(ports["open"], "hall/time") + timed + value,
        "far-future": mqtt(ports["open"], "hall/future") + timed + value,
        "silent-tag": mqtt(ports["open"], "hall/silent")
        + value
        + "  - { name: 습도, topic: hall/other, json: $.h }\n",
        "wrong-node": f"connect: opc.tcp://127.0.0.1:{ports['plain']}\n"
        "security: { mode: None, policy: None, unsafe: true }\n"
        f'tags:\n  - {{ name: Good, node: "{node}.Mold.TempUpper" }}\n'
        f'  - {{ name: 압력, node: "{node}.Mold.TempUppr" }}\n',
        "unknown-server": f"connect: opc.tcp://127.0.0.1:{ports['secure']}\n"
        f'tags:\n  - {{ name: Temp, node: "{node}.Mold.TempUpper" }}\n',
    }


def messages(turn: int) -> list[tuple[str, bytes]]:
    now = 1_790_000_000_000 + turn
    return [
        ("hall/unreadable", b'{"v": 21.5'),
        ("hall/time", b'{"ts": "gestern", "v": %d}' % turn),
        ("hall/future", b'{"ts": %d, "v": %d}' % (FUTURE_MS + turn, turn)),
        ("hall/silent", b'{"ts": %d, "v": %d}' % (now, turn)),
    ]


@dataclass
class Plant:
    """A gateway whose machines are all broken."""

    config: Path
    data: Path
    broker: int

    async def command(self, *words: str) -> tuple[int, str]:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "gateway",
            *words,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env=ENVIRON,
        )
        output, _ = await process.communicate()
        return process.returncode or 0, output.decode()

    async def status(self) -> dict[str, Any]:
        code, text = await self.command("status", "--json", "--data", str(self.data))
        return dict(json.loads(text)) if code == 0 else {"devices": [], "sinks": []}

    async def until_all_show(self) -> dict[str, Any]:
        """Publish and wait until every situation is seen."""
        turn = 0
        async with asyncio.timeout(READY_S):
            while True:
                turn += 1
                await asyncio.to_thread(publish, self.broker, messages(turn))
                content = await self.status()
                if not (left := missing(content)):
                    return content
                if turn % 30 == 0 and os.environ.get("GATEWAY_SHOW"):
                    print("still missing:", left)
                await asyncio.sleep(1)


def missing(content: dict[str, Any]) -> list[str]:
    shown = {each["device"]: each for each in content["devices"]}
    left = [each.device for each in SITUATIONS if not _shows(shown.get(each.device), each)]
    return left + [s["name"] for s in content["sinks"] if s["kind"] == "http" and not s["problems"]]


def _shows(device: dict[str, Any] | None, situation: Situation) -> bool:
    return device is not None and any(
        re.fullmatch(situation.reason, each["reason"]) for each in device["problems"]
    )


@asynccontextmanager
async def program(*words: str, ready: bool = True) -> AsyncIterator[None]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        *words,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env=ENVIRON,
    )
    try:
        assert process.stdout is not None
        if ready:
            await process.stdout.readline()
        yield
    finally:
        process.terminate()
        await process.communicate()


@pytest.fixture
async def plant(tmp_path: Path, make_broker: Callable[..., Mosquitto]) -> AsyncIterator[Plant]:
    make_certificates(tmp_path)
    brokers = {
        "open": make_broker(),
        "locked": make_broker(users={"gateway": "right"}),
        "tls": make_broker(tls=True),
    }
    ports = {name: broker.port for name, broker in brokers.items()}
    ports |= {name: free_port() for name in ("nobody", "plain", "secure", "platform", "api")}
    config, data = tmp_path / "config", tmp_path / "data"
    (config / "devices").mkdir(parents=True)
    (config / "gateway.yaml").write_text(
        "gateway: { id: edge-07 }\n"
        f"platform: [{{ name: central, kind: http, url: 'http://127.0.0.1:{ports['platform']}',"
        " token: !env RIGHT_TOKEN }]\n"
        f"api: {{ listen: '127.0.0.1:{ports['api']}' }}\n"
    )
    for name, text in device_files(brokers["tls"].folder, ports).items():
        (config / "devices" / f"{name}.yaml").write_text(text, "utf-8")
    line = ("simulators.opcua_press", "--security")
    async with AsyncExitStack() as stack:
        for kind, port in (("none", ports["plain"]), ("secure", ports["secure"])):
            folder = str(tmp_path / kind)
            await stack.enter_async_context(
                program(*line, kind, "--port", str(port), "--certificates", folder)
            )
        store = str(tmp_path / "platform.db")
        await stack.enter_async_context(
            program(
                "simulators.platform",
                "--port",
                str(ports["platform"]),
                "--store",
                store,
                "--token",
                "the-right-one",
            )
        )
        run = ("gateway", "run", str(config), "--data", str(data))
        await stack.enter_async_context(program(*run, ready=False))
        yield Plant(config, data, ports["open"])


def lines_of(content: dict[str, Any], lang: Language, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setattr("gateway.cli.status.columns", lambda: WIDE)
    monkeypatch.setattr("gateway.cli.status.ATTENTION_MAX", len(SITUATIONS))
    lines = screen(record_of(GatewayStatus, content), lang)
    if os.environ.get("GATEWAY_SHOW"):
        print("\n" + "\n".join(lines))
    return lines


def told(lines: Sequence[str], subject: str) -> str:
    """Give what stands below the table of a device, as one line."""
    found: list[str] = []
    below = False
    for line in lines:
        if line.startswith(f" {subject}: "):
            below = True
        elif not line.startswith("     "):
            below = False
        if below:
            found.append(line.strip())
    return " ".join(found)


async def test_each_machine_says_what_is_wrong_and_what_to_do_in_both_languages(
    plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = await plant.until_all_show()
    screens = {lang: lines_of(content, lang, monkeypatch) for lang in LANGUAGES}
    assert content["healthy"] is False
    assert FOREIGN.search(json.dumps(content, ensure_ascii=False)) is None
    devices = {each["device"]: each for each in content["devices"]}
    for situation in SITUATIONS:
        device = devices[situation.device]
        assert device["state"] == situation.state, situation.device
        good, total = device["tags"]["good"], device["tags"]["total"]
        assert good < total, situation.device
        assert (good == 0) is situation.whole, situation.device
    for lang, lines in screens.items():
        assert max(width(line) for line in lines) <= WIDE
        for situation in SITUATIONS:
            problem = next(
                each
                for each in devices[situation.device]["problems"]
                if re.fullmatch(situation.reason, each["reason"])
            )
            row = next(line for line in lines if line.startswith(f" {situation.device} "))
            assert state_word(situation.state, lang) in row
            below = told(lines, situation.device)
            assert f"{problem['reason']}" in below
            assert problem["what"][lang] in below
            assert problem["fix"][lang] in below
            assert ("gateway trust" in below) is bool(situation.command), situation.device
        central = told(lines, "central")
        assert "http-401" in central
        assert book("sinks/http").entries["http-401"].fix[lang] in central
        assert not any("All fine" in line or "모두 정상" in line for line in lines)
    assert (await plant.command("status", "--exit-code", "--data", str(plant.data)))[0] == 1
    await the_same_by_tag(plant)


async def the_same_by_tag(plant: Plant) -> None:
    """`trace` and `check --live` tell of the same reasons as `status`."""
    data = ("--data", str(plant.data))
    for lang in LANGUAGES:
        _, text = await plant.command("trace", "silent-tag/습도", *data, "--lang", lang)
        assert "no-value-yet" in text
        assert book("flow").entries["no-value-yet"].fix[lang] in text
    code, text = await plant.command("check", str(plant.config), "--live", "--json", *data)
    assert code == 3
    found = json.loads(text)["devices"]  # stderr is in it: nothing else is written
    assert FOREIGN.search(text) is None
    seen = {name: [each["reason"] for each in one["problems"]] for name, one in found.items()}
    assert seen["broker-away"] == ["unreachable"]
    assert seen["wrong-node"] == ["BadNodeIdUnknown"]
    assert seen["unknown-server"] == ["certificate-unknown"]
    for name in ("wrong-password", "wrong-name"):
        assert found[name]["problems"][0]["fix"]["ko"], name
