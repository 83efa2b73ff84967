"""`gateway status`: everything on one screen."""

from __future__ import annotations

import sys
import time
from typing import Annotated, Any

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
from gateway.core.texts import Language

WATCH_EVERY_S = 1.0
ATTENTION_MAX = 5
"""Devices told below the table; the others are counted, the table has all."""
CLEAR = "\x1b[H\x1b[2J"
STATES = {
    "connecting": {"en": "connecting", "ko": "연결 중"},
    "good": {"en": "good", "ko": "정상"},
    "partly": {"en": "partly", "ko": "일부"},
    "lost": {"en": "lost", "ko": "끊김"},
    "needs-person": {"en": "needs you", "ko": "조치 필요"},
    "stopped": {"en": "stopped", "ko": "중지"},
    "catching-up": {"en": "catching up", "ko": "따라잡는 중"},
    "retrying": {"en": "retrying", "ko": "재시도"},
    "hold": {"en": "hold", "ko": "보류"},
}
TEXTS = {
    "en": {
        "up": "up {up}",
        "device": ("DEVICE", "STATE", "TAGS", "LAST DATA", "RATE", "NOTE"),
        "sink": ("SINK", "STATE", "WAITING", "LAG", "LAST ACK", "NOTE"),
        "rate": "{rate}/s",
        "next": "next try {wait}",
        "config": "The edited configuration does not run ({note}).",
        "quarantine": "{count} in quarantine",
        "spool": "spool: {note}",
        "ledger": "ledger: not balanced ({names}). Values may be missing.",
        "attention": "{count} device(s) need attention:",
        "others": "and {count} more.",
        "connecting": "connecting for the first time",
        "sinks": "{count} destination(s) do not take data:",
        "refused": "{count} record(s) were refused and wait for you.",
        "storing": "Nothing can be stored: {note}",
        "fine": "All fine.   gateway tail",
        "check": "gateway check CONFIG",
        "none": "No devices yet.   gateway check CONFIG",
    },
    "ko": {
        "up": "가동 {up}",
        "device": ("설비", "상태", "태그", "최근 데이터", "속도", "비고"),
        "sink": ("전송처", "상태", "대기", "지연", "최근 수신확인", "비고"),
        "rate": "{rate}/초",
        "next": "{wait} 후 재시도",
        "config": "고친 설정이 실행되고 있지 않습니다 ({note}).",
        "quarantine": "격리 {count}건",
        "spool": "저장소: {note}",
        "ledger": "수지가 맞지 않습니다 ({names}). 값이 빠졌을 수 있습니다.",
        "attention": "설비 {count}대를 확인하세요:",
        "others": "그 밖에 {count}건.",
        "connecting": "처음 연결하는 중입니다",
        "sinks": "전송처 {count}곳이 데이터를 받지 못합니다:",
        "refused": "거부된 기록 {count}건이 확인을 기다립니다.",
        "storing": "저장할 수 없습니다: {note}",
        "fine": "모두 정상입니다.   gateway tail",
        "check": "gateway check 설정폴더",
        "none": "설비가 없습니다.   gateway check 설정폴더",
    },
}


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
    if exit_code and not content["healthy"]:
        raise typer.Exit(EXIT_UNHEALTHY)


def _shown(client: Client, lang: Language, *, as_json: bool, clear: bool) -> dict[str, Any]:
    content: dict[str, Any] = client.get("/api/status")
    if as_json:
        print_json(content)
        return content
    if clear and sys.stdout.isatty():
        typer.echo(CLEAR, nl=False)
    typer.echo("\n".join(screen(content, lang)))
    return content


def screen(content: dict[str, Any], lang: Language) -> list[str]:
    """Give the lines of the screen."""
    texts, wide = TEXTS[lang], columns()
    up = str(texts["up"]).format(up=span(content["uptime_s"], lang))
    head = [content["gateway"], up, content["version"], content["config"]]
    lines = [" " + "   ".join(printable(part) for part in head if part), ""]
    devices = [_device(each, lang) for each in content["devices"]]
    lines += _noted(list(texts["device"]), devices, content["devices"], lang, wide)
    if content["sinks"]:
        sinks = [_sink(each, lang) for each in content["sinks"]]
        lines += ["", *_noted(list(texts["sink"]), sinks, content["sinks"], lang, wide)]
    return [*lines, "", *_last(content, lang, wide)]


def _noted(
    head: list[str],
    rows: list[list[str]],
    told: list[dict[str, Any]],
    lang: Language,
    wide: int | None,
) -> list[str]:
    """Give a table whose last column is a note; it takes what the other columns leave."""
    room = 0
    if wide is not None:
        room = wide - table_width([head[:-1], *rows])
        room = room if room >= CELL_MIN else wide - len(BELOW)
    notes = [note(each, lang, room) for each in told]
    return table(head, [[*row, told] for row, told in zip(rows, notes, strict=True)], wide)


