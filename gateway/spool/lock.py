"""One gateway a spool."""

from __future__ import annotations

from pathlib import Path

from gateway.core.errors import SpoolLocked
from gateway.ops.lock import FileLock

LOCK_FILE = "spool.lock"


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
