"""Modbus servers that nobody here wrote: libmodbus in C, modbus-serial of npm."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent
CACHE = Path(os.environ.get("GATEWAY_TEST_CACHE", Path.home() / ".cache/gateway-test-services"))
SOURCE = FOLDER / "libmodbus_server.c"
PACKAGE = FOLDER / "modbus_serial"
BUILD_S, END_S = 300.0, 10.0
Line = tuple[str, str, int, str]
"""Type, order, address, value: what a server is to hold."""


def missing(what: str) -> None:
    """Skip where something is not there; on a build server that is a failure."""
    text = f"Modbus tests need {what}"
    if os.environ.get("CI") == "true":
        pytest.fail(text)
    pytest.skip(text)


def libmodbus_program() -> Path:
    """Build the C server, once for each state of its source."""
    target = CACHE / f"libmodbus-{hashlib.sha256(SOURCE.read_bytes()).hexdigest()[:12]}"
    if target.exists():
        return target
    compiler = shutil.which("cc")
    if compiler is None or not list(Path("/usr/include").glob("modbus/modbus.h")):
        missing("a C compiler and libmodbus (apt-get install gcc libmodbus-dev)")
    CACHE.mkdir(parents=True, exist_ok=True)
    made = target.with_suffix(f".{os.getpid()}")
    command = [str(compiler), "-I/usr/include/modbus", str(SOURCE), "-lmodbus", "-o", str(made)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=BUILD_S)
    if done.returncode:
        missing(f"libmodbus that compiles ({done.stderr.strip()[-200:]})")
    made.replace(target)
    return target


def node_modules() -> Path:
    """Install modbus-serial, once for each state of the lock file."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        missing("node and npm (apt-get install nodejs npm)")
    lock = (PACKAGE / "package-lock.json").read_bytes()
    target = CACHE / f"modbus-serial-{hashlib.sha256(lock).hexdigest()[:12]}"
    done = target / "installed"
    if not done.exists():
        target.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(PACKAGE / name, target / name)
        command = [str(npm), "ci", "--ignore-scripts", "--omit=optional", "--no-audit", "--no-fund"]
        result = subprocess.run(
            command, cwd=target, capture_output=True, text=True, check=False, timeout=BUILD_S
        )
        if result.returncode:
            missing(f"modbus-serial (npm ci: {result.stderr.strip()[-200:]})")
        done.touch()
    return target / "node_modules"


@contextmanager
def _running(
    command: Sequence[str], lines: Sequence[Line], environ: dict[str, str]
) -> Iterator[None]:
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, **environ},
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        for line in lines:
            process.stdin.write(" ".join(map(str, line)) + "\n")
        process.stdin.write("go\n")
        process.stdin.flush()
        said = process.stdout.readline()
        assert said == "ready\n", said
        yield
    finally:
        process.kill()
        process.wait(END_S)
        process.stdin.close()
        process.stdout.close()


@contextmanager
def libmodbus(where: str, place: str, lines: Sequence[Line]) -> Iterator[None]:
    """Run the C server: `where` is tcp with a port or rtu with a device."""
    with _running([str(libmodbus_program()), where, place], lines, {}):
        yield


@contextmanager
def modbus_serial(port: int, lines: Sequence[Line]) -> Iterator[None]:
    """Run the server of npm."""
    environ = {"MODBUS_SERIAL_MODULES": str(node_modules())}
    with _running(["node", str(PACKAGE / "server.js"), str(port)], lines, environ):
        yield
