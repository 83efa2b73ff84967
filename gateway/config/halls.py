"""One file for many equal devices: `devices:` and a topic with `+` where each one's word is."""

from __future__ import annotations

import dataclasses
from typing import Any

from adapters.mqtt.config import Hall
from gateway.config.devices import MqttDevice
from gateway.config.load import DeviceFile
from gateway.config.scalars import NAME
from gateway.core.config import LocalText

PLUS = "+"


def devices_in(device: DeviceFile) -> list[DeviceFile]:
    """Give the devices of a file, each as if it had a file of its own; most files have one.

    A name or a topic that cannot be used is reported; its device is left out.
    """
    keys = device.keys
    if not isinstance(keys, MqttDevice) or keys.devices is None:
        return [device]
    topics = _topics(keys)
    words = {
        word: name
        for word, name in keys.devices.items()
        if _name_fits(device, keys, word, name) and not device.spoiled
    }
    if not _topics_fit(device, keys):
        return []
    hall = Hall(topics, frozenset(keys.devices))
    return [
        _one(device, keys, word, name, hall if place == 0 else None)
        for place, (word, name) in enumerate(words.items())
    ]


def _topics(keys: MqttDevice) -> tuple[str, ...]:
    found = dict.fromkeys(tag.topic or keys.topic for tag in keys.tags)
    return tuple(topic for topic in found if topic is not None)


def _topics_fit(device: DeviceFile, keys: MqttDevice) -> bool:
    fits = True
    if keys.topic is not None and PLUS not in keys.topic.split("/"):
        device.document.add("E1234", ("topic",), topic=keys.topic)
        fits = False
    for place, tag in enumerate(keys.tags):
        if tag.topic is not None and PLUS not in tag.topic.split("/"):
            device.document.add("E1234", device.tag_path(place, "topic"), topic=tag.topic)
            fits = False
    for key in ("id", "serial"):
        if getattr(keys.asset, key) is not None:
            path = ("asset", key)
            device.document.add("E1208", path, at_key=True, key=f"asset.{key}", other="devices")
            fits = False
    return fits


def _name_fits(device: DeviceFile, keys: MqttDevice, word: str, name: str) -> bool:
    assert keys.devices is not None
    where = _where(device, list(keys.devices), word)
    if not NAME.fullmatch(name):
        device.document.add("E1108", where, name=name)
        return False
    if not word or any(char in word for char in "/+#\x00"):
        device.document.add("E1212", where, topic=word)
        return False
    return True


def _where(device: DeviceFile, words: list[str], word: str) -> tuple[Any, ...]:
    if isinstance(device.document.data.get("devices"), list):
        return ("devices", words.index(word))
    return ("devices", word)


def _one(
    device: DeviceFile, keys: MqttDevice, word: str, name: str, hall: Hall | None
) -> DeviceFile:
    assert keys.devices is not None
    changed: dict[str, Any] = {
        "device": name,
        "topic": _filled(keys.topic, word),
        "tags": [tag.model_copy(update={"topic": _filled(tag.topic, word)}) for tag in keys.tags],
    }
    if keys.label is not None:
        changed["label"] = LocalText(
            ko=keys.label.ko and f"{keys.label.ko} {word}",
            en=keys.label.en and f"{keys.label.en} {word}",
        )
    if keys.client_id is not None:
        changed["client_id"] = f"{keys.client_id}-{name}"
    return dataclasses.replace(
        device,
        keys=keys.model_copy(update=changed),
        left_out=set(device.left_out),
        named=_where(device, list(keys.devices), word),
        hall=hall,
    )


def _filled(topic: str | None, word: str) -> str | None:
    if topic is None:
        return None
    levels = topic.split("/")
    levels[levels.index(PLUS)] = word
    return "/".join(levels)
