"""`gateway config`: the schemas for editors, and what a configuration amounts to."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.answers import fail
from gateway.cli.check import FolderArgument
from gateway.cli.options import CONFIG_DEFAULT, DATA_DEFAULT, EXIT_CONFIG, Data, Lang, language

app = typer.Typer(no_args_is_help=True, help="Schemas for editors; what a configuration means.")


@app.command()
def schema(
    which: Annotated[str, typer.Argument(help="gateway or device; without it both.")] = "",
    write: Annotated[Path | None, typer.Option(help="Folder to write the files into.")] = None,
) -> None:
    """Print the JSON schemas of gateway.yaml and of device files."""
    from gateway.app.kinds import KINDS
    from gateway.config.schema import schema_text, schemas

    made = schemas(KINDS)
    if which and which not in made:
        fail(f"gateway | device, not {which}")
    if write is not None:
        write.mkdir(parents=True, exist_ok=True)
        for name, content in made.items():
            (write / f"{name}.json").write_text(schema_text(content), "utf-8")
        return
    typer.echo(schema_text(made[which] if which else made).rstrip())


@app.command()
def show(
    folder: FolderArgument = CONFIG_DEFAULT,
    data: Data = DATA_DEFAULT,
    lang: Lang = None,
    effective: Annotated[
        bool, typer.Option("--effective", help="With all defaults, ids and elements.")
    ] = False,
) -> None:
    """Show what the files say; --effective with every default, id and element. Never a secret."""
    from gateway.app.kinds import KINDS
    from gateway.config.effective import effective_plan, written_plan
    from gateway.config.findings import ConfigError
    from gateway.config.plan import load_plan
    from gateway.config.render import all_as_text

    try:
        plan = load_plan(folder, data, os.environ, KINDS)
    except ConfigError as error:
        typer.echo(all_as_text(error.findings, language(lang)))
        raise typer.Exit(EXIT_CONFIG) from None
    shown = effective_plan(plan) if effective else written_plan(plan)
    typer.echo(json.dumps(shown, ensure_ascii=False, indent=2))
