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

if TYPE_CHECKING:
    from gateway.spool.inspect import RecordView

ANSWER_WITHIN_S = 5.0
_TEXTS = {
    "running": {"ko": "실행 중", "en": "running"},
    "stopped": {"ko": "멈춤", "en": "stopped"},
    "part": {"ko": "파일", "en": "file"},
    "offsets": {"ko": "오프셋", "en": "offsets"},
    "records": {"ko": "레코드", "en": "records"},
    "samples": {"ko": "샘플", "en": "samples"},
    "size": {"ko": "크기", "en": "size"},
    "reader": {"ko": "수신처", "en": "reader"},
    "position": {"ko": "위치", "en": "position"},
    "delivered": {"ko": "전달됨", "en": "delivered"},
    "quarantined": {"ko": "격리됨", "en": "quarantined"},
    "expired": {"ko": "포기됨", "en": "given up"},
    "reason": {"ko": "사유", "en": "reason"},
    "kind": {"ko": "종류", "en": "kind"},
    "empty": {"ko": "격리된 레코드가 없습니다.", "en": "Nothing is in quarantine."},
    "retried": {"ko": "다시 보냅니다. 새 오프셋:", "en": "Put back; new offsets:"},
    "no_answer": {
        "ko": "실행 중인 게이트웨이가 응답하지 않았습니다.",
        "en": "The running gateway did not answer.",
    },
    "failed": {"ko": "스풀을 읽을 수 없습니다:", "en": "The spool cannot be read:"},
}

app = typer.Typer(no_args_is_help=True, help="Look into the spool / 스풀 살펴보기")
Data = Annotated[Path, typer.Option("--data", help="Data folder; the spool is in DATA/spool")]
AsJson = Annotated[bool, typer.Option("--json", help="Machine-readable output")]
Lang = Annotated[str, typer.Option("--lang", help="ko | en")]
DEFAULT_DATA = Path("data")


def _say(lang: str, key: str) -> str:
    return _TEXTS[key].get(lang, _TEXTS[key]["en"])


@contextmanager
def _told(lang: str) -> Iterator[None]:
    from gateway.core.errors import SpoolError

    try:
        yield
    except SpoolError as error:
        sys.stderr.write(f"{_say(lang, 'failed')} {error}\n")
        raise typer.Exit(1) from error


