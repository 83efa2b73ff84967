"""`gateway ping`: does the service live? For containers and service managers."""

from __future__ import annotations

import typer

from gateway.cli.client import Client, ServiceRefused, ServiceUnreachable
from gateway.cli.options import DATA_DEFAULT, EXIT_UNREACHABLE, Data, Lang, language

TEXTS = {
    "alive": {"en": "alive", "ko": "동작 중"},
    "dead": {"en": "not reachable: {detail}", "ko": "응답 없음: {detail}"},
}


def ping(
    data: Data = DATA_DEFAULT,
    lang: Lang = None,
) -> None:
    """End with 0 when the service lives, with 3 when it does not."""
    tongue = language(lang)
    try:
        Client.of(data).get("/healthz")
    except (ServiceUnreachable, ServiceRefused) as error:
        typer.echo(TEXTS["dead"][tongue].format(detail=error), err=True)
        raise typer.Exit(EXIT_UNREACHABLE) from None
    typer.echo(TEXTS["alive"][tongue])
