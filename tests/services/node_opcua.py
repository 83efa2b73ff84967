"""Starts node-opcua, an OPC UA server nobody here wrote, and steers it by JSON lines."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.ports import free_port

FOLDER = Path(__file__).parent / "node_opcua"
CACHE = Path.home() / ".cache" / "gateway-test-services"
URI = "urn:gateway-test:line"
START_S = 60.0
ANSWER_S = 30.0


def _missing(what: str) -> None:
    text = f"node-opcua tests need {what}"
    if os.environ.get("CI") == "true":
        pytest.fail(text)
    pytest.skip(text)


def modules() -> Path:
    """Give the folder with node-opcua, installed once for each state of the lock file."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        _missing("node and npm (apt install nodejs npm)")
    lock = (FOLDER / "package-lock.json").read_bytes()
    target = CACHE / f"node-opcua-{hashlib.sha256(lock).hexdigest()[:12]}"
    done = target / "installed"
    if not done.exists():
        target.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(FOLDER / name, target / name)
        command = [str(npm), "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        result = subprocess.run(command, cwd=target, capture_output=True, text=True, check=False)
        if result.returncode:
            _missing(f"its packages (npm ci: {result.stderr.strip()[-200:]})")
        done.touch()
    return target / "node_modules"


class NodeServer:
    """A running server; `ask` sends one command and gives its answer."""

    def __init__(self, process: asyncio.subprocess.Process, port: int) -> None:
        self._process = process
        self._number = 0
        self._lock = asyncio.Lock()
        self.port = port
        self.url = f"opc.tcp://127.0.0.1:{port}"
        self.index = 0
        """Namespace index of `URI` until a restart moves it."""
        self.log: list[str] = []

    async def read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        while True:
            line = await self._process.stdout.readline()
            if not line:
                raise RuntimeError("node-opcua ended: " + "".join(self.log[-20:]))
            if line.startswith(b"{"):
                return dict(json.loads(line))
            self.log.append(line.decode(errors="replace"))

    async def ask(self, cmd: str, **arguments: Any) -> dict[str, Any]:
        async with self._lock, asyncio.timeout(ANSWER_S):
            self._number += 1
            request = {"id": self._number, "cmd": cmd, **arguments}
            assert self._process.stdin is not None
            self._process.stdin.write(json.dumps(request).encode() + b"\n")
            await self._process.stdin.drain()
            while True:
                answer = await self.read()
                if answer.get("id") == self._number:
                    break
        if "error" in answer:
            raise RuntimeError(answer["error"])
        return answer


@asynccontextmanager
async def node_server(folder: Path, **options: Any) -> AsyncIterator[NodeServer]:
    """Run a server on a free port with its keys under `folder`, and end it."""
    found = await asyncio.to_thread(modules)
    port = free_port()
    options = {"port": port, "pki": str(folder / "node-pki"), **options}
    process = await asyncio.create_subprocess_exec(
        "node",
        str(FOLDER / "server.js"),
        json.dumps(options),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={**os.environ, "NODE_OPCUA_MODULES": str(found)},
    )
    server = NodeServer(process, port)
    try:
        async with asyncio.timeout(START_S):
            while "ready" not in (answer := await server.read()):
                pass
        server.index = answer["index"]
        yield server
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
