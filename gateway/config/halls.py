"""One file for many equal devices, where its kind can take such a file apart."""

from __future__ import annotations

import dataclasses
from typing import Any

from gateway.config.checks import tell
from gateway.config.load import DeviceFile
from gateway.core.config import NAME, LocalText
from gateway.core.kinds import Part

OF_ONE = ("id", "serial")
"""Keys of `asset:` that several devices cannot have in common."""


def devices_in(device: DeviceFile) -> list[DeviceFile]:
    """Give the devices of a file, each as if it had a file of its own; most files have one.

    A name or an address that cannot be used is reported; its device is left out.
    """
    if device.kind.split is None:
        return [device]
    split = device.kind.split(device.keys, device.keys.tags, device.document.data)
    if split is None:
        return [device]
    for problem in split.problems:
        tell(device, problem)
    fitting = [part for part in split.parts if _fits(device, part)]
    if not _asset_fits(device, split.key) or split.problems or device.spoiled:
        return []
    return [
        _one(device, part, split.share if place == 0 else None)
        for place, part in enumerate(fitting)
    ]


def _asset_fits(device: DeviceFile, other: str) -> bool:
    fits = True
    for key in OF_ONE:
        if getattr(device.keys.asset, key) is not None:
            path = ("asset", key)
            device.document.add("E1208", path, at_key=True, key=f"asset.{key}", other=other)
            fits = False
    return fits


def _fits(device: DeviceFile, part: Part) -> bool:
    if not NAME.fullmatch(part.name):
        device.document.add("E1108", part.named, name=part.name)
        return False
    if part.problem is not None:
        tell(device, part.problem)
    return part.problem is None


def _one(device: DeviceFile, part: Part, share: Any) -> DeviceFile:
    keys = device.keys
    changed: dict[str, Any] = {
        "device": part.name,
        **part.keys,
        "tags": [
            tag.model_copy(update=dict(own)) for tag, own in zip(keys.tags, part.tags, strict=True)
        ],
    }
    if keys.label is not None:
        changed["label"] = LocalText(
            ko=keys.label.ko and f"{keys.label.ko} {part.word}",
            en=keys.label.en and f"{keys.label.en} {part.word}",
        )
    return dataclasses.replace(
        device,
        keys=keys.model_copy(update=changed),
        left_out=set(device.left_out),
        named=part.named,
        share=share,
    )
