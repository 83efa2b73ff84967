"""One file of the embedded store: the samples of one day (UTC), self-contained.

Times outside the plausible span of their arrival are kept in the nearest plausible day's file; what
a file really covers is asked of its rows, never of its name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import apsw
import numpy as np
from numpy.typing import NDArray

from gateway.core.signals import PlanTable
from gateway.history.chunk import Chunk
from gateway.history.interface import Series
from gateway.history.recent import RecentRow
from gateway.history.samples import LANES

DAY_NS = 86_400 * 10**9
SUFFIX = ".history"
SIDE_FILES = ("-wal", "-shm")
PLANS_REMEMBERED = 256
"""Bounds memory when plans change often; a forgotten one is looked up again."""
BUSY_MS = 5_000
PAGE_BYTES = 8_192
"""Chunks are 1-4 kB: larger pages waste less at their ends."""
WAL_PAGES = 1_000

_SCHEMA = """
CREATE TABLE IF NOT EXISTS series (
  id INTEGER PRIMARY KEY, device TEXT NOT NULL, submodel TEXT NOT NULL, element TEXT NOT NULL,
  UNIQUE (device, submodel, element));
CREATE TABLE IF NOT EXISTS recent (
  id INTEGER PRIMARY KEY, low INTEGER NOT NULL, high INTEGER NOT NULL, count INTEGER NOT NULL,
  body BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS chunk (
  id INTEGER PRIMARY KEY, key INTEGER NOT NULL, start INTEGER NOT NULL, end INTEGER NOT NULL,
  count INTEGER NOT NULL, body BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS extent (
  id INTEGER PRIMARY KEY CHECK (id = 1), low INTEGER NOT NULL, high INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS chunk_by_key ON chunk (key, start, end, count);
"""
_FORMAT = 1


def day_of(path: Path) -> int:
    """Give the number of the day since 1970 that a file is named after."""
    return int(np.datetime64(path.name.removesuffix(SUFFIX), "D").astype(np.int64))


def day_path(folder: Path, day: int) -> Path:
    """Give the file of a day."""
    return folder / f"{np.datetime64(day, 'D')}{SUFFIX}"


def day_files(folder: Path) -> list[Path]:
    """Give the files of all days, oldest first."""
    return sorted(folder.glob(f"????-??-??{SUFFIX}"))


class DayFile:
    """The writer's handle. Any failure makes it useless: close it and open it again.

    Raises apsw.Error from every method; the caller tells a full disk from a damaged file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.database = apsw.Connection(str(path))
        try:
            self._prepare()
            self._ids = self._stored_ids()
            self.recent_rows, self.recent_samples = self._count_recent()
            self._extent = next(self._ask("SELECT low, high FROM extent"), None)
            self._newest = dict(self._ask("SELECT key, max(end) FROM chunk GROUP BY key"))
        except apsw.Error:
            self.close()
            raise
        self._keys_of_plan: dict[str, NDArray[np.int32]] = {}

    def _prepare(self) -> None:
        self.database.set_busy_timeout(BUSY_MS)
        for pragma in (
            f"page_size={PAGE_BYTES}",
            "journal_mode=WAL",
            "synchronous=FULL",
            f"wal_autocheckpoint={WAL_PAGES}",
            f"journal_size_limit={PAGE_BYTES * WAL_PAGES * 2}",
        ):
            self.database.execute(f"PRAGMA {pragma}").fetchall()
        version = self.database.pragma("user_version")
        if version not in {0, _FORMAT}:
            raise apsw.NotADBError(f"format {version}")
        if version == 0:
            self.database.execute(_SCHEMA)
            self.database.pragma("user_version", _FORMAT)

    def _ask(self, sql: str, bindings: tuple[int, ...] = ()) -> Iterator[tuple[int, int]]:
        yield from self.database.execute(sql, bindings)

    def _stored_ids(self) -> dict[Series, int]:
        rows = self.database.execute("SELECT device, submodel, element, id FROM series")
        return {
            Series(device, submodel, element): row_id for device, submodel, element, row_id in rows
        }

    def _count_recent(self) -> tuple[int, int]:
        return next(self._ask("SELECT count(*), coalesce(sum(count), 0) FROM recent"))

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit durably at the end, or nothing."""
        self.database.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self.database.execute("ROLLBACK")
            raise
        self.database.execute("COMMIT")

    def keys_of(self, plan: PlanTable, signals: NDArray[np.int32]) -> NDArray[np.int32]:
        """Give the first key of each of these signals; inside a transaction."""
        known = self._keys_of_plan.get(plan.digest)
        if known is None:
            if len(self._keys_of_plan) >= PLANS_REMEMBERED:
                self._keys_of_plan.clear()
            known = self._keys_of_plan[plan.digest] = np.full(len(plan.signals), -1, np.int32)
        keys = known[signals]
        if len(keys) and int(keys.min()) < 0:
            for place in np.unique(signals[keys < 0]).tolist():
                known[place] = self._id_of(Series.of(plan.signals[place])) * LANES
            keys = known[signals]
        return keys

    def _id_of(self, series: Series) -> int:
        known = self._ids.get(series)
        if known is None:
            self.database.execute(
                "INSERT INTO series (device, submodel, element) VALUES (?, ?, ?)", tuple(series)
            )
            known = self._ids[series] = self.database.last_insert_rowid()
        return known

    def add_recent(self, rows: Iterable[RecentRow]) -> None:
        """Store rows; inside a transaction."""
        for row in rows:
            self.database.execute(
                "INSERT INTO recent (low, high, count, body) VALUES (?, ?, ?, ?)", row
            )
            self.recent_rows += 1
            self.recent_samples += row.size
            self._extend(row.low, row.high)

    def _extend(self, low: int, high: int) -> None:
        if self._extent is not None:
            known_low, known_high = self._extent
            if known_low <= low and high <= known_high:
                return
            low, high = min(low, known_low), max(high, known_high)
        self.database.execute("INSERT OR REPLACE INTO extent VALUES (1, ?, ?)", (low, high))
        self._extent = (low, high)

    def oldest_recent(self, samples: int) -> list[tuple[int, bytes]]:
        """Give ids and bodies of the oldest rows that together hold about this many samples."""
        found: list[tuple[int, bytes]] = []
        held = 0
        for row_id, count, body in self.database.execute(
            "SELECT id, count, body FROM recent ORDER BY id"
        ):
            if found and held + count > samples:
                break
            found.append((row_id, body))
            held += count
        return found

    def drop_recent(self, row_ids: Iterable[int]) -> None:
        """Forget rows whose samples are in chunks now; inside a transaction."""
        self.database.executemany(
            "DELETE FROM recent WHERE id = ?", ((row_id,) for row_id in row_ids)
        )
        self.recent_rows, self.recent_samples = self._count_recent()

    def overlapping(self, key: int, start: int, end: int) -> list[tuple[int, int, bytes]]:
        """Give id, count and body of the key's chunks that share time with [start, end]."""
        if self._newest.get(key, start - 1) < start:
            return []
        rows = self.database.execute(
            "SELECT id, count, body FROM chunk WHERE key = ? AND start <= ? AND end >= ?",
            (key, end, start),
        )
        return list(rows)

    def replace_chunks(self, old: Iterable[int], new: Iterable[Chunk]) -> None:
        """Store chunks in place of others; inside a transaction."""
        chunks = list(new)
        self.database.executemany("DELETE FROM chunk WHERE id = ?", ((row_id,) for row_id in old))
        self.database.executemany(
            "INSERT INTO chunk (key, start, end, count, body) VALUES (?, ?, ?, ?, ?)", chunks
        )
        for chunk in chunks:
            if self._newest.get(chunk.key, chunk.end) <= chunk.end:
                self._newest[chunk.key] = chunk.end

    def close(self) -> None:
        """Release the file; safe to call twice."""
        self.database.close()


def side_files(path: Path) -> list[Path]:
    """Give the files that SQLite keeps beside a database, and itself, those that exist."""
    names = [path, *(path.with_name(path.name + end) for end in SIDE_FILES)]
    return [name for name in names if name.exists()]
