"""`aasx:` of a device file: what the machine's maker says of it, in the device's own shell.

A file that cannot be used is a warning: a machine is collected whatever its papers are worth.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from aas_models.elements import Json
from gateway.config.load import DeviceFile, Folder
from gateway.core.assets import StaticContent
from gateway.core.errors import AasError

FILES_MAX = 64
"""Files that are remembered, so that an edit elsewhere does not read them again."""


def static_content(device: DeviceFile, read: Folder, asset: str) -> StaticContent | None:
    """Give the content of the file that a device names; its path joins the folder's files.

    Args:
        asset: the global id of the device's asset; of a file with several shells only the one with
            this id counts, where there is one.
    """
    name = device.keys.aasx
    if name is None:
        return None
    path = read.path / name
    read.files.append(path)
    try:
        edit = read.edits.get(path)
        return _chosen(_environment(path) if edit is None else _read(edit, name), asset)
    except AasError as error:
        reason = error.detail or error.reason
    except OSError as error:
        reason = error.strerror or str(error)
    device.document.add("W1501", ("aasx",), path=name, reason=reason)
    return None


@dataclass(frozen=True, slots=True)
class _File:
    digest: str
    environment: Json


def _environment(path: Path) -> _File:
    stat = path.stat()
    return _remembered(path, stat.st_mtime_ns, stat.st_size)


@lru_cache(FILES_MAX)
def _remembered(path: Path, changed: int, size: int) -> _File:
    """Read a file; `changed` and `size` say which state of it."""
    del changed, size
    return _read(path.read_bytes(), path.name)


def _read(data: bytes, name: str) -> _File:
    from aas_models.importing import read_package

    return _File(hashlib.sha256(data).hexdigest(), read_package(data, name).environment)


def _chosen(file: _File, asset: str) -> StaticContent:
    wanted = _ids_of_shell(file.environment, asset)
    return StaticContent(
        file.digest,
        tuple(
            each
            for each in file.environment.get("submodels", ())
            if each.get("id") and each.get("idShort") and (not wanted or each["id"] in wanted)
        ),
        tuple(each for each in file.environment.get("conceptDescriptions", ()) if each.get("id")),
    )


def _ids_of_shell(environment: Json, asset: str) -> set[str]:
    for shell in environment.get("assetAdministrationShells", ()):
        if (shell.get("assetInformation") or {}).get("globalAssetId") == asset:
            references = shell.get("submodels", ())
            return {str(key.get("value")) for each in references for key in each.get("keys", ())}
    return set()
