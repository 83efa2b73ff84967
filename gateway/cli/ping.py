"""`gateway ping`: does the service live? For containers and service managers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.client import (
    DATA_DEFAULT,
    EXIT_UNREACHABLE,
    Client,
    ServiceRefused,
    ServiceUnreachable,
    language,
)

TEXTS = {
    "alive": {"en": "alive", "ko": "동작 중"},
    "dead": {"en": "not reachable: {detail}", "ko": "응답 없음: {detail}"},
}


def ping(
    data: Annotated[Path, typer.Option(help="Data folder of the service.")] = DATA_DEFAULT,
    lang: Annotated[str | None, typer.Option(help="ko or en.")] = None,
) -> None:
    """End with 0 when the service lives, with 3 when it does not."""
    tongue = language(lang)
    try:
        Client.of(data).get("/healthz")
    except (ServiceUnreachable, ServiceRefused) as error:
        typer.echo(TEXTS["dead"][tongue].format(detail=error), err=True)
        raise typer.Exit(EXIT_UNREACHABLE) from None
    typer.echo(TEXTS["alive"][tongue])
