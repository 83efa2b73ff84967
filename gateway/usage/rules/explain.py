"""What a code means, in both languages: result codes, codes of use, lints, alarms, states."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

from gateway.core.texts import LANGUAGES, Language
from gateway.usage.model import State
from gateway.usage.rules.codes import Codes, load_codes
from gateway.usage.rules.texts import Words, texts
from gateway.usage.rules.use_codes import use_codes

Subject = Literal["result", "use", "lint", "alarm", "file", "state"]
SUBJECTS: Mapping[str, Subject] = {"1": "lint", "5": "alarm", "9": "file"}
"""By the first digit of a `U####`."""
STATES = frozenset(state.value for state in State)


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a code is about, and its words in each language.

    Texts of `file` codes keep their placeholders, such as `{key}`.
    """

    code: str
    subject: Subject
    words: Mapping[Language, Words]
    action: str = ""
    """Of a result code: what the sender does, as a word of the table."""


def explain(code: str, codes: Codes | None = None) -> Explanation | None:
    """Explain a code or a state, in any case of letters; None where there is no such thing.

    `codes` is a delivery's own table; without it the built-in one. Every `AP####` is explained, one
    that is in no table by the rule for unknown ones.
    """
    asked = code.strip()
    upper, lower = asked.upper(), asked.lower()
    if lower in STATES:
        return _of_state(lower)
    if upper.startswith("U") and upper in texts("en"):
        return Explanation(upper, SUBJECTS[upper[1]], {to: _said(upper, to) for to in LANGUAGES})
    use = use_codes().by_code.get(upper.replace("D0", "DO", 1))
    if use is not None:
        return Explanation(
            use.code, "use", {"ko": Words(use.ko, "", ""), "en": Words(use.en, "", "")}
        )
    return _of_result(upper, codes or load_codes())


def explainable(codes: Codes | None = None) -> list[str]:
    """Give everything that `explain` knows, for a list and for near words."""
    own = sorted(code for code in texts("en") if code[0] == "U")
    states = [state.value for state in State]
    return [*(codes or load_codes()).names(), *use_codes().by_code, *own, *states]


def state_words(state: State, language: Language) -> Words:
    """Say where an event stands."""
    return _parts(texts(language)["state"], state.value)


def _said(code: str, language: Language) -> Words:
    entry = texts(language)[code]
    return Words(entry["what"], entry["why"], entry["fix"])


def _parts(section: Mapping[str, Any], name: str) -> Words:
    entry = section[name]
    return Words(entry["what"], entry.get("why", ""), entry.get("fix", ""))


def _of_state(name: str) -> Explanation:
    say = partial(state_words, State(name))
    return Explanation(name, "state", {language: say(language) for language in LANGUAGES})


def _of_result(code: str, codes: Codes) -> Explanation | None:
    rule = codes.of(code)
    if not code or (not rule.known and not (code.startswith("AP") and code[2:].isdecimal())):
        return None
    means: Mapping[Language, tuple[str, str]] = {
        "ko": (rule.ko, rule.fix_ko),
        "en": (rule.en, rule.fix_en),
    }
    words = {
        language: Words(what, _parts(texts(language)["action"], rule.action.value).what, fix)
        for language, (what, fix) in means.items()
    }
    return Explanation(rule.code, "result", words, rule.action.value)