def state_word(word: str, lang: Language) -> str:
    """Name a state."""
    return STATES.get(word, {}).get(lang, word)


def note(each: dict[str, Any], lang: Language, room: int) -> str:
    """Give the note of a device or destination in so many columns; 0: as long as it is."""
    texts: dict[str, Any] = TEXTS[lang]
    tail = []
    if not each["problems"] and each["note"]:
        tail.append(printable(each["note"]))
    if each.get("quarantined"):
        tail.append(texts["quarantine"].format(count=each["quarantined"]))
    if each["next_try_s"] is not None:
        tail.append(texts["next"].format(wait=span(each["next_try_s"], lang)))
    return cell(each["problems"], tail, lang, room)


def _device(each: dict[str, Any], lang: Language) -> list[str]:
    texts: dict[str, Any] = TEXTS[lang]
    return [
        each["device"],
        state_word(each["state"], lang),
        f"{each['tags']['good']}/{each['tags']['total']}",
        span(each["age_s"], lang),
        texts["rate"].format(rate=number(round(each["rate"], 1))),
    ]


def _sink(each: dict[str, Any], lang: Language) -> list[str]:
    return [
        each["name"],
        state_word(each["state"], lang),
        number(each["waiting"]),
        span(each["lag_s"], lang),
        clock(each["last_accepted"]),
    ]


def _last(content: dict[str, Any], lang: Language, wide: int | None) -> list[str]:
    """Say what needs a person, what to do about it, and the command that helps."""
    texts: dict[str, Any] = TEXTS[lang]
    spool = content["spool"]
    lines = _storing(spool, lang, wide)
    if not spool["ready"]:
        return lines
    bad = [each for each in content["devices"] if each["state"] not in {"good", "stopped"}]
    stuck = [each for each in content["sinks"] if each["state"] in {"retrying", "hold"}]
    lines += _attention("attention", "device", bad, lang, wide)
    lines += _attention("sinks", "name", stuck, lang, wide)
    refused = [each for each in content["sinks"] if each["quarantined"]]
    if refused:
        command = f"gateway spool quarantine --reader {refused[0]['name']}"
        count = sum(each["quarantined"] for each in refused)
        lines += with_command(texts["refused"].format(count=count), command, wide)
    for alarm in content["alarms"]:
        said = f"{alarm['code']} {printable(alarm['about'])}: {alarm['what'][lang]}"
        lines += with_command(said, f"gateway usage explain {alarm['code']}", wide)
    if not content["ledger"]["balanced"]:
        said = texts["ledger"].format(names=_unbalanced(content["ledger"]))
        lines += with_command(said, "gateway status --json", wide)
    if content["config"]:
        said = texts["config"].format(note=printable(content["config"]))
        lines += with_command(said, texts["check"], wide)
    if lines:
        return lines
    return [" " + texts["fine" if content["devices"] else "none"]]


def _unbalanced(ledger: dict[str, Any]) -> str:
    names = [each["device"] for each in ledger["devices"] if not each["balanced"]]
    names += [each["reader"] for each in ledger["readers"] if not each["balanced"]]
    return ", ".join(map(printable, names[:ATTENTION_MAX]))


def _storing(spool: dict[str, Any], lang: Language, wide: int | None) -> list[str]:
    """Say how it stands with the disk, where there is something to say."""
    texts: dict[str, Any] = TEXTS[lang]
    said = texts["spool" if spool["ready"] else "storing"].format(note=spool["note"] or "-")
    if spool["ready"] and not spool["note"]:
        return []
    return [" " + printable(said), *steps("spool", spool["problems"], lang, wide)]


def _attention(
    title: str, name: str, found: list[dict[str, Any]], lang: Language, wide: int | None
) -> list[str]:
    """Give what is wrong with each of some devices or destinations, and the next step."""
    texts: dict[str, Any] = TEXTS[lang]
    if not found:
        return []
    lines = [" " + texts[title].format(count=len(found))]
    for each in found[:ATTENTION_MAX]:
        if each["problems"]:
            lines += steps(each[name], each["problems"], lang, wide)
        else:
            said = texts["connecting"] if each["state"] == "connecting" else each["note"] or "-"
            command = "gateway check --live" if name == "device" else "gateway spool ls"
            lines += with_command(f"{each[name]}: {printable(said)}", command, wide)
    left = len(found) - ATTENTION_MAX
    if left > 0:
        lines += with_command(texts["others"].format(count=left), "gateway status --json", wide)
    return lines
