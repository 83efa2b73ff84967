"""`gateway aas`: the Asset Administration Shells that a configuration makes."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, NoReturn, cast

import typer

from gateway.cli import aas_apply, aas_kosmo, aas_mdt, aas_plan, aas_verify, aas_yaml
from gateway.cli.aas_history import Span, span_ns, with_history
from gateway.cli.aas_import import import_file
from gateway.cli.aas_lint import lint
from gateway.cli.answers import fail, fail_unknown, hint, print_findings, print_json
from gateway.cli.client import Client, ServiceRefused, ServiceUnreachable
from gateway.cli.options import (
    CONFIG_DEFAULT,
    DATA_DEFAULT,
    EXIT_CONFIG,
    EXIT_UNHEALTHY,
    AsJson,
    Config,
    Data,
    Lang,
    language,
)
from gateway.cli.screen import columns, printable, table
from gateway.core.texts import N_, Language, Texts

if TYPE_CHECKING:
    from aas_models.live import Reading
    from gateway.config.plan import GatewayPlan
    from gateway.core.assets import AssetModel

app = typer.Typer(no_args_is_help=True, help="Asset Administration Shells of the devices.")
app.command("plan")(aas_plan.plan)
app.command("apply")(aas_apply.apply)
app.command("to-yaml")(aas_yaml.to_yaml)
app.command("to-aasx")(aas_yaml.to_aasx)
app.command("import")(import_file)
app.command("lint")(lint)
app.add_typer(aas_kosmo.app, name="kosmo")
app.command()(aas_verify.verify)
app.command()(aas_mdt.mdt)

FORMATS = ("json", "xml", "aasx")
SUFFIXES = {".json": "json", ".xml": "xml", ".aasx": "aasx"}
TEXTS = Texts(
    __package__,
    {
        "head": (N_("DEVICE"), N_("AAS"), N_("SUBMODEL"), N_("ELEMENTS"), N_("ID")),
        "next": N_("gateway aas get {device} --config {config}"),
        "unknown": N_("There is no {what}.  See:  gateway aas ls"),
        "form": N_("Write DEVICE or DEVICE/SUBMODEL, such as press-01/OperationalData."),
        "format": N_("The format is json, xml or aasx."),
        "metamodel": N_("The metamodel is 3.0 or 3.1."),
        "written": N_("{count} objects in {path}."),
        "live": N_("With values of the running service."),
        "still": N_("No running service was found: live properties have no value."),
        "problem": N_("{device}/{signal} has no place in its submodel: {detail}"),
    },
)


@app.command("ls")
def list_shells(
    config: Config = CONFIG_DEFAULT,
    data: Data = DATA_DEFAULT,
    as_json: AsJson = False,
    lang: Lang = None,
) -> None:
    """List shells and their submodels."""
    from aas_models.environment import build_environment, shell_id_short

    tongue = language(lang)
    rows: list[dict[str, Any]] = []
    for model in _models(config, data, tongue):
        environment = build_environment([model])
        rows += [
            {
                "device": model.info.device,
                "aas": shell_id_short(model.info.device),
                "submodel": part.model["idShort"],
                "elements": len(part.bindings) or len(part.model.get("submodelElements", ())),
                "id": part.id,
            }
            for part in environment.submodels
        ]
        _tell_problems(environment.problems, tongue)
    if as_json:
        print_json(rows)
        return
    cells = [list(row.values()) for row in rows]
    typer.echo("\n".join(table(list(TEXTS[tongue]["head"]), cells, columns())))
    if rows:
        hint("\n " + str(TEXTS[tongue]["next"]).format(device=rows[0]["device"], config=config))


@app.command()
def get(
    what: Annotated[str, typer.Argument(help="DEVICE or DEVICE/SUBMODEL.")],
    config: Config = CONFIG_DEFAULT,
    data: Data = DATA_DEFAULT,
    value: Annotated[bool, typer.Option("--value", help="Values only.")] = False,
    lang: Lang = None,
) -> None:
    """Print a shell or submodel as JSON, with live values when the service runs."""
    from aas_models.environment import build_environment
    from aas_models.export import filled, values_only

    tongue = language(lang)
    device, slash, id_short = what.partition("/")
    known = _models(config, data, tongue)
    models = [each for each in known if each.info.device == device]
    if not models:
        _unknown(device, [each.info.device for each in known], tongue)
    if slash and not id_short:
        fail(str(TEXTS[tongue]["form"]))
    environment = build_environment(models)
    readings, wholes = _readings(data, [part.id for part in environment.submodels])
    document = filled(environment, readings, wholes)
    found = document["assetAdministrationShells"][0]
    if slash:
        named = [part for part in document["submodels"] if part["idShort"] == id_short]
        if not named:
            _unknown(
                what, [f"{device}/{part['idShort']}" for part in document["submodels"]], tongue
            )
        found = values_only(named[0]) if value else named[0]
    typer.echo(json.dumps(found, ensure_ascii=False, indent=2))


@app.command()
def export(
    path: Annotated[Path, typer.Argument(help="File to write: .json, .xml or .aasx.")],
    device: Annotated[list[str] | None, typer.Option(help="Only this device; repeatable.")] = None,
    form: Annotated[str | None, typer.Option("--format", help="json, xml or aasx.")] = None,
    metamodel: Annotated[str, typer.Option(help="3.0 or 3.1, for XML and AASX.")] = "3.1",
    history: Span = "24h",
    config: Config = CONFIG_DEFAULT,
    data: Data = DATA_DEFAULT,
    lang: Lang = None,
) -> None:
    """Write shells, submodels and concept descriptions into one file."""
    from aas_models.environment import build_environment
    from aas_models.export import export as write
    from aas_models.importing.report import File
    from aas_models.submodels import made_files
    from gateway.core.errors import AasError

    tongue = language(lang)
    plan, span = _plan(config, data, tongue), span_ns(history, tongue)
    known = [each.asset for each in plan.devices.values()]
    names = {model.info.device for model in known}
    for name in device or ():
        if name not in names:
            _unknown(name, names, tongue)
    models = [m for m in known if not device or m.info.device in device]
    kind, version = _format(form, path, tongue), _metamodel(metamodel, tongue)
    environment = build_environment(models)
    _tell_problems(environment.problems, tongue)
    readings, wholes = _readings(data, [part.id for part in environment.submodels])
    wanted = span if kind == "aasx" else 0
    wholes, files = with_history(plan, data, environment, wholes, wanted, tongue)
    files |= {name: File(made.content_type, made.data) for name, made in made_files(models).items()}
    try:
        count = write(models, readings, path, kind, version, wholes, files=files)
    except (AasError, OSError) as error:
        typer.echo(f"{path}: {error}", err=True)
        raise typer.Exit(EXIT_UNHEALTHY) from None
    hint(str(TEXTS[tongue]["live" if readings else "still"]))
    typer.echo(str(TEXTS[tongue]["written"]).format(count=count, path=path))


def _format(given: str | None, path: Path, lang: Language) -> Literal["json", "xml", "aasx"]:
    form = given or SUFFIXES.get(path.suffix.lower())
    if form not in FORMATS:
        fail(str(TEXTS[lang]["format"]))
    return cast("Literal['json', 'xml', 'aasx']", form)


def _metamodel(given: str, lang: Language) -> Literal["3.0", "3.1"]:
    if given not in {"3.0", "3.1"}:
        fail(str(TEXTS[lang]["metamodel"]))
    return cast("Literal['3.0', '3.1']", given)


def _models(config: Path, data: Path, lang: Language) -> list[AssetModel]:
    return [device.asset for device in _plan(config, data, lang).devices.values()]


def _plan(config: Path, data: Path, lang: Language) -> GatewayPlan:
    from gateway.app.kinds import KINDS
    from gateway.config.findings import ConfigError
    from gateway.config.plan import load_plan

    try:
        return load_plan(config, data, os.environ, KINDS)
    except ConfigError as error:
        print_findings(config, error, lang)
        raise typer.Exit(EXIT_CONFIG) from None


def _readings(
    data: Path, ids: list[str]
) -> tuple[dict[tuple[str, str], Reading], dict[str, dict[str, Any]]]:
    """Ask the running service for present values, and for what is more than values: records,
    figures. Both are empty when there is none.
    """
    from aas_models.export import readings_of
    from aas_models.submodels import names_that_come_and_go

    come_and_go = names_that_come_and_go()
    readings: dict[tuple[str, str], Reading] = {}
    wholes: dict[str, dict[str, Any]] = {}
    try:
        client = Client.of(data)
        for identifier in ids:
            encoded = base64.urlsafe_b64encode(identifier.encode()).decode().rstrip("=")
            try:
                answer = client.get(f"/api/v3.1/submodels/{encoded}")
            except ServiceRefused:
                continue  # the service runs with another configuration: no values for this one
            readings.update(readings_of(answer))
            if answer["idShort"] in come_and_go:
                wholes[identifier] = answer
    except ServiceUnreachable:
        return {}, {}
    return readings, wholes


def _tell_problems(problems: tuple[Any, ...], lang: Language) -> None:
    for each in problems:
        text = str(TEXTS[lang]["problem"]).format(
            device=each.device, signal=each.signal, detail=each.detail
        )
        typer.echo(printable(text), err=True)


def _unknown(what: str, known: Iterable[str], lang: Language) -> NoReturn:
    fail_unknown(str(TEXTS[lang]["unknown"]).format(what=printable(what)), what, known, lang)
