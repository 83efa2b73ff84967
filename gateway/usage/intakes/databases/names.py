"""Names of tables and columns out of a configuration: checked, then quoted, never pasted."""

from __future__ import annotations

import re
from collections.abc import Sequence

from gateway.core.errors import SourceRejected
from gateway.usage.intakes.databases.driver import Driver

NAME_MAX = 128
_EXACT = r"[\w$#][\w $#.\-/()]*"
_PART = re.compile(
    rf"(?P<bare>[^\W\d][\w$#]*)|\"(?P<a>{_EXACT})\"|`(?P<b>{_EXACT})`|\[(?P<c>{_EXACT})\]"
)
_PARTS_MAX = 4


def table_sql(text: str, driver: Driver) -> str:
    """Give a table's name for SQL: `table`, `schema.table`, `"Exact Name"`.

    A plain name stays without quotes, so that the database finds it whatever its case; one in
    quotes, or with `$` or `#` in it, is meant to the letter.

    Raises:
        ValueError: it is no such name.
    """
    parts: list[str] = []
    place = 0
    while True:
        found = _PART.match(text, place)
        if found is None or len(parts) == _PARTS_MAX or len(text) > _PARTS_MAX * NAME_MAX:
            raise ValueError(f"table: {text!r} is no name of a table")
        name = str(found[found.lastgroup or 0])
        plain = found.lastgroup == "bare" and name.replace("_", "x").isalnum()
        parts.append(name if plain else driver.quoted(name))
        place = found.end()
        if place == len(text):
            return ".".join(parts)
        if text[place] != ".":
            raise ValueError(f"table: {text!r} is no name of a table")
        place += 1


class ColumnNames:
    """The columns that a table really has; configured names are looked up, never pasted."""

    def __init__(self, names: Sequence[str], driver: Driver) -> None:
        self._names = list(names)
        self._driver = driver

    def find(self, column: str | int) -> str:
        """Give a column's true name: by number, to the letter, else without regard to case.

        Raises:
            SourceRejected: there is none, or several.
        """
        if isinstance(column, int):
            if 0 <= column < len(self._names):
                return self._names[column]
            raise SourceRejected("column-missing", f"{column} of {len(self._names)}")
        bare = _bare(column)
        if bare in self._names:
            return bare
        alike = [name for name in self._names if name.casefold() == bare.casefold()]
        if len(alike) != 1:
            raise SourceRejected("column-missing", f"{column}; there are {', '.join(self._names)}")
        return alike[0]

    def sql(self, column: str | int) -> str:
        """Give a column's true name in quotes.

        Raises:
            SourceRejected: as `find`, or its name cannot be quoted.
        """
        name = self.find(column)
        if any(mark in name for mark in (*self._driver.quotes, "%", "\0", ":", "?")):
            raise SourceRejected("column-unusable", name)
        return self._driver.quoted(name)


def _bare(column: str) -> str:
    for start, end in ('""', "``", "[]"):
        if len(column) > 2 and column.startswith(start) and column.endswith(end):
            return column[1:-1]
    return column
