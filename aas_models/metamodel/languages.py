"""Language tags as BCP 47 writes them."""

from __future__ import annotations

import re

_ALNUM = "[a-zA-Z0-9]"
_LANGUAGE = "(?:[a-zA-Z]{2,3}(?:-[a-zA-Z]{3}(?:-[a-zA-Z]{3}){0,2})?|[a-zA-Z]{4}|[a-zA-Z]{5,8})"
_TAG = re.compile(
    f"(?:{_LANGUAGE}(?:-[a-zA-Z]{{4}})?(?:-(?:[a-zA-Z]{{2}}|[0-9]{{3}}))?"
    f"(?:-(?:{_ALNUM}{{5,8}}|[0-9]{_ALNUM}{{3}}))*"
    f"(?:-[0-9A-WY-Za-wy-z](?:-{_ALNUM}{{2,8}})+)*(?:-[xX](?:-{_ALNUM}{{1,8}})+)?"
    f"|[xX](?:-{_ALNUM}{{1,8}})+)"
)
_HANGUL = re.compile(r"[\u1100-\u11ff\u3130-\u318f\uac00-\ud7a3]")
_USUAL_MISTAKES = {"kr": "ko", "kor": "ko", "korean": "ko", "한국어": "ko", "jp": "ja", "cn": "zh"}
_KNOWN: dict[str, bool] = {}
_KNOWN_MAX = 1000


def is_language(tag: str) -> bool:
    """Tell whether a tag has the form of BCP 47."""
    found = _KNOWN.get(tag)
    if found is None:
        if len(_KNOWN) >= _KNOWN_MAX:
            _KNOWN.clear()
        found = _KNOWN[tag] = _TAG.fullmatch(tag) is not None
    return found


def corrected(tag: str, text: str) -> str:
    """Give the tag that was meant; where none was, the one that the text looks like."""
    stripped = tag.strip().rstrip("?").strip().replace("_", "-")
    usual = _USUAL_MISTAKES.get(stripped.casefold())
    if usual:
        return usual
    if stripped and is_language(stripped):
        return stripped
    beginning = re.match(r"[A-Za-z]{2}\b", stripped)
    if beginning:
        return _USUAL_MISTAKES.get(beginning[0].casefold(), beginning[0].lower())
    return "ko" if _HANGUL.search(text) else "en"


def is_english(tag: str) -> bool:
    """Tell whether a tag counts as English (AASc-3a-002, -008)."""
    return tag in {"en", "EN"} or tag.startswith(("en-", "EN-"))


def is_wrong(tag: str) -> bool:
    """Tell whether a tag is no language, or one that is written for another by mistake."""
    return tag == "kr" or not is_language(tag)
