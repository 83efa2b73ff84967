"""SQLite connections with the settings on which durability rests, and what their errors mean.

Write-ahead log with `synchronous=FULL`: a commit returns after its bytes are synced. The setting is
read back, because the default depends on the build. Automatic checkpoints are off: the one writer
decides when.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import apsw

PAGE = 4096
BUSY_MS = 2_000
"""Longest wait for a file that another connection has locked."""
FRAME_HEAD = 24
"""Bytes before each page in a write-ahead log. Source: SQLite file format, §4.1."""

DISK_ERRORS = (
    apsw.FullError,
    apsw.IOError,
    apsw.CantOpenError,
    apsw.ReadOnlyError,
    apsw.PermissionsError,
    apsw.ProtocolError,
    apsw.BusyError,
    OSError,
)
"""The disk refuses for now; closing and opening again later may help."""

CORRUPT_ERRORS = (apsw.CorruptError, apsw.NotADBError, apsw.FormatError)
"""The file is not what was written."""


def connect(
    path: Path,
    *,
    vfs: str | None = None,
    synchronous: str = "FULL",
    create: bool = False,
    shrinks: bool = False,
) -> apsw.Connection:
    """Open a file for writing; one made with `shrinks` can give freed pages back while it is used.

    Raises:
        apsw.Error: see `DISK_ERRORS` and `CORRUPT_ERRORS`.
    """
    flags = apsw.SQLITE_OPEN_READWRITE | (apsw.SQLITE_OPEN_CREATE if create else 0)
    connection = apsw.Connection(str(path), flags=flags, vfs=vfs)
    # Before anything else: who looks into a file that a killed process left may lock it for a
    # moment, and a start must not fail for that.
    connection.set_busy_timeout(BUSY_MS)
    try:
        if create:
            connection.pragma("page_size", PAGE)
            if shrinks:
                connection.pragma("auto_vacuum", "INCREMENTAL")
        _expect(connection, "journal_mode", "wal")
        connection.pragma("synchronous", synchronous)
        if connection.pragma("synchronous") != {"FULL": 2, "NORMAL": 1}[synchronous]:
            raise apsw.CantOpenError("synchronous did not take")
        connection.pragma("wal_autocheckpoint", 0)
    except apsw.Error:
        shut(connection)
        raise
    return connection


def _expect(connection: apsw.Connection, pragma: str, value: str) -> None:
    if connection.pragma(pragma, value) != value:
        raise apsw.CantOpenError(f"{pragma} {value} did not take")


def connect_read_only(
    path: Path, *, vfs: str | None = None, sealed: bool = False
) -> apsw.Connection:
    """Open a file for reading; `sealed` says that nobody writes it any more."""
    query = "?immutable=1" if sealed else "?mode=ro"
    connection = apsw.Connection(
        f"file:{_escaped(path)}{query}",
        flags=apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI,
        vfs=vfs,
    )
    connection.set_busy_timeout(BUSY_MS)
    try:
        connection.execute("SELECT 1 FROM sqlite_master LIMIT 1")
    except apsw.ReadOnlyError:  # a killed process left a log that has to be read in first
        shut(connection)
        connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE, vfs=vfs)
        connection.set_busy_timeout(BUSY_MS)
        connection.pragma("query_only", True)
    except apsw.Error:
        shut(connection)
        raise
    return connection


def _escaped(path: Path) -> str:
    text = path.resolve().as_posix().replace("%", "%25").replace("?", "%3f").replace("#", "%23")
    return text if text.startswith("/") else f"/{text}"


@contextmanager
def transaction(connection: apsw.Connection) -> Iterator[None]:
    """Commit at the end of the block, roll back when it raises.

    Raises:
        apsw.Error: the commit failed; the connection is not to be believed any more, see
            `DISK_ERRORS`.
    """
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            try:
                connection.execute("ROLLBACK")
            except apsw.Error:
                connection.interrupt()  # the caller closes it; the first error is the one to tell
        raise


def shut(connection: apsw.Connection) -> None:
    """Close a connection. What fails in closing is found again by whoever opens the file next."""
    with suppress(apsw.Error):
        connection.close(force=True)


def sync_folder(folder: Path) -> None:
    """Make new names in a folder durable; nothing to do where folders cannot be opened."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def companions(path: Path) -> tuple[Path, Path]:
    """Give the names of a file's write-ahead log and its index."""
    return path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm")


class LogMeter:
    """How long a file's write-ahead log is, told by SQLite at each commit.

    Asking the file system costs as much as encoding a small record, and a log that was folded in
    keeps its length, so that its size on the disk does not say whether there is anything to fold.
    """

    def __init__(self, connection: apsw.Connection, path: Path) -> None:
        self._connection = connection
        self.file_bytes = file_size(companions(path)[0])
        """What the log takes on the disk."""
        self.bytes = self.file_bytes
        """What is in it and not yet folded in."""
        connection.set_wal_hook(self._grown)

    def _grown(self, _connection: apsw.Connection, _name: str, pages: int) -> int:
        self.bytes = pages * (PAGE + FRAME_HEAD)
        self.file_bytes = max(self.file_bytes, self.bytes)
        return apsw.SQLITE_OK

    def fold(self) -> None:
        """Move the log into its file as far as readers allow; its space is used again."""
        pages, folded = self._connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
        if folded == pages:
            self.bytes = 0

    def cut(self) -> None:
        """Move the log into its file and give its space back."""
        pages, _ = self._connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
        if not pages:
            self.bytes = self.file_bytes = 0


def remove_database(path: Path) -> None:
    """Unlink a closed file and what SQLite keeps beside it."""
    for each in (path, *companions(path)):
        each.unlink(missing_ok=True)


def pages_bytes(connection: apsw.Connection) -> int:
    """Give the bytes of a file as SQLite counts them, what is still in its log included."""
    return int(str(connection.pragma("page_count"))) * PAGE


def file_size(path: Path) -> int:
    """Give the bytes of a file, 0 for a missing one."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def size_with_log(path: Path) -> int:
    """Give the bytes of a file and its write-ahead log, 0 for a missing one."""
    return file_size(path) + file_size(companions(path)[0])
