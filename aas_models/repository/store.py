"""The durable side of what people wrote: documents and files in one SQLite file.

Every change is one transaction that is on the disk when the call returns. All functions block;
`Content` calls them in a worker thread, one after the other.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import apsw

from gateway.core.errors import AasError
from gateway.core.files import NamedFile
from gateway.ops.sqlite import (
    CORRUPT_ERRORS,
    DISK_ERRORS,
    PAGE,
    LogMeter,
    connect,
    remove_database,
    shut,
)

QUOTA_BYTES = 512 * 1024 * 1024
LOG_MAX_BYTES = 4 * 1024 * 1024
_SCHEMA = """
CREATE TABLE IF NOT EXISTS documents(
  place INTEGER PRIMARY KEY, kind TEXT NOT NULL, id TEXT NOT NULL, body BLOB NOT NULL,
  UNIQUE(kind, id));
CREATE TABLE IF NOT EXISTS files(
  owner TEXT NOT NULL, path TEXT NOT NULL, type TEXT NOT NULL, name TEXT NOT NULL,
  body BLOB NOT NULL, PRIMARY KEY(owner, path)) WITHOUT ROWID;
"""


class ContentStore:
    """One file of documents and files.

    Raises:
        AasError: every call: `unavailable` when the disk refuses, `full` at the quota.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._alone = _Alone()
        self._connection = self._opened()
        self._log = LogMeter(self._connection, path)

    def _opened(self) -> apsw.Connection:
        try:
            connection = connect(self._path, create=True)
            try:
                connection.pragma("max_page_count", QUOTA_BYTES // PAGE)
                connection.execute(_SCHEMA)
            except apsw.Error:
                shut(connection)
                raise
        except (*DISK_ERRORS, *CORRUPT_ERRORS) as error:
            raise AasError("unavailable", f"{self._path.name}: {error}") from error
        return connection

    def close(self) -> None:
        """Close the file."""
        shut(self._connection)

    def documents(self) -> Iterator[tuple[str, bytes]]:
        """Give (kind, JSON) of every document in the order in which they were made."""
        rows: list[tuple[str, bytes]] = self._run("SELECT kind, body FROM documents ORDER BY place")
        yield from rows

    def put(self, kind: str, identifier: str, body: bytes) -> None:
        """Store a document; one with this id keeps its place."""
        self._run(
            "INSERT INTO documents(kind, id, body) VALUES(?, ?, ?) "
            "ON CONFLICT(kind, id) DO UPDATE SET body = excluded.body",
            (kind, identifier, body),
        )

    def remove(self, kind: str, identifier: str) -> None:
        """Take a document and its files away."""
        with self._alone, self._connection:
            self._connection.execute(
                "DELETE FROM documents WHERE kind = ? AND id = ?", (kind, identifier)
            )
            self._connection.execute("DELETE FROM files WHERE owner = ?", (identifier,))
        self._tidy()

    def file(self, owner: str, path: str) -> NamedFile | None:
        """Give a file of a document; None where there is none."""
        rows = self._run(
            "SELECT type, name, body FROM files WHERE owner = ? AND path = ?", (owner, path)
        )
        return NamedFile(*rows[0]) if rows else None

    def put_file(self, owner: str, path: str, file: NamedFile) -> None:
        """Store a file of a document."""
        self._run("INSERT OR REPLACE INTO files VALUES(?, ?, ?, ?, ?)", (owner, path, *file))

    def remove_files(self, owner: str, path: str) -> None:
        """Take the file of an element, and those below it, away."""
        self._run(
            "DELETE FROM files WHERE owner = ? AND "
            "(path = ? OR substr(path, 1, ?) IN (? || '.', ? || '['))",
            (owner, path, len(path) + 1, path, path),
        )

    def _run(self, statement: str, values: tuple[object, ...] = ()) -> list[tuple[Any, ...]]:
        with self._alone:
            rows = list(self._connection.execute(statement, values))
        self._tidy()
        return rows

    def _tidy(self) -> None:
        if self._log.bytes > LOG_MAX_BYTES:
            self._log.fold()


class _Alone:
    """One use of the connection at a time; turns what the disk says into errors of the AAS side."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        self._lock.release()
        if isinstance(error, apsw.FullError):
            raise AasError("full", "the store of written AAS content is full") from error
        if isinstance(error, (*DISK_ERRORS, *CORRUPT_ERRORS)):
            raise AasError("unavailable", str(error)) from error


def open_store(path: Path) -> tuple[ContentStore, str]:
    """Open the store; a file that is no database any more is set aside and named.

    Raises:
        AasError: `unavailable`: the disk refuses.
    """
    try:
        return ContentStore(path), ""
    except AasError as error:
        if not isinstance(error.__cause__, CORRUPT_ERRORS):
            raise
    aside = path.with_name(f"{path.name}.damaged")
    aside.unlink(missing_ok=True)
    path.replace(aside)
    remove_database(path)
    return ContentStore(path), aside.name
