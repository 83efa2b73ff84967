"""Says in plain words what libyaml means: its terse problem becomes a code and a better place."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gateway.config.findings import Span

TAB = re.compile(r"^[ \-?:]*\t")
UNCLOSED = ("expected ',' or ']'", "expected ',' or '}'")


@dataclass(frozen=True, slots=True)
class SyntaxProblem:
    """A code, its place, and facts for its message."""

    code: str
    span: Span
    facts: dict[str, str]


def find_tab(lines: Sequence[str]) -> SyntaxProblem | None:
    """Find a tab that indents; libyaml would only say that no token starts so."""
    for number, line in enumerate(lines, 1):
        if "\t" in line and (match := TAB.match(line)):
            place = match.end()
            width = len(line) - len(line.lstrip("\t -"))
            return SyntaxProblem("E1004", Span(number, place, max(1, width - place + 1)), {})
    return None


def explain(error: Any, lines: Sequence[str]) -> SyntaxProblem:
    """Map a yaml.MarkedYAMLError to what a person can act on."""
    problem, context = error.problem or "", error.context or ""
    here = _span(error.problem_mark, lines)
    opening = _span(error.context_mark, lines) if error.context_mark else here
    code, span = _code(problem, context, here, opening, lines)
    line = lines[span.line - 1] if span.line <= len(lines) else ""
    facts = {"word": line[span.column - 1 : span.column], "problem": problem}
    return SyntaxProblem(code, span, facts)


def _code(
    problem: str, context: str, here: Span, opening: Span, lines: Sequence[str]
) -> tuple[str, Span]:
    if "mapping values are not allowed" in problem:
        return _colon(here, lines)
    if "could not find expected ':'" in problem:
        return "E1007", _whole_line(opening, lines)
    if "quoted scalar" in context and "unexpected" in problem:
        return "E1008", opening
    if "unknown escape" in problem:
        return "E1013", here
    if any(word in problem for word in UNCLOSED):
        return ("E1024", here) if _behind_quote(here, lines) else ("E1009", opening)
    if "cannot start any token" in problem or "directive" in context:
        return "E1010", here
    if "alias" in problem or "anchor" in context or "alias" in context:
        return "E1012", here if "undefined" in problem else opening
    if "tag" in problem or "tag" in context:
        return "E1015", opening
    if "expected" in problem or "block sequence entries" in problem:
        return ("E1024" if _behind_quote(here, lines) else "E1011"), here
    return "E1005", here


def _behind_quote(here: Span, lines: Sequence[str]) -> bool:
    """Say whether text follows directly behind a closing quote, as in `"DB_1"."Temp"`."""
    line = lines[here.line - 1] if here.line <= len(lines) else ""
    return line[: here.column - 1].rstrip().endswith(('"', "'"))


def _colon(here: Span, lines: Sequence[str]) -> tuple[str, Span]:
    """A second colon in a line, or a line that is indented deeper than its neighbours."""
    line = lines[here.line - 1] if here.line <= len(lines) else ""
    if line[: here.column - 1].count(": ") or re.match(r"\s*- [^:]+: .*: ", line):
        return "E1006", here
    return "E1011", _whole_line(here, lines)


def _span(mark: Any, lines: Sequence[str]) -> Span:
    line = min(mark.line + 1, max(1, len(lines)))
    column = mark.column + 1 if mark.line < len(lines) else len(lines[line - 1]) + 1 if lines else 1
    return Span(line, column)


def _whole_line(span: Span, lines: Sequence[str]) -> Span:
    text = lines[span.line - 1] if span.line <= len(lines) else ""
    start = len(text) - len(text.lstrip())
    return Span(span.line, start + 1, max(1, len(text.strip())))
