"""What judges say of a model, and what became of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

Level = Literal["error", "warning"]
JUDGES: Mapping[str, Mapping[str, str]] = {
    "engines": {
        "en": "aas-test-engines 1.0.3 (metamodel 3.0)",
        "ko": "aas-test-engines 1.0.3 (메타모델 3.0)",
    },
    "core-3.0": {
        "en": "aas-core3.0 1.1.4 (metamodel 3.0)",
        "ko": "aas-core3.0 1.1.4 (메타모델 3.0)",
    },
    "core-3.1": {
        "en": "aas-core3.1 1.0.0 (metamodel 3.1)",
        "ko": "aas-core3.1 1.0.0 (메타모델 3.1)",
    },
    "structure": {
        "en": "structure (members and shapes of metamodel 3.1)",
        "ko": "구조 (메타모델 3.1의 항목과 형태)",
    },
    "template": {
        "en": "templates (IDTA cardinalities, kinds, semantic ids)",
        "ko": "템플릿 (IDTA 개수, 종류, semanticId)",
    },
    "package": {"en": "package (OPC relationships)", "ko": "패키지 (OPC 관계)"},
    "reading": {"en": "reading", "ko": "읽기"},
}
_CONSTRAINT = re.compile(r"AAS[cdaq]+-(?:3a-)?[0-9]{3}")
FINDINGS_MAX = 10_000


@dataclass(frozen=True, slots=True)
class Finding:
    """One objection; `code` is the constraint's name where the judge says it.

    `where` is as the judge says it, `element` the idShorts along it where they could be found.
    """

    judge: str
    level: Level
    where: str
    message: str
    code: str = ""
    waived_by: str | None = None
    element: str = ""

    @property
    def place(self) -> str:
        """Say where, as people know it."""
        return self.element or self.where

    @property
    def counts(self) -> bool:
        """Whether it makes a verification fail."""
        return self.level == "error" and self.waived_by is None


def finding(judge: str, message: str, where: str, level: Level = "error") -> Finding:
    """Make a finding; the constraint is read out of the message."""
    found = _CONSTRAINT.search(message)
    text = " ".join(message.split())
    return Finding(judge, level, where, text[:1000], found[0] if found else "")


@dataclass(frozen=True, slots=True)
class Subject:
    """One file, or one running API, and everything that was said of it."""

    name: str
    metamodel: str
    counts: Mapping[str, int]
    judges: tuple[str, ...]
    findings: tuple[Finding, ...] = ()
    seconds: Mapping[str, float] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        return not any(each.counts for each in self.findings)

    def of(self, judge: str) -> tuple[Finding, ...]:
        """Give what one judge said."""
        return tuple(each for each in self.findings if each.judge == judge)


def limited(findings: Iterable[Finding], judge: str) -> list[Finding]:
    """Keep what people can use; that there is more counts as an objection itself."""
    kept: list[Finding] = []
    for each in findings:
        if len(kept) >= FINDINGS_MAX:
            kept.append(finding(judge, f"more than {FINDINGS_MAX} findings", ""))
            break
        kept.append(each)
    return kept
