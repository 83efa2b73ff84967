"""`gateway history`: look into the embedded history store, with or without a running gateway."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.cli.answers import existing_data, fail, fail_unknown, hint, print_json
from gateway.cli.options import (
    DATA_DEFAULT,
    EXIT_UNHEALTHY,
    AsJson,
    Data,
    Lang,
    language,
)
from gateway.cli.screen import number
from gateway.core.texts import N_, Language, Texts

if TYPE_CHECKING:
    from gateway.history.interface import Rows, Series

app = typer.Typer(no_args_is_help=True, help="Values of the embedded history.")
FOLDER = "history"
PAGE = 10_000
DEFAULT_LIMIT = 1_000
NS = 10**9
_SPAN = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
_SPAN_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0}
TEXTS = Texts(
    __package__,
    {
        "none": N_("No history in {folder}"),
        "no-match": N_("No series matches '{match}'."),
        "count": N_("{count} series.   gateway history query {name} --from -10m --data {data}"),
        "not-found": N_("There is no series '{name}'.  See:  gateway history ls"),
        "several": N_("'{name}' means {count} series: {names}"),
        "time": N_("Not a time: '{text}'. Examples: 2026-11-24, 2026-11-24T09:00, -2h, now"),
        "order": N_("--from must be before --to."),
        "every": N_("Not a span: '{text}'. Examples: 10s, 1m, 1h"),
        "agg": N_("--agg is one of {known}, not '{text}'."),
        "empty": N_("{series} has no values from {start} to {end}.\nEarlier:  --from -1d"),
        "more": N_("There is more: raise --limit or go on with --from {time}"),
        "disk": N_("Cannot read: {detail}"),
    },
)
Name = Annotated[
    str,
    typer.Argument(metavar="SERIES", help="press-01/OperationalData.Mold.Temp, or its end."),
]
From = Annotated[str, typer.Option("--from", help="Inclusive: ISO time or -2h.")]
To = Annotated[str, typer.Option("--to", help="Exclusive.")]
Every = Annotated[str | None, typer.Option("--every", help="Bucket: 10s, 1m, 1h.")]
Agg = Annotated[str, typer.Option("--agg", help="mean, min, max, last or count.")]
Limit = Annotated[int, typer.Option("--limit", min=1, help="Rows at most.")]


def _say(key: str, lang: Language, **facts: object) -> str:
    return TEXTS[lang][key].format(**facts)


@app.command("ls")
def ls(
    match: Annotated[str, typer.Argument(help="Pattern such as 'press-01/*'.")] = "*",
    data: Data = DATA_DEFAULT,
    as_json: AsJson = False,
    lang: Lang = None,
) -> None:
    """List the series, one a line."""
    from fnmatch import fnmatchcase

    tongue = language(lang)
    found = [one for one in _series(data, tongue) if fnmatchcase(str(one), match)]
    if as_json:
        print_json([one._asdict() for one in found])
        return
    for one in found:
        typer.echo(str(one))
    if not found:
        fail(_say("no-match", tongue, match=match))
    hint(_say("count", tongue, count=number(len(found)), name=found[0], data=data))


@app.command("query")
def query(
    series: Name,
    start: From = "-1h",
    end: To = "now",
    every: Every = None,
    agg: Agg = "mean",
    limit: Limit = DEFAULT_LIMIT,
    data: Data = DATA_DEFAULT,
    as_json: AsJson = False,
    lang: Lang = None,
) -> None:
    """Show the rows of a series, raw or by buckets."""
    from gateway.core.errors import SinkUnavailable

    tongue = language(lang)
    wanted = _match(series, _series(data, tongue), tongue)
    span = _span_of(start, end, tongue)
    try:
        rows = _rows(data / FOLDER, wanted, span, limit, _bucket(every, agg, tongue))
    except SinkUnavailable as error:
        fail(_say("disk", tongue, detail=error), EXIT_UNHEALTHY)
    if as_json:
        print_json(_facts(wanted, rows))
        return
    _show(wanted, rows, span, tongue)


def _show(series: Series, rows: Rows, span: tuple[int, int], lang: Language) -> None:
    for at, value, status in zip(rows.times, rows.values, rows.status, strict=True):
        typer.echo(f"{shown_time(at)}  {_shown(value)}{_quality(status)}")
    if rows.next_start is not None:
        hint(_say("more", lang, time=shown_time(rows.next_start)))
    elif not rows.times:
        start, end = (shown_time(at)[:19] for at in span)
        hint(_say("empty", lang, series=series, start=start, end=end))


def _rows(folder: Path, wanted: Series, span: tuple[int, int], limit: int, bucket: Any) -> Rows:
    from gateway.history.query import query_buckets, query_rows

    if bucket is None:
        return query_rows(folder, wanted, span[0], span[1], limit)
    return query_buckets(folder, wanted, span[0], span[1], limit=limit, bucket=bucket)


def _series(data: Path, lang: Language) -> list[Series]:
    from gateway.core.errors import SinkUnavailable
    from gateway.history.reader import all_series

    existing_data(data, lang)
    try:
        found = all_series(data / FOLDER)
    except SinkUnavailable as error:
        fail(_say("disk", lang, detail=error), EXIT_UNHEALTHY)
    if not found:
        fail(_say("none", lang, folder=data / FOLDER))
    return found


def _match(name: str, known: list[Series], lang: Language) -> Series:
    """Give the series of this name, or the only one that ends in it."""
    by_name = {str(one): one for one in known}
    if name in by_name:
        return by_name[name]
    ends = [full for full in by_name if full.endswith((f"/{name}", f".{name}"))]
    if len(ends) == 1:
        return by_name[ends[0]]
    if ends:
        names = ", ".join(ends[:5])
        fail(_say("several", lang, name=name, count=len(ends), names=names))
    return fail_unknown(_say("not-found", lang, name=name), name, _names(known), lang)


def _names(known: list[Series]) -> list[str]:
    """Give whole names and elements: either may be what was mistyped."""
    return [*(str(one) for one in known), *(one.element for one in known)]


def _span_of(start: str, end: str, lang: Language) -> tuple[int, int]:
    first, last = _time(start, lang), _time(end, lang)
    if first >= last:
        fail(_say("order", lang))
    return first, last


def _time(text: str, lang: Language) -> int:
    """Read a time: ISO (local where no zone is given), `now`, or a span before now."""
    from gateway.core.clock import SystemClock

    now_ns = SystemClock().now()
    if text == "now":
        return now_ns
    span = _SPAN.fullmatch(text.removeprefix("-"))
    if span is not None and text.startswith("-"):
        return now_ns - round(float(span[1]) * _SPAN_S[span[2]] * NS)
    try:
        moment = datetime.fromisoformat(text).astimezone(UTC)
    except ValueError:
        fail(_say("time", lang, text=text))
    return int(moment.timestamp()) * NS + moment.microsecond * 1_000


def _bucket(every: str | None, agg: str, lang: Language) -> Any:
    from gateway.history.interface import Aggregate, Bucket

    if every is None:
        return None
    span = _SPAN.fullmatch(every)
    if span is None or not float(span[1]):
        fail(_say("every", lang, text=every))
    if agg not in set(Aggregate):
        fail(_say("agg", lang, text=agg, known=", ".join(Aggregate)))
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
