"""What a device file says of its connection, in the words of `gateway.core.interfaces`.

What those words have no place for goes along as it was written. Logins, TLS files and everything
that came by reference stay out: they belong to this machine.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from adapters.mqtt import interface as mqtt
from adapters.opcua import interface as opcua
from gateway.config.devices import Device, MqttDevice, OpcUaDevice, TagKeys
from gateway.config.elements import Element
from gateway.config.load import DeviceFile
from gateway.core.assets import LocalName
from gateway.core.config import Referenced
from gateway.core.interfaces import AnyFace, Interface, Point
from gateway.core.romanise import ascii_name

SAID_BY_DEVICE = frozenset({"version", "device", "connect", "tags"})
"""Keys of any device that an interface says itself; its kind has more."""
SAID_BY_TAG = frozenset({"name", "type", "unit", "range", "semantic", "aas", "label"})
KEPT_HERE = frozenset({"login", "aasx"})
"""Keys of any device that belong to this machine and enter no AASX; its kind has more."""
SAID_BY_SHELL = frozenset({"id", "maker", "model", "serial", "year"})
"""Keys of `asset:` that shell and nameplate say."""
FACES: dict[type[Device], AnyFace] = {OpcUaDevice: opcua.FACE, MqttDevice: mqtt.FACE}
LABEL_MAX = 128
"""Longest displayName; see `aas_models.elements`."""


def face_of(keys: Device) -> AnyFace:
    """Give the face of a device's kind."""
    return FACES[type(keys)]


def interface_of(
    face: AnyFace, device: DeviceFile, kept: Sequence[int], elements: Sequence[Element]
) -> Interface:
    """Describe how a device is reached.

    Args:
        face: that of its kind.
        kept: places in `keys.tags` of the tags that are right; elements: those of these tags.
    """
    keys, data = device.keys, device.document.data
    taken: set[str] = set()
    written = data.get("tags") or []
    points = tuple(
        _point(face, keys, keys.tags[place], written[device.places[place]], element, taken)
        for place, element in zip(kept, elements, strict=True)
    )
    return Interface(keys.device, face.binding, face.link(keys), points, _device_extras(face, data))


def _device_extras(face: AnyFace, data: Mapping[str, Any]) -> dict[str, str]:
    left_out = SAID_BY_DEVICE | KEPT_HERE | face.said_of_device | face.kept_here
    rest = {key: data[key] for key in data if key not in left_out}
    asset = rest.pop("asset", None)
    if isinstance(asset, dict):
        rest["asset"] = {key: asset[key] for key in asset if key not in SAID_BY_SHELL}
    if _is_short(rest.get("label")):
        del rest["label"]  # the shell's displayName
    return _texts(rest)


def _is_short(label: Any) -> bool:
    texts = label.values() if isinstance(label, dict) else [label]
    return all(isinstance(text, str) and len(text) <= LABEL_MAX for text in texts)


def _texts(rest: Mapping[str, Any]) -> dict[str, str]:
    return {
        str(key): json.dumps(value, ensure_ascii=False)
        for key, value in rest.items()
        if value not in (None, {}, []) and not _refers(value)
    }


def _refers(value: Any) -> bool:
    """Tell whether anything in a value came by `!secret`, `!env` or `!file`."""
    if isinstance(value, dict):
        return any(_refers(part) for part in value.values())
    if isinstance(value, list):
        return any(_refers(part) for part in value)
    return isinstance(value, Referenced)


def _point(
    face: AnyFace,
    keys: Device,
    tag: TagKeys,
    written: Mapping[str, Any],
    element: Element,
    taken: set[str],
) -> Point:
    left_out = SAID_BY_TAG | face.said_of_tag
    rest = {key: written[key] for key in written if key not in left_out}
    label = tag.label
    if label is not None and not _is_short(written.get("label")):
        rest["label"] = written["label"]
    low, high = tag.range or (None, None)
    reach = face.reach(keys, tag)
    return Point(
        name=tag.name,
        id_short=_id_short(tag.name, taken),
        form=reach.form,
        path=reach.path,
        type=tag.type,
        unit=tag.unit,
        low=low,
        high=high,
        semantic=tag.semantic,
        label=None if label is None else LocalName(label.ko, label.en),
        every_s=reach.every_s,
        sink=(element.submodel, element.path),
        extras=_texts(rest),
    )


def _id_short(name: str, taken: set[str]) -> str:
    made, number = ascii_name(name), 1
    base = made
    while made in taken:
        number += 1
        made = f"{base}_{number}"
    taken.add(made)
    return made
