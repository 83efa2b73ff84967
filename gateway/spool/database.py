"""What marks a file as the spool's, and its format; see `gateway.ops.sqlite` for the rest."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import apsw

from gateway.core.errors import SpoolTooNew
from gateway.ops.sqlite import (
    CORRUPT_ERRORS,
    DISK_ERRORS,
    PAGE,
    companions,
    connect,
    connect_read_only,
    file_size,
    remove_database,
    shut,
    size_with_log,
    sync_folder,
)

__all__ = [
    "CORRUPT_ERRORS",
    "DISK_ERRORS",
    "FORMAT",
    "PAGE",
    "PART_ID",
    "STATE_ID",
    "check_format",
    "companions",
    "connect",
    "connect_read_only",
    "file_size",
    "remove_database",
    "shut",
    "size_with_log",
    "sync_folder",
]

PART_ID: Final = 0x46545031
STATE_ID: Final = 0x46545331
FORMAT = 1
"""Format of the files; a higher one is refused, a lower one is migrated."""


def check_format(connection: apsw.Connection, application: int, path: Path) -> int:
    """Give the format of a file, 0 when it is empty.

    Raises:
        SpoolTooNew: a newer version wrote it.
        apsw.NotADBError: it is another application's.
    """
    found = connection.pragma("application_id")
    form = int(str(connection.pragma("user_version")))
    if found == 0 and form == 0:
        return 0
    if found != application:
        raise apsw.NotADBError(f"{path.name} is not a spool file")
    if form > FORMAT:
        raise SpoolTooNew("format", f"{path.name} has format {form}, this version knows {FORMAT}")
    return form