def _table(titles: list[str], rows: list[list[Any]]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(*titles, box=box.SIMPLE)
    for row in rows:
        table.add_row(*(str(cell) for cell in row))
    Console().print(table)


def _print_json(value: Any) -> None:
    sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")


@app.command("ls")
def list_parts(data: Data = DEFAULT_DATA, as_json: AsJson = False, lang: Lang = "ko") -> None:
    """Show files and readers / 파일과 수신처 보기."""
    from gateway.spool.inspect import look

    with _told(lang):
        view = look(data / "spool")
    if as_json:
        _print_json(asdict(view))
        return
    state = _say(lang, "running" if view.running else "stopped")
    sys.stdout.write(f"{view.folder}  {state}  {view.bytes:,} B  epoch {view.epoch}\n")
    _table(
        [_say(lang, key) for key in ("part", "offsets", "records", "samples", "size")],
        [
            [part.name, f"{part.first}-{part.last}", part.records, part.samples, f"{part.bytes:,}"]
            for part in view.parts
        ],
    )
    keys = ("reader", "position", "delivered", "quarantined", "expired")
    rows = [
        [each.name, each.position, each.delivered, each.quarantined, each.expired]
        for each in view.readers
    ]
    _table([_say(lang, key) for key in keys], rows)


@app.command()
def show(
    first: Annotated[int, typer.Argument(help="Offset")],
    last: Annotated[int | None, typer.Argument(help="Last offset")] = None,
    data: Data = DEFAULT_DATA,
    as_json: AsJson = False,
    lang: Lang = "ko",
) -> None:
    """Show records by their offsets / 오프셋으로 레코드 보기."""
    from gateway.spool.inspect import records

    with _told(lang):
        for record in records(data / "spool", first, first if last is None else last):
            if as_json:
                _print_json(_record(record))
            else:
                sys.stdout.write(json.dumps(_record(record), ensure_ascii=False, indent=2) + "\n")


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
    reader: Annotated[str | None, typer.Option("--reader", help="Only of this reader")] = None,
    data: Data = DEFAULT_DATA,
    as_json: AsJson = False,
    lang: Lang = "ko",
) -> None:
    """Show what destinations refused / 거부된 레코드 보기."""
    from gateway.spool.as_json import item_as_json
    from gateway.spool.codec import KIND_NAMES
    from gateway.spool.inspect import quarantine as entries_of
    from gateway.spool.inspect import quarantined_item

    with _told(lang):
        entries = entries_of(data / "spool", reader)
        if as_json:
            for entry in entries:
                item = quarantined_item(data / "spool", entry)
                _print_json(
                    {
                        "id": entry.id, "reader": entry.reader, "offset": entry.offset,
                        "reason": entry.reason, "since": entry.since,
                        "kind": KIND_NAMES.get(entry.kind or 0),
                        "record": None if item is None else item_as_json(item),
                    }
                )  # fmt: skip
            return
    if not entries:
        sys.stdout.write(_say(lang, "empty") + "\n")
        return
    titles = [
        "id",
        *(_say(lang, key) for key in ("reader", "offsets", "kind", "samples", "reason")),
    ]
    _table(
        titles,
        [
            [each.id, each.reader, each.offset, KIND_NAMES.get(each.kind or 0, "?"), each.samples,
             each.reason]
            for each in entries
        ],
    )  # fmt: skip


@app.command()
def retry(
    numbers: Annotated[list[int], typer.Argument(help="Ids as `quarantine` shows them")],
    data: Data = DEFAULT_DATA,
    as_json: AsJson = False,
    lang: Lang = "ko",
) -> None:
    """Put quarantined records back to their reader / 격리된 레코드 다시 보내기."""
    from gateway.spool.inspect import put_back

    with _told(lang):
        result = put_back(data / "spool", numbers)
    answer = _answer(result, lang) if isinstance(result, Path) else {"retried": result}
    if as_json:
        _print_json(answer)
    elif "retried" in answer:
        offsets = ", ".join(map(str, answer["retried"]))
        sys.stdout.write(f"{_say(lang, 'retried')} {offsets}\n")
    if "error" in answer:
        sys.stderr.write(f"{answer['error']}: {answer.get('detail', '')}\n")
        raise typer.Exit(1)


def _answer(path: Path, lang: str) -> dict[str, Any]:
    ends = time.monotonic() + ANSWER_WITHIN_S
    while time.monotonic() < ends:
        if path.exists():
            answer: dict[str, Any] = json.loads(path.read_text())
            path.unlink(missing_ok=True)
            return answer
        time.sleep(0.05)
    return {"error": "no-answer", "detail": _say(lang, "no_answer")}


@app.command()
def export(
    target: Annotated[Path, typer.Argument(help="File of JSON lines; - for standard output")],
    first: Annotated[int, typer.Option("--from", help="First offset")] = 1,
    last: Annotated[int, typer.Option("--to", help="Last offset")] = 1 << 62,
    data: Data = DEFAULT_DATA,
    lang: Lang = "ko",
) -> None:
    """Write records as JSON lines / 레코드를 JSON 줄로 내보내기."""
    from gateway.spool.inspect import records

    with _told(lang):
        lines = (
            json.dumps(_record(record), ensure_ascii=False) + "\n"
            for record in records(data / "spool", first, last)
        )
        if str(target) == "-":
            sys.stdout.writelines(lines)
        else:
            with target.open("w", encoding="utf-8") as file:
                file.writelines(lines)
