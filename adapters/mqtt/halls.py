"""One file for many equal devices: `devices:` and a topic with `+` where each one's word is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from adapters.mqtt.config import Hall
from adapters.mqtt.settings import MqttDeviceKeys, MqttTagKeys
from gateway.core.kinds import Part, Problem, Split

KEY = "devices"
PLUS = "+"
IN_NO_WORD = "/+#\x00"


def split(
    keys: MqttDeviceKeys, tags: Sequence[MqttTagKeys], written: Mapping[str, Any]
) -> Split | None:
    """Take a hall apart; see `AdapterKind`."""
    if keys.devices is None:
        return None
    listed = isinstance(written.get(KEY), list)
    wide = tuple(_without_plus(keys, tags))
    parts = tuple(
        _part(keys, () if wide else tags, word, name, (KEY, place if listed else word))
        for place, (word, name) in enumerate(keys.devices.items())
    )
    hall = Hall(tuple(_topics(keys, tags)), frozenset(keys.devices))
    return Split(KEY, parts, wide, hall)


def _topics(keys: MqttDeviceKeys, tags: Sequence[MqttTagKeys]) -> list[str]:
    found = dict.fromkeys(tag.topic or keys.topic for tag in tags)
    return [topic for topic in found if topic is not None]


def _without_plus(keys: MqttDeviceKeys, tags: Sequence[MqttTagKeys]) -> list[Problem]:
    """Find topics that no word can be filled into."""
    topics = [(None, keys.topic), *((place, tag.topic) for place, tag in enumerate(tags))]
    return [
        Problem("E1234", ("topic",), {"topic": topic}, place)
        for place, topic in topics
        if topic is not None and PLUS not in topic.split("/")
    ]


def _part(
    keys: MqttDeviceKeys, tags: Sequence[MqttTagKeys], word: str, name: str, named: tuple[Any, ...]
) -> Part:
    if not word or any(char in word for char in IN_NO_WORD):
        return Part(word, name, named, {}, (), Problem("E1212", named, {"topic": word}))
    changed: dict[str, Any] = {"topic": _filled(keys.topic, word)}
    if keys.client_id is not None:
        changed["client_id"] = f"{keys.client_id}-{name}"
    own = tuple({"topic": _filled(tag.topic, word)} for tag in tags)
    return Part(word, name, named, changed, own)


def _filled(topic: str | None, word: str) -> str | None:
    if topic is None:
        return None
    levels = topic.split("/")
    if PLUS in levels:
        levels[levels.index(PLUS)] = word
    return "/".join(levels)
