"""A real PostgreSQL on a free loopback port with its own folder: started, stopped and killed."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.ports import free_port

START_S = 60
USER, PASSWORD, DATABASE = "gateway", "password-for-tests", "mes"
SERVER_USER = "postgres"
"""The server refuses to run as root."""


def missing(what: str) -> None:
    """Skip with one plain line; on a build server that is a failure."""
    if os.environ.get("CI") == "true":
        pytest.fail(what)
    pytest.skip(what)


def _programs() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"))
    on_path = shutil.which("pg_ctl")
    if not found and on_path is None:
        missing("PostgreSQL is not installed (apt-get install postgresql)")
    if os.geteuid() == 0 and (shutil.which("runuser") is None or not _has_server_user()):
        missing("PostgreSQL does not run as root, and runuser or its user is not there")
    return found[-1].parent if found else Path(str(on_path)).parent


def _has_server_user() -> bool:
    import pwd

    return any(entry.pw_name == SERVER_USER for entry in pwd.getpwall())


def need_driver() -> None:
    """Skip where the extra `usage-databases` is not installed."""
    if importlib.util.find_spec("psycopg") is None:
        missing('psycopg is not installed: pip install "psycopg[binary]==3.3.9"')


@dataclass
class Postgres:
    """One server; its data survives `kill` and `start`."""

    programs: Path
    folder: Path
    port: int

    @property
    def url(self) -> str:
        return f"postgresql://127.0.0.1:{self.port}/{DATABASE}"

    def connect(self, database: str = DATABASE) -> Any:
        """Give a connection of psycopg, each statement its own transaction."""
        psycopg: Any = importlib.import_module("psycopg")
        return psycopg.connect(
            host="127.0.0.1", port=self.port, dbname=database, user=USER, password=PASSWORD,
            autocommit=True,
        )  # fmt: skip

    def create(self) -> None:
        """Make the data folder, the user and the database."""
        secret = self.folder / "password"
        secret.write_text(PASSWORD)
        if os.geteuid() == 0:
            for path in (self.folder, secret):
                shutil.chown(path, SERVER_USER)
        self._run(
            "initdb", "-D", str(self.data), "-U", USER, "--pwfile", str(secret),
            "-A", "scram-sha-256", "-E", "UTF8", "--locale=C", "--no-sync",
        )  # fmt: skip

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def start(self) -> None:
        """Start, and return once it answers."""
        options = (
            f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self.folder}"
            " -c fsync=off -c max_connections=20 -c shared_buffers=16MB"
        )
        self._run(
            "pg_ctl", "-D", str(self.data), "-w", "-t", str(START_S), "-l",
            str(self.folder / "log.txt"), "-o", options, "start",
        )  # fmt: skip

    def stop(self, mode: str = "fast") -> None:
        """End it; `immediate` is as if it had crashed."""
        self._run("pg_ctl", "-D", str(self.data), "-w", "-m", mode, "stop")

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self.programs / program), *arguments]
        if os.geteuid() == 0:
            command = ["runuser", "-u", SERVER_USER, "--", *command]
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            cwd=self.folder,
            check=False,
            timeout=2 * START_S,
        )
        if done.returncode:
            log = self.folder / "log.txt"
            shown = log.read_text()[-2_000:] if log.exists() else ""
            raise RuntimeError(f"{program}: {done.stderr.decode()[-2_000:]} {shown}")


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    """A server for one module of tests; each makes its own tables."""
    need_driver()
    programs = _programs()
    # Not below pytest's folder, which only its own user may enter.
    folder = Path(tempfile.mkdtemp(prefix="gateway-postgres-"))
    server = Postgres(programs, folder, free_port())
    try:
        server.create()
        server.start()
        _create_database(server)
        yield server
    finally:
        with contextlib.suppress(RuntimeError):
            server.stop("immediate")
        shutil.rmtree(folder, ignore_errors=True)


def _create_database(server: Postgres) -> None:
    connection = server.connect("postgres")
    connection.execute(f"CREATE DATABASE {DATABASE}")
    connection.close()
