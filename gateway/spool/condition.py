"""Why the disk does not take data: a fixed word for each kind of failure, and when it stalls."""

from __future__ import annotations

from dataclasses import dataclass

import apsw

from gateway.ops.sqlite import CORRUPT_ERRORS

DISK_FULL, READ_ONLY, DISK_ERROR = "disk-full", "disk-read-only", "disk-error"
DISK_STALLED, DAMAGED, QUOTA_FULL = "disk-stalled", "spool-damaged", "quota-full"
WRITER_ENDED = "writer-ended"
STALLED_S = 5.0
"""A commit takes milliseconds; after this long somebody should look at the disk."""
EROFS, EACCES, EPERM, ENOSPC, EDQUOT = 30, 13, 1, 28, 122


def reason_of(error: BaseException) -> str:
    """Give the word for a failure of the disk."""
    if isinstance(error, apsw.FullError):
        return DISK_FULL
    if isinstance(error, (apsw.ReadOnlyError, apsw.PermissionsError)):
        return READ_ONLY
    if isinstance(error, CORRUPT_ERRORS):
        return DAMAGED
    if isinstance(error, OSError):
        if error.errno in {ENOSPC, EDQUOT}:
            return DISK_FULL
        if error.errno in {EROFS, EACCES, EPERM}:
            return READ_ONLY
    return DISK_ERROR


@dataclass(slots=True)
class Condition:
    """What the writing thread says of itself; plain fields, so that any thread may read them.

    `reason` is why the last attempt failed, empty while the disk takes data. `busy_since` is when
    the work began that the thread is at, by the monotonic clock; None while it waits for work.
    """

    reason: str = ""
    busy_since: float | None = None

    def now(self, monotonic: float, *, alive: bool) -> str:
        """Give why nothing can be stored now; empty: it can."""
        if not alive:
            return WRITER_ENDED
        busy = self.busy_since
        if busy is not None and monotonic - busy > STALLED_S:
            return DISK_STALLED
        return self.reason
