"""One gateway a spool: an operating-system lock on a file, released when the process dies."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from gateway.core.errors import SpoolLocked

LOCK_FILE = "spool.lock"


class FolderLock:
    """Holds a folder from `acquire` to `release`.

    The lock belongs to the open file, so a killed process leaves nothing behind. The file itself
    stays: removing it would let two processes lock two files of the same name.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / LOCK_FILE
        self._descriptor: int | None = None

    def acquire(self) -> None:
        """Take the lock without waiting.

        Raises:
            SpoolLocked: another process, or another spool of this process, holds the folder.
        """
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o640)
        try:
            _lock(descriptor)
        except OSError as error:
            os.close(descriptor)
            raise SpoolLocked("locked", f"another gateway holds {self._path.parent}") from error
        self._descriptor = descriptor

    def release(self) -> None:
        """Give the lock back; does nothing when it is not held."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


if sys.platform == "win32":

    def _lock(descriptor: int) -> None:
        import msvcrt

        os.lseek(descriptor, 0, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)

else:

    def _lock(descriptor: int) -> None:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
