"""`gateway aas kosmo`: the three files of the KOSMO reference solution, both ways."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.cli.answers import fail, hint, print_findings, print_json
from gateway.cli.options import (
    DATA_DEFAULT,
    EXIT_CONFIG,
    EXIT_UNHEALTHY,
    AsJson,
    Data,
    Lang,
    language,
)
from gateway.cli.screen import printable
from gateway.core.texts import N_, Language, Texts

if TYPE_CHECKING:
    from aas_models.kosmo.problems import Problem
    from gateway.exchange.kosmo.exporting import Exported
    from gateway.exchange.kosmo.importing import Imported, Read

app = typer.Typer(no_args_is_help=True, help="Files of the KOSMO reference solution, both ways.")
TYPE_CHOICES = ("sound", "reference")
PROBLEMS_SHOWN = 50
TEXTS = Texts(
    __package__,
    {
        "no-table": N_("There is no engineering.csv in {detail}."),
        "no-model": N_("There is no AASX, AAS XML or JSON and no nodeset.xml in {detail}."),
        "several-models": N_("Which AAS is meant? {detail}.  Name it:  --aas FILE"),
        "not-ours": N_("{detail} is there and was not made from KOSMO files; nothing was written."),
        "missing": N_("There is no {path}."),
        "unreadable": N_("{path}: {detail}"),
        "types": N_("The types are sound or reference."),
        "repaired": N_(
            "{count} repairs while reading the AAS; they are listed by gateway aas import."
        ),
        "lost": N_("lost while reading the AAS: {detail}"),
        "more": N_("... and {count} more; all of them with --json"),
        "imported": N_(
            "{tags} of {rows} mapped rows are collected; {devices} device files in {out}."
        ),
        "nothing": N_("Nothing can be collected; nothing was written."),
        "next": N_("Next:  gateway check {out}"),
        "exported": N_("{properties} properties, {mapped} mapped: {files} in {out}."),
    },
)


@app.command("export")
def export_files(
    source: Annotated[
        Path, typer.Argument(help="AASX, AAS XML or JSON, or a configuration folder.")
    ],
    out: Annotated[Path, typer.Option("--out", help="Folder to write the three files into.")],
    types: Annotated[
        str, typer.Option(help="sound, or reference: the reference parser's types where they fit.")
    ] = "sound",
    excel: Annotated[
        bool, typer.Option("--excel", help="engineering.csv with BOM and CRLF, for Excel.")
    ] = False,
    data: Data = DATA_DEFAULT,
    as_json: AsJson = False,
    lang: Lang = None,
) -> None:
    """Write nodeset.xml, engineering.csv and syscfg.json. Exit 1: something was lost."""
    tongue = language(lang)
    if types not in TYPE_CHOICES:
        fail(TEXTS[tongue]["types"])
    if not source.exists():
        fail(TEXTS[tongue]["missing"].format(path=source))
    made, read = _exported(source, types, data, tongue, excel=excel)
    try:
        made.write(out)
    except OSError as error:
        fail(TEXTS[tongue]["unreadable"].format(path=out, detail=error), EXIT_UNHEALTHY)
    lost = [problem for problem in made.problems if not problem.harmless]
    if as_json:
        print_json(
            {
                "ok": not lost and not read_lost(read),
                "out": str(out),
                "files": {name: len(content) for name, content in made.files.items()},
                "properties": made.properties,
                "mapped": made.mapped,
                "problems": [problem.as_json(tongue) for problem in made.problems],
                "lost": read_lost(read),
            }
        )
    else:
        _tell(made.problems, read, tongue)
        line = TEXTS[tongue]["exported"].format(
            properties=made.properties, mapped=made.mapped, files=", ".join(made.files), out=out
        )
        typer.echo(line)
    if lost or read_lost(read):
        raise typer.Exit(EXIT_UNHEALTHY)


@app.command("import")
def import_files(
    folder: Annotated[
        Path, typer.Argument(help="Folder with engineering.csv, syscfg.json and the AAS.")
    ],
    out: Annotated[Path, typer.Option("--out", help="Configuration folder to write.")],
    gateway: Annotated[
        str | None, typer.Option("--gateway", help="Only rows of this gateway.")
    ] = None,
    model: Annotated[
        Path | None, typer.Option("--aas", help="The AAS, where the folder holds several.")
    ] = None,
    unsafe: Annotated[
        bool, typer.Option("--unsafe", help="Field devices' servers without protection.")
    ] = False,
    data: Data = DATA_DEFAULT,
    as_json: AsJson = False,
    lang: Lang = None,
) -> None:
    """Make a configuration. Exit 1: a mapped row is not collected; 2: nothing was written."""
    from gateway.app.kinds import ADAPTERS
    from gateway.core.errors import AasError
    from gateway.exchange.kosmo.importing import KosmoError, find_files, import_kosmo

    tongue = language(lang)
    texts = TEXTS[tongue]
    try:
        files = find_files(folder, model)
        read = _read(files.model, tongue)
        made = import_kosmo(files, read.environment, out, ADAPTERS, gateway, unsafe=unsafe)
    except KosmoError as error:
        fail(texts[error.reason].format(detail=error.detail))
    except (AasError, OSError) as error:
        fail(texts["unreadable"].format(path=folder, detail=error))
    _show_import(made, read, out, data, tongue, as_json=as_json)


def _show_import(
    made: Imported, read: Read, out: Path, data: Path, tongue: Language, *, as_json: bool
) -> None:
    texts = TEXTS[tongue]
    if made.devices:
        _checked(out, data, tongue)
    if as_json:
        print_json(
            {
                "ok": bool(made.devices) and not made.lost and not read.lost,
                "out": str(out),
                "rows": made.rows,
                "tags": made.tags,
                "gateways": list(made.gateways),
                "devices": {device.name: len(device.nodes) for device in made.devices},
                "repairs": read.repairs,
                "problems": [problem.as_json(tongue) for problem in made.problems],
                "lost": list(read.lost),
            }
        )
    else:
        _tell(made.problems, read, tongue)
    if not made.devices:
        fail(texts["nothing"])
    if not as_json:
        facts = {"tags": made.tags, "rows": made.rows, "devices": len(made.devices), "out": out}
        typer.echo(texts["imported"].format(**facts))
        hint(texts["next"].format(out=out))
    if made.lost or read.lost:
        raise typer.Exit(EXIT_UNHEALTHY)


def _checked(out: Path, data: Path, lang: Language) -> None:
    """Hold what was written to what `gateway check` says."""
    _plan(out, data, lang)


def _plan(folder: Path, data: Path, lang: Language) -> Any:
    from gateway.app.kinds import KINDS
    from gateway.config.findings import ConfigError
    from gateway.config.plan import load_plan

    try:
        return load_plan(folder, data, os.environ, KINDS)
    except ConfigError as error:
        print_findings(folder, error, lang)
        raise typer.Exit(EXIT_CONFIG) from None


def _exported(
    source: Path, types: Any, data: Path, lang: Language, *, excel: bool
) -> tuple[Exported, Read | None]:
    from gateway.app.kinds import ADAPTERS
    from gateway.core.errors import AasError
    from gateway.exchange.kosmo.exporting import export_environment, export_plan

    try:
        if source.is_dir():
            plan = _plan(source, data, lang)
            return export_plan(plan, ADAPTERS, types, for_spreadsheet=excel), None
        read = _read(source, lang)
        return export_environment(read.environment, types, for_spreadsheet=excel), read
    except (AasError, OSError) as error:
        fail(TEXTS[lang]["unreadable"].format(path=source, detail=error))


def _read(path: Path, lang: Language) -> Read:
    from gateway.exchange.kosmo.importing import read_model

    return read_model(path, lang)


def read_lost(read: Read | None) -> list[str]:
    """Give what the reading of an AAS lost."""
    return [] if read is None else list(read.lost)


def _tell(problems: Sequence[Problem], read: Read | None, lang: Language) -> None:
    texts = TEXTS[lang]
    for problem in problems[:PROBLEMS_SHOWN]:
        hint(printable(problem.text(lang)))
    if len(problems) > PROBLEMS_SHOWN:
        hint(texts["more"].format(count=len(problems) - PROBLEMS_SHOWN))
    if read is not None and read.repairs:
        hint(texts["repaired"].format(count=read.repairs))
    for each in read_lost(read)[:PROBLEMS_SHOWN]:
        hint(printable(texts["lost"].format(detail=each)))
