"""`gateway usage who|erase`: whom a pseudonym stands for, and forgetting it."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from gateway.cli.answers import fail, hint, print_json
from gateway.cli.options import (
    DATA_DEFAULT,
    EXIT_UNHEALTHY,
    EXIT_UNREACHABLE,
    AsJson,
    Data,
    Lang,
    language,
)
from gateway.cli.screen import number, printable
from gateway.cli.usage_open import FOLDER, filter_of, view_of
from gateway.cli.usage_texts import TEXTS
from gateway.core.texts import Language

ANSWER_WITHIN_S = 5.0


def who(
    user: Annotated[str, typer.Argument(metavar="PSEUDONYM", help="As `ls` shows it.")],
    data: Data = DATA_DEFAULT,
    as_json: AsJson = False,
    lang: Lang = None,
) -> None:
    """Say whom a pseudonym stands for; only this gateway knows."""
    tongue = language(lang)
    with view_of(data, tongue) as view:
        person = view.person(user)
    if person is None:
        fail(TEXTS[tongue]["nobody-known"].format(user=printable(user)))
    if as_json:
        print_json({"user": user, "person": person})
    else:
        names = {"user": printable(user), "person": printable(person)}
        typer.echo(TEXTS[tongue]["who"].format(**names))


def erase(
    person: Annotated[str, typer.Option("--person", help="A user as sent, or by name.")] = "",
    before: Annotated[str, typer.Option("--before", help="All that came before this day.")] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    data: Data = DATA_DEFAULT,
    as_json: AsJson = False,
    lang: Lang = None,
) -> None:
    """Erase personal content; events and proof stay."""
    from gateway.usage.ledger.read import set_aside

    tongue = language(lang)
    if bool(person) == bool(before):
        fail(TEXTS[tongue]["which"])
    filter_of(before, "", None, tongue)
    with view_of(data, tongue):
        pass
    if not yes and not (sys.stdin.isatty() and typer.confirm(TEXTS[tongue]["sure"])):
        fail(TEXTS[tongue]["kept"])
    request = {"person": person} if person else {"before": before}
    count = asked(data / FOLDER, request, tongue)
    for name in set_aside(data / FOLDER):
        hint(TEXTS[tongue]["aside-holds"].format(file=name))
    if as_json:
        print_json({"erased": count})
    else:
        typer.echo(TEXTS[tongue]["gone"].format(count=number(count)))


def asked(folder: Path, request: dict[str, str], lang: Language) -> int:
    """Have a request done, by the running gateway or here; give the number of events."""
    import apsw

    from gateway.core.clock import SystemClock
    from gateway.core.errors import LedgerUnavailable
    from gateway.usage.ledger.requests import ask

    try:
        result = ask(folder, request, SystemClock())
    except (LedgerUnavailable, apsw.Error, OSError) as error:
        fail(TEXTS[lang]["failed"].format(error=printable(error)), EXIT_UNHEALTHY)
    if isinstance(result, int):
        return result
    ends = time.monotonic() + ANSWER_WITHIN_S
    while not result.exists():
        if time.monotonic() > ends:
            fail(TEXTS[lang]["silent"], EXIT_UNREACHABLE)
        time.sleep(0.05)
    answer: dict[str, Any] = json.loads(result.read_text(encoding="ascii"))
    result.unlink(missing_ok=True)
    if "error" in answer:
        fail(TEXTS[lang]["failed"].format(error=answer["error"]), EXIT_UNHEALTHY)
    return int(answer["done"])
