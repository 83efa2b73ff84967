"""`gateway usage ls|status|receipts|verify|explain|export|who|erase`: the ledger of usage logs."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.cli.answers import existing_data, fail, fail_unknown, hint, print_json
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
from gateway.cli.usage_texts import TEXTS

if TYPE_CHECKING:
    from gateway.usage.ledger.read import Filter, View

FOLDER = "usage"
SHOWN = 40
ANSWER_WITHIN_S = 5.0

app = typer.Typer(no_args_is_help=True, help="Usage logs of solutions: the ledger and its proof.")
Day = Annotated[str, typer.Option("--day", help="A day in Korea, such as 2026-11-26.")]
Delivery = Annotated[str | None, typer.Option("--delivery", help="Only of this delivery.")]


@contextmanager
def _view(data: Path, lang: str) -> Iterator[View]:
    from gateway.core.errors import LedgerUnavailable
    from gateway.usage.ledger.read import looking

    existing_data(data, lang)
    try:
        with looking(data / FOLDER) as view:
            yield view
    except LedgerUnavailable as error:
        _fail(error, data, lang)


def _fail(error: Any, data: Path, lang: str) -> None:
    text = TEXTS[lang].get(error.reason, TEXTS[lang]["unreadable"])
    fail(text.format(data=data, error=printable(error)), EXIT_UNHEALTHY)


def _filter(day: str, state: str, delivery: str | None, lang: str) -> Filter:
    from gateway.usage.ledger.days import start_of
    from gateway.usage.ledger.read import Filter
    from gateway.usage.model import State

    if state and state not in set(State):
        fail_unknown(TEXTS[lang]["state"].format(name=state), state, list(State), lang)
    if day:
        try:
            start_of(day)
        except ValueError:
            fail(TEXTS[lang]["day"].format(text=day))
    return Filter(day, day, state, delivery)


@app.command("ls")
def list_events(
    day: Day = "",
    state: Annotated[str, typer.Option("--state", help="Such as queued or delivered.")] = "",
    delivery: Delivery = None,
    data: Data = DATA_DEFAULT,
    as_json: AsJson = False,
    lang: Lang = None,
) -> None:
    """Show events and where each stands."""
    from gateway.cli.usage_view import event_as_json, event_table

    tongue = language(lang)
    wanted = _filter(day, state, delivery, tongue)
    with _view(data, tongue) as view:
        if as_json:
            for each in view.events(wanted):
                print_json(event_as_json(each))
            return
        events, count = list(view.events(wanted, SHOWN)), view.count(wanted)
    typer.echo("\n".join(event_table(events, tongue)) if events else TEXTS[tongue]["empty"])
    if count > len(events):
        shown = {"shown": len(events), "count": number(count), "data": data}
        hint("\n " + TEXTS[tongue]["shown"].format(**shown))


@app.command()
def status(data: Data = DATA_DEFAULT, as_json: AsJson = False, lang: Lang = None) -> None:
    """Show today of each delivery, what waits, the last receipt."""
    from gateway.cli.usage_view import status_as_json, status_screen
    from gateway.core.clock import SystemClock
    from gateway.usage.ledger.read import set_aside

    tongue = language(lang)
    with _view(data, tongue) as view:
        content = status_as_json(view, SystemClock().now())
    content["setAside"] = list(set_aside(data / FOLDER))
    if as_json:
        print_json(content)
        return
    typer.echo("\n".join(status_screen(content, tongue)))
    for name in content["setAside"]:
        hint("\n " + TEXTS[tongue]["aside"].format(file=name))


@app.command()
def receipts(
    event: Annotated[str, typer.Argument(help="Id of one event; without it all.")] = "",
    day: Day = "",
    delivery: Delivery = None,
    data: Data = DATA_DEFAULT,
    as_json: AsJson = False,
    lang: Lang = None,
) -> None:
    """Show requests and the service's answers."""
    from dataclasses import replace

    from gateway.cli.usage_view import receipt_as_json, receipt_table

    tongue = language(lang)
    wanted = _filter(day, "", delivery, tongue)
    with _view(data, tongue) as view:
        if event:
            row = view.row_of(event)
            if row is None:
                fail(TEXTS[tongue]["event"].format(name=printable(event)))
            wanted = replace(wanted, event=row)
        if as_json:
            for each in view.receipts(wanted):
                print_json(receipt_as_json(each))
            return
        found = list(view.receipts(wanted, SHOWN))
    typer.echo("\n".join(receipt_table(found, tongue)) if found else TEXTS[tongue]["no-requests"])


