"""The `gateway` command. Every command lives in a module of its own and is imported when it runs,
so that `gateway --help` answers at once.
"""

from __future__ import annotations

import sys

import typer

from gateway.cli import aas, config, history, secrets, sim, spool, trust, users
from gateway.cli.backfill import backfill
from gateway.cli.check import check
from gateway.cli.demo import demo
from gateway.cli.explain import explain
from gateway.cli.ping import ping
from gateway.cli.run import run
from gateway.cli.status import status
from gateway.cli.tail import tail
from gateway.cli.top import top
from gateway.cli.trace import trace

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Factory telemetry gateway: machines to AAS, history and platform, nothing lost.",
)

for command in (demo, check, run, status, tail, trace, top, ping, explain, backfill):
    app.command()(command)
for name, group in (
    ("trust", trust.app),
    ("aas", aas.app),
    ("config", config.app),
    ("secrets", secrets.app),
    ("users", users.app),
    ("spool", spool.app),
    ("history", history.app),
    ("sim", sim.app),
):
    app.add_typer(group, name=name)


def main() -> None:
    """Run the command line; output is UTF-8 on every system."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
    app()
