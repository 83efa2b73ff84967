"""The `where` of a configuration: comparisons of columns with constants, and nothing else.

`LINE = 'A' AND (MENU <> 'ping' OR USER_ID IS NOT NULL)`. It is taken apart and built again:
columns are looked up, constants become parameters. Functions, subqueries and comments have no
place in it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from gateway.usage.intakes.databases.names import ColumnNames

FILTER_MAX = 2_000
_TOKEN = re.compile(
    r"""\s*(?:
    (?P<text>'(?:[^']|'')*')
  | (?P<number>[+-]?\d+(?:\.\d+)?)(?![\w.])
  | (?P<operator><=|>=|<>|!=|=|<|>)
  | (?P<mark>[(),])
  | (?P<column>"[^"]+"|`[^`]+`|\[[^\]]+\])
  | (?P<word>[^\W\d][\w$\#]*)
    )""",
    re.VERBOSE,
)
_KEYWORDS = frozenset({"AND", "OR", "NOT", "IN", "IS", "NULL", "LIKE", "BETWEEN"})
Parameter = Callable[[Any], str]
"""Takes a value and gives its mark in the statement."""


def tokens_of(text: str) -> list[tuple[str, str]]:
    """Take a filter apart into (kind, text).

    Raises:
        ValueError: something in it has no place there.
    """
    found: list[tuple[str, str]] = []
    place, bare = 0, text.strip()
    if len(bare) > FILTER_MAX:
        raise ValueError("where: too long")
    while place < len(bare):
        match = _TOKEN.match(bare, place)
        if match is None:
            raise ValueError(f"where: {bare[place : place + 20]!r} has no place there")
        kind = str(match.lastgroup)
        word = match[kind]
        if kind == "word" and word.upper() in _KEYWORDS:
            kind, word = "keyword", word.upper()
        found.append(("column" if kind == "word" else kind, word))
        place = match.end()
    _check(found)
    return found


def _check(tokens: list[tuple[str, str]]) -> None:
    depth = 0
    for number, (kind, word) in enumerate(tokens):
        depth += {"(": 1, ")": -1}.get(word, 0) if kind == "mark" else 0
        before = tokens[number - 1] if number else ("", "")
        if depth < 0 or (word == "(" and kind == "mark" and before[0] == "column"):
            raise ValueError("where: a function has no place there, or a parenthesis is missing")
        if kind == "mark" and word == "," and depth == 0:
            raise ValueError("where: a comma has a place only in IN (...)")
    if depth:
        raise ValueError("where: a parenthesis is missing")


def filter_sql(tokens: list[tuple[str, str]], columns: ColumnNames, parameter: Parameter) -> str:
    """Build the filter again.

    Raises:
        SourceRejected: the table has no such column.
    """
    parts = []
    for kind, word in tokens:
        if kind == "text":
            parts.append(parameter(word[1:-1].replace("''", "'")))
        elif kind == "number":
            parts.append(parameter(float(word) if "." in word else int(word)))
        elif kind == "column":
            parts.append(columns.sql(word))
        else:
            parts.append(word)
    return " ".join(parts)
