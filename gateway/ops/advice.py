"""What is wrong and what to do next, by reason: the words that stand beside the code.

Each room that makes reasons has a file `advice.toml`. A table is named after its reason, such as
`certificate-unknown`, or begins many with `"Bad*"`; `en`, `ko` say what is wrong, `fix-en`,
`fix-ko` what a technician does now, `command` what helps, with {device} and {tag} in it.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from gateway.core.texts import LANGUAGES

_PLACES = re.compile(r"\{(device|tag)\}")


@dataclass(frozen=True, slots=True)
class Advice:
    """What a reason means and what to do, by language; `command` may be empty."""

    what: Mapping[str, str]
    fix: Mapping[str, str]
    command: str = ""

    def command_for(self, device: str = "", tag: str = "") -> str:
        """Give the command for a device and a tag; without one its place is held by a word."""
        names = {"device": device or "DEVICE", "tag": tag or "TAG"}
        filled = (
            _PLACES.sub(lambda place: names[place[1]], word) for word in self.command.split(" ")
        )
        return " ".join(f'"{word}"' if " " in word else word for word in filled)


class Book:
    """The advice of several files; what two of them know is said as the first one says it.

    The files are read when the first advice is asked for. A file that is not there says nothing.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        self._paths = tuple(paths)

    @cached_property
    def entries(self) -> Mapping[str, Advice]:
        """All advice by reason; a name that ends in `*` stands for all that begin like it.

        Raises:
            ValueError, KeyError: a file is no advice; a mistake of whoever wrote it.
        """
        found: dict[str, Advice] = {}
        for path in reversed(self._paths):
            found |= read(path) if path.exists() else {}
        return found

    def advice_for(self, reason: str) -> Advice | None:
        """Give the advice of a reason: its own, else that of the longest beginning."""
        known = self.entries.get(reason)
        if known is not None:
            return known
        starts = [name for name in self.entries if _is_start(name, reason)]
        return self.entries[max(starts, key=len)] if starts else None


def _is_start(name: str, reason: str) -> bool:
    return name.endswith("*") and reason.startswith(name[:-1])


def read(path: Path) -> dict[str, Advice]:
    """Read one file of advice.

    Raises:
        ValueError, KeyError: it is no TOML, or a text in a language is missing.
    """
    return {
        reason: Advice(
            {lang: entry[lang] for lang in LANGUAGES},
            {lang: entry[f"fix-{lang}"] for lang in LANGUAGES},
            entry.get("command", ""),
        )
        for reason, entry in tomllib.loads(path.read_text("utf-8")).items()
    }
