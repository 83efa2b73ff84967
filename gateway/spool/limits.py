"""How much disk a spool takes, and the space it holds ready for a disk that is full."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from gateway.ops.sqlite import file_size
from gateway.spool.files import BALLAST_FILE

LOG_BYTES = 8_000_000
LOG_BYTES_MAX = 64 * 1024 * 1024
"""The write-ahead log is folded in at the first size, and cut back above the second."""

STATE_LOG_BYTES = 1_000_000


@dataclass(frozen=True, slots=True)
class Settings:
    """Limits of a store; `vfs` and `synchronous` exist for tests."""

    quota_bytes: int
    part_bytes: int = 128_000_000
    vfs: str | None = None
    synchronous: str = "FULL"

    @property
    def part_limit(self) -> int:
        """The size of a part: small enough that giving one up costs an eighth of the quota."""
        return max(min(self.part_bytes, self.quota_bytes // 8), 128 * 1024)

    @property
    def log_limit(self) -> int:
        """The length from which a log is folded in.

        On a full disk that takes as much space again, which the ballast must be able to give.
        """
        return min(LOG_BYTES, self.part_limit // 4, self.ballast // 2)

    @property
    def ballast(self) -> int:
        """Bytes of the ballast: room for two logs, at most a thirty-second of the quota."""
        return min(2 * LOG_BYTES, self.quota_bytes // 32)


class Ballast:
    """A file whose space is given back to a full disk, so that cursors can still move.

    Its size stays what it was first, so a disk counts as full until more than the ballast that was
    given up is free again.
    """

    def __init__(self, folder: Path, settings: Settings) -> None:
        self._path = folder / BALLAST_FILE
        self._settings = settings
        self._size = 0

    def hold(self) -> bool:
        """Take the space when there is some to spare; tell whether it is held.

        Raises:
            OSError: the disk refuses.
        """
        if file_size(self._path) > 0:
            return True
        free = shutil.disk_usage(self._path.parent).free
        wanted = self._size or min(self._settings.ballast, free // 2)
        if wanted < self._settings.log_limit or free < wanted + self._settings.log_limit:
            return False
        self._path.write_bytes(b"\0" * wanted)
        self._size = wanted
        return True

    def release(self) -> None:
        """Give the space to the file system.

        Raises:
            OSError: the disk refuses even that.
        """
        self._path.unlink(missing_ok=True)
