"""`gateway status`: everything on one screen."""

from __future__ import annotations

import sys
import time
from typing import Annotated, Any

import typer

from gateway.cli.answers import print_json, service_errors
from gateway.cli.client import Client
from gateway.cli.options import DATA_DEFAULT, EXIT_UNHEALTHY, AsJson, Data, Lang, language
from gateway.cli.screen import clock, columns, number, printable, span, table

WATCH_EVERY_S = 1.0
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
        "bad": "{count} tag(s) bad: {name} {reason}",
        "quarantine": "{count} in quarantine",
        "spool": "spool: {note}",
        "ledger": "ledger: not balanced",
        "attention": "{count} device(s) need attention.   {command}",
        "sinks": "{count} destination(s) do not take data.   {command}",
        "refused": "{count} record(s) were refused and wait for you.   {command}",
        "storing": "Nothing can be stored: {note}",
        "fine": "All fine.   gateway tail",
        "none": "No devices yet.   gateway check CONFIG",
    },
    "ko": {
        "up": "가동 {up}",
        "device": ("설비", "상태", "태그", "최근 데이터", "속도", "비고"),
        "sink": ("전송처", "상태", "대기", "지연", "최근 수신확인", "비고"),
        "rate": "{rate}/초",
        "next": "{wait} 후 재시도",
        "bad": "태그 {count}개 이상: {name} {reason}",
        "quarantine": "격리 {count}건",
        "spool": "저장소: {note}",
        "ledger": "수지: 맞지 않음",
        "attention": "설비 {count}대를 확인하세요.   {command}",
        "sinks": "전송처 {count}곳이 데이터를 받지 못합니다.   {command}",
        "refused": "거부된 기록 {count}건이 확인을 기다립니다.   {command}",
        "storing": "저장할 수 없습니다: {note}",
        "fine": "모두 정상입니다.   gateway tail",
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


def _shown(client: Client, lang: str, *, as_json: bool, clear: bool) -> dict[str, Any]:
    content: dict[str, Any] = client.get("/api/status")
    if as_json:
        print_json(content)
        return content
    if clear and sys.stdout.isatty():
        typer.echo(CLEAR, nl=False)
    typer.echo("\n".join(screen(content, lang)))
    return content


def screen(content: dict[str, Any], lang: str) -> list[str]:
    """Give the lines of the screen."""
    texts, wide = TEXTS[lang], columns()
    up = str(texts["up"]).format(up=span(content["uptime_s"], lang))
    head = [content["gateway"], up, content["version"], content["config"]]
    lines = [" " + "   ".join(printable(part) for part in head if part), ""]
    lines += table(
        list(texts["device"]), [_device(each, lang) for each in content["devices"]], wide
    )
    if content["sinks"]:
        sinks = [_sink(each, lang) for each in content["sinks"]]
        lines += ["", *table(list(texts["sink"]), sinks, wide)]
    return [*lines, "", *(" " + line for line in _last(content, lang))]


def _state(word: str, lang: str) -> str:
    return STATES.get(word, {}).get(lang, word)


def _device(each: dict[str, Any], lang: str) -> list[str]:
    texts: dict[str, Any] = TEXTS[lang]
    notes = [each["note"]]
    if each["next_try_s"] is not None:
        notes.append(texts["next"].format(wait=span(each["next_try_s"], lang)))
    if each["bad"]:
        first = each["bad"][0]
        count = each["tags"]["total"] - each["tags"]["good"]
        notes.append(texts["bad"].format(count=count, name=first["name"], reason=first["reason"]))
    return [
        each["device"],
        _state(each["state"], lang),
        f"{each['tags']['good']}/{each['tags']['total']}",
        span(each["age_s"], lang),
        texts["rate"].format(rate=number(round(each["rate"], 1))),
        ", ".join(note for note in notes if note),
    ]


def _sink(each: dict[str, Any], lang: str) -> list[str]:
    texts: dict[str, Any] = TEXTS[lang]
    notes = [each["note"]]
    if each["quarantined"]:
        notes.append(texts["quarantine"].format(count=each["quarantined"]))
    if each["next_try_s"] is not None:
        notes.append(texts["next"].format(wait=span(each["next_try_s"], lang)))
    return [
        each["name"],
        _state(each["state"], lang),
        number(each["waiting"]),
        span(each["lag_s"], lang),
        clock(each["last_accepted"]),
        ", ".join(note for note in notes if note),
    ]


def _last(content: dict[str, Any], lang: str) -> list[str]:
    """Say what needs a person, and the command that helps."""
    texts: dict[str, Any] = TEXTS[lang]
    spool = content["spool"]
    if not spool["ready"]:
        return [texts["storing"].format(note=spool["note"] or "-")]
    lines = [texts["spool"].format(note=spool["note"])] if spool["note"] else []
    bad = [each for each in content["devices"] if each["state"] not in {"good", "stopped"}]
    stuck = [each for each in content["sinks"] if each["state"] in {"retrying", "hold"}]
    if bad:
        lines.append(texts["attention"].format(count=len(bad), command=_command(bad[0])))
    if stuck:
        lines.append(texts["sinks"].format(count=len(stuck), command="gateway spool ls"))
    refused = [each for each in content["sinks"] if each["quarantined"]]
    if refused:
        command = f"gateway spool quarantine --reader {refused[0]['name']}"
        count = sum(each["quarantined"] for each in refused)
        lines.append(texts["refused"].format(count=count, command=command))
    lines += [_alarm(each, lang) for each in content["alarms"]]
    if lines:
        return lines
    return [texts["fine"] if content["devices"] else texts["none"]]


def _alarm(each: dict[str, Any], lang: str) -> str:
    command = f"gateway usage explain {each['code']}"
    return f"{each['code']} {printable(each['about'])}: {each['what'][lang]}   {command}"


def _command(device: dict[str, Any]) -> str:
    if device["state"] == "needs-person":
        return "gateway trust ls"
    if not device["bad"]:
        return "gateway check --live"
    name = device["bad"][0]["name"]
    return f"gateway trace {device['device']}/{name}"
