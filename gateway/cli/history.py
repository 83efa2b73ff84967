"""`gateway history`: look into the embedded history store, with or without a running gateway."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.core.clock import SystemClock

if TYPE_CHECKING:
    from gateway.history.interface import Rows, Series

app = typer.Typer(
    no_args_is_help=True,
    help="Look into the embedded history. · 내장 이력 저장소 조회",
)
EXIT_NOT_FOUND = 2
EXIT_DISK = 4
DATA = Path("data")
FOLDER = "history"
PAGE = 10_000
DEFAULT_LIMIT = 1_000
NS = 10**9
_SPAN = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
_SPAN_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0}
_TEXT = {
    "none": {
        "ko": "이력이 없습니다: {folder}",
        "en": "No history in {folder}",
    },
    "not_found": {
        "ko": "'{name}' 계열이 없습니다. 'gateway history ls'로 확인하세요.{near}",
        "en": "There is no series '{name}'. See 'gateway history ls'.{near}",
    },
    "several": {
        "ko": "'{name}'에 해당하는 계열이 {count}개입니다: {names}",
        "en": "'{name}' means {count} series: {names}",
    },
    "near": {"ko": " 혹시 '{name}'?", "en": " Did you mean '{name}'?"},
    "time": {
        "ko": "시각을 읽을 수 없습니다: '{text}'. 예: 2026-11-24, 2026-11-24T09:00, -2h, now",
        "en": "Not a time: '{text}'. Examples: 2026-11-24, 2026-11-24T09:00, -2h, now",
    },
    "every": {
        "ko": "간격을 읽을 수 없습니다: '{text}'. 예: 10s, 1m, 1h",
        "en": "Not a span: '{text}'. Examples: 10s, 1m, 1h",
    },
    "more": {
        "ko": "더 있습니다: --limit를 늘리거나 --from {time} 부터 이어서 보세요.",
        "en": "There is more: raise --limit or go on with --from {time}.",
    },
    "disk": {"ko": "읽을 수 없습니다: {detail}", "en": "Cannot read: {detail}"},
}
Data = Annotated[Path, typer.Option("--data", help="The data folder. · 데이터 폴더")]
AsJson = Annotated[bool, typer.Option("--json", help="For programs. · 프로그램용 출력")]
Lang = Annotated[str, typer.Option("--lang", help="ko | en")]
Name = Annotated[
    str,
    typer.Argument(
        metavar="SERIES", help="press-01/OperationalData.Mold.Temp, or its end. · 계열 이름"
    ),
]
From = Annotated[str, typer.Option("--from", help="Inclusive: ISO time or -2h. · 시작")]
To = Annotated[str, typer.Option("--to", help="Exclusive. · 끝")]
Every = Annotated[str | None, typer.Option("--every", help="Bucket: 10s, 1m, 1h. · 간격")]
Agg = Annotated[str, typer.Option("--agg", help="mean | min | max | last | count")]
Limit = Annotated[int, typer.Option("--limit", min=1, help="Rows at most. · 최대 행 수")]


def _say(key: str, lang: str, **facts: object) -> str:
    return _TEXT[key]["ko" if lang == "ko" else "en"].format(**facts)


def _fail(text: str, code: int) -> typer.Exit:
    typer.echo(text, err=True)
    return typer.Exit(code)


@app.command("ls")
def ls(data: Data = DATA, as_json: AsJson = False, lang: Lang = "ko") -> None:
    """List the series. · 계열 목록."""
    found = _series(data, lang)
    if as_json:
        typer.echo(json.dumps([one._asdict() for one in found], ensure_ascii=False))
        return
    for one in found:
        typer.echo(str(one))


@app.command("query")
def query(
    series: Name,
    start: From = "-1h",
    end: To = "now",
    every: Every = None,
    agg: Agg = "mean",
    limit: Limit = DEFAULT_LIMIT,
    data: Data = DATA,
    as_json: AsJson = False,
    lang: Lang = "ko",
) -> None:
    """Show the rows of a series, raw or by buckets. · 값 조회."""
    from gateway.core.errors import SinkUnavailable

    wanted = _match(series, _series(data, lang), lang)
    span = (_time(start, lang), _time(end, lang))
    try:
        rows = _rows(data / FOLDER, wanted, span, limit, _bucket(every, agg, lang))
    except SinkUnavailable as error:
        raise _fail(_say("disk", lang, detail=error), EXIT_DISK) from None
    if as_json:
        typer.echo(json.dumps(_facts(wanted, rows), ensure_ascii=False, default=str))
        return
    for at, value, status in zip(rows.times, rows.values, rows.status, strict=True):
        typer.echo(f"{shown_time(at)}  {_shown(value)}{_quality(status)}")
    if rows.next_start is not None:
        typer.echo(_say("more", lang, time=shown_time(rows.next_start)), err=True)


def _rows(folder: Path, wanted: Series, span: tuple[int, int], limit: int, bucket: Any) -> Rows:
    from gateway.history.query import query_buckets, query_rows

    if bucket is None:
        return query_rows(folder, wanted, span[0], span[1], limit)
    return query_buckets(folder, wanted, span[0], span[1], limit=limit, bucket=bucket)


def _series(data: Path, lang: str) -> list[Series]:
    from gateway.core.errors import SinkUnavailable
    from gateway.history.reader import all_series

    try:
        found = all_series(data / FOLDER)
    except SinkUnavailable as error:
        raise _fail(_say("disk", lang, detail=error), EXIT_DISK) from None
    if not found:
        raise _fail(_say("none", lang, folder=data / FOLDER), EXIT_NOT_FOUND)
    return found


def _match(name: str, known: list[Series], lang: str) -> Series:
    """Give the series of this name, or the only one that ends in it."""
    by_name = {str(one): one for one in known}
    if name in by_name:
        return by_name[name]
    ends = [full for full in by_name if full.endswith((f"/{name}", f".{name}"))]
    if len(ends) == 1:
        return by_name[ends[0]]
    if ends:
        names = ", ".join(ends[:5])
        raise _fail(_say("several", lang, name=name, count=len(ends), names=names), EXIT_NOT_FOUND)
    from difflib import get_close_matches

    close = get_close_matches(name, by_name, n=1)
    near = _say("near", lang, name=close[0]) if close else ""
    raise _fail(_say("not_found", lang, name=name, near=near), EXIT_NOT_FOUND)


def _time(text: str, lang: str) -> int:
    """Read a time: ISO (local where no zone is given), `now`, or a span before now."""
    now_ns = SystemClock().now()
    if text == "now":
        return now_ns
    span = _SPAN.fullmatch(text.removeprefix("-"))
    if span is not None and text.startswith("-"):
        return now_ns - round(float(span[1]) * _SPAN_S[span[2]] * NS)
    try:
        moment = datetime.fromisoformat(text).astimezone(UTC)
    except ValueError:
        raise _fail(_say("time", lang, text=text), EXIT_NOT_FOUND) from None
    return int(moment.timestamp()) * NS + moment.microsecond * 1_000


def _bucket(every: str | None, agg: str, lang: str) -> Any:
    from gateway.history.interface import Aggregate, Bucket

    if every is None:
        return None
    span = _SPAN.fullmatch(every)
    if span is None or agg not in set(Aggregate):
        raise _fail(_say("every", lang, text=f"{every} {agg}"), EXIT_NOT_FOUND)
    return Bucket(round(float(span[1]) * _SPAN_S[span[2]] * NS), Aggregate(agg))


def shown_time(at: int) -> str:
    """Give a time in the local zone, to the microsecond."""
    moment = datetime.fromtimestamp(at // NS, UTC).astimezone()
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{at % NS // 1_000:06d}{moment:%z}"


def _facts(series: Series, rows: Rows) -> dict[str, Any]:
    columns = zip(rows.times, rows.values, rows.status, strict=True)
    return {
        "series": series._asdict(),
        "rows": [{"time": at, "value": value, "status": code} for at, value, code in columns],
        "next": rows.next_start,
    }


def _shown(value: Any) -> str:
    if value is None:
        return "-"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _quality(status: int) -> str:
    return f"  0x{status:08X}" if status else ""
