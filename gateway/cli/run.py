"""`gateway run`: the service in the foreground."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.answers import fail
from gateway.cli.options import (
    CONFIG_DEFAULT,
    DATA_DEFAULT,
    EXIT_CONFIG,
    EXIT_NOT_ALLOWED,
    Data,
    Lang,
    language,
)
from gateway.core.texts import N_, Texts

LOG_FORMATS = ("console", "json")
EXIT_DATA = EXIT_NOT_ALLOWED
TEXTS = Texts(
    __package__,
    {
        "last-good": N_(
            "Running the last configuration that was right. Mending the file takes effect at once."
        ),
        "log": N_("--log is console or json, not {log}."),
        "locked": N_(
            "Another gateway is running with {data}.\nLook at it:  gateway status --data {data}"
        ),
        "data": N_("{data} cannot be used: {detail}"),
    },
)


def run(
    folder: Annotated[Path, typer.Argument(help="Folder with gateway.yaml.")] = CONFIG_DEFAULT,
    data: Data = DATA_DEFAULT,
    log: Annotated[str, typer.Option(help="console or json.", envvar="GATEWAY_LOG")] = "console",
    lang: Lang = None,
    *,
    debug: Annotated[bool, typer.Option(help="More lines in the log.")] = False,
) -> None:
    """Collect, keep and forward until stopped by Ctrl+C or SIGTERM."""
    from gateway.app.kinds import ADAPTERS
    from gateway.app.process import bound_memory, run_loop
    from gateway.app.run import Gateway
    from gateway.app.start import plan_to_run
    from gateway.config.findings import ConfigError
    from gateway.config.render import all_as_text
    from gateway.core.clock import SystemClock
    from gateway.core.errors import SpoolError, SpoolLocked
    from gateway.ops.events.emit import set_up_logging

    tongue = language(lang)
    if log not in LOG_FORMATS:
        fail(TEXTS[tongue]["log"].format(log=log))
    libraries = [name for kind in ADAPTERS for name in kind.libraries]
    set_up_logging(as_json=log == "json", debug=debug, libraries=libraries)
    try:
        plan, findings, is_copy = plan_to_run(folder, data, os.environ)
    except ConfigError as error:
        typer.echo(all_as_text(error.findings, tongue), err=True)
        raise typer.Exit(EXIT_CONFIG) from error
    if findings:
        typer.echo(all_as_text(findings, tongue), err=True)
    if is_copy:
        typer.echo(TEXTS[tongue]["last-good"], err=True)
    bound_memory()
    gateway = Gateway(data, plan, os.environ, SystemClock())
    try:
        run_loop(gateway.run())
    except SpoolError as error:
        text = TEXTS[tongue]["locked" if isinstance(error, SpoolLocked) else "data"]
        fail(text.format(data=data, detail=error), EXIT_DATA)
