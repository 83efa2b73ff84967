"""Starts real InfluxDB servers, each on a free loopback port with its own data folder."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.ports import free_port

START_S = 60.0
STOP_S = 10.0
CACHE = Path(
    os.environ.get("GATEWAY_TEST_SERVICES", str(Path.home() / ".cache" / "gateway-test-services"))
)
VERSION_2 = "2.7.12"
TOKEN = "token-for-tests"
ORG = "factory"
USER, PASSWORD = "gateway", "password-for-tests"


def missing(what: str) -> None:
    """Skip with one plain line; in CI a missing service is a failure."""
    if os.environ.get("CI") == "true":
        pytest.fail(what)
    pytest.skip(what)


@dataclass
class InfluxProcess:
    """A server that can be killed and started again on the same port and data."""

    command: list[str]
    folder: Path
    port: int
    ready: str
    environment: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        with (self.folder / "log.txt").open("ab") as log:
            self.process = subprocess.Popen(
                self.command,
                stdout=log,
                stderr=log,
                env={**os.environ, **self.environment},
                cwd=self.folder,
            )
        deadline = time.monotonic() + START_S
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError((self.folder / "log.txt").read_text()[-2000:])
            time.sleep(0.05)

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(self.url + self.ready, timeout=2) as answer:
                return bool(answer.status < 300)
        except (urllib.error.URLError, OSError):
            return False

    def kill(self) -> None:
        """The power button."""
        if self.process is not None:
            self.process.kill()
            self.process.wait(STOP_S)
            self.process = None

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(STOP_S)
            self.kill()

    def post(self, path: str, body: dict[str, object]) -> dict[str, object]:
        request = urllib.request.Request(
            self.url + path,
            json.dumps(body).encode(),
            {"Content-Type": "application/json", "Authorization": f"Token {TOKEN}"},
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            found: dict[str, object] = json.loads(answer.read() or b"{}")
            return found


def influxd_1() -> str:
    """Debian's `influxdb` package."""
    found = shutil.which("influxd")
    if found is None:
        missing("InfluxDB 1.6 is not installed: apt install influxdb")
    assert found is not None
    return found


def influxd_2() -> str:
    """The binary in the cache; built once where go and cargo are there."""
    cached = CACHE / f"influxd-{VERSION_2}"
    if cached.exists():
        return str(cached)
    if not (shutil.which("go") and shutil.which("cargo")):
        missing("InfluxDB 2.7 is not built: install go and cargo, then run the tests again")
    script = Path(__file__).with_name("build_influxd2.sh")
    done = subprocess.run(["bash", str(script), str(CACHE)], capture_output=True, check=False)
    if done.returncode:
        missing(f"InfluxDB 2.7 cannot be built: {done.stderr.decode()[-500:]}")
    return str(cached)


_CONFIG_1 = """
reporting-disabled = true
bind-address = "127.0.0.1:{rpc}"
[meta]
  dir = "{folder}/meta"
[data]
  dir = "{folder}/data"
  wal-dir = "{folder}/wal"
  wal-fsync-delay = "0s"
[http]
  bind-address = "127.0.0.1:{port}"
  auth-enabled = {auth}
  log-enabled = false
[monitor]
  store-enabled = false
"""


@contextlib.contextmanager
def influx_1(folder: Path, *, auth: bool = True) -> Iterator[InfluxProcess]:
    """InfluxDB 1.6 with one administrator (USER, PASSWORD)."""
    binary = influxd_1()
    port = free_port()
    config = folder / "influxdb.conf"
    text = _CONFIG_1.format(rpc=free_port(), port=port, folder=folder, auth=str(auth).lower())
    config.write_text(text)
    server = InfluxProcess([binary, "-config", str(config)], folder, port, "/ping")
    try:
        server.start()
        if auth:
            query = urllib.parse.urlencode(
                {"q": f"CREATE USER \"{USER}\" WITH PASSWORD '{PASSWORD}' WITH ALL PRIVILEGES"}
            )
            urllib.request.urlopen(f"{server.url}/query", query.encode(), timeout=10).close()
        yield server
    finally:
        server.stop()


@contextlib.contextmanager
def influx_2(folder: Path) -> Iterator[InfluxProcess]:
    """InfluxDB 2.7 with an organization (ORG), an all-access TOKEN and one bucket, `first`."""
    binary = influxd_2()
    port = free_port()
    command = [
        binary,
        f"--bolt-path={folder}/b.bolt",
        f"--sqlite-path={folder}/s.sqlite",
        f"--engine-path={folder}/engine",
        f"--http-bind-address=127.0.0.1:{port}",
        "--reporting-disabled",
        "--storage-wal-fsync-delay=0s",
    ]
    server = InfluxProcess(command, folder, port, "/health")
    try:
        server.start()
        server.post(
            "/api/v2/setup",
            {"username": USER, "password": PASSWORD, "org": ORG, "bucket": "first", "token": TOKEN},
        )
        yield server
    finally:
        server.stop()
