"""`gateway aas to-yaml` and `gateway aas to-aasx`: the same configuration in two forms."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.aas_plan import AasxFile, read_file
from gateway.cli.answers import fail, hint, print_findings
from gateway.cli.options import (
    DATA_DEFAULT,
    EXIT_CONFIG,
    EXIT_UNHEALTHY,
    Data,
    Lang,
    language,
)
from gateway.cli.screen import printable
from gateway.core.texts import N_, Texts

if TYPE_CHECKING:
    from aas_models.export import Format

SUFFIXES: Mapping[str, Format] = {".aasx": "aasx", ".json": "json", ".xml": "xml"}
TEXTS = Texts(
    __package__,
    {
        "written": N_("{count} devices in {path}."),
        "exists": N_(
            "{path} is there already; nothing was written. Name another folder with --out."
        ),
        "format": N_("The file's name ends in .aasx, .json or .xml."),
        "metamodel": N_("The metamodel is 3.0 or 3.1."),
        "local": N_("Destinations, users and secrets of this machine are in no AASX."),
    },
)


def to_yaml(
    file: AasxFile,
    out: Annotated[Path | None, typer.Option("--out", help="Folder; without it to stdout.")] = None,
    lang: Lang = None,
) -> None:
    """Write a configuration folder for the devices that a file describes."""
    from gateway.app.kinds import ADAPTERS
    from gateway.exchange.aasx.convert import files_of, write_files

    texts = TEXTS[language(lang)]
    converted = files_of(read_file(file).environment, ADAPTERS)
    for note in converted.notes:
        hint(printable(f"{note.path}: {note.text(language(lang))}"))
    if out is None:
        for name, text in converted.files.items():
            typer.echo(f"# {name}\n{text}")
        return
    try:
        written = write_files(converted, out)
    except FileExistsError as error:
        fail(texts["exists"].format(path=error))
    except OSError as error:
        fail(f"{out}: {error}", EXIT_UNHEALTHY)
    typer.echo(texts["written"].format(count=len(written) - 1, path=out))


def to_aasx(
    folder: Annotated[Path, typer.Argument(help="Folder with gateway.yaml.")],
    out: Annotated[Path, typer.Argument(help="File to write: .json, .xml or .aasx.")],
    metamodel: Annotated[str, typer.Option(help="3.0 or 3.1, for XML and AASX.")] = "3.1",
    data: Data = DATA_DEFAULT,
    lang: Lang = None,
) -> None:
    """Write a configuration as AAS with interface description and mapping, without secrets."""
    from gateway.config.findings import ConfigError
    from gateway.config.plan import load_plan
    from gateway.core.errors import AasError
    from gateway.exchange.aasx.convert import aasx_of

    tongue = language(lang)
    texts = TEXTS[tongue]
    form = SUFFIXES.get(out.suffix.lower())
    if form is None:
        fail(texts["format"])
    if metamodel not in {"3.0", "3.1"}:
        fail(texts["metamodel"])
    try:
        plan = load_plan(folder, data, os.environ)
        content = aasx_of(plan, form, out.name, "3.0" if metamodel == "3.0" else "3.1")
        partial = out.with_name(f".{out.name}.partial")
        partial.write_bytes(content)
        partial.replace(out)
    except ConfigError as error:
        print_findings(folder, error, tongue)
        raise typer.Exit(EXIT_CONFIG) from None
    except (AasError, OSError) as error:
        fail(f"{out}: {error}", EXIT_UNHEALTHY)
    hint(texts["local"])
    typer.echo(texts["written"].format(count=len(plan.devices), path=out))
