"""What a code of the usage side means, from the tables of its rules."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from gateway.cli.answers import fail, fail_unknown
from gateway.cli.screen import columns, printable, width, wrapped
from gateway.cli.usage_texts import TEXTS
from gateway.core.texts import LANGUAGES, Language

RULES = "gateway.usage.rules.explain"


def explained(code: str, lang: Language) -> dict[str, Any]:
    """Give what a code means, in both languages; ends with a sentence where nothing is known."""
    try:
        rules: Any = import_module(RULES)
    except ModuleNotFoundError:
        fail(TEXTS[lang]["no-rules"])
    found = rules.explain(code)
    if found is None:
        text = TEXTS[lang]["unknown-code"].format(code=printable(code))
        fail_unknown(text, code, rules.explainable(), lang)
    said = {language: found.words[language] for language in LANGUAGES}
    return {
        "code": found.code,
        "subject": found.subject,
        "action": found.action,
        **{
            language: {"what": words.what, "why": words.why, "fix": words.fix}
            for language, words in said.items()
        },
    }


def lines(found: dict[str, Any], lang: Language) -> list[str]:
    """Give the lines for people."""
    texts, words, wide = TEXTS[lang], found[lang], columns()
    shown = [f"{found['code']}  {words['what']}"]
    shown += [f"  {texts[part]}  {words[part]}" for part in ("why", "fix") if words[part]]
    if wide is None:
        return shown
    return [part for line in shown for part in _fitting(line, wide)]


def _fitting(line: str, wide: int) -> list[str]:
    return [line] if width(line) <= wide else wrapped(line, wide, indent="  ")
