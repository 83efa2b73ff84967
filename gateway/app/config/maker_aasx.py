"""`aasx:` of a device file: what the machine's maker says of it, in the device's own shell.

A file that cannot be used is a warning: a machine is collected whatever its papers are worth.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

from gateway.app.config.load import DeviceFile, Folder
from gateway.core.assets import StaticContent
from gateway.core.errors import AasError

FILES_MAX = 64
"""Files that are remembered, so that an edit elsewhere does not read them again."""


def static_content(device: DeviceFile, read: Folder) -> StaticContent | None:
    """Give the content of the file that a device names; its path joins the folder's files."""
    name = device.keys.aasx
    if name is None:
        return None
    path = read.path / name
    read.files.append(path)
    try:
        stat = path.stat()
        return _content(path, stat.st_mtime_ns, stat.st_size)
    except AasError as error:
        reason = error.detail or error.reason
    except OSError as error:
        reason = error.strerror or str(error)
    device.document.add("W1501", ("aasx",), path=name, reason=reason)
    return None


@lru_cache(FILES_MAX)
def _content(path: Path, changed: int, size: int) -> StaticContent:
    """Read a file; `changed` and `size` say which state of it."""
    from aas_models.importing import read_package

    del changed, size
    data = path.read_bytes()
    environment = read_package(data, path.name).environment
    return StaticContent(
        hashlib.sha256(data).hexdigest(),
        tuple(
            each
            for each in environment.get("submodels", ())
            if each.get("id") and each.get("idShort")
        ),
        tuple(each for each in environment.get("conceptDescriptions", ()) if each.get("id")),
    )
