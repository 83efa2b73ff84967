"""What the devices of an AASX are called: in file names, logs and addresses."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping

from aas_models.interfaces.reading import Described
from gateway.core.config import NAME
from gateway.core.romanise import ascii_name

LENGTH_MAX = 63
OTHERWISE = "device"
_NOT_ALLOWED = re.compile(r"[^a-z0-9]+")


def device_names(
    devices: Iterable[Described], running: Mapping[str, str] | None = None
) -> dict[str, Described]:
    """Give each device a name of its own.

    Our own files say it. Otherwise the asset tells which device it is, else the shell's idShort
    names a new one, with the interface's beside it where a shell has several.

    Args:
        running: names of devices by their assets' global ids.
    """
    known = list(devices)
    shells = Counter(each.asset.shell for each in known)
    named: dict[str, Described] = {}
    for each in known:
        name = _free(_wanted(each, shells, running or {}), named)
        named[name] = each
    return named


def _wanted(device: Described, shells: Mapping[str, int], running: Mapping[str, str]) -> str:
    if device.own and NAME.fullmatch(device.title):
        return device.title
    shell = slug(device.asset.shell or device.title)
    if shells[device.asset.shell] == 1 and shell:
        return running.get(device.asset.asset or "", shell)
    interface = slug(device.path).removeprefix("interface").strip("-")
    return "-".join(part for part in (shell, interface) if part) or OTHERWISE


def slug(text: str) -> str:
    """Give a name in small letters, digits and hyphens; may be empty."""
    made = ascii_name(text) if text else ""
    return _NOT_ALLOWED.sub("-", made.lower()).strip("-")[:LENGTH_MAX].strip("-")


def _free(wanted: str, taken: Mapping[str, object]) -> str:
    name, number = wanted, 1
    while name in taken:
        number += 1
        name = f"{wanted[: LENGTH_MAX - 4]}-{number}"
    return name
