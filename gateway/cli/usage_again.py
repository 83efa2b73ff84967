"""`gateway usage retry`: an event that was set aside is to be sent after all."""

from __future__ import annotations

from typing import Annotated

import typer

from gateway.cli.answers import fail, print_json
from gateway.cli.options import DATA_DEFAULT, AsJson, Data, Lang, language
from gateway.cli.screen import printable
from gateway.cli.usage_open import FOLDER, view_of
from gateway.cli.usage_people import asked
from gateway.cli.usage_texts import TEXTS


def retry(
    event: Annotated[str, typer.Argument(help="Id of a quarantined event, as `ls` shows it.")],
    data: Data = DATA_DEFAULT,
    as_json: AsJson = False,
    lang: Lang = None,
) -> None:
    """Send an event after all that was set aside; on its own day only."""
    tongue = language(lang)
    with view_of(data, tongue):
        pass
    if not asked(data / FOLDER, {"again": event}, tongue):
        fail(TEXTS[tongue]["not-aside"].format(event=printable(event)))
    if as_json:
        print_json({"retried": event})
    else:
        typer.echo(TEXTS[tongue]["again"].format(event=printable(event)))
