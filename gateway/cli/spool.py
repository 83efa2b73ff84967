"""`gateway spool ls|show|quarantine|retry|export`: what lies in the spool."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.cli.answers import existing_data, fail, hint, print_json
from gateway.cli.options import (
    DATA_DEFAULT,
    EXIT_CONFIG,
    EXIT_UNHEALTHY,
    EXIT_UNREACHABLE,
    AsJson,
    Data,
    Lang,
    language,
)
from gateway.cli.screen import columns, number, printable, size, span, table

if TYPE_CHECKING:
    from gateway.spool.inspect import RecordView, SpoolView
    from gateway.spool.state import QuarantineEntry

ANSWER_WITHIN_S = 5.0
FOLDER = "spool"
TEXTS: dict[str, dict[str, str]] = {
    "en": {
        "running": "in use by a running gateway",
        "stopped": "no gateway is running",
        "readers": "DESTINATION|WAITING|DELIVERED|QUARANTINE|GIVEN UP|POSITION",
        "parts": "FILE|OFFSETS|RECORDS|SAMPLES|SIZE",
        "refused": "ID|DESTINATION|OFFSET|KIND|SAMPLES|AGE|REASON",
        "unit": "Counted in records.",
        "fine": "Nothing was refused.   gateway status --data {data}",
        "see": "{count} in quarantine.   gateway spool quarantine --data {data}",
        "retry": "Send again:  gateway spool retry {ids} --data {data}",
        "empty": "Nothing is in quarantine.",
        "retried": "Put back, new offsets: {offsets}",
        "not-retried": "Not put back: {error} {detail}",
        "unknown": "There is no {ids} in quarantine.  See:  gateway spool quarantine",
        "no-answer": "The running gateway did not answer.",
        "failed": "The spool cannot be read: {error}",
        "none": "No record from {first} to {last}. The spool holds: {held}",
        "exported": "{count} records in {path}.",
        "unwritten": "{path} cannot be written: {error}",
    },
    "ko": {
        "running": "게이트웨이 실행 중",
        "stopped": "실행 중인 게이트웨이 없음",
        "readers": "전송처|대기|전달|격리|포기|위치",
        "parts": "파일|오프셋|레코드|샘플|크기",
        "refused": "번호|전송처|오프셋|종류|샘플|경과|사유",
        "unit": "단위: 레코드",
        "fine": "거부된 레코드가 없습니다.   gateway status --data {data}",
        "see": "격리 {count}건.   gateway spool quarantine --data {data}",
        "retry": "다시 보내기:  gateway spool retry {ids} --data {data}",
        "empty": "격리된 레코드가 없습니다.",
        "retried": "다시 보냅니다. 새 오프셋: {offsets}",
        "not-retried": "다시 보내지 못했습니다: {error} {detail}",
        "unknown": "격리에 {ids}번이 없습니다.  확인:  gateway spool quarantine",
        "no-answer": "실행 중인 게이트웨이가 응답하지 않았습니다.",
        "failed": "스풀을 읽을 수 없습니다: {error}",
        "none": "오프셋 {first}-{last}에 레코드가 없습니다. 저장된 범위: {held}",
        "exported": "{path} 에 레코드 {count}개를 썼습니다.",
        "unwritten": "{path} 에 쓸 수 없습니다: {error}",
    },
}

app = typer.Typer(no_args_is_help=True, help="What waits, what was refused, sending it again.")


@contextmanager
def _told(data: Path, lang: str) -> Iterator[None]:
    from gateway.core.errors import SpoolError

    existing_data(data, lang)
    try:
        yield
    except SpoolError as error:
        fail(TEXTS[lang]["failed"].format(error=printable(error)), EXIT_UNHEALTHY)


@app.command("ls")
def list_parts(data: Data = DATA_DEFAULT, as_json: AsJson = False, lang: Lang = None) -> None:
    """Show destinations with what waits for them, and the files."""
    from gateway.spool.inspect import look

    tongue = language(lang)
    with _told(data, tongue):
        view = look(data / FOLDER)
    waiting = waiting_records(view)
    if as_json:
        content = asdict(view)
        for reader in content["readers"]:
            reader["waiting"] = waiting[reader["name"]]
        print_json(content)
        return
    typer.echo("\n".join(screen(view, waiting, tongue)))
    refused = sum(each.quarantined for each in view.readers)
    hint(" " + TEXTS[tongue]["see" if refused else "fine"].format(count=refused, data=data))


def waiting_records(view: SpoolView) -> dict[str, int]:
    """Give what each reader has not confirmed: all records from its position on."""
    end = max((part.last for part in view.parts), default=0) + 1
    return {each.name: max(0, end - each.position) for each in view.readers}


def screen(view: SpoolView, waiting: dict[str, int], lang: str) -> list[str]:
    """Give the lines of the screen."""
    texts = TEXTS[lang]
    readers = [
        [each.name, number(waiting[each.name]), number(each.delivered), number(each.quarantined),
         number(each.expired), f"#{each.position:,}"]
        for each in view.readers
    ]  # fmt: skip
    parts = [
        [part.name, f"{part.first}-{part.last}", number(part.records), number(part.samples),
         size(part.bytes)]
        for part in view.parts
    ]  # fmt: skip
    state = texts["running" if view.running else "stopped"]
    head = f" {printable(view.folder)}   {size(view.bytes)}   {state}"
    return [
        head, "",
        *table(texts["readers"].split("|"), readers, columns()),
        " " + texts["unit"], "",
        *table(texts["parts"].split("|"), parts, columns()), "",
    ]  # fmt: skip


@app.command()
def show(
    first: Annotated[int, typer.Argument(help="Offset.", min=1)],
    last: Annotated[int | None, typer.Argument(help="Last offset.", min=1)] = None,
    data: Data = DATA_DEFAULT,
    as_json: AsJson = False,
    lang: Lang = None,
) -> None:
    """Show records by their offsets."""
    from gateway.spool.inspect import look, records

    tongue, end, found = language(lang), last or first, False
    with _told(data, tongue):
        for record in records(data / FOLDER, first, end):
            found = True
            indent = None if as_json else 2
            typer.echo(json.dumps(_record(record), ensure_ascii=False, indent=indent))
        if not found:
            parts = look(data / FOLDER).parts
            held = f"{parts[0].first}-{parts[-1].last}" if parts else "-"
            fail(TEXTS[tongue]["none"].format(first=first, last=end, held=held))


def _record(record: RecordView) -> dict[str, Any]:
    from gateway.spool.as_json import item_as_json

    fields: dict[str, Any] = {"offset": record.offset, "kind": record.kind}
    if record.reader is not None:
        fields["reader"] = record.reader
    if record.item is None:
        return fields | {"problem": record.problem}
    return fields | item_as_json(record.item)


@app.command()
def quarantine(
    reader: Annotated[str | None, typer.Option("--reader", help="Only of this one.")] = None,
    data: Data = DATA_DEFAULT,
    as_json: AsJson = False,
    lang: Lang = None,
) -> None:
    """Show what destinations refused, and why."""
    from gateway.spool.inspect import quarantine as entries_of

    tongue = language(lang)
    with _told(data, tongue):
        entries = entries_of(data / FOLDER, reader)
        if as_json:
            for entry in entries:
                print_json(_entry(data / FOLDER, entry))
            return
    if not entries:
        typer.echo(TEXTS[tongue]["empty"])
        return
    titles = TEXTS[tongue]["refused"].split("|")
    typer.echo("\n".join(table(titles, [_row(each, tongue) for each in entries], columns())))
    hint("\n " + TEXTS[tongue]["retry"].format(ids=entries[0].id, data=data))


def _entry(folder: Path, entry: QuarantineEntry) -> dict[str, Any]:
    from gateway.spool.as_json import item_as_json
    from gateway.spool.codec import KIND_NAMES
    from gateway.spool.inspect import quarantined_item

    item = quarantined_item(folder, entry)
    return {
        "id": entry.id,
        "reader": entry.reader,
        "offset": entry.offset,
        "reason": entry.reason,
        "since": entry.since,
        "kind": KIND_NAMES.get(entry.kind or 0),
        "record": None if item is None else item_as_json(item),
    }


def _row(entry: QuarantineEntry, lang: str) -> list[object]:
    from gateway.core.clock import SystemClock
    from gateway.spool.codec import KIND_NAMES

    age = span((SystemClock().now() - entry.since) / 1e9, lang)
    kind = KIND_NAMES.get(entry.kind or 0, "?")
    return [entry.id, entry.reader, entry.offset, kind, entry.samples, age, entry.reason]


@app.command()
def retry(
    numbers: Annotated[list[int], typer.Argument(help="Ids as `quarantine` shows them.")],
    data: Data = DATA_DEFAULT,
    as_json: AsJson = False,
    lang: Lang = None,
) -> None:
    """Put quarantined records back to their destination."""
    from gateway.spool.inspect import put_back

    tongue = language(lang)
    with _told(data, tongue):
        _known(data, numbers, tongue)
        result = put_back(data / FOLDER, numbers)
    answer = _answer(result, tongue) if isinstance(result, Path) else {"retried": result}
    if as_json:
        print_json(answer)
    elif "retried" in answer:
        offsets = ", ".join(map(str, answer["retried"]))
        typer.echo(TEXTS[tongue]["retried"].format(offsets=offsets))
    if "error" in answer:
        text = TEXTS[tongue]["not-retried"]
        code = EXIT_UNREACHABLE if answer["error"] == "no-answer" else EXIT_UNHEALTHY
        fail(text.format(error=answer["error"], detail=answer.get("detail", "")), code)


def _known(data: Path, numbers: list[int], lang: str) -> None:
    from gateway.spool.inspect import ENTRIES_MAX
    from gateway.spool.inspect import quarantine as entries_of

    known = {entry.id for entry in entries_of(data / FOLDER, None)}
    if len(known) >= ENTRIES_MAX:
        return  # the rest is not listed; putting back looks for itself
    if missing := [str(each) for each in numbers if each not in known]:
        fail(TEXTS[lang]["unknown"].format(ids=", ".join(missing)), EXIT_CONFIG)


def _answer(path: Path, lang: str) -> dict[str, Any]:
    ends = time.monotonic() + ANSWER_WITHIN_S
    while time.monotonic() < ends:
        if path.exists():
            answer: dict[str, Any] = json.loads(path.read_text())
            path.unlink(missing_ok=True)
            return answer
        time.sleep(0.05)
    return {"error": "no-answer", "detail": TEXTS[lang]["no-answer"]}


@app.command()
def export(
    target: Annotated[Path, typer.Argument(help="File of JSON lines; - for standard output.")],
    first: Annotated[int, typer.Option("--from", help="First offset.", min=1)] = 1,
    last: Annotated[int | None, typer.Option("--to", help="Last offset.", min=1)] = None,
    data: Data = DATA_DEFAULT,
    lang: Lang = None,
) -> None:
    """Write records as JSON lines."""
    from gateway.spool.inspect import ALL, records

    tongue, count = language(lang), 0
    with _told(data, tongue):
        lines = (
            json.dumps(_record(record), ensure_ascii=False) + "\n"
            for record in records(data / FOLDER, first, last or ALL)
        )
        if str(target) == "-":
            sys.stdout.writelines(lines)
            return
        try:
            with target.open("w", encoding="utf-8") as file:
                for line in lines:
                    file.write(line)
                    count += 1
        except OSError as error:
            fail(TEXTS[tongue]["unwritten"].format(path=target, error=error.strerror))
    hint(TEXTS[tongue]["exported"].format(count=number(count), path=target))
