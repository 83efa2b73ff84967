"""Reads a table of result codes from TOML, and says exactly what is wrong with one."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from gateway.core.errors import GatewayError
from gateway.core.texts import Language
from gateway.usage.rules.kinds import Action, Kind
from gateway.usage.rules.texts import Words, say

Table = dict[str, dict[str, Any]]
UNKNOWN, NO_ANSWER = "unknown", "no_answer"
CODE = re.compile(r"[A-Z]{2}[0-9]{4}")
BYTES_MAX = 256 * 1024
TEXT_MAX = 500
WAIT_MAX_S = 7 * 86_400.0
WAITS_MAX, TRIES_MAX = 20, 1_000
PROBLEMS_MAX = 50
"""More than a person can use."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong in a file of codes; `line` counts from 1, 0 where there is none."""

    code: str
    line: int = 0
    facts: Mapping[str, str] = field(default_factory=dict)

    def words(self, language: Language) -> Words:
        """Say it in a language."""
        return say(self.code, language, **self.facts)


class CodesError(GatewayError):
    """A file of result codes cannot be used; `problems` says everything that is wrong in it."""

    def __init__(self, path: Path, problems: Sequence[Problem]) -> None:
        first = problems[0]
        place = f"{path.name}:{first.line}" if first.line else path.name
        super().__init__("usage-codes-invalid", f"{place}: {first.words('en').what}")
        self.path = path
        self.problems = tuple(problems)


def read_table(path: Path) -> Table:
    """Read a whole table that has to stand for itself.

    Raises:
        CodesError: it cannot be read, or is not such a table.
    """
    return _checked(path, {})


def laid_over(table: Table, path: Path) -> Table:
    """Give the table with a site's file laid over it, key by key; new codes may be in it.

    Raises:
        CodesError: the file cannot be read, or says something that cannot be meant.
    """
    own = _checked(path, table)
    return {code: {**table.get(code, {}), **own.get(code, {})} for code in {**table, **own}}


def _checked(path: Path, below: Table) -> Table:
    text = _text(path)
    try:
        content = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        at = re.search(r"line (\d+)", str(error))
        line = int(at[1]) if at else text.count("\n") + 1
        raise CodesError(path, [Problem("U9003", line, {"problem": str(error)})]) from None
    problems: list[Problem] = []
    for code, keys in content.items():
        problems += _problems_of(code, keys, below.get(code, {}), text)
    if problems:
        raise CodesError(path, problems[:PROBLEMS_MAX])
    return content


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            raw = file.read(BYTES_MAX + 1)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise CodesError(path, [Problem("U9001", 0, {"reason": reason})]) from None
    if len(raw) > BYTES_MAX:
        raise CodesError(path, [Problem("U9009", 0, {"limit": str(BYTES_MAX)})])
    try:
        return raw.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise CodesError(path, [Problem("U9002", line)]) from None


def _problems_of(code: str, keys: Any, below: Mapping[str, Any], text: str) -> list[Problem]:
    if not CODE.fullmatch(code) and code not in {UNKNOWN, NO_ANSWER}:
        return [Problem("U9004", _line(text, code), {"name": code})]
    if not isinstance(keys, dict):
        return [Problem("U9007", _line(text, code), {"code": code, "key": "", "form": "[table]"})]
    found = []
    for key, value in keys.items():
        problem = _problem(code, key, value, _line(text, code, key))
        if problem is not None:
            found.append(problem)
    missing = [key for key in ("class", "action") if key not in keys and key not in below]
    line = _line(text, code)
    return found + [Problem("U9008", line, {"code": code, "key": key}) for key in missing]


def _problem(code: str, key: str, value: Any, line: int) -> Problem | None:
    if key in WORDS:
        return _word_problem(code, key, value, line)
    if key not in FORMS:
        facts = {"code": code, "key": key, "known": ", ".join([*WORDS, *FORMS])}
        return Problem("U9005", line, {**facts, "near": _near(key, [*WORDS, *FORMS])})
    form, fits = FORMS[key]
    if fits(value):
        return None
    return Problem("U9007", line, {"code": code, "key": key, "form": form})


def _word_problem(code: str, key: str, value: Any, line: int) -> Problem | None:
    known = WORDS[key]
    if isinstance(value, str) and value in known:
        return None
    facts = {"code": code, "key": key, "value": str(value)[:80], "known": ", ".join(known)}
    return Problem("U9006", line, {**facts, "near": _near(str(value), known)})


def _near(word: str, known: Sequence[str]) -> str:
    return next(iter(get_close_matches(word.lower(), known, 1)), "")


def _line(text: str, code: str, key: str = "") -> int:
    """Find a table's line, or that of a key in it; the file is small and only read for errors."""
    lines = text.split("\n")
    head = re.compile(rf"\s*\[\s*[\"']?{re.escape(code)}[\"']?\s*\]")
    bare = re.compile(rf"\s*[\"']?{re.escape(code)}[\"']?\s*[.=]")
    start = next((n for n, line in enumerate(lines, 1) if head.match(line)), 0)
    if not start:
        return next((n for n, line in enumerate(lines, 1) if bare.match(line)), 0)
    own = re.compile(rf"\s*[\"']?{re.escape(key)}[\"']?\s*[.=]")
    for number in range(start + 1, len(lines) + 1) if key else ():
        if lines[number - 1].lstrip().startswith("["):
            break
        if own.match(lines[number - 1]):
            return number
    return start


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= TEXT_MAX


def _is_wait(value: Any) -> bool:
    return (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and 0 <= value <= WAIT_MAX_S  # false for nan, too
    )


def _is_waits(value: Any) -> bool:
    return isinstance(value, list) and len(value) <= WAITS_MAX and all(map(_is_wait, value))


def _is_tries(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= TRIES_MAX


def _is_alarm(value: Any) -> bool:
    return isinstance(value, str) and re.fullmatch(r"(U[0-9]{4})?", value) is not None


_TEXT = f'"...", 1-{TEXT_MAX}'
WORDS: Mapping[str, list[str]] = {
    "class": [kind.value for kind in Kind],
    "action": [action.value for action in Action],
    "then": [action.value for action in Action],
    "confidence": ["H", "M", "L"],
}
FORMS: Mapping[str, tuple[str, Callable[[Any], bool]]] = {
    "ko": (_TEXT, _is_text),
    "en": (_TEXT, _is_text),
    "fix_ko": (_TEXT, _is_text),
    "fix_en": (_TEXT, _is_text),
    "backoff_s": ("[60, 300, 600]", _is_waits),
    "tries": (f"0-{TRIES_MAX}", _is_tries),
    "probe_s": (f"0-{WAIT_MAX_S:.0f}", _is_wait),
    "alarm": ('"U5001", ""', _is_alarm),
}
"""For each other key what it looks like, and whether a value does."""
