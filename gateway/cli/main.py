"""The `gateway` command. Every command lives in a module of its own and is imported when it runs,
so that `gateway --help` answers at once.
"""

from __future__ import annotations

import sys

import typer

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Factory telemetry gateway: machines to AAS, history and platform, nothing lost.",
)


def main() -> None:
    """Run the command line; output is UTF-8 on every system."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
    app()
