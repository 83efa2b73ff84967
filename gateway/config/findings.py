"""What is wrong with a configuration and where; words come from the catalogues in `messages/`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from gateway.core.errors import GatewayError

EXCERPT_BEFORE = 1
SECRET = frozenset({"E1301", "E1308"})
"""Findings about something that must not be shown again."""
FINDINGS_MAX = 200
"""More than a person can use; a broken generator must not fill the screen or the memory."""


class Severity(StrEnum):
    """Errors keep a configuration from being used, warnings do not."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Span:
    """A place in a file: line and column count from 1, columns and width in characters."""

    line: int
    column: int
    width: int = 1


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to tell; `facts` fill the placeholders of its messages."""

    code: str
    file: str
    span: Span | None = None
    facts: Mapping[str, str] = field(default_factory=dict)
    excerpt: tuple[tuple[int, str], ...] = ()

    @property
    def severity(self) -> Severity:
        """Codes of warnings begin with W."""
        return Severity.WARNING if self.code.startswith("W") else Severity.ERROR


class ConfigError(GatewayError):
    """The files cannot be used; `findings` says everything that is wrong, in all files."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        errors = [f for f in findings if f.severity is Severity.ERROR]
        super().__init__("config-invalid", ", ".join(f"{f.file} {f.code}" for f in errors[:5]))
        self.findings = tuple(findings)


class Report:
    """Collects findings of all files; keeps each place and code once."""

    def __init__(self) -> None:
        self._findings: dict[tuple[str, str, Span | None, str], Finding] = {}

    def add(
        self,
        code: str,
        file: str,
        span: Span | None = None,
        lines: Sequence[str] = (),
        /,
        **facts: object,
    ) -> None:
        """Note a finding; `lines` are those of the whole file, for the excerpt."""
        if len(self._findings) >= FINDINGS_MAX:
            return
        texts = {key: str(value) for key, value in facts.items()}
        shown = excerpt(lines, span)
        finding = Finding(
            code, file, span, texts, _hidden(shown, span) if code in SECRET else shown
        )
        self._findings.setdefault((code, file, span, str(sorted(texts.items()))), finding)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All of them, file by file, from top to bottom."""
        return tuple(sorted(self._findings.values(), key=_place))

    @property
    def has_errors(self) -> bool:
        """Tell whether anything found is an error; warnings are none."""
        return any(f.severity is Severity.ERROR for f in self._findings.values())

    def errors_in(self, file: str) -> bool:
        """Whether one file has an error."""
        found = self._findings.values()
        return any(f.file == file and f.severity is Severity.ERROR for f in found)


def _place(finding: Finding) -> tuple[str, int, int, str]:
    span = finding.span or Span(0, 0)
    return (finding.file, span.line, span.column, finding.code)


def _hidden(shown: tuple[tuple[int, str], ...], span: Span | None) -> tuple[tuple[int, str], ...]:
    if span is None or not shown:
        return shown
    number, text = shown[-1]
    start, end = span.column - 1, span.column - 1 + span.width
    return (*shown[:-1], (number, f"{text[:start]}{'*' * len(text[start:end])}{text[end:]}"))


def excerpt(lines: Sequence[str], span: Span | None) -> tuple[tuple[int, str], ...]:
    """Give the meant line and the one before it, with their numbers."""
    if span is None:
        return ()
    first = max(1, span.line - EXCERPT_BEFORE)
    return tuple((n, lines[n - 1]) for n in range(first, span.line + 1) if n <= len(lines))
