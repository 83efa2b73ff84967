"""Shows findings to people and to programs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from gateway.config.catalogue import message, word
from gateway.config.findings import Finding, Severity
from gateway.core.texts import Language

LINE_CELLS_MAX = 160
TAB_SHOWN = "→"


def cells(text: str) -> int:
    """Give how many columns of a terminal a text takes: a Korean syllable takes two."""
    if text.isascii():
        return len(text)
    from wcwidth import wcswidth

    return max(wcswidth(text), 0)


def place_of(finding: Finding) -> str:
    """Give `file:line:column`."""
    span = finding.span
    return finding.file if span is None else f"{finding.file}:{span.line}:{span.column}"


def as_text(finding: Finding, language: Language) -> str:
    """Give the lines that a person reads: place, code, excerpt with a caret, what to do."""
    said = message(finding, language)
    lines = [f"{place_of(finding)}   {finding.code}  {said.what}", *_excerpt(finding)]
    lines += [f"  {_label(key, language)}  {text}" for key, text in _parts(said.why, said.fix)]
    return "\n".join(lines)


def _parts(why: str, fix: str) -> Iterable[tuple[str, str]]:
    return (("why", why), ("fix", fix))


def _label(key: str, language: Language) -> str:
    return word(key, language)


def _excerpt(finding: Finding) -> list[str]:
    if finding.span is None or not finding.excerpt:
        return []
    gutter = len(str(finding.excerpt[-1][0]))
    shown = []
    for number, text in finding.excerpt:
        shown.append(f"  {number:>{gutter}} | {_line(text)}".rstrip())
    text = finding.excerpt[-1][1]
    start = finding.span.column - 1
    before, meant = _line(text[:start]), _line(text[start : start + finding.span.width])
    if cells(before) < LINE_CELLS_MAX:
        width = min(max(1, cells(meant)), LINE_CELLS_MAX - cells(before))
        shown.append(f"  {' ' * gutter} | {' ' * cells(before)}{'^' * width}")
    return shown


def _line(text: str) -> str:
    shown = "".join(char if char.isprintable() else TAB_SHOWN for char in text)
    while cells(shown) > LINE_CELLS_MAX:
        shown = shown[: LINE_CELLS_MAX // 2 if cells(shown) > 2 * LINE_CELLS_MAX else -1]
    return shown


def all_as_text(findings: Sequence[Finding], language: Language) -> str:
    """Give all findings with an empty line between them."""
    return "\n\n".join(as_text(finding, language) for finding in findings)


def as_json(finding: Finding, language: Language) -> dict[str, Any]:
    """Give what a program reads; `message` and the rest are in the wanted language."""
    said, span = message(finding, language), finding.span
    return {
        "code": finding.code,
        "severity": str(finding.severity),
        "file": finding.file,
        "line": None if span is None else span.line,
        "column": None if span is None else span.column,
        "width": None if span is None else span.width,
        "what": said.what,
        "why": said.why,
        "fix": said.fix,
        "facts": dict(finding.facts),
    }


def count(findings: Iterable[Finding], severity: Severity) -> int:
    """Give how many findings are of a severity."""
    return sum(finding.severity is severity for finding in findings)
