"""Plain tables and numbers for people; widths count Korean letters as two columns."""

from __future__ import annotations

import re
import shutil
import sys
import unicodedata
from collections.abc import Sequence
from datetime import UTC, datetime

from gateway.core.texts import N_, Language, Texts

WIDE = {"W", "F"}
PIECES = re.compile(r"\{[^{}]{,40}\}\S*|`[^`]{,40}`\S*|\S+")
"""What a line is never broken in: a word, and what people copy."""
BELOW = "     "
"""The indent of what goes on or stands below its line."""
SPAN_SIZES = (86_400, 3_600, 60, 1)
SPAN_UNITS = Texts(__package__, {"units": (N_("d"), N_("h"), N_("min"), N_("s"))})


def width(text: str) -> int:
    """Give the columns a text takes in a terminal."""
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in WIDE else 1
        for char in text
    )


def printable(text: object) -> str:
    """Escape control characters: names and notes come from machines and networks."""
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in str(text)
    )


def filled(text: str, wide: int) -> str:
    """Fill up to a number of columns."""
    return text + " " * (wide - width(text))


def columns() -> int | None:
    """Give the width of the terminal; None where the output goes to a file or a program."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def table(
    head: Sequence[str], rows: Sequence[Sequence[object]], wide: int | None = None
) -> list[str]:
    """Give the lines of a table; the last column is not filled up.

    Args:
        head: the titles.
        rows: the cells.
        wide: the columns of the terminal; a last cell that does not fit goes to lines of its own.
    """
    cells = [list(head), *([printable(cell) for cell in row] for row in rows)]
    widths = [max(width(row[place]) for row in cells) for place in range(len(head))]
    lines = []
    for row in cells:
        whole = _line(row, widths)
        if wide is None or width(whole) <= wide:
            lines.append(whole)
        else:
            lines += [_line(row[:-1], widths[:-1]), *wrapped(row[-1], wide)]
    return lines


def table_width(rows: Sequence[Sequence[object]]) -> int:
    """Give the columns at which a further column of a table would begin."""
    widths = [max(width(printable(row[place])) for row in rows) for place in range(len(rows[0]))]
    return 1 + sum(each + 3 for each in widths)


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    cells = [filled(cell, size) for cell, size in zip(row, widths, strict=True)]
    return (" " + "   ".join(cells)).rstrip()


def wrapped(text: str, wide: int, indent: str = BELOW, first: str | None = None) -> list[str]:
    """Give indented lines that break between words only: what is copied stays whole.

    `first` is the indent of the first line where that is another.
    """
    lines = [indent if first is None else first]
    for word in PIECES.findall(text):
        gap = "" if lines[-1] == first or lines[-1] == indent else " "
        if gap and width(lines[-1]) + 1 + width(word) > wide:
            lines.append(indent + word)
        else:
            lines[-1] += gap + word
    return lines


def shortened(text: str, room: int, behind: str = "") -> str:
    """Cut a text so that it and what stands behind it take no more than `room` columns; 0: never.

    It is cut between words where that costs little; at least twelve columns of it stay.
    """
    left = max(room - width(behind), 12)
    if not room or width(text) <= left:
        return text + behind
    kept, used = "", 1  # the sign that something is missing
    for char in text:
        used += width(char)
        if used > left:
            break
        kept += char
    head, gap, last = kept.rpartition(" ")
    if gap and width(last) <= 12:
        kept = head
    return kept.rstrip(" ,.;:") + "…" + behind


def span(seconds: float | None, lang: Language) -> str:
    """Give a time span in its two biggest units: `12 d 4 h`, `0.4 s`."""
    if seconds is None:
        return "-"
    units = SPAN_UNITS[lang]["units"]
    if seconds < 10:
        return f"{max(seconds, 0.0):.1f} {units[-1]}"
    parts: list[str] = []
    rest = int(seconds)
    for name, size in zip(units, SPAN_SIZES, strict=True):
        if rest >= size and len(parts) < 2:
            parts.append(f"{rest // size} {name}")
            rest %= size
        elif parts:
            break
    return " ".join(parts)


def clock(time_ns: int | None) -> str:
    """Give local wall time."""
    if time_ns is None:
        return "-"
    return local(time_ns).strftime("%H:%M:%S")


def clock_ms(time_ns: int) -> str:
    """Give local wall time with milliseconds."""
    return local(time_ns).strftime("%H:%M:%S.%f")[:-3]


def local(time_ns: int) -> datetime:
    """Give ns UTC as local time."""
    return datetime.fromtimestamp(time_ns / 1e9, UTC).astimezone()


def size(count: int) -> str:
    """Give bytes for people."""
    amount = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 1_000 or unit == "GB":
            return (
                f"{amount:,.0f} {unit}" if amount >= 10 or unit == "B" else f"{amount:.1f} {unit}"
            )
        amount /= 1_000
    raise AssertionError  # the last unit has returned


def number(value: object) -> str:
    """Give a value for people: at most six digits after the point, none that say nothing."""
    if isinstance(value, bool) or value is None:
        return "-" if value is None else str(value).lower()
    if isinstance(value, float):
        return f"{value:.6f}".rstrip("0").rstrip(".") if abs(value) < 1e15 else repr(value)
    return f"{value:,}" if isinstance(value, int) else printable(value)
