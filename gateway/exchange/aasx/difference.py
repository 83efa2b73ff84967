"""What one plan changes in another, by device and by tag, in the words of a device file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from gateway.config.effective import effective_plan
from gateway.config.plan import DevicePlan, GatewayPlan
from gateway.core.kinds import AdapterKind
from gateway.exchange.kinds import kind_of

Kind = Literal["added", "removed", "changed", "same"]
WORDS = {
    "source": "address", "element": "aas", "submodelIdShort": "aas", "valueType": "type",
    "semanticId": "semantic", "display.ko": "label.ko", "display.en": "label.en",
    "rule.expression": "expr",
}  # fmt: skip
"""How any device file calls a part of the effective plan; its kind has more."""
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


def differences(
    old: GatewayPlan, new: GatewayPlan, kinds: Sequence[AdapterKind]
) -> list[DeviceChange]:
    """Compare two plans; devices in the order of their names."""
    before, after = effective_plan(old)["devices"], effective_plan(new)["devices"]
    found = []
    for name in sorted(before.keys() | after.keys()):
        if name not in before:
            found.append(_whole(new.devices[name], "added", after[name]))
        elif name not in after:
            found.append(_whole(old.devices[name], "removed", before[name]))
        else:
            one, other = old.devices[name], new.devices[name]
            words = WORDS | dict(kind_of(one, kinds).interface.words)
            words |= kind_of(other, kinds).interface.words
            found.append(_device((one, other), before[name], after[name], words))
    return found


def _whole(plan: DevicePlan, kind: Kind, device: Mapping[str, Any]) -> DeviceChange:
    tags = tuple(tag["name"] for tag in device["tags"])
    return DeviceChange(
        plan.name,
        kind,
        _address(plan, device),
        len(tags),
        added=tags if kind == "added" else (),
        removed=tags if kind == "removed" else (),
    )


def _device(
    plans: tuple[DevicePlan, DevicePlan],
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    words: Mapping[str, str],
) -> DeviceChange:
    tags_before = {tag["name"]: tag for tag in before["tags"]}
    tags_after = {tag["name"]: tag for tag in after["tags"]}
    changed = {
        tag: found
        for tag in tags_before.keys() & tags_after.keys()
        if (found := tuple(_keys(tags_before[tag], tags_after[tag], words)))
    }
    parts = ("connection", "asset")
    one, other = ({part: each[part] for part in parts} for each in (before, after))
    keys = list(_keys(one, other, words))
    statics = [plan.asset.static for plan in plans]
    if statics[0] != statics[1]:
        keys.append(Difference("aasx", *(None if s is None else s.digest[:12] for s in statics)))
    return DeviceChange(
        plans[1].name,
        "same" if plans[0] == plans[1] else "changed",
        _address(plans[1], after),
        len(tags_after),
        keys=tuple(keys),
        added=tuple(tag for tag in tags_after if tag not in tags_before),
        removed=tuple(tag for tag in tags_before if tag not in tags_after),
        changed={tag: changed[tag] for tag in tags_after if tag in changed},
    )


def _address(plan: DevicePlan, device: Mapping[str, Any]) -> str:
    """Say where a device is: as its source has it, else as its file."""
    connection, interface = device["connection"], plan.asset.interface
    if "host" in connection:
        return f"{connection['host']}:{connection.get('port')}"
    return str(connection.get("url") or (interface.link.base if interface else ""))


def _keys(
    before: Mapping[str, Any], after: Mapping[str, Any], words: Mapping[str, str]
) -> Iterable[Difference]:
    one, other = dict(_flat(before, "")), dict(_flat(after, ""))
    for key in dict.fromkeys((*one, *other)):
        if key not in UNTOLD and one.get(key) != other.get(key):
            yield Difference(_word(key, words), one.get(key), other.get(key))


def _word(key: str, words: Mapping[str, str]) -> str:
    return words.get(key) or key.removeprefix("rule.").removeprefix("connection.")


def _flat(value: Mapping[str, Any], above: str) -> Iterable[tuple[str, Any]]:
    for key, part in value.items():
        if isinstance(part, Mapping):
            yield from _flat(part, f"{above}{key}.")
        else:
            yield f"{above}{key}", part
