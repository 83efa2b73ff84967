"""`gateway top`: devices, destinations and the newest values, kept up to date."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.cli.answers import service_errors
from gateway.cli.client import Client
from gateway.cli.options import DATA_DEFAULT, Data, Lang, language
from gateway.cli.screen import clock_ms, number, printable, span
from gateway.cli.status import HEADS, TEXTS, note, state_word
from gateway.cli.tail import QUALITY
from gateway.core.status import DeviceStatus, GatewayStatus, SinkStatus, record_of
from gateway.core.texts import N_, Language, Texts

if TYPE_CHECKING:
    from rich.console import Group

EVERY_S = 1.0
NOTE_WIDTH = 80
VALUES_MIN, VALUES_MAX = 3, 1_000
FRAME_LINES = 11
"""Lines that are no device, destination or value: head, three titles with their rules, gaps."""
COLOURS = {
    "good": "green",
    "partly": "yellow",
    "connecting": "yellow",
    "catching-up": "yellow",
    "retrying": "yellow",
    "lost": "red",
    "needs-person": "red",
    "hold": "red",
    "uncertain": "yellow",
    "bad": "red",
}
VALUE_HEAD = Texts(__package__, {"value": (N_("TAG"), N_("VALUE"), N_("QUALITY"), N_("TIME"))})


def top(
    selector: Annotated[str, typer.Argument(help="Pattern over DEVICE/TAG.")] = "*",
    data: Data = DATA_DEFAULT,
    once: Annotated[bool, typer.Option("--once", help="Show once and end.")] = False,
    lang: Lang = None,
) -> None:
    """Show everything in motion, until Ctrl+C."""
    from rich.console import Console
    from rich.live import Live

    tongue = language(lang)
    with service_errors(tongue, data):
        client = Client.of(data)
        console = Console()
        first = view(*_asked(client, selector, console.height), tongue)
        if once:
            console.print(first)
            return
        with Live(first, console=console, screen=True, auto_refresh=False) as live:
            while True:
                time.sleep(EVERY_S)
                live.update(view(*_asked(client, selector, console.height), tongue), refresh=True)


def _asked(
    client: Client, selector: str, height: int
) -> tuple[GatewayStatus, list[dict[str, Any]]]:
    """Ask for as many values as the terminal has lines for."""
    content = record_of(GatewayStatus, client.get("/api/status"))
    room = height - FRAME_LINES - len(content.devices) - len(content.sinks)
    limit = min(max(room, VALUES_MIN), VALUES_MAX)
    return content, client.get("/api/live", {"match": selector, "limit": limit})["rows"]


def view(content: GatewayStatus, rows: list[dict[str, Any]], lang: Language) -> Group:
    """Give what is drawn."""
    from rich.console import Group
    from rich.text import Text

    up = TEXTS[lang]["up"].format(up=span(content.uptime_s, lang))
    head = f"{content.gateway}   {up}   {content.version}"
    return Group(
        Text(printable(head), style="bold"),
        _table(HEADS[lang]["device"], [_device(each, lang) for each in content.devices]),
        _table(HEADS[lang]["sink"], [_sink(each, lang) for each in content.sinks]),
        _table(VALUE_HEAD[lang]["value"], [_value(each, lang) for each in rows]),
    )


def _table(head: Sequence[str], rows: list[list[tuple[str, str]]]) -> Any:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    made = Table(box=SIMPLE_HEAD, expand=False, pad_edge=False)
    for title in head:
        made.add_column(title)
    for row in rows:
        made.add_row(*(Text(printable(text), style=style) for text, style in row))
    return made


def _device(each: DeviceStatus, lang: Language) -> list[tuple[str, str]]:
    rate = TEXTS[lang]["rate"].format(rate=number(each.rate))
    return [
        (each.device, "bold"),
        (state_word(each.state, lang), COLOURS.get(each.state, "")),
        (f"{each.tags.good}/{each.tags.total}", ""),
        (span(each.age_s, lang), ""),
        (rate, ""),
        (note(each, lang, NOTE_WIDTH), "dim"),
    ]


def _sink(each: SinkStatus, lang: Language) -> list[tuple[str, str]]:
    return [
        (each.name, "bold"),
        (state_word(each.state, lang), COLOURS.get(each.state, "")),
        (number(each.waiting), ""),
        (span(each.lag_s, lang), ""),
        ("-" if each.last_accepted is None else clock_ms(each.last_accepted), ""),
        (note(each, lang, NOTE_WIDTH), "dim"),
    ]


def _value(row: dict[str, Any], lang: Language) -> list[tuple[str, str]]:
    return [
        (f"{row['device']}/{row['name']}", ""),
        (f"{number(row['value'])} {row['unit'] or ''}".strip(), "bold"),
        (QUALITY[lang][row["quality"]], COLOURS.get(row["quality"], "")),
        (clock_ms(row["time"]), "dim"),
    ]
