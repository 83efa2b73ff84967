"""Looking into a spool from outside, whether its gateway runs or not; nothing is changed."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import apsw
import orjson

from gateway.core.clock import SystemClock
from gateway.core.errors import SpoolError, SpoolLocked, SpoolUnavailable
from gateway.core.records import Item
from gateway.ops.sqlite import connect_read_only, shut, size_with_log
from gateway.spool.account import ReaderAccount
from gateway.spool.codec import KIND_NAMES, DamagedRecord, Decoder, StoredRow
from gateway.spool.files import (
    STATE_FILE,
    STATE_ID,
    SURVIVORS_FILE,
    FolderLock,
    check_format,
    part_first,
)
from gateway.spool.limits import Settings
from gateway.spool.part import read_plan, read_rows
from gateway.spool.recovery import load
from gateway.spool.requests import FOLDER, retry
from gateway.spool.state import QuarantineEntry
from gateway.spool.store import Store

ALL = 1 << 62
ENTRIES_MAX = 10_000


@dataclass(frozen=True, slots=True)
class PartView:
    """One file of records as it lies there."""

    name: str
    first: int
    last: int
    records: int
    samples: int
    bytes: int


@dataclass(frozen=True, slots=True)
class ReaderView:
    """One cursor as it lies there; `settled` counts the offsets beyond it that are settled."""

    name: str
    position: int
    delivered: int
    quarantined: int
    expired: int
    settled: int


@dataclass(frozen=True, slots=True)
class SpoolView:
    """A spool at a glance."""

    folder: str
    epoch: str
    running: bool
    bytes: int
    parts: list[PartView]
    readers: list[ReaderView]


@dataclass(frozen=True, slots=True)
class RecordView:
    """A record, its item None where it cannot be read."""

    offset: int
    kind: str
    reader: str | None
    item: Item | None
    problem: str = ""


def is_running(folder: Path) -> bool:
    """Tell whether a gateway holds the folder."""
    lock = FolderLock(folder)
    try:
        lock.acquire()
    except SpoolLocked:
        return True
    lock.release()
    return False


def _open_state(folder: Path) -> apsw.Connection:
    path = folder / STATE_FILE
    if not path.exists():
        raise SpoolUnavailable("no-spool", str(folder))
    try:
        connection = connect_read_only(path)
        check_format(connection, STATE_ID, path)
    except apsw.Error as error:
        raise SpoolUnavailable(type(error).__name__, f"{path}: {error}") from error
    return connection


def look(folder: Path) -> SpoolView:
    """Give parts and cursors.

    Raises:
        SpoolUnavailable: there is no spool, or its state cannot be read.
        SpoolTooNew: a newer version wrote it.
    """
    connection = _open_state(folder)
    try:
        row = connection.execute("SELECT value FROM meta WHERE key='epoch'").fetchone()
        readers = []
        for name, body in connection.execute("SELECT name,body FROM readers ORDER BY name"):
            account = ReaderAccount.unpack(name, body)
            readers.append(
                ReaderView(
                    name, account.cursor.position, account.delivered.records,
                    account.quarantined.records, account.expired.records,
                    sum(last - first + 1 for first, last in account.cursor.intervals()),
                )
            )  # fmt: skip
    finally:
        shut(connection)
    parts = [_look_into(path) for path in _files(folder)]
    size = sum(part.bytes for part in parts) + size_with_log(folder / STATE_FILE)
    return SpoolView(
        str(folder), str(row[0]) if row else "", is_running(folder), size, parts, readers
    )


def _files(folder: Path) -> list[Path]:
    parts = [path for path in folder.iterdir() if part_first(path.name) is not None]
    survivors = folder / SURVIVORS_FILE
    return [*([survivors] if survivors.exists() else []), *sorted(parts)]


def _look_into(path: Path) -> PartView:
    try:
        connection = connect_read_only(path)
    except apsw.Error:
        return PartView(path.name, 0, 0, 0, 0, size_with_log(path))
    try:
        row = connection.execute(
            "SELECT ifnull(min(offset),0),ifnull(max(offset),0),count(*),ifnull(sum(samples),0)"
            " FROM records"
        ).fetchone()
        first, last, records, samples = row or (0, 0, 0, 0)
        return PartView(path.name, first, last, records, samples, size_with_log(path))
    except apsw.Error:
        return PartView(path.name, 0, 0, 0, 0, size_with_log(path))
    finally:
        shut(connection)


def records(folder: Path, first: int, last: int) -> Iterator[RecordView]:
    """Give the records of a range in order, damaged ones as such.

    Raises:
        SpoolUnavailable: a file cannot be opened.
    """
    decoder = Decoder()
    found: list[tuple[int, Path]] = []
    for path in _files(folder):
        view = _look_into(path)
        if view.last >= first and view.first <= last:
            found.append((view.first, path))
    for _, path in sorted(found):
        connection = connect_read_only(path)
        try:
            for row in read_rows(connection, first, last, -1):
                yield _view(decoder, connection, row)
        except apsw.Error as error:
            raise SpoolUnavailable(type(error).__name__, f"{path.name}: {error}") from error
        finally:
            shut(connection)


def _view(decoder: Decoder, connection: apsw.Connection, row: StoredRow) -> RecordView:
    kind = KIND_NAMES.get(row.kind, str(row.kind))
    try:
        table = read_plan(connection, row.plan) if row.plan else None
        return RecordView(row.offset, kind, row.reader, decoder.decode(row, table))
    except (DamagedRecord, ValueError) as error:
        return RecordView(row.offset, kind, row.reader, None, str(error))


def quarantine(folder: Path, reader: str | None = None) -> list[QuarantineEntry]:
    """Give the refused records, oldest first, at most `ENTRIES_MAX`."""
    connection = _open_state(folder)
    try:
        rows = connection.execute(
            "SELECT * FROM quarantine WHERE ifnull(?,reader)=reader ORDER BY id LIMIT ?",
            (reader, ENTRIES_MAX),
        )
        return [QuarantineEntry(*row) for row in rows]
    finally:
        shut(connection)


def quarantined_item(folder: Path, entry: QuarantineEntry) -> Item | None:
    """Give what a refused record holds, None where its bytes were not kept."""
    if entry.body is None or entry.kind is None:
        return None
    connection = _open_state(folder)
    try:
        row = connection.execute(
            "SELECT device,body FROM plans WHERE digest=?", (entry.digest,)
        ).fetchone()
    finally:
        shut(connection)
    from gateway.spool.part import unpack_plan

    table = unpack_plan(row[0], row[1]) if row is not None else None
    fields = StoredRow(
        entry.offset, entry.kind, entry.plan or 0, entry.samples, entry.at or 0, entry.addressee,
        entry.body,
    )  # fmt: skip
    return Decoder().decode(fields, table)


def put_back(folder: Path, numbers: list[int]) -> Path | list[int]:
    """Put quarantined records back to their readers.

    Gives the new offsets when no gateway runs; else the path of the answer to a request which the
    running gateway reads within a second.

    Raises:
        SpoolError: an entry is not there, or its bytes were not kept.
    """
    lock = FolderLock(folder)
    try:
        lock.acquire()
    except SpoolLocked:
        return _request(folder, numbers)
    store = Store(folder, SystemClock(), Settings(quota_bytes=1 << 62))
    try:
        load(store)
        offsets = [retry(store, number) for number in numbers]
        store.finish(loaded=True)
    except apsw.Error as error:
        raise SpoolError(type(error).__name__, str(error)) from error
    else:
        return offsets
    finally:
        store.close_files()
        lock.release()


def _request(folder: Path, numbers: list[int]) -> Path:
    requests = folder / FOLDER
    requests.mkdir(exist_ok=True)
    path = requests / f"{uuid.uuid4()}.json"
    draft = path.with_suffix(".draft")
    draft.write_bytes(orjson.dumps({"retry": numbers}))
    draft.rename(path)
    return path.with_suffix(".done")
