"""`gateway spool ls|show|quarantine|retry|export`: what lies in the spool."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

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
from gateway.cli.screen import columns, number, printable, table
from gateway.cli.spool_view import (
    TEXTS,
    entry_as_json,
    entry_row,
    record_as_json,
    screen,
    waiting_records,
)
from gateway.core.texts import Language

ANSWER_WITHIN_S = 5.0
FOLDER = "spool"

app = typer.Typer(no_args_is_help=True, help="What waits, what was refused, sending it again.")


@contextmanager
def _told(data: Path, lang: Language) -> Iterator[None]:
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
            typer.echo(json.dumps(record_as_json(record), ensure_ascii=False, indent=indent))
        if not found:
            parts = look(data / FOLDER).parts
            held = f"{parts[0].first}-{parts[-1].last}" if parts else "-"
            fail(TEXTS[tongue]["none"].format(first=first, last=end, held=held))


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
                print_json(entry_as_json(data / FOLDER, entry))
            return
    if not entries:
        typer.echo(TEXTS[tongue]["empty"])
        return
    titles = TEXTS[tongue]["refused"].split("|")
    typer.echo("\n".join(table(titles, [entry_row(each, tongue) for each in entries], columns())))
    hint("\n " + TEXTS[tongue]["retry"].format(ids=entries[0].id, data=data))


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


def _known(data: Path, numbers: list[int], lang: Language) -> None:
    from gateway.spool.inspect import ENTRIES_MAX
    from gateway.spool.inspect import quarantine as entries_of

    known = {entry.id for entry in entries_of(data / FOLDER, None)}
    if len(known) >= ENTRIES_MAX:
        return  # the rest is not listed; putting back looks for itself
    if missing := [str(each) for each in numbers if each not in known]:
        fail(TEXTS[lang]["unknown"].format(ids=", ".join(missing)), EXIT_CONFIG)


def _answer(path: Path, lang: Language) -> dict[str, Any]:
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
            json.dumps(record_as_json(record), ensure_ascii=False) + "\n"
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
