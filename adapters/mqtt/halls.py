"""One file for many equal devices: `devices:` and a topic with `+` where each one's word is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from adapters.mqtt.config import Hall
from adapters.mqtt.settings import MqttDeviceKeys, MqttTagKeys
from gateway.core.kinds import Part, Problem, Split

PLUS = "+"
IN_NO_WORD = "/+#\x00"


def split(keys: MqttDeviceKeys, tags: Sequence[MqttTagKeys], listed: bool) -> Split | None:
    """Take a hall apart; see `AdapterKind`."""
    if keys.devices is None:
        return None
    topics = tuple(_topics(keys, tags))
    wide = list(_without_plus(keys, tags))
    problems, parts = list(wide), []
    for place, (word, name) in enumerate(keys.devices.items()):
        named = ("devices", place if listed else word)
        if not word or any(char in word for char in IN_NO_WORD):
            problems.append(Problem("E1212", named, {"topic": word}))
        elif not wide:
            parts.append(_part(keys, tags, word, name, named))
        else:
            parts.append(Part(word, name, named, {}, ()))
    hall = Hall(topics, frozenset(keys.devices))
    return Split(tuple(parts), tuple(problems), not wide, hall)


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
    changed: dict[str, Any] = {"topic": _filled(keys.topic, word)}
    if keys.client_id is not None:
        changed["client_id"] = f"{keys.client_id}-{name}"
    own = tuple({"topic": _filled(tag.topic, word)} for tag in tags)
    return Part(word, name, named, changed, own)


def _filled(topic: str | None, word: str) -> str | None:
    if topic is None:
        return None
    levels = topic.split("/")
    levels[levels.index(PLUS)] = word
    return "/".join(levels)
