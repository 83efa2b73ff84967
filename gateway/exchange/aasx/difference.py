"""What one plan changes in another, by device and by tag, in the words of a device file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from gateway.config.effective import effective_plan
from gateway.config.plan import GatewayPlan
from gateway.core.assets import StaticContent

Kind = Literal["added", "removed", "changed", "same"]
WORDS = {
    "source": "address", "element": "aas", "submodelIdShort": "aas", "valueType": "type",
    "semanticId": "semantic", "item.sampling_s": "sampling", "item.queue": "queue",
    "item.json": "json", "item.text": "text", "item.topic": "topic", "display.ko": "label.ko",
    "display.en": "label.en", "rule.expression": "expr", "connection.url": "connect",
    "connection.publishing_s": "every", "connection.time_json": "time.json",
    "connection.time_unit": "time.unit", "connection.mode": "security.mode",
    "connection.policy": "security.policy", "connection.user": "login.user",
}  # fmt: skip
"""How a device file calls a part of the effective plan."""
UNTOLD = frozenset({"index", "submodel", "submodelSemanticId", "item.address", "rule.value_type"})
"""Parts of a tag that follow from others."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One key: what it was and what it is to be."""

    key: str
    before: Any
    after: Any

    def as_json(self) -> dict[str, Any]:
        return {"key": self.key, "before": self.before, "after": self.after}


@dataclass(frozen=True, slots=True)
class DeviceChange:
    """One device. `keys` are differences of the device itself, `changed` those of tags by name."""

    name: str
    kind: Kind
    address: str
    tags: int
    keys: tuple[Difference, ...] = ()
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    changed: Mapping[str, tuple[Difference, ...]] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "address": self.address,
            "tags": self.tags,
            "keys": [each.as_json() for each in self.keys],
            "tags_added": list(self.added),
            "tags_removed": list(self.removed),
            "tags_changed": {
                name: [each.as_json() for each in found] for name, found in self.changed.items()
            },
        }


def differences(old: GatewayPlan, new: GatewayPlan) -> list[DeviceChange]:
    """Compare two plans; devices in the order of their names."""
    before, after = effective_plan(old)["devices"], effective_plan(new)["devices"]
    found = []
    for name in sorted(before.keys() | after.keys()):
        if name not in before:
            found.append(_whole(name, "added", after[name]))
        elif name not in after:
            found.append(_whole(name, "removed", before[name]))
        else:
            one, other = old.devices[name], new.devices[name]
            statics = (one.asset.static, other.asset.static)
            found.append(_device(name, before[name], after[name], statics, same=one == other))
    return found


def _whole(name: str, kind: Kind, device: Mapping[str, Any]) -> DeviceChange:
    tags = tuple(tag["name"] for tag in device["tags"])
    return DeviceChange(
        name,
        kind,
        _address(device),
        len(tags),
        added=tags if kind == "added" else (),
        removed=tags if kind == "removed" else (),
    )


def _device(
    name: str,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    statics: tuple[StaticContent | None, StaticContent | None],
    *,
    same: bool,
) -> DeviceChange:
    tags_before = {tag["name"]: tag for tag in before["tags"]}
    tags_after = {tag["name"]: tag for tag in after["tags"]}
    changed = {
        tag: found
        for tag in tags_before.keys() & tags_after.keys()
        if (found := tuple(_keys(tags_before[tag], tags_after[tag])))
    }
    parts = ("connection", "asset")
    keys = list(_keys(*({part: each[part] for part in parts} for each in (before, after))))
    if statics[0] != statics[1]:
        keys.append(Difference("aasx", *(None if s is None else s.digest[:12] for s in statics)))
    return DeviceChange(
        name,
        "same" if same else "changed",
        _address(after),
        len(tags_after),
        keys=tuple(keys),
        added=tuple(tag for tag in tags_after if tag not in tags_before),
        removed=tuple(tag for tag in tags_before if tag not in tags_after),
        changed={tag: changed[tag] for tag in tags_after if tag in changed},
    )


def _address(device: Mapping[str, Any]) -> str:
    connection = device["connection"]
    return str(connection.get("url") or f"{connection.get('host')}:{connection.get('port')}")


def _keys(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterable[Difference]:
    one, other = dict(_flat(before, "")), dict(_flat(after, ""))
    for key in dict.fromkeys((*one, *other)):
        if key not in UNTOLD and one.get(key) != other.get(key):
            yield Difference(_word(key), one.get(key), other.get(key))


def _word(key: str) -> str:
    return WORDS.get(key) or key.removeprefix("rule.").removeprefix("connection.")


def _flat(value: Mapping[str, Any], above: str) -> Iterable[tuple[str, Any]]:
    for key, part in value.items():
        if isinstance(part, Mapping):
            yield from _flat(part, f"{above}{key}.")
        else:
            yield f"{above}{key}", part
