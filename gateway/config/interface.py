"""What a device file says of its connection, in the words of `gateway.core.interfaces`.

What those words have no place for goes along as it was written. Logins, TLS files and everything
that came by reference stay out: they belong to this machine.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, assert_never

from gateway.config.devices import Device, MqttDevice, MqttTag, OpcUaDevice, OpcUaTag, TagKeys
from gateway.config.elements import Element
from gateway.config.load import DeviceFile
from gateway.core.assets import LocalName
from gateway.core.config import Referenced
from gateway.core.interfaces import MQTT, OPCUA, Interface, Point, Security
from gateway.core.romanise import ascii_name

SAID_BY_DEVICE = frozenset(
    {"version", "device", "devices", "connect", "tags", "topic", "qos", "every"}
)
"""Keys of a device that an interface says itself."""
SAID_BY_TAG = frozenset(
    {"name", "node", "topic", "json", "text", "type", "unit", "range", "semantic", "sampling"}
    | {"aas", "label"}
)
KEPT_HERE = frozenset({"login", "tls", "aasx", "client_id"})
"""Keys that belong to this machine and enter no AASX."""
SAID_BY_SHELL = frozenset({"id", "maker", "model", "serial", "year"})
"""Keys of `asset:` that shell and nameplate say."""
LABEL_MAX = 128
"""Longest displayName; see `aas_models.elements`."""


def interface_of(device: DeviceFile, kept: Sequence[int], elements: Sequence[Element]) -> Interface:
    """Describe how a device is reached.

    Args:
        kept: places in `keys.tags` of the tags that are right; elements: those of these tags.
    """
    keys, data = device.keys, device.document.data
    taken: set[str] = set()
    written = data.get("tags") or []
    points = tuple(
        _point(keys, keys.tags[place], written[device.places[place]], element, taken)
        for place, element in zip(kept, elements, strict=True)
    )
    given = keys.model_fields_set
    return Interface(
        device=keys.device,
        protocol=OPCUA if isinstance(keys, OpcUaDevice) else MQTT,
        base=keys.connect,
        security=_security(keys),
        every_s=keys.every if isinstance(keys, OpcUaDevice) and "every" in given else None,
        qos=keys.qos if isinstance(keys, MqttDevice) and "qos" in given else None,
        points=points,
        extras=_device_extras(data),
    )


def _device_extras(data: Mapping[str, Any]) -> dict[str, str]:
    rest = {key: data[key] for key in data if key not in SAID_BY_DEVICE | KEPT_HERE}
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
    keys: Device, tag: TagKeys, written: Mapping[str, Any], element: Element, taken: set[str]
) -> Point:
    rest = {key: written[key] for key in written if key not in SAID_BY_TAG}
    label = tag.label
    if label is not None and not _is_short(written.get("label")):
        rest["label"] = written["label"]
    low, high = tag.range or (None, None)
    address, path, text = _address(keys, tag)
    return Point(
        name=tag.name,
        id_short=_id_short(tag.name, taken),
        address=address,
        json=path,
        text=text,
        type=tag.type,
        unit=tag.unit,
        low=low,
        high=high,
        semantic=tag.semantic,
        label=None if label is None else LocalName(label.ko, label.en),
        sampling_s=tag.sampling if isinstance(tag, OpcUaTag) else None,
        sink=(element.submodel, element.path),
        extras=_texts(rest),
    )


def _address(keys: Device, tag: TagKeys) -> tuple[str, str | None, bool]:
    match tag:
        case OpcUaTag():
            return tag.node, None, False
        case MqttTag():
            assert isinstance(keys, MqttDevice)
            return tag.topic or keys.topic or "", tag.json_, tag.text
        case _:
            raise AssertionError(type(tag))


def _id_short(name: str, taken: set[str]) -> str:
    made, number = ascii_name(name), 1
    base = made
    while made in taken:
        number += 1
        made = f"{base}_{number}"
    taken.add(made)
    return made


def _security(keys: Device) -> tuple[Security, ...]:
    match keys:
        case OpcUaDevice():
            return _opcua_security(keys)
        case MqttDevice():
            return (Security("nosec" if keys.login is None else "basic"),)
        case _:
            assert_never(keys)


def _opcua_security(keys: OpcUaDevice) -> tuple[Security, ...]:
    channel, login = channel_of(keys.security.mode, keys.security.policy), keys.login
    if login is None:
        return (channel,)
    token = "Certificate" if login.certificate else "UserName"
    return (channel, Security("ua_authentication", token=token))


def channel_of(mode: str | None, policy: str | None) -> Security:
    """Name the scheme of an OPC UA channel; without mode and policy the server's best is taken."""
    if "None" in (mode, policy):
        return Security("nosec")
    if mode is None and policy is None:
        return Security("auto")
    return Security("ua_channelsec", mode=mode, policy=policy)
