"""A point of an interface as the keys of a tag; what no device file could hold becomes a note."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from aas_models.interfaces.notes import Note
from gateway.config.checks import NOT_NUMBERS
from gateway.config.devices import TagKeys
from gateway.config.ids import OPERATIONAL_DATA, STATIC_SUBMODELS
from gateway.config.interface import SAID_BY_TAG
from gateway.config.units import canonical_unit, units
from gateway.core.assets import LocalName
from gateway.core.config import duration
from gateway.core.interfaces import Interface, Keys, Point, Tell
from gateway.core.kinds import AnyKind
from gateway.core.romanise import ID_SHORT, ID_SHORT_MAX, ascii_name

_BLANKS = re.compile(r"\s+")
_WHOLE = re.compile(r"-?\d{1,18}", re.ASCII)


class TagMaker:
    """Makes the tags of one device; sinks are claimed once."""

    def __init__(self, kind: AnyKind, interface: Interface, where: str, notes: list[Note]) -> None:
        self._face = kind.interface
        self._interface = interface
        self._where = where
        self._notes = notes
        self._sinks: set[str] = set()
        known = keys_in(TagKeys) | keys_in(kind.tag)
        self._further = (known - SAID_BY_TAG - self._face.said_of_tag) | {"label"}

    def tag(self, point: Point, tell: Tell) -> Keys | None:
        """Give the keys of a tag, None for a point that cannot be read."""
        path = f"{self._where}.{point.id_short}"
        unread: list[Note] = []
        extras = read_extras(point.extras, self._further, path, unread)
        address = self._face.tag_keys(self._interface, point, extras, tell)
        if address is None:
            return None
        name = _BLANKS.sub(" ", point.name).strip() or point.id_short
        made: Keys = {"name": name}
        if label := texts_of(point.label):
            made["label"] = label
        made |= address
        made |= {key: said for key, said in self._meaning(point, path).items() if key not in made}
        if (period := self._face.period_of_tag) and point.every_s is not None:
            made[period] = duration(point.every_s)
        if aas := self._sink(point, name, path):
            made["aas"] = aas
        self._notes += unread
        return made | extras

    def _meaning(self, point: Point, path: str) -> dict[str, Any]:
        made: dict[str, Any] = {}
        if point.unit is not None:
            unit = unit_of(point.unit)
            if unit is None:
                self._notes.append(Note(path, "unit", point.unit))
            else:
                made["unit"] = unit
        if point.type is not None and "values" not in point.extras:
            made["type"] = point.type
        ranged = point.low is not None and point.high is not None
        if ranged and point.type not in NOT_NUMBERS:
            made["range"] = [_number(point.low or 0.0), _number(point.high or 0.0)]
        if point.semantic is not None:
            made["semantic"] = point.semantic
        return made

    def _sink(self, point: Point, name: str, path: str) -> str | None:
        if point.sink is None or point.sink == (OPERATIONAL_DATA, ascii_name(name)):
            return None
        sink = ".".join(point.sink)
        steps = sink.split(".")
        fits = all(ID_SHORT.fullmatch(step) and len(step) <= ID_SHORT_MAX for step in steps)
        if not fits or steps[0] in STATIC_SUBMODELS or sink in self._sinks:
            self._notes.append(Note(path, "sink", sink))
            return None
        self._sinks.add(sink)
        return sink


def keys_in(model: type[BaseModel]) -> frozenset[str]:
    """Give the keys of a model as files have them."""
    return frozenset(field.alias or name for name, field in model.model_fields.items())


def unit_of(text: str) -> str | None:
    """Give a unit's name by its sign or its UN/ECE code; None where nobody knows it."""
    found = canonical_unit(text)
    if found is not None:
        return found
    code = text.strip().rpartition("/")[2].upper()
    return next((unit.name for unit in units().values() if unit.unece == code), None)


def read_extras(
    extras: Mapping[str, str], known: frozenset[str], path: str, notes: list[Note]
) -> dict[str, Any]:
    """Read extensions that hold keys of a device file."""
    made: dict[str, Any] = {}
    for key, text in extras.items():
        try:
            value = json.loads(text)
            if key == "values":
                value = {_said(word): meant for word, meant in value.items()}
        except (ValueError, AttributeError):
            notes.append(Note(path, "extension", key))
            continue
        if key in known:
            made[key] = value
        else:
            notes.append(Note(path, "key", key))
    return made


def _said(word: str) -> int | str:
    """Give a key of `values` as it was: JSON has texts for keys only."""
    return int(word) if _WHOLE.fullmatch(word) else word


def texts_of(name: LocalName | None) -> dict[str, str]:
    """Give a text by language; empty where there is none."""
    pairs = (("ko", name.ko), ("en", name.en)) if name is not None else ()
    return {language: text for language, text in pairs if text}


def _number(value: float) -> float | int:
    return int(value) if value == int(value) else value
