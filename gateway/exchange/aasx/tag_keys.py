"""A point of an interface as the keys of a tag; what no device file could hold becomes a note."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from pydantic_core import PydanticCustomError

from aas_models.interfaces.notes import Note
from adapters.mqtt.settings import json_path, topic_filter
from adapters.opcua.settings import node_address
from gateway.config.checks import NOT_NUMBERS
from gateway.config.devices import MqttTag, OpcUaTag
from gateway.config.ids import OPERATIONAL_DATA, STATIC_SUBMODELS
from gateway.config.interface import SAID_BY_TAG
from gateway.config.units import canonical_unit, units
from gateway.core.assets import LocalName
from gateway.core.interfaces import OPCUA, Point
from gateway.core.romanise import ID_SHORT, ID_SHORT_MAX, ascii_name

FURTHER = {
    True: frozenset(OpcUaTag.model_fields) - SAID_BY_TAG | {"label"},
    False: frozenset(MqttTag.model_fields) - {"json_"} - SAID_BY_TAG | {"label"},
}
"""Keys that extensions may bring, for OPC UA or not."""
_BLANKS = re.compile(r"\s+")
_WHOLE = re.compile(r"-?\d{1,18}", re.ASCII)


class TagMaker:
    """Makes the tags of one device; sinks are claimed once."""

    def __init__(self, protocol: str, where: str, notes: list[Note]) -> None:
        self._is_opcua = protocol == OPCUA
        self._where = where
        self._notes = notes
        self._sinks: set[str] = set()

    def tag(self, point: Point) -> dict[str, Any] | None:
        """Give the keys of a tag, None for a point that cannot be read."""
        path = f"{self._where}.{point.id_short}"
        address = self._address(point, path)
        if address is None:
            return None
        name = _BLANKS.sub(" ", point.name).strip() or point.id_short
        made: dict[str, Any] = {"name": name}
        if label := texts_of(point.label):
            made["label"] = label
        made |= address
        made |= self._meaning(point, path)
        if self._is_opcua and point.sampling_s is not None:
            made["sampling"] = duration(point.sampling_s)
        if aas := self._sink(point, name, path):
            made["aas"] = aas
        extras = read_extras(point.extras, FURTHER[self._is_opcua], path, self._notes)
        if "item" in extras or "field" in extras:
            made.pop("json", None)  # the whole message, of which they say what is meant
        return made | extras

    def _address(self, point: Point, path: str) -> dict[str, Any] | None:
        if self._is_opcua:
            checks: dict[str, tuple[Callable[[str], str], str | None]] = {
                "node": (node_address, point.address)
            }
        else:
            checks = {"topic": (topic_filter, point.address), "json": (json_path, point.json)}
        made: dict[str, Any] = {}
        for key, (check, value) in checks.items():
            if value is None:
                continue
            try:
                made[key] = check(value)
            except PydanticCustomError:
                self._notes.append(Note(path, "no-address", value))
                return None
        return made | {"text": True} if point.text else made

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


def duration(seconds: float) -> str:
    """Write a time as a device file has it: `2s`, `500ms`."""
    return f"{seconds:.0f}s" if seconds == int(seconds) else f"{seconds * 1000:.10g}ms"


def _number(value: float) -> float | int:
    return int(value) if value == int(value) else value
