"""A gateway with usage logs, the log service and the platform, each a process of its own."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from gateway.demo.plant import free_ports

KEY = "$5$API$CanaryCanaryCanaryCanaryCanaryCanaryCanary."
GATEWAY = "from gateway.cli.main import main; main()"
READY_S = 120.0
SIX = "/apisvc/sendLogData.json"
CONFIG = """version: 1
gateway: {{ id: usage-edge }}
devices: devices/*.yaml
platform:
  - {{ name: central, kind: http, url: "http://127.0.0.1:{platform}" }}
usage:
  receiver: {{ listen: "127.0.0.1:{receiver}", reply: {reply} }}
  files:
    - name: pop
      path: pop.csv
      columns: {{ logDt: 일시, useSe: 구분, sysUser: 사용자, conectIp: 아이피 }}
      constants: {{ dataUsgqty: "0" }}
      solution: POP
      every: 1s
  deliver:
    - name: smart-factory
      kind: smart-factory-log
      url: http://127.0.0.1:{service}
      key: !secret usage_key
api: {{ listen: "127.0.0.1:{api}" }}
"""
DEVICE = """version: 1
device: nobody
connect: mqtt://127.0.0.1:{port}
topic: nothing/at/all
tags:
  - {{ name: Nothing, json: $.nothing }}
"""


@dataclass(slots=True)
class UsagePlant:
    """Starts, kills and asks the three."""

    folder: Path
    reply: str = "queued"
    ports: dict[str, int] = field(default_factory=dict)
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    _session: aiohttp.ClientSession | None = None

    @property
    def session(self) -> aiohttp.ClientSession:
        assert self._session is not None
        return self._session

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def environ(self) -> dict[str, str]:
        return {**os.environ, "GATEWAY_LANG": "en", "PYTHONUNBUFFERED": "1"}

    def url(self, name: str) -> str:
        return f"http://127.0.0.1:{self.ports[name]}"

    @asynccontextmanager
    async def running(self) -> AsyncIterator[UsagePlant]:
        names = ("platform", "receiver", "service", "api", "nobody")
        self.ports = dict(zip(names, free_ports(len(names)), strict=True))
        (self.folder / "devices").mkdir(parents=True)
        text = CONFIG.format(reply=self.reply, **self.ports)
        (self.folder / "gateway.yaml").write_text(text, "utf-8")
        device = DEVICE.format(port=self.ports["nobody"])
        (self.folder / "devices" / "nobody.yaml").write_text(device, "utf-8")
        self.command("secrets", "set", "usage_key", stdin=KEY)
        async with aiohttp.ClientSession() as self._session:
            try:
                for name in ("service", "platform"):
                    self.start(name)
                    await self.answering(name)
                self.start("gateway")
                await self.answering()
                yield self
            finally:
                for name in list(self.processes):
                    self.end(name, kill=True)

    def start(self, name: str) -> None:
        match name:
            case "service":
                words = ["-m", "simulators.usage_log", "--port", str(self.ports[name])]
                words += ["--key", KEY]
            case "platform":
                words = ["-m", "simulators.platform", "--port", str(self.ports[name])]
                words += ["--store", str(self.folder / "platform.db")]
            case _:
                words = ["-c", GATEWAY, "run", str(self.folder), "--data", str(self.data)]
        with (self.folder / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                [sys.executable, *words], stdout=log, stderr=log, env=self.environ
            )

    def end(self, name: str, *, kill: bool) -> None:
        process = self.processes.pop(name)
        if kill:
            process.kill()
        else:
            process.terminate()
        process.wait(20)

    async def answering(self, name: str = "receiver") -> None:
        """Wait until one answers."""
        await self.until(lambda: self._alive(self.url(name)))

    async def _alive(self, url: str) -> bool:
        try:
            async with self.session.get(url, timeout=aiohttp.ClientTimeout(2)):
                return True
        except (aiohttp.ClientError, TimeoutError):
            return False

    @staticmethod
    async def until(true: Callable[[], Any], within_s: float = READY_S) -> Any:
        """Wait for a condition, give what it gave."""
        end = time.monotonic() + within_s
        while True:
            found = await true()
            if found:
                return found
            assert time.monotonic() < end, "it did not become true"
            await asyncio.sleep(0.1)

    async def send(self, **fields: str) -> dict[str, Any]:
        """Send one event as a page would; gives the answer's `result`."""
        form = {"crtfcKey": "the solution's own", "dataUsgqty": "0", **fields}
        wait = aiohttp.ClientTimeout(10)
        async with self.session.post(self.url("receiver") + SIX, data=form, timeout=wait) as answer:
            return dict(json.loads(await answer.text())["result"])

    async def asked(self, name: str, path: str) -> Any:
        async with self.session.get(self.url(name) + path) as answer:
            return json.loads(await answer.text())

    def command(self, *words: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
        """Run a command of the gateway on the data folder."""
        return subprocess.run(
            [sys.executable, "-c", GATEWAY, *words, "--data", str(self.data)],
            capture_output=True, text=True, timeout=60, check=False, input=stdin, env=self.environ,
        )  # fmt: skip

    def events(self) -> list[dict[str, Any]]:
        """Give what `usage ls --json` prints."""
        done = self.command("usage", "ls", "--json")
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]
