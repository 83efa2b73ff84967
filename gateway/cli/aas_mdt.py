"""`gateway aas mdt`: the devices as `Data` submodels of the MDT platform (KS X 9101)."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.cli.answers import fail, hint, print_findings
from gateway.cli.client import Client, ServiceRefused, ServiceUnreachable, pages
from gateway.cli.options import (
    CONFIG_DEFAULT,
    DATA_DEFAULT,
    EXIT_CONFIG,
    EXIT_UNHEALTHY,
    Config,
    Data,
    Lang,
    language,
)
from gateway.core.texts import N_, Texts

if TYPE_CHECKING:
    from aas_models.kosmo.mdt import Sample
    from gateway.config.plan import GatewayPlan

FORMATS = {".json": "json", ".xml": "xml", ".aasx": "aasx"}
TEXTS = Texts(
    __package__,
    {
        "format": N_("The file ends in .json, .xml or .aasx."),
        "written": N_("{devices} devices, {values} present values in {path}."),
        "still": N_("No running service was found: there are no values."),
    },
)


def mdt(
    path: Annotated[Path, typer.Argument(help="File to write: .json, .xml or .aasx.")],
    config: Config = CONFIG_DEFAULT,
    data: Data = DATA_DEFAULT,
    lang: Lang = None,
) -> None:
    """Write devices as Data submodels of KS X 9101 / MDT, with values when the service runs."""
    from aas_models.export import rendered
    from gateway.app.kinds import ADAPTERS
    from gateway.config.findings import ConfigError
    from gateway.config.plan import load_plan
    from gateway.core.errors import AasError
    from gateway.exchange.kosmo.mdt import mdt_environment

    tongue = language(lang)
    form: Any = FORMATS.get(path.suffix.lower()) or fail(TEXTS[tongue]["format"])
    try:
        plan = load_plan(config, data, os.environ)
    except ConfigError as error:
        print_findings(config, error, tongue)
        raise typer.Exit(EXIT_CONFIG) from None
    samples = _samples(plan, data)
    try:
        path.write_bytes(rendered(mdt_environment(plan, samples, ADAPTERS), form, path.name))
    except (AasError, OSError) as error:
        fail(f"{path}: {error}", EXIT_UNHEALTHY)
    if not samples:
        hint(TEXTS[tongue]["still"])
    facts = {"devices": len(plan.devices), "values": len(samples), "path": path}
    typer.echo(TEXTS[tongue]["written"].format(**facts))


def _samples(plan: GatewayPlan, data: Path) -> dict[tuple[str, int], Sample]:
    """Ask the running service for present values; empty when there is none."""
    try:
        _, rows = pages(Client.of(data), {"match": "*"})
    except (ServiceUnreachable, ServiceRefused):
        return {}
    places = {
        (name, signal.name): signal.index
        for name, device in plan.devices.items()
        for signal in device.table.signals
    }
    found = {}
    for row in rows:
        place = places.get((row["device"], row["name"]))
        if place is not None:
            found[row["device"], place] = _sample(row)
    return found


def _sample(row: dict[str, Any]) -> Sample:
    from aas_models.kosmo.mdt import Sample
    from aas_models.values import lexical, token_of

    value_type = row["type"]
    token = token_of(row["value"], value_type)
    text = None if token is None else lexical(token)
    return Sample(text, int(row["time"]), int(row["status"]), value_type)
