"""`gateway run`: the service in the foreground."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.client import language

LOG_FORMATS = ("console", "json")
EXIT_CONFIG = 2
EXIT_DATA = 4


def run(
    folder: Annotated[Path, typer.Argument(help="folder with gateway.yaml")] = Path(),
    data: Annotated[Path, typer.Option(help="data folder; keeps everything")] = Path("data"),
    log: Annotated[str, typer.Option(help="console or json", envvar="GATEWAY_LOG")] = "console",
    lang: Annotated[str | None, typer.Option(help="ko or en")] = None,
    *,
    debug: Annotated[bool, typer.Option(help="more lines in the log")] = False,
) -> None:
    """Collect, keep and forward until stopped by Ctrl+C or SIGTERM."""
    from gateway.app.config.findings import ConfigError
    from gateway.app.config.plan import load_plan
    from gateway.app.config.render import all_as_text
    from gateway.app.process import run_loop
    from gateway.app.run import Gateway
    from gateway.core.clock import SystemClock
    from gateway.core.errors import SpoolError
    from gateway.ops.events.emit import set_up_logging

    if log not in LOG_FORMATS:
        raise typer.BadParameter(f"{log} is neither console nor json", param_hint="--log")
    set_up_logging(as_json=log == "json", debug=debug)
    try:
        # What is right runs; what is wrong in one tag or file is told and left out.
        plan = load_plan(folder, data, os.environ, keep_going=True)
    except ConfigError as error:
        typer.echo(all_as_text(error.findings, language(lang)), err=True)
        raise typer.Exit(EXIT_CONFIG) from error
    if plan.findings:
        typer.echo(all_as_text(plan.findings, language(lang)), err=True)
    data.mkdir(parents=True, exist_ok=True)
    gateway = Gateway(data, plan, os.environ, SystemClock())
    try:
        run_loop(gateway.run())
    except SpoolError as error:
        typer.echo(f"gateway run: {error}", err=True)
        raise typer.Exit(EXIT_DATA) from error
