"""`gateway tail`: values as they come."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from gateway.cli.answers import service_errors
from gateway.cli.client import DATA_DEFAULT, Client, language
from gateway.cli.screen import clock_ms, number, printable, width

EVERY_S = 0.5
NAME_WIDTH = 34
VALUE_WIDTH = 20
QUALITY = {
    "good": {"en": "good", "ko": "정상"},
    "uncertain": {"en": "uncertain", "ko": "불확실"},
    "bad": {"en": "bad", "ko": "불량"},
}


def tail(
    selector: Annotated[
        str, typer.Argument(help="Pattern over DEVICE/TAG, such as 'press-01/*Temp*'.")
    ] = "*",
    data: Annotated[Path, typer.Option(help="Data folder of the service.")] = DATA_DEFAULT,
    changes: Annotated[bool, typer.Option("--changes", help="Only values that differ.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    count: Annotated[
        int | None, typer.Option("--count", help="End after this many lines.", min=1)
    ] = None,
    lang: Annotated[str | None, typer.Option(help="ko or en.")] = None,
) -> None:
    """Show the newest values of tags, twice a second, until Ctrl+C."""
    tongue = language(lang)
    with service_errors(tongue):
        follow = _Follow(Client.of(data), selector, changes=changes)
        left = count
        while left is None or left > 0:
            for row, before in follow.poll():
                typer.echo(_json(row) if as_json else line(row, before, tongue))
                left = None if left is None else left - 1
                if left == 0:
                    return
            time.sleep(EVERY_S)


class _Follow:
    """Remembers how far it has read and what each tag said last."""

    def __init__(self, client: Client, selector: str, *, changes: bool) -> None:
        self._client = client
        self._selector = selector
        self._changes = changes
        self._since = 0
        self._last: dict[tuple[str, str], Any] = {}

    def poll(self) -> list[tuple[dict[str, Any], Any]]:
        """Give new rows with the value before each."""
        version, found = self._read()
        self._since = version
        rows = []
        for row in sorted(found, key=lambda each: each["time"]):
            key = (row["device"], row["element"])
            before = self._last.get(key)
            if not (self._changes and key in self._last and before == row["value"]):
                rows.append((row, before))
            self._last[key] = row["value"]
        return rows

    def _read(self) -> tuple[int, list[dict[str, Any]]]:
        """Read all pages; what changes between two pages comes again with the next poll."""
        query: dict[str, str | int | None] = {"match": self._selector, "since": self._since}
        answer = self._client.get("/api/live", query)
        version, found = answer["version"], list(answer["rows"])
        while "cursor" in answer:
            answer = self._client.get("/api/live", {**query, "cursor": answer["cursor"]})
            found += answer["rows"]
        return version, found


def _json(row: dict[str, Any]) -> str:
    return json.dumps(row, ensure_ascii=False)


def line(row: dict[str, Any], before: Any, lang: str) -> str:
    """Give one value as a line; the difference to the one before where both are numbers."""
    name = printable(f"{row['device']}/{row['name']}")
    value = f"{number(row['value'])} {row['unit'] or ''}".strip()
    parts = [
        clock_ms(row["time"]),
        _filled(name, NAME_WIDTH),
        _filled(value, VALUE_WIDTH),
        QUALITY[row["quality"]][lang],
    ]
    if _is_number(row["value"]) and _is_number(before) and row["value"] != before:
        difference = row["value"] - before
        parts.append(f"{'+' if difference > 0 else ''}{number(round(difference, 6))}")
    return " " + "  ".join(parts)


def _filled(text: str, wide: int) -> str:
    return text + " " * (wide - width(text))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
