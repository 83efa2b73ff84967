"""What only shows when several keys of an OPC UA device file, or its files, are looked at."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from adapters.opcua.settings import OpcUaDeviceKeys, OpcUaLogin, OpcUaTagKeys
from gateway.core.kinds import Problem

NEEDS = (("password", "user"), ("certificate", "key"), ("key", "certificate"))
"""Keys of a login, and what each needs beside it."""


def problems(
    keys: OpcUaDeviceKeys, _tags: Sequence[OpcUaTagKeys], folder: Path
) -> Iterator[Problem]:
    """Look through a device file; see `AdapterKind`."""
    security = keys.security
    if "None" in (security.mode, security.policy) and not security.unsafe:
        which = "mode" if security.mode == "None" else "policy"
        yield Problem("E1305", ("security", which), {"key": which})
    if keys.login is not None:
        yield from _login(keys.login, folder)


def _login(login: OpcUaLogin, folder: Path) -> Iterator[Problem]:
    for present, absent in NEEDS:
        if getattr(login, present) is not None and getattr(login, absent) is None:
            facts = {"key": present, "needs": absent}
            yield Problem("E1307", ("login", present), facts, at_key=True)
    for key in ("certificate", "key"):
        name = getattr(login, key)
        if name is not None and not (folder / name).is_file():
            yield Problem("E1304", ("login", key), {"path": name})
