"""Cuts a CSV text as people and spreadsheets leave it into records of cells.

Blanks around a cell, quoted or not, do not belong to it. A quoted cell may hold commas, doubled
quotes and line breaks. One broken line costs that line alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

LINE_MAX = 65_536
QUOTED_LINES_MAX = 10
"""A cell that is open for longer lacks its closing quotation mark."""
QUOTE = '"'


@dataclass(frozen=True, slots=True)
class Record:
    """Cells of one record; `line` is the physical line where it starts, `problem` a code."""

    line: int
    cells: tuple[str, ...]
    problem: str | None = None
    detail: str = ""


class _Open(Exception):
    """A quoted cell has not ended."""


class _Stray(Exception):
    """There is text after a closing quotation mark."""


def records(text: str) -> Iterator[Record]:
    """Give all records, blank lines too (without cells)."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    if lines and not lines[-1]:
        lines.pop()
    delimiter = _delimiter(lines)
    place = 0
    while place < len(lines):
        record, used = _record(lines, place, delimiter)
        yield record
        place += used


def _delimiter(lines: list[str]) -> str:
    """Give the tab where a spreadsheet wrote tabs, else the comma."""
    first = next((line for line in lines if line.strip()), "")
    return "\t" if "\t" in first and "," not in first else ","


def _record(lines: list[str], place: int, delimiter: str) -> tuple[Record, int]:
    number = place + 1
    if len(lines[place]) > LINE_MAX:
        return Record(number, (), "line-too-long"), 1
    for used in range(1, QUOTED_LINES_MAX + 1):
        if place + used > len(lines):
            break
        try:
            return Record(number, _cells("\n".join(lines[place : place + used]), delimiter)), used
        except _Open:
            continue
        except _Stray as error:
            return Record(number, (), "text-after-quote", str(error)), 1
    return Record(number, (), "quote-open"), 1


def _cells(text: str, delimiter: str) -> tuple[str, ...]:
    if not text.strip():
        return ()
    cells: list[str] = []
    place = 0
    while place <= len(text):
        cell, place = _cell(text, place, delimiter)
        cells.append(cell.strip())
    return tuple(cells)


def _cell(text: str, place: int, delimiter: str) -> tuple[str, int]:
    """Give a cell and where the next one begins, beyond the end when there is none."""
    start = place
    while start < len(text) and text[start] in " \t" and text[start] != delimiter:
        start += 1
    if text[start : start + 1] != QUOTE:
        end = text.find(delimiter, place)
        end = len(text) if end < 0 else end
        return text[place:end], end + 1
    content, after = _quoted(text, start + 1)
    end = text.find(delimiter, after)
    end = len(text) if end < 0 else end
    if text[after:end].strip():
        raise _Stray(text[after:end].strip())
    return content, end + 1


def _quoted(text: str, place: int) -> tuple[str, int]:
    parts: list[str] = []
    while True:
        end = text.find(QUOTE, place)
        if end < 0:
            raise _Open
        parts.append(text[place:end])
        if text[end + 1 : end + 2] != QUOTE:
            return "".join(parts), end + 1
        parts.append(QUOTE)
        place = end + 2


def quoted(cell: str) -> str:
    """Write a cell, in quotation marks only where it needs them."""
    if cell != cell.strip() or any(char in cell for char in ',"\r\n\t'):
        return QUOTE + cell.replace(QUOTE, QUOTE * 2) + QUOTE
    return cell
