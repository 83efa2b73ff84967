"""`gateway ping`: does the service live? For containers and service managers."""

from __future__ import annotations

import typer

from gateway.cli.answers import existing_data, fail, print_json
from gateway.cli.client import Client, ServiceRefused, ServiceUnreachable
from gateway.cli.options import DATA_DEFAULT, EXIT_UNREACHABLE, AsJson, Data, Lang, language
from gateway.core.texts import N_, Texts

TEXTS = Texts(__package__, {"alive": N_("alive"), "dead": N_("not reachable: {detail}")})


def ping(data: Data = DATA_DEFAULT, as_json: AsJson = False, lang: Lang = None) -> None:
    """End with 0 when the service lives, with 3 when it does not."""
    tongue = language(lang)
    detail = ""
    if not as_json:
        existing_data(data, tongue, EXIT_UNREACHABLE)
    try:
        Client.of(data).get("/healthz")
    except (ServiceUnreachable, ServiceRefused) as error:
        detail = str(error)
    if as_json:
        print_json({"alive": not detail, "detail": detail})
        raise typer.Exit(EXIT_UNREACHABLE if detail else 0)
    if detail:
        fail(TEXTS[tongue]["dead"].format(detail=detail), EXIT_UNREACHABLE)
    typer.echo(TEXTS[tongue]["alive"])
