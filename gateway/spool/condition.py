"""How it stands with the disk, in the words of `gateway.ops.health`."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import apsw

from gateway.ops.health import SpoolCondition, SpoolState
from gateway.ops.sqlite import CORRUPT_ERRORS

GOOD = SpoolCondition(SpoolState.GOOD)
STALL_S = 5.0
"""A commit takes milliseconds, on a poor disk some tenths of a second."""
FREE_MIN = 65_536
"""With less free than this not even a small commit is sure to fit."""

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_READ_ONLY = frozenset({errno.EROFS, errno.EACCES, errno.EPERM})


def quota_full(quota_bytes: int) -> SpoolCondition:
    """Give the condition of a spool that may give nothing more up."""
    return SpoolCondition(SpoolState.FULL, "quota-full", f"{quota_bytes} bytes")


def stalled(seconds: float) -> SpoolCondition:
    """Give the condition of a disk that does not finish a write."""
    return SpoolCondition(SpoolState.STALLED, "disk-stalled", f"{seconds:.0f} s")


def recovering(seconds: float) -> SpoolCondition:
    """Give the condition of a spool that reads its files after a failure."""
    return SpoolCondition(SpoolState.RECOVERING, "spool-recovering", f"{seconds:.0f} s")


def condition_after(error: BaseException, folder: Path) -> SpoolCondition:
    """Give the condition that an error shows."""
    number = error.errno if isinstance(error, OSError) else 0
    known = looked_at(folder)
    if known is not None and known.state is SpoolState.READ_ONLY:
        return known
    if isinstance(error, apsw.FullError) or number in _FULL:
        return _full(folder)
    if isinstance(error, (apsw.ReadOnlyError, apsw.PermissionsError)) or number in _READ_ONLY:
        return _read_only(folder)
    if known is not None:
        return known
    if isinstance(error, CORRUPT_ERRORS):
        return SpoolCondition(SpoolState.RECOVERING, "spool-recovering", str(folder))
    return SpoolCondition(SpoolState.DISK_ERROR, "disk-error", str(folder))


def looked_at(folder: Path) -> SpoolCondition | None:
    """Tell what a look at the file system shows while nobody writes; None: nothing."""
    if not hasattr(os, "statvfs"):
        return None
    try:
        system = os.statvfs(folder)
    except OSError:
        return SpoolCondition(SpoolState.DISK_ERROR, "disk-error", str(folder))
    if system.f_flag & os.ST_RDONLY:
        return _read_only(folder)
    free = system.f_bfree if os.geteuid() == 0 else system.f_bavail
    return _full(folder) if free * system.f_frsize < FREE_MIN else None


def _full(folder: Path) -> SpoolCondition:
    return SpoolCondition(SpoolState.FULL, "disk-full", str(folder))


def _read_only(folder: Path) -> SpoolCondition:
    return SpoolCondition(SpoolState.READ_ONLY, "disk-read-only", str(folder))
