"""`gateway run`: the service in the foreground."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.options import DATA_DEFAULT, EXIT_CONFIG, Data, Lang, language

LOG_FORMATS = ("console", "json")
EXIT_DATA = 4
LAST_GOOD = {
    "ko": "마지막으로 올바르던 설정으로 실행합니다. 파일을 고치면 바로 적용됩니다.",
    "en": "Running the last configuration that was right. Mending the file takes effect at once.",
}


def run(
    folder: Annotated[Path, typer.Argument(help="Folder with gateway.yaml.")] = Path(),
    data: Data = DATA_DEFAULT,
    log: Annotated[str, typer.Option(help="console or json.", envvar="GATEWAY_LOG")] = "console",
    lang: Lang = None,
    *,
    debug: Annotated[bool, typer.Option(help="More lines in the log.")] = False,
) -> None:
    """Collect, keep and forward until stopped by Ctrl+C or SIGTERM."""
    from gateway.app.config.findings import ConfigError
    from gateway.app.config.render import all_as_text
    from gateway.app.process import run_loop
    from gateway.app.run import Gateway
    from gateway.app.start import plan_to_run
    from gateway.core.clock import SystemClock
    from gateway.core.errors import SpoolError
    from gateway.ops.events.emit import set_up_logging

    if log not in LOG_FORMATS:
        raise typer.BadParameter(f"{log} is neither console nor json", param_hint="--log")
    set_up_logging(as_json=log == "json", debug=debug)
    try:
        plan, findings, is_copy = plan_to_run(folder, data, os.environ)
    except ConfigError as error:
        typer.echo(all_as_text(error.findings, language(lang)), err=True)
        raise typer.Exit(EXIT_CONFIG) from error
    if findings:
        typer.echo(all_as_text(findings, language(lang)), err=True)
    if is_copy:
        typer.echo(LAST_GOOD[language(lang)], err=True)
    gateway = Gateway(data, plan, os.environ, SystemClock())
    try:
        run_loop(gateway.run())
    except SpoolError as error:
        typer.echo(f"gateway run: {error}", err=True)
        raise typer.Exit(EXIT_DATA) from error
