"""`gateway usage ls|status|receipts|verify|explain|export|...`: the ledger of usage logs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.answers import existing_data, fail, hint, print_json
from gateway.cli.options import (
    DATA_DEFAULT,
    EXIT_UNHEALTHY,
    AsJson,
    Data,
    Lang,
    language,
)
from gateway.cli.screen import number, printable
from gateway.cli.usage_again import retry
from gateway.cli.usage_open import FOLDER, fail_unavailable, filter_of, view_of
from gateway.cli.usage_people import erase, who
from gateway.cli.usage_texts import TEXTS

if TYPE_CHECKING:
    from gateway.usage.ledger.read import View

SHOWN = 40

app = typer.Typer(no_args_is_help=True, help="Usage logs of solutions: the ledger and its proof.")
Day = Annotated[str, typer.Option("--day", help="A day in Korea, such as 2026-11-26.")]
Delivery = Annotated[str | None, typer.Option("--delivery", help="Only of this delivery.")]


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
    wanted = filter_of(day, state, delivery, tongue)
    with view_of(data, tongue) as view:
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
    with view_of(data, tongue) as view:
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
    wanted = filter_of(day, "", delivery, tongue)
    with view_of(data, tongue) as view:
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
        fail_unavailable(error, data, tongue)
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

    tongue, now = language(lang), SystemClock().now()
    wanted = month or day_of(now)[:7]
    if form not in {"xlsx", "csv"}:
        fail(TEXTS[tongue]["format"].format(text=printable(form)))
    path = out or Path(f"usage-{wanted}.{form}")
    with view_of(data, tongue) as view:
        try:
            paths = _written(view, wanted, path, form, now)
        except OSError as error:
            fail(TEXTS[tongue]["unwritten"].format(path=path, error=error.strerror or error))
        except ValueError:
            fail(TEXTS[tongue]["month"].format(text=printable(month)))
    for each in paths:
        typer.echo(TEXTS[tongue]["written"].format(path=each))


def _written(view: View, month: str, path: Path, form: str, now: int) -> list[Path]:
    from gateway.usage.ledger.export import Month, write_csv, write_workbook

    if form == "csv":
        return write_csv(path.with_suffix(""), view, Month(month), now)
    write_workbook(path, view, Month(month), now)
    return [path]


app.command()(who)
app.command()(erase)
app.command()(retry)
