"""The words of this room, in Korean and English."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from gateway.core.texts import Language

FOLDER = Path(__file__).parent / "messages"


@dataclass(frozen=True, slots=True)
class Words:
    """What something is, why it matters (or what the gateway does), what a person can do."""

    what: str
    why: str
    fix: str


@cache
def texts(language: Language) -> Mapping[str, Mapping[str, Any]]:
    """Give all texts of one language: by code, then by part; `action` and `state` by name first."""
    return tomllib.loads((FOLDER / f"{language}.toml").read_text("utf-8"))


def say(code: str, language: Language, /, **facts: str) -> Words:
    """Say a `U####` in a language, `facts` in its placeholders; a near word comes first in the fix.

    Raises:
        KeyError: there is no such code, or a fact is missing.
    """
    entry = texts(language)[code]
    what, why, fix = (entry[part].format(**facts) for part in ("what", "why", "fix"))
    if facts.get("near") and "near" in entry:
        fix = f"{entry['near'].format(**facts)} {fix}"
    return Words(what, why, fix)
