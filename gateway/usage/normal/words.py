"""Makes a solution's kind of use one of the service's codes."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from gateway.usage.config import NormalConfig
from gateway.usage.normal.plain import cut, plain_text
from gateway.usage.rules.lints import Lint
from gateway.usage.rules.use_codes import CODE, UseCodes, plain_word, use_codes

LENGTH_MAX = 200
"""Of a word that is sent unchanged."""

_NUMBER = re.compile(r"(?:D0|0)?(6\d{3})", re.ASCII)
_CODE_LIKE = re.compile(r"D\s*[-_]?\s*[O0][\dOIL\s_-]{4,8}|6\d{3}", re.ASCII)
_LOOK_ALIKES = str.maketrans({"O": "0", "I": "1", "L": "1", " ": "", "-": "", "_": ""})


@dataclass(frozen=True, slots=True)
class Word:
    """What is sent as `useSe`, and what was noticed."""

    code: str
    lints: tuple[Lint, ...] = ()


class Words:
    """Knows a solution's own words, the codes and the built-in words, in this order."""

    def __init__(self, config: NormalConfig) -> None:
        """Raises: ValueError where a setting names something that is no code."""
        self._table: UseCodes = use_codes()
        self._keep = config.keep_words
        self._unknown = self._checked("unknown_word", config.unknown_word)
        self._own: Mapping[str, str] = {
            plain_word(word): self._checked(word, code) for word, code in config.words.items()
        }

    def code_of(self, text: str) -> Word:
        """Give the code of a text that is not blank. Never raises."""
        own = self._own.get(plain_word(text))
        if own is not None:
            return Word(own)
        if text in self._table.by_code:
            return Word(text)
        code = self._spelled(text)
        if code:
            zero = "D06" in unicodedata.normalize("NFKC", text).upper()
            return Word(code, (Lint.ZERO_FOR_O if zero else Lint.CODE_SPELLING,))
        if self._keep:
            return Word(cut(plain_text(text), LENGTH_MAX), (Lint.WORD_KEPT,))
        known = self._table.by_word.get(plain_word(text))
        if known is not None:
            return Word(known, (Lint.LEGACY_WORD,))
        return Word(self._unknown, (Lint.UNKNOWN_WORD,))

    def _spelled(self, text: str) -> str:
        """Read a code that was spelled in another way; "" where the text is none."""
        upper = unicodedata.normalize("NFKC", text[:40]).strip().upper()
        if not _CODE_LIKE.fullmatch(upper):
            return ""
        number = _NUMBER.fullmatch(upper.translate(_LOOK_ALIKES))
        code = f"DO{number[1]}" if number else ""
        return code if code in self._table.by_code else ""

    def _checked(self, name: str, code: str) -> str:
        given = self._spelled(code) or code
        if not CODE.fullmatch(given):
            raise ValueError(f"{name}: {code!r} is not a code of use such as DO6003")
        return given
