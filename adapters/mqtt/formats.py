"""Shapes in which well-known programs write their values, by the name that `format:` gives them.

Each says where in a message an `item:` (and its `field:`) is, with quality and time. A message with
a list of entries and one that is a single entry are read alike.

| name | shape | source |
|---|---|---|
| `kepware` | `{"timestamp", "values": [{"id","v","q","t"}]}` | IoT Gateway, "Standard Template" |
| `ignition` | `{"payload": {"metrics": [{"name","timestamp","value","properties"}]}}`, the inner part, or one entry | Cirrus Link: Injector modules, UNS Transmitter |
| `node-red` | `{"topic","payload","timestamp"}`: a whole `msg` | Node-RED |
| `telegraf` | `{"metrics": [{"name","tags","fields","timestamp"}]}`, or one entry | Telegraf, serializer `json` |
"""  # noqa: E501 - a table that is read as it is

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from adapters.mqtt.paths import Either, Listed, Step, Steps, Where, Word, parse_path


@dataclass(frozen=True, slots=True)
class Paths:
    """Where a value, its quality and its time are."""

    value: Steps
    quality: Steps | None = None
    time: Steps | None = None


@dataclass(frozen=True, slots=True)
class Preset:
    """One format; `unit` is that of its times unless the device file says another."""

    paths: Callable[[str | None, str | None], Paths]
    unit: str
    needs: str | None = None
    """The key that a tag must have."""
    takes_field: bool = False
    example: str = ""

    @property
    def short(self) -> str:
        """The key that `- name: address` stands for."""
        return self.needs or "field"


def _kepware(item: str | None, _: str | None) -> Paths:
    entry: Steps = (Listed((("values",),)), Where(((("id",), item),)))
    return Paths((*entry, "v"), (*entry, "q"), (*entry, "t"))


def _ignition(item: str | None, _: str | None) -> Paths:
    names = Either((("name",), ("tagPath",)))
    lists = Listed((("metrics",), ("payload", "metrics")))
    entry: Steps = (lists, Where((((names,), item),)))
    quality = Either((("properties", "Quality", "value"), ("quality",)))
    return Paths((*entry, "value"), (*entry, quality), (*entry, "timestamp"))


def _node_red(item: str | None, field: str | None) -> Paths:
    tests: tuple[tuple[Steps, Word], ...] = () if item is None else ((("topic",), item),)
    entry: Steps = (Listed(()), Where(tests))
    inside = () if field is None else parse_path(f"$.{field}" if field[0] not in "$[" else field)
    return Paths((*entry, "payload", *inside), None, (*entry, "timestamp"))


def _telegraf(item: str | None, field: str | None) -> Paths:
    tests: list[tuple[Steps, Word]] = []
    if item is not None:
        name, *tags = item.split(",")
        tests.append((("name",), name))
        for tag in tags:
            key, _, value = tag.partition("=")
            tests.append((("tags", key), value))
    entry: tuple[Step, ...] = (Listed((("metrics",),)), Where(tuple(tests)))
    return Paths((*entry, "fields", field or ""), None, (*entry, "timestamp"))


PRESETS = {
    "kepware": Preset(_kepware, "ms", "item", example="item: Line.Pressure"),
    "ignition": Preset(_ignition, "ms", "item", example="item: Line/Pressure"),
    "node-red": Preset(_node_red, "ms", None, takes_field=True, example="field: temp"),
    "telegraf": Preset(_telegraf, "s", "field", takes_field=True, example="field: usage_idle"),
}
