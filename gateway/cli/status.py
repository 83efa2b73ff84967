"""`gateway status`: everything on one screen."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from typing import Annotated

import typer

from gateway.cli.answers import print_json, service_errors
from gateway.cli.client import Client
from gateway.cli.options import DATA_DEFAULT, EXIT_UNHEALTHY, AsJson, Data, Lang, language
from gateway.cli.problems import CELL_MIN, cell, steps, with_command
from gateway.cli.screen import (
    BELOW,
    clock,
    columns,
    number,
    printable,
    span,
    table,
    table_width,
)
from gateway.core.status import (
    Accounts,
    DeviceStatus,
    GatewayStatus,
    SinkStatus,
    SpoolStatus,
    record_of,
)
from gateway.core.texts import N_, Language, Texts

WATCH_EVERY_S = 1.0
ATTENTION_MAX = 5
"""Devices told below the table; the others are counted, the table has all."""
CLEAR = "\x1b[H\x1b[2J"
STATES = Texts(
    __package__,
    {
        "connecting": N_("connecting"),
        "good": N_("good"),
        "partly": N_("partly"),
        "lost": N_("lost"),
        "needs-person": N_("needs you"),
        "stopped": N_("stopped"),
        "catching-up": N_("catching up"),
        "retrying": N_("retrying"),
        "hold": N_("hold"),
    },
)
HEADS = Texts(
    __package__,
    {
        "device": (
            N_("DEVICE"), N_("STATE"), N_("TAGS"), N_("LAST DATA"), N_("RATE"), N_("NOTE"),
        ),
        "sink": (N_("SINK"), N_("STATE"), N_("WAITING"), N_("LAG"), N_("LAST ACK"), N_("NOTE")),
    },
)  # fmt: skip
TEXTS = Texts(
    __package__,
    {
        "up": N_("up {up}"),
        "rate": N_("{rate}/s"),
        "next": N_("next try {wait}"),
        "config": N_("The edited configuration does not run ({note})."),
        "quarantine": N_("{count} in quarantine"),
        "spool": N_("spool: {note}"),
        "accounts": N_("accounts: not balanced ({names}). Values may be missing."),
        "attention": N_("{count} device(s) need attention:"),
        "others": N_("and {count} more."),
        "connecting": N_("connecting for the first time"),
        "sinks": N_("{count} destination(s) do not take data:"),
        "refused": N_("{count} record(s) were refused and wait for you."),
        "storing": N_("Nothing can be stored: {note}"),
        "fine": N_("All fine.   gateway tail"),
        "check": N_("gateway check CONFIG"),
        "none": N_("No devices yet.   gateway check CONFIG"),
    },
)


def status(
    data: Data = DATA_DEFAULT,
    watch: Annotated[bool, typer.Option("--watch", help="Show again every second.")] = False,
    as_json: AsJson = False,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="End with 1 when something needs attention.")
    ] = False,
    lang: Lang = None,
) -> None:
    """Show devices, destinations and what to do next."""
    tongue = language(lang)
    with service_errors(tongue, data):
        client = Client.of(data)
        content = _shown(client, tongue, as_json=as_json, clear=watch)
        while watch:
            time.sleep(WATCH_EVERY_S)
            content = _shown(client, tongue, as_json=as_json, clear=True)
    if exit_code and not content.healthy:
        raise typer.Exit(EXIT_UNHEALTHY)


def _shown(client: Client, lang: Language, *, as_json: bool, clear: bool) -> GatewayStatus:
    found = client.get("/api/status")
    content = record_of(GatewayStatus, found)
    if as_json:
        print_json(found)
        return content
    if clear and sys.stdout.isatty():
        typer.echo(CLEAR, nl=False)
    typer.echo("\n".join(screen(content, lang)))
    return content


def screen(content: GatewayStatus, lang: Language) -> list[str]:
    """Give the lines of the screen."""
    texts, wide = TEXTS[lang], columns()
    up = texts["up"].format(up=span(content.uptime_s, lang))
    head = [content.gateway, up, content.version, content.config]
    lines = [" " + "   ".join(printable(part) for part in head if part), ""]
    devices = [_device(each, lang) for each in content.devices]
    lines += _noted(HEADS[lang]["device"], devices, content.devices, lang, wide)
    if content.sinks:
        sinks = [_sink(each, lang) for each in content.sinks]
        lines += ["", *_noted(HEADS[lang]["sink"], sinks, content.sinks, lang, wide)]
    return [*lines, "", *_last(content, lang, wide)]


def _noted(
    head: Sequence[str],
    rows: list[list[str]],
    told: Sequence[DeviceStatus | SinkStatus],
    lang: Language,
    wide: int | None,
) -> list[str]:
    """Give a table whose last column is a note; it takes what the other columns leave."""
    room = 0
    if wide is not None:
        room = wide - table_width([list(head[:-1]), *rows])
        room = room if room >= CELL_MIN else wide - len(BELOW)
    notes = [note(each, lang, room) for each in told]
    return table(list(head), [[*row, told] for row, told in zip(rows, notes, strict=True)], wide)


def state_word(word: str, lang: Language) -> str:
    """Name a state."""
    return STATES[lang].get(word, word)


def note(each: DeviceStatus | SinkStatus, lang: Language, room: int) -> str:
    """Give the note of a device or destination in so many columns; 0: as long as it is."""
    texts = TEXTS[lang]
    tail = []
    if not each.problems and each.note:
        tail.append(printable(each.note))
    if isinstance(each, SinkStatus) and each.quarantined:
        tail.append(texts["quarantine"].format(count=each.quarantined))
    if each.next_try_s is not None:
        tail.append(texts["next"].format(wait=span(each.next_try_s, lang)))
    return cell(each.problems, tail, lang, room)


def _device(each: DeviceStatus, lang: Language) -> list[str]:
    texts = TEXTS[lang]
    return [
        each.device,
        state_word(each.state, lang),
        f"{each.tags.good}/{each.tags.total}",
        span(each.age_s, lang),
        texts["rate"].format(rate=number(round(each.rate, 1))),
    ]


def _sink(each: SinkStatus, lang: Language) -> list[str]:
    return [
        each.name,
        state_word(each.state, lang),
        number(each.waiting),
        span(each.lag_s, lang),
        clock(each.last_accepted),
    ]


def _last(content: GatewayStatus, lang: Language, wide: int | None) -> list[str]:
    """Say what needs a person, what to do about it, and the command that helps."""
    texts = TEXTS[lang]
    spool = content.spool
    lines = _storing(spool, lang, wide)
    if not spool.ready:
        return lines
    bad = [each for each in content.devices if each.state not in {"good", "stopped"}]
    stuck = [each for each in content.sinks if each.state in {"retrying", "hold"}]
    lines += _attention("attention", {each.device: each for each in bad}, lang, wide)
    lines += _attention("sinks", {each.name: each for each in stuck}, lang, wide)
    refused = [each for each in content.sinks if each.quarantined]
    if refused:
        command = f"gateway spool quarantine --reader {refused[0].name}"
        count = sum(each.quarantined for each in refused)
        lines += with_command(texts["refused"].format(count=count), command, wide)
    for alarm in content.alarms:
        said = f"{alarm.code} {printable(alarm.about)}: {alarm.what[lang]}"
        lines += with_command(said, f"gateway usage explain {alarm.code}", wide)
    if not content.accounts.balanced:
        said = texts["accounts"].format(names=_unbalanced(content.accounts))
        lines += with_command(said, "gateway status --json", wide)
    if content.config:
        said = texts["config"].format(note=printable(content.config))
        lines += with_command(said, texts["check"], wide)
    if lines:
        return lines
    return [" " + texts["fine" if content.devices else "none"]]


def _unbalanced(accounts: Accounts) -> str:
    names = [each.device for each in accounts.devices if not each.balanced]
    names += [each.reader for each in accounts.readers if not each.balanced]
    return ", ".join(map(printable, names[:ATTENTION_MAX]))


def _storing(spool: SpoolStatus, lang: Language, wide: int | None) -> list[str]:
    """Say how it stands with the disk, where there is something to say."""
    texts = TEXTS[lang]
    said = texts["spool" if spool.ready else "storing"].format(note=spool.note or "-")
    if spool.ready and not spool.note:
        return []
    return [" " + printable(said), *steps("spool", spool.problems, lang, wide)]


def _attention(
    title: str, found: Mapping[str, DeviceStatus | SinkStatus], lang: Language, wide: int | None
) -> list[str]:
    """Give what is wrong with each of some devices or destinations, and the next step."""
    texts = TEXTS[lang]
    if not found:
        return []
    lines = [" " + texts[title].format(count=len(found))]
    for name, each in list(found.items())[:ATTENTION_MAX]:
        if each.problems:
            lines += steps(name, each.problems, lang, wide)
        else:
            said = texts["connecting"] if each.state == "connecting" else each.note or "-"
            device = isinstance(each, DeviceStatus)
            command = "gateway check --live" if device else "gateway spool ls"
            lines += with_command(f"{name}: {printable(said)}", command, wide)
    left = len(found) - ATTENTION_MAX
    if left > 0:
        lines += with_command(texts["others"].format(count=left), "gateway status --json", wide)
    return lines
