"""Common quantities of a shop floor, found by a tag's name and unit.

The table is `concept_table.csv`: names in Korean and English (the first is preferred), units as a
device file writes them (the first has the UN/ECE code beside it), and the id in a public
dictionary with the source that names it. Only ids that a published source gives for this very
quantity and unit stand there; all others have a stable id of our own.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

from gateway.core.assets import SEMANTIC_BASE, LocalName

CONCEPTS = f"{SEMANTIC_BASE}/concept"
_SEPARATORS = re.compile(r"[\s_\-.·/,()\[\]]+")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_NUMBER = re.compile(r"(?:(?<=[^\W\d_])|\s|^)#?\d+(?:호기|호|번|단|zone)?$", re.IGNORECASE)
SHORT_WORDS = {
    "temp": "temperature", "hum": "humidity", "spd": "speed", "cnt": "count", "pos": "position",
    "vib": "vibration", "freq": "frequency", "pwr": "power", "volt": "voltage", "amp": "current",
    "qty": "quantity", "mould": "mold",
}  # fmt: skip
_PLACES = (
    "upper lower left right front rear top bottom middle center inner outer actual value pv zone "
    "no number 상 하 좌 우 전 후 상부 하부 좌측 우측 전면 후면 중앙 현재 현재값 측정값 값 "
    "존 호기 라인"
)
PLACES = frozenset(_PLACES.split())
"""Words that say where or which, not what."""


@dataclass(frozen=True, slots=True)
class Quantity:
    """One row: what a value is. `unit` is the one it was found with, "" for none."""

    id_short: str
    name: LocalName
    definition: LocalName
    unit: str
    unece: str
    dictionary_id: str
    source: str

    @property
    def id(self) -> str:
        """The dictionary's id, else our own; the same quantity in another unit is another one."""
        if self.dictionary_id:
            return self.dictionary_id
        own = f"{CONCEPTS}/{self.id_short}/1/0"
        return own if not self.unit or self.unece else f"{own}/{_url_word(self.unit)}"


def quantity_of(names: Iterable[str], unit: str | None) -> Quantity | None:
    """Find the quantity that a tag measures.

    Args:
        names: what the tag is called, the best first.
        unit: as the plan has it; a quantity that is never in this unit is not meant.
    """
    for name in names:
        words = _words(name)
        for shown in (words, _what(words)):
            found = _table().get(("".join(shown), unit or ""))
            if shown and found is not None:
                return found
    return None


def is_of_table(identifier: str) -> bool:
    """Tell whether a concept's id is one of the table."""
    return identifier in _ids()


@cache
def _ids() -> frozenset[str]:
    return frozenset(quantity.id for quantity in _table().values())


@cache
def _table() -> Mapping[tuple[str, str], Quantity]:
    found: dict[tuple[str, str], Quantity] = {}
    for row in rows():
        units = row["units"].split("|")
        for place, unit in enumerate(units):
            first = place == 0
            quantity = Quantity(
                row["idShort"],
                LocalName(row["ko"].split("/")[0], row["en"].split("/")[0].capitalize()),
                LocalName(row["definition_ko"], row["definition_en"]),
                unit,
                row["unece"] if first else "",
                row["id"] if first else "",
                row["source"] if first else "",
            )
            for name in (*row["ko"].split("/"), *row["en"].split("/")):
                found.setdefault(("".join(_words(name)), unit), quantity)
    return found


def rows() -> list[dict[str, str]]:
    """Give the table as it is written."""
    text = resources.files("aas_models").joinpath("concept_table.csv").read_text("utf-8")
    return list(csv.DictReader(text.splitlines()))


def _words(name: str) -> list[str]:
    spaced = _SEPARATORS.sub(" ", _CAMEL.sub(" ", name)).strip().lower()
    return [SHORT_WORDS.get(word, word) for word in spaced.split()]


def _what(words: list[str]) -> list[str]:
    """Leave out words that say where or which: `금형온도 하`, `mold temperature 2`."""
    kept = [_NUMBER.sub("", word) for word in words]
    return [word for word in kept if word and word not in PLACES]


def _url_word(unit: str) -> str:
    return re.sub(r"[^A-Za-z0-9]+", "_", unit.replace("%", "percent")).strip("_")
