"""One line of a file as fields: CSV, TSV, JSON or a regular expression.

A record is a line; a quoted field that spans lines is not joined, because one lost quote would
then swallow its neighbours.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import orjson

from gateway.usage.config import Columns, FileIntakeConfig
from gateway.usage.intakes.encodings import Encoding, decode
from gateway.usage.intakes.mapping import (
    Cells,
    Pick,
    cells_of,
    check_columns,
    missing_columns,
    same_name,
)

LINE_BYTES_MAX = 64 * 1024
"""A longer line is no event of use; it is unfit, and the file goes on after it."""
_STRIPPED = "\r\n\0\ufeff"
"""NULs are what a power cut leaves; a mark may stand in the middle of joined files."""


class LineError(Exception):
    """A line cannot be read; the text says why."""


class LineParser:
    """Reads the lines of one file; `begin` gives it the first line of a file with a header.

    Args:
        config: format, columns, and the pattern where the format is a regular expression.

    Raises:
        ValueError: the configuration cannot be meant.
    """

    def __init__(self, config: FileIntakeConfig) -> None:
        check_columns(config.columns)
        self._columns = config.columns
        self.has_header = config.header and config.format in {"csv", "tsv"}
        self._header: tuple[str, ...] = ()
        self._places: Mapping[str, int] = {}
        self._read = self._reader(config)
        self._opts_out = config.format == "regex"

    def _reader(self, config: FileIntakeConfig) -> Callable[[str], Pick]:
        if config.format == "regex":
            return _regex(config.pattern, config.columns)
        if config.format == "jsonl":
            return _json
        by_name = [name for name in config.columns.fields.values() if isinstance(name, str)]
        if by_name and not config.header:
            raise ValueError(f"columns: {by_name[0]}: a file without a header has numbers only")
        self._delimiter = "\t" if config.format == "tsv" else ","
        return self._separated

    def begin(self, line: bytes, encoding: Encoding | None) -> list[str]:
        """Take a file's header and give the mapped columns that it does not have.

        Raises:
            LineError: the header cannot be read.
        """
        self._header = tuple(self._split(_text(line, encoding)))
        places: dict[str, int] = {}
        for place, name in enumerate(self._header):
            places.setdefault(same_name(name), place)
        self._places = places
        return missing_columns(self._place, self._columns)

    def parse(self, line: bytes, encoding: Encoding | None) -> Cells | None:
        """Give what a line says; None where it says nothing (blank, a header again).

        With a regular expression a line in which the pattern matched but no mapped group took part
        says nothing, too: end a pattern with `|.*` to pass over unrelated lines.

        Raises:
            LineError: it cannot be read, or no mapped column has a value.
        """
        text = _text(line, encoding)
        if not text.strip():
            return None
        pick = self._read(text)
        if isinstance(pick, _Row) and pick.cells == self._header:
            return None
        cells = cells_of(pick, self._columns)
        if cells.empty:
            if self._opts_out:
                return None
            raise LineError("no mapped column has a value")
        return cells

    def _separated(self, text: str) -> Pick:
        return _Row(tuple(self._split(text)), self._place)

    def _place(self, column: str | int) -> int:
        if isinstance(column, str):
            return self._places[same_name(column)]
        if self._header and column >= len(self._header):
            raise IndexError(column)
        return column

    def _split(self, text: str) -> list[str]:
        try:
            rows = list(csv.reader([text], delimiter=self._delimiter, strict=True))
        except csv.Error as error:
            raise LineError(str(error)) from None
        return rows[0] if rows else []


class _Row:
    """One line's cells."""

    def __init__(self, cells: Sequence[str], place: Callable[[str | int], int]) -> None:
        self.cells = tuple(cells)
        self._place = place

    def __call__(self, column: str | int) -> str | None:
        return self.cells[self._place(column)].strip() or None


def _text(line: bytes, encoding: Encoding | None) -> str:
    try:
        return decode(line, encoding).strip(_STRIPPED)
    except UnicodeDecodeError as error:
        raise LineError(f"neither UTF-8 nor cp949: {error.reason} at byte {error.start}") from None


def _json(text: str) -> Pick:
    try:
        document = orjson.loads(text)
    except ValueError as error:
        raise LineError(f"no JSON: {error}") from None
    return json_pick(document)


def json_pick(document: Any) -> Pick:
    """Give columns of a JSON object (a name, or a path such as `user.id`) or array (a number).

    Raises:
        LineError: it is neither.
    """
    if not isinstance(document, dict | list):
        raise LineError("a JSON object is expected")

    def pick(column: str | int) -> Any:
        if isinstance(column, int):
            return document[column] if isinstance(document, list) else document[str(column)]
        if isinstance(document, dict) and column in document:
            return document[column]
        found: Any = document
        for step in column.split("."):
            if not isinstance(found, dict):
                raise KeyError(column)
            found = found[step]
        return found

    return pick


def _regex(pattern: str, columns: Columns) -> Callable[[str], Pick]:
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        raise ValueError(f"pattern: {error}") from None
    numbers: dict[str | int, int] = {number: number + 1 for number in range(compiled.groups)}
    numbers.update({name: group for name, group in compiled.groupindex.items()})  # noqa: C416 - dict() would want keys of text
    unknown = [str(name) for name in columns.fields.values() if name not in numbers]
    if unknown:
        raise ValueError(f"pattern: no group for {', '.join(unknown)}")

    def read(text: str) -> Pick:
        found = compiled.search(text)
        if found is None:
            raise LineError("the pattern does not match")
        return lambda column: found[numbers[column]]

    return read
