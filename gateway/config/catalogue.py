"""The words of all findings and of the commands that show them, in Korean and English."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from gateway.config.findings import Finding
from gateway.core.texts import Language

FOLDER = Path(__file__).parent / "messages"


@cache
def catalogue(language: Language) -> Mapping[str, Mapping[str, str]]:
    """Give all texts of one language: by code, then by part."""
    return tomllib.loads((FOLDER / f"{language}.toml").read_text("utf-8"))


def codes() -> list[str]:
    """Give every code that a finding may have."""
    return sorted(code for code in catalogue("en") if code != "words")


def word(key: str, language: Language, **facts: object) -> str:
    """Give a text of the commands."""
    return catalogue(language)["words"][key].format(**facts)


@dataclass(frozen=True, slots=True)
class Message:
    """What a finding says: what is wrong, why it matters, how to put it right."""

    what: str
    why: str
    fix: str


def message(finding: Finding, language: Language) -> Message:
    """Say a finding in a language; a near word, where there is one, comes first in the fix."""
    entry = catalogue(language)[finding.code]
    facts = {key: _translated(text, language) for key, text in finding.facts.items()}
    fix = entry["fix"].format(**facts)
    if facts.get("near") and "near" in entry:
        fix = f"{entry['near'].format(**facts)} {fix}"
    return Message(entry["what"].format(**facts), entry["why"].format(**facts), fix)


def _translated(text: str, language: Language) -> str:
    if text.startswith("@"):
        return catalogue(language)["words"].get(text[1:], text)
    return text
