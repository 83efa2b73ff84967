"""The kinds of use (`useSe`) and the words that solutions send in their place.

The table is `use_codes.toml`. Source: the service's interface description, version 1.7; the words
are those of programs written before the codes came (2022 to 2023).
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FILE = Path(__file__).with_name("use_codes.toml")
CODE = re.compile(r"DO[0-9]{4}")
TEST = "DO6999"


@dataclass(frozen=True, slots=True)
class UseCode:
    """One kind of use and its names."""

    code: str
    ko: str
    en: str


@dataclass(frozen=True, slots=True)
class UseCodes:
    """The codes, and the code for each built-in word by `plain_word`."""

    by_code: Mapping[str, UseCode]
    by_word: Mapping[str, str]


def plain_word(text: str) -> str:
    """Give what two spellings of one word have in common: no case, width, spaces."""
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", text)).casefold()


@cache
def use_codes() -> UseCodes:
    """Give the built-in table."""
    content = tomllib.loads(FILE.read_text("utf-8"))
    return UseCodes(
        {code: UseCode(code, entry["ko"], entry["en"]) for code, entry in content.items()},
        {plain_word(word): code for code, entry in content.items() for word in entry["words"]},
    )
