"""The files of a spool's folder: their names, what marks them as ours, and the lock."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import apsw

from gateway.core.errors import SpoolLocked, SpoolTooNew
from gateway.ops.lock import FileLock
from gateway.ops.sqlite import companions, sync_folder

LOCK_FILE = "spool.lock"
STATE_FILE = "state.db"
SURVIVORS_FILE = "keep.db"
BALLAST_FILE = "ballast"

PART_ID: Final = 0x46545031
STATE_ID: Final = 0x46545331
FORMAT = 1
"""Format of the files; a higher one is refused, a lower one is migrated."""


def part_name(first: int) -> str:
    """Give the file name of the part that begins with this offset."""
    return f"part-{first:019d}.db"


def part_first(name: str) -> int | None:
    """Give the first offset of a part by its name, None when it is no part."""
    digits = name.removeprefix("part-").removesuffix(".db")
    return int(digits) if name == f"part-{digits}.db" and digits.isdigit() else None


def part_files(folder: Path) -> dict[int, Path]:
    """Find the parts in a folder, by first offset, ascending."""
    found = {part_first(path.name): path for path in folder.iterdir()}
    return {first: found[first] for first in sorted(each for each in found if each is not None)}


def check_format(connection: apsw.Connection, application: int, path: Path) -> int:
    """Give the format of a file, 0 when it is empty.

    Raises:
        SpoolTooNew: a newer version wrote it.
        apsw.NotADBError: it is another application's.
    """
    marked = connection.pragma("application_id")
    version = int(str(connection.pragma("user_version")))
    if marked == 0 and version == 0:
        return 0
    if marked != application:
        raise apsw.NotADBError(f"{path.name} is not a spool file")
    if version > FORMAT:
        raise SpoolTooNew(
            "format", f"{path.name} has format {version}, this version knows {FORMAT}"
        )
    return version


def set_aside_file(path: Path) -> Path:
    """Rename a damaged file and its log, so that a person can look at them."""
    number = 1
    while (target := path.with_name(f"{path.name}.corrupt-{number}")).exists():
        number += 1
    for old, new in zip((path, *companions(path)), (target, *companions(target)), strict=True):
        if old.exists():
            old.rename(new)
    sync_folder(path.parent)
    return target


class FolderLock:
    """Holds a spool's folder from `acquire` to `release`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = FileLock(folder / LOCK_FILE)

    def acquire(self) -> None:
        """Take the lock without waiting.

        Raises:
            SpoolLocked: another process, or another spool of this process, holds the folder.
        """
        if not self._lock.acquire():
            raise SpoolLocked("locked", f"another gateway holds {self._folder}")

    def release(self) -> None:
        """Give the lock back; does nothing when it is not held."""
        self._lock.release()