@app.command()
def verify(data: Data = DATA_DEFAULT, as_json: AsJson = False, lang: Lang = None) -> None:
    """Prove that the ledger is as it was written; else end with 1."""
    from gateway.cli.usage_view import report_as_json, report_screen
    from gateway.core.errors import LedgerUnavailable
    from gateway.usage.ledger.read import set_aside
    from gateway.usage.ledger.verify import verify as prove

    tongue = language(lang)
    existing_data(data, tongue)
    try:
        report = prove(data / FOLDER)
    except LedgerUnavailable as error:
        _fail(error, data, tongue)
        return
    aside = set_aside(data / FOLDER)
    if as_json:
        print_json(report_as_json(report, aside))
    else:
        typer.echo("\n".join(report_screen(report, aside, tongue)))
    if report.count:
        raise typer.Exit(EXIT_UNHEALTHY)


@app.command()
def explain(
    code: Annotated[str, typer.Argument(help="Such as AP1029, DO6001 or U1001.")],
    as_json: AsJson = False,
    lang: Lang = None,
) -> None:
    """Say what a usage code means and what to do."""
    from gateway.cli.usage_codes import explained, lines

    tongue = language(lang)
    found = explained(code, tongue)
    if as_json:
        print_json(found)
    else:
        typer.echo("\n".join(lines(found, tongue)))


@app.command()
def export(
    out: Annotated[Path | None, typer.Argument(help="File to write.")] = None,
    month: Annotated[str, typer.Option("--month", help="Such as 2026-11.")] = "",
    form: Annotated[str, typer.Option("--format", help="xlsx or csv.")] = "xlsx",
    data: Data = DATA_DEFAULT,
    lang: Lang = None,
) -> None:
    """Write a month for the audit, with Korean headers."""
    from gateway.core.clock import SystemClock
    from gateway.usage.ledger.days import day_of
    from gateway.usage.ledger.export import Month, write_csv, write_workbook

    tongue, now = language(lang), SystemClock().now()
    wanted = Month(month or day_of(now)[:7])
    if form not in {"xlsx", "csv"}:
        fail(TEXTS[tongue]["format"].format(text=printable(form)))
    path = out or Path(f"usage-{wanted.text}.{form}")
    with _view(data, tongue) as view:
        try:
            if form == "xlsx":
                paths = [path]
                write_workbook(path, view, wanted, now)
            else:
                paths = write_csv(path.with_suffix(""), view, wanted, now)
        except OSError as error:
            fail(TEXTS[tongue]["unwritten"].format(path=path, error=error.strerror or error))
        except ValueError:
            fail(TEXTS[tongue]["month"].format(text=printable(month)))
    for each in paths:
        typer.echo(TEXTS[tongue]["written"].format(path=each))


@app.command()
def who(
    user: Annotated[str, typer.Argument(metavar="PSEUDONYM", help="As `ls` shows it.")],
    data: Data = DATA_DEFAULT,
    as_json: AsJson = False,
    lang: Lang = None,
) -> None:
    """Say whom a pseudonym stands for; only this gateway knows."""
    tongue = language(lang)
    with _view(data, tongue) as view:
        person = view.person(user)
    if person is None:
        fail(TEXTS[tongue]["nobody-known"].format(user=printable(user)))
    if as_json:
        print_json({"user": user, "person": person})
    else:
        names = {"user": printable(user), "person": printable(person)}
        typer.echo(TEXTS[tongue]["who"].format(**names))


@app.command()
def erase(
    person: Annotated[str, typer.Option("--person", help="A user as sent, or by name.")] = "",
    before: Annotated[str, typer.Option("--before", help="All that came before this day.")] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    data: Data = DATA_DEFAULT,
    as_json: AsJson = False,
    lang: Lang = None,
) -> None:
    """Erase personal content; events and proof stay."""
    tongue = language(lang)
    if bool(person) == bool(before):
        fail(TEXTS[tongue]["which"])
    _filter(before, "", None, tongue)
    with _view(data, tongue):
        pass
    if not yes and not (sys.stdin.isatty() and typer.confirm(TEXTS[tongue]["sure"])):
        fail(TEXTS[tongue]["kept"])
    request = {"person": person} if person else {"before": before}
    count = _erased(data / FOLDER, request, tongue)
    if as_json:
        print_json({"erased": count})
    else:
        typer.echo(TEXTS[tongue]["gone"].format(count=number(count)))


def _erased(folder: Path, request: dict[str, str], lang: str) -> int:
    import json

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
    return int(answer["erased"])
