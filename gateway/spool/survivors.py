"""The file of records that outlive their part: what must not be lost when samples are given up.

Gaps, usage, rejected messages and audit move here with their offsets, and samples that a reader has
in hand. The file is called `keep.db` since the first version.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from gateway.core.records import accepted_ranges
from gateway.ops.sqlite import remove_database, transaction
from gateway.spool.codec import BATCH
from gateway.spool.cursor import Range
from gateway.spool.files import SURVIVORS_FILE
from gateway.spool.limits import Settings
from gateway.spool.part import ActivePart, create_part


class Survivors:
    """What is in the file; belongs to the committing thread.

    Every method may raise one of `DISK_ERRORS` or `CORRUPT_ERRORS` of `gateway.ops.sqlite`.
    """

    def __init__(self, folder: Path, settings: Settings) -> None:
        self.path = folder / SURVIVORS_FILE
        self._settings = settings
        self.part: ActivePart | None = None
        """The file, None while there is none or it is closed."""
        self.ranges: list[Range] = []
        """Offsets that are here and in no part, ascending."""
        self.samples: list[int] = []
        """Those of them that are samples; see `leases`."""

    def open(self, epoch: str) -> ActivePart:
        """Open the file, making it first where there is none."""
        if self.part is None:
            vfs, synchronous = self._settings.vfs, self._settings.synchronous
            if not self.path.exists():
                create_part(self.path, 1, epoch, vfs, synchronous, shrinks=True)
            self.part = ActivePart(self.path, 1, vfs=vfs, synchronous=synchronous)
        return self.part

    def look(self, parts: Iterable[Range]) -> None:
        """See what is here and not in the ranges of `parts`: a crash may leave a record in both."""
        self.ranges, self.samples = [], []
        if self.part is None:
            return
        rows = self.part.connection.execute("SELECT offset,kind FROM records ORDER BY offset")
        elsewhere = list(parts)
        here = [row for row in rows if not any(a <= row[0] <= b for a, b in elsewhere)]
        self.ranges = list(accepted_ranges(offset for offset, _ in here))
        self.samples = [offset for offset, kind in here if kind == BATCH]

    def delete(self, offsets: Sequence[int]) -> None:
        """Delete records and give their space back; `look` follows."""
        self._delete("offset=?", [(offset,) for offset in offsets])

    def delete_below(self, floor: int) -> bool:
        """Delete what every reader has passed; False when there is nothing of it."""
        if not self.ranges or self.ranges[0][1] >= floor or self.part is None:
            return False
        self._delete("offset<?", [(floor,)])
        self.ranges = [(max(first, floor), last) for first, last in self.ranges if last >= floor]
        self.samples = [offset for offset in self.samples if offset >= floor]
        if not self.ranges:
            self.remove()
        return True

    def _delete(self, which: str, values: Sequence[tuple[int]]) -> None:
        assert self.part is not None
        connection = self.part.connection
        with transaction(connection):
            for table in ("records", "addressed"):
                connection.executemany(f"DELETE FROM {table} WHERE {which}", values)  # noqa: S608, words of ours
        connection.pragma("incremental_vacuum")

    def remove(self) -> None:
        """Close and unlink the file."""
        if self.part is not None:
            self.close()
            remove_database(self.path)
        self.ranges, self.samples = [], []

    def close(self) -> None:
        """Close the file without raising; what is known of it stays until `look`."""
        if self.part is not None:
            self.part.close()
            self.part = None
