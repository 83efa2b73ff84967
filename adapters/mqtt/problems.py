"""What only shows when several keys of an MQTT device file are looked at together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from adapters.mqtt.formats import PRESETS
from adapters.mqtt.settings import MqttDeviceKeys, MqttTagKeys, MqttTagTime, MqttTime


@dataclass(frozen=True, slots=True)
class Problem:
    """A code of the catalogue, where under the tag or the device, and its facts."""

    code: str
    path: tuple[str, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)


def item_problems(keys: MqttDeviceKeys, tag: MqttTagKeys) -> Iterator[Problem]:
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


def zone_problems(time: MqttTime | MqttTagTime | None) -> Iterator[Problem]:
    """Find a zone beside a unit that counts from 1970 and knows no zones."""
    if time is not None and time.zone is not None and time.unit not in (None, "iso"):
        yield Problem("E1208", ("zone",), {"key": "zone", "other": f"unit: {time.unit}"})
