"""What only shows when keys of an MQTT device file, or its files, are looked at together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

from adapters.mqtt.formats import PRESETS
from adapters.mqtt.settings import MqttDeviceKeys, MqttTagKeys, MqttTagTime, MqttTime
from gateway.core.hosts import is_loopback
from gateway.core.kinds import Problem

CONFLICTS = (
    ("text", ("json", "item", "field", "quality", "time")),
    ("json", ("item", "field")),
)


def problems(keys: MqttDeviceKeys, tags: Sequence[MqttTagKeys], folder: Path) -> Iterator[Problem]:
    """Look through a device file; see `AdapterKind`."""
    yield from _connection(keys, folder)
    for problem in _zone(keys.time):
        yield replace(problem, path=("time", *problem.path), at_key=True)
    if keys.qos == 2:
        yield Problem("W1506", ("qos",))
    for place, tag in enumerate(tags):
        for problem in _of_tag(keys, tag):
            yield replace(problem, tag=place)


def _connection(keys: MqttDeviceKeys, folder: Path) -> Iterator[Problem]:
    parts = urlsplit(keys.connect)
    tls = keys.tls
    if tls is not None and parts.scheme == "mqtt":
        yield Problem("E1309", ("tls",), at_key=True)
    for present, absent in (("certificate", "key"), ("key", "certificate")):
        if getattr(tls, present, None) is not None and getattr(tls, absent, None) is None:
            facts = {"key": present, "needs": absent}
            yield Problem("E1307", ("tls", present), facts, at_key=True)
    for key in ("ca", "certificate", "key"):
        name = getattr(tls, key, None)
        if name is not None and not (folder / name).is_file():
            yield Problem("E1304", ("tls", key), {"path": name})
    remote = parts.scheme == "mqtt" and not is_loopback(parts.hostname or "")
    if remote and keys.login is not None and keys.login.password is not None:
        yield Problem("W1503", ("connect",), {"address": keys.connect})


def _of_tag(keys: MqttDeviceKeys, tag: MqttTagKeys) -> Iterator[Problem]:
    if tag.json_ is None and not tag.text:
        yield from _item(keys, tag)
    if tag.topic is None and keys.topic is None:
        yield Problem("E1216", (), {"missing": "topic"})
    for problem in _zone(tag.time):
        yield replace(problem, path=("time", *problem.path))


def _item(keys: MqttDeviceKeys, tag: MqttTagKeys) -> Iterator[Problem]:
    """Find what is wrong with a tag that has neither `json` nor `text`."""
    given = {"item": tag.item, "field": tag.field}
    if keys.format is None:
        for key, value in given.items():
            if value is not None:
                yield Problem("E1307", (key,), {"key": key, "needs": "format"})
        if not any(given.values()):
            yield Problem("E1216", (), {"missing": "json"})
        return
    preset = PRESETS[keys.format]
    if preset.needs is not None and given[preset.needs] is None:
        facts = {"format": keys.format, "key": preset.needs, "example": preset.example}
        yield Problem("E1233", (), facts)
    if tag.field is not None and not preset.takes_field:
        yield Problem("E1208", ("field",), {"key": "field", "other": f"format: {keys.format}"})
    try:
        preset.paths(tag.item, tag.field)
    except ValueError:
        yield Problem("E1211", ("field",), {"path": str(tag.field)})


def _zone(time: MqttTime | MqttTagTime | None) -> Iterator[Problem]:
    """Find a zone beside a unit that counts from 1970 and knows no zones."""
    if time is not None and time.zone is not None and time.unit not in (None, "iso"):
        yield Problem("E1208", ("zone",), {"key": "zone", "other": f"unit: {time.unit}"})
