"""The words of the interface in the reader's language.

Code holds them in English, marked by `N_` where they stand in a table. `locale/` of the room's
package has the Korean ones in a gettext catalogue, its domain named after the package; `make texts`
brings the catalogues up to date with the code and compiles them. Codes and reasons are data with
both languages side by side instead (`messages/`, `advice.toml`).
"""

from __future__ import annotations

import gettext
import os
from collections.abc import Mapping
from functools import cache
from importlib.resources import as_file, files
from typing import Any, Generic, Literal, TypeVar

from gateway.core.assets import LocalName

Language = Literal["ko", "en"]
LANGUAGES: tuple[Language, ...] = ("ko", "en")
VARIABLES = ("GATEWAY_LANG", "LC_ALL", "LC_MESSAGES", "LANG")
LOCALE = "locale"
T = TypeVar("T")


def N_(text: str) -> str:  # noqa: N802 - gettext's own name for a text that is translated later
    """Mark a text for the catalogue; it stays as it is."""
    return text


def language_of(wanted: str | None, environ: Mapping[str, str] = os.environ) -> Language:
    """Choose ko or en: what is wanted, else GATEWAY_LANG, else the system's language."""
    for text in (wanted, *(environ.get(name) for name in VARIABLES)):
        if text:
            return "ko" if text.lower().startswith("ko") else "en"
    import locale

    # Windows sets none of the variables; its own name for the language begins with "Korean".
    return "ko" if (locale.getlocale()[0] or "").lower().startswith("ko") else "en"


@cache
def catalogue(package: str, language: Language) -> gettext.NullTranslations:
    """Load the catalogue of a room; of English there is none, and a text stands for itself."""
    domain = package.rpartition(".")[2]
    with as_file(files(package).joinpath(LOCALE)) as folder:
        return gettext.translation(domain, folder, [language], fallback=language == "en")


def translated(package: str, language: Language, text: str) -> str:
    """Give an English text of a room in a language."""
    return catalogue(package, language).gettext(text) if text else text


def in_both(package: str | None, text: str) -> LocalName:
    """Give an English text of a room, marked by `N_`, with its Korean one."""
    return LocalName(ko=translated(package or "", "ko", text), en=text)


class Texts(Generic[T]):
    """A room's table of texts by key; `table["ko"]["up"]` gives one in a language.

    Values are English texts, or tuples of them such as the heads of a table.
    """

    def __init__(self, package: str | None, english: Mapping[str, T]) -> None:
        self._package = package or ""
        self._english = english

    def __getitem__(self, language: Language) -> Mapping[str, T]:
        if language not in LANGUAGES:
            raise KeyError(language)  # most often a key of the table: the language comes first
        return _table(self, language)

    def keys(self) -> tuple[str, ...]:
        """Give the keys, in the order of the table."""
        return tuple(self._english)

    def in_language(self, language: Language) -> Mapping[str, T]:
        """Give the whole table in a language, made anew."""
        return {
            key: self._said(language, value)  # a tuple stays a tuple
            for key, value in self._english.items()
        }

    def _said(self, language: Language, value: Any) -> Any:
        if isinstance(value, tuple):
            return tuple(translated(self._package, language, text) for text in value)
        return translated(self._package, language, value)


@cache
def _table(texts: Texts[T], language: Language) -> Mapping[str, T]:
    return texts.in_language(language)
