"""`gateway tail`: values as they come."""

from __future__ import annotations

import json
import time
from typing import Annotated, Any

import typer

from gateway.cli.answers import hint, near, service_errors
from gateway.cli.client import Client, known_tags, pages
from gateway.cli.options import DATA_DEFAULT, AsJson, Data, Lang, language
from gateway.cli.screen import clock_ms, columns, filled, number, printable
from gateway.core.texts import N_, Language, Texts

EVERY_S = 0.5
NAME_WIDTH, NAME_WIDTH_MIN = 34, 16
VALUE_WIDTH, VALUE_WIDTH_NARROW = 20, 16
NARROW = 100
OTHERS = 36
"""Columns of the time, the quality, the difference and the gaps between them."""
QUALITY = Texts(
    __package__,
    {
        "good": N_("good"),
        "uncertain": N_("uncertain"),
        "bad": N_("bad"),
    },
)
TEXTS = Texts(
    __package__,
    {"nothing": N_("No tag with a value matches {selector} yet; waiting. Ctrl+C ends.")},
)


def tail(
    selector: Annotated[
        str, typer.Argument(help="Pattern over DEVICE/TAG, such as 'press-01/*Temp*'.")
    ] = "*",
    data: Data = DATA_DEFAULT,
    changes: Annotated[bool, typer.Option("--changes", help="Only values that differ.")] = False,
    as_json: AsJson = False,
    count: Annotated[
        int | None, typer.Option("--count", help="End after this many lines.", min=1)
    ] = None,
    lang: Lang = None,
) -> None:
    """Show the newest values of tags, twice a second, until Ctrl+C."""
    tongue = language(lang)
    with service_errors(tongue, data):
        client = Client.of(data)
        follow = _Follow(client, selector, changes=changes)
        found = follow.poll()
        if not found:
            _hint_nothing(client, selector, tongue)
        left = count
        while True:
            for row, before in found[:left]:
                typer.echo(_json(row) if as_json else line(row, before, tongue, columns()))
            left = None if left is None else left - len(found)
            if left is not None and left <= 0:
                return
            time.sleep(EVERY_S)
            found = follow.poll()


def _hint_nothing(client: Client, selector: str, lang: Language) -> None:
    hint(TEXTS[lang]["nothing"].format(selector=printable(selector)))
    if meant := near(selector, known_tags(client), lang):
        hint(meant)


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
        query: dict[str, str | int | None] = {"match": self._selector, "since": self._since}
        self._since, found = pages(self._client, query)
        rows = []
        for row in sorted(found, key=lambda each: each["time"]):
            key = (row["device"], row["element"])
            before = self._last.get(key)
            if not (self._changes and key in self._last and before == row["value"]):
                rows.append((row, before))
            self._last[key] = row["value"]
        return rows


def _json(row: dict[str, Any]) -> str:
    return json.dumps(row, ensure_ascii=False)


def line(row: dict[str, Any], before: Any, lang: Language, wide: int | None = None) -> str:
    """Give one value as a line; the difference to the one before where both are numbers.

    Args:
        row: the value as the service tells it.
        before: the value shown before this one.
        lang: ko or en.
        wide: the columns of the terminal; names and values take less of a narrow one.
    """
    for_value = VALUE_WIDTH if wide is None or wide >= NARROW else VALUE_WIDTH_NARROW
    for_name = NAME_WIDTH if wide is None else wide - OTHERS - for_value
    name = printable(f"{row['device']}/{row['name']}")
    value = f"{number(row['value'])} {row['unit'] or ''}".strip()
    parts = [
        clock_ms(row["time"]),
        filled(name, min(max(for_name, NAME_WIDTH_MIN), NAME_WIDTH)),
        filled(value, for_value),
        QUALITY[lang][row["quality"]],
    ]
    if _is_number(row["value"]) and _is_number(before) and row["value"] != before:
        difference = row["value"] - before
        parts.append(f"{'+' if difference > 0 else ''}{number(round(difference, 6))}")
    return " " + "  ".join(parts)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
