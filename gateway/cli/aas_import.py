"""`gateway aas import`: reads an AAS file of any metamodel and writes a clean one."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, cast

import typer

from gateway.cli.answers import fail, hint, print_json
from gateway.cli.options import EXIT_UNHEALTHY, AsJson, Lang, language
from gateway.cli.screen import printable
from gateway.core.texts import N_, Language, Texts

if TYPE_CHECKING:
    from aas_models.importing import Imported, Repair

FORMATS = {".json": "json", ".xml": "xml", ".aasx": "aasx"}
EXAMPLES = 3
TEXTS = Texts(
    __package__,
    {
        "read": N_(
            "{file}: metamodel {metamodel}, {shells} shells, {submodels} submodels, "
            "{concepts} concept descriptions, {elements} elements, {files} documents"
        ),
        "clean": N_("Nothing had to be repaired."),
        "repaired": N_("Repaired in {count} places:"),
        "lowered": N_("Changed in {count} places for metamodel 3.0:"),
        "group": N_("  {count:>6}  {problem}"),
        "more": N_("          … all of them:  --all"),
        "written": N_("Written: {path} (metamodel {metamodel})"),
        "next": N_("Write it clean:  gateway aas import {file} --out {name}.clean.aasx"),
        "format": N_("The file to write ends in .aasx, .json or .xml."),
        "metamodel": N_("The metamodel is 3.0 or 3.1."),
        "same": N_("The file to write is the one that is read."),
    },
)


def import_file(
    path: Annotated[Path, typer.Argument(help="AAS file: .aasx, .xml or .json.")],
    out: Annotated[
        Path | None, typer.Option("--out", help="File to write: .json, .xml or .aasx.")
    ] = None,
    metamodel: Annotated[str, typer.Option(help="Metamodel of the file: 3.0 or 3.1.")] = "3.1",
    everything: Annotated[bool, typer.Option("--all", help="Show every repair.")] = False,
    as_json: AsJson = False,
    lang: Lang = None,
) -> None:
    """Read an AAS file of any metamodel, repair it, and write it clean with --out."""
    from aas_models.importing import read_path
    from aas_models.importing.lint import found
    from gateway.core.errors import AasError

    tongue = language(lang)
    _check_call(path, out, metamodel, tongue)
    try:
        imported = read_path(path)
        lowered = _write(imported, out, metamodel) if out else ()
    except (AasError, OSError) as error:
        fail(printable(f"{path}: {error}"), EXIT_UNHEALTHY)
    if as_json:
        print_json(found(path, imported, tongue))
        return
    _tell(path, imported, tongue, everything=everything)
    if out:
        if lowered:
            _tell_repairs(lowered, "lowered", tongue, everything=everything)
        typer.echo(printable(TEXTS[tongue]["written"].format(path=out, metamodel=metamodel)))
    elif imported.repairs:
        hint(printable(TEXTS[tongue]["next"].format(file=path, name=path.stem)))


def _check_call(path: Path, out: Path | None, metamodel: str, lang: Language) -> None:
    if metamodel not in {"3.0", "3.1"}:
        fail(TEXTS[lang]["metamodel"])
    if out is None:
        return
    if out.suffix.lower() not in FORMATS:
        fail(TEXTS[lang]["format"])
    if out.resolve() == path.resolve():
        fail(TEXTS[lang]["same"])


def _write(imported: Imported, out: Path, metamodel: str) -> tuple[Repair, ...]:
    from aas_models.packages import Format, Metamodel, write_package

    written = write_package(
        imported.environment,
        cast("Format", FORMATS[out.suffix.lower()]),
        cast("Metamodel", metamodel),
        files=imported.files,
        thumbnail=imported.thumbnail,
    )
    partial = out.with_name(f".{out.name}.partial")
    partial.write_bytes(written.data)
    partial.replace(out)
    return written.repairs


def _tell(path: Path, imported: Imported, lang: Language, *, everything: bool) -> None:
    from aas_models.importing import element_counts

    environment = imported.environment
    line = TEXTS[lang]["read"].format(
        file=path,
        metamodel=imported.metamodel,
        shells=len(environment.get("assetAdministrationShells", ())),
        submodels=len(environment.get("submodels", ())),
        concepts=len(environment.get("conceptDescriptions", ())),
        elements=sum(element_counts(environment).values()),
        files=len(imported.files),
    )
    typer.echo(printable(line))
    if not imported.repairs:
        typer.echo(TEXTS[lang]["clean"])
        return
    _tell_repairs(imported.repairs, "repaired", lang, everything=everything)


def _tell_repairs(
    repairs: Iterable[Repair],
    head: Literal["repaired", "lowered"],
    lang: Language,
    *,
    everything: bool,
) -> None:
    from aas_models.importing import say

    groups: dict[tuple[str, str], list[Repair]] = {}
    for each in repairs:
        groups.setdefault((each.problem, each.action), []).append(each)
    count = sum(map(len, groups.values()))
    typer.echo(TEXTS[lang][head].format(count=count))
    for group in sorted(groups.values(), key=len, reverse=True):
        problem = say(group[0], lang)[0]
        typer.echo(TEXTS[lang]["group"].format(count=len(group), problem=problem))
        for each in group if everything else group[:EXAMPLES]:
            typer.echo(printable(f"          {each.path or '/'}: {say(each, lang)[1]}"))
        if len(group) > EXAMPLES and not everything:
            typer.echo(TEXTS[lang]["more"])
