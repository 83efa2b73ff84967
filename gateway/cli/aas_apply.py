"""`gateway aas apply FILE`: an AASX becomes device files, and the running service takes them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from gateway.cli.aas_plan import AasxFile, Prune, proposal_for, show
from gateway.cli.answers import hint, print_json
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
from gateway.core.texts import N_, Texts

if TYPE_CHECKING:
    from gateway.exchange.aasx.applying import Applied

RELOAD_S = 60.0
"""The answer comes when devices that go are disconnected."""
TEXTS = Texts(
    __package__,
    {
        "wrong": N_("Nothing was written: the configuration would be wrong."),
        "written": N_("written"),
        "removed": N_("removed"),
        "backup": N_("what was there before"),
        "taken": N_("The running service took it."),
        "still": N_("No service runs here; it will count from the next start."),
        "other": N_("The running service uses another folder: {folder}"),
        "refused": N_("The running service did not take it: {detail}"),
        "restart": N_("Needs a restart: {keys}"),
    },
)


def apply(
    file: AasxFile,
    config: Config = CONFIG_DEFAULT,
    data: Data = DATA_DEFAULT,
    prune: Prune = False,
    as_json: AsJson = False,
    lang: Lang = None,
) -> None:
    """Write the device files that a file describes; the running service takes them at once."""
    from gateway.core.clock import SystemClock
    from gateway.exchange.aasx.applying import apply_files

    tongue = language(lang)
    texts = TEXTS[tongue]
    _, proposal = proposal_for(file, config, data, tongue, prune=prune)
    if not as_json:
        show(proposal, tongue, {})
    if proposal.plan is None:
        hint(texts["wrong"])
        raise typer.Exit(EXIT_CONFIG)
    try:
        applied = apply_files(proposal, data, SystemClock())
    except OSError as error:
        hint(f"{config}: {error}")
        raise typer.Exit(EXIT_UNHEALTHY) from None
    service = _reload(data) if proposal.files else {"state": "unchanged"}
    if as_json:
        print_json(_as_json(applied, service))
    else:
        _tell(applied, service, config, texts)
    raise typer.Exit(EXIT_UNHEALTHY if service["state"] == "refused" else 0)


def _reload(data: Path) -> dict[str, Any]:
    """Let the running service read its folder now; it would see the files within some seconds."""
    try:
        answer: dict[str, Any] = Client.of(data).post("/api/reload", RELOAD_S)
    except ServiceUnreachable as error:
        return {"state": "not-running", "detail": str(error)}
    except ServiceRefused as error:
        return {"state": "refused", "detail": str(error)}
    return {"state": "taken", **answer}


def _as_json(applied: Applied, service: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "written": [str(path) for path in applied.written],
        "removed": [str(path) for path in applied.removed],
        "backup": str(applied.backup) if applied.backup else None,
        "service": service,
    }


def _tell(
    applied: Applied, service: Mapping[str, Any], config: Path, texts: Mapping[str, str]
) -> None:
    for word, paths in (("written", applied.written), ("removed", applied.removed)):
        for path in paths:
            typer.echo(f"{texts[word]}: {path}")
    if applied.backup is not None:
        typer.echo(f"{texts['backup']}: {applied.backup}")
    match service["state"]:
        case "taken" if service["folder"] != str(config.resolve()):
            hint(texts["other"].format(folder=service["folder"]))
        case "taken":
            hint(texts["taken"])
            if service["needs_restart"]:
                hint(texts["restart"].format(keys=", ".join(service["needs_restart"])))
        case "refused":
            hint(texts["refused"].format(detail=service["detail"]))
        case "not-running":
            hint(texts["still"])
