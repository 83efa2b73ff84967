"""One part file: a stretch of records, the plan tables they point into, and marks.

A mark sums up the records since the mark before it, every `MARK_RECORDS` records or `MARK_BYTES`.
Because of the marks, counting a range or opening after a crash reads a few thousand small rows at
most, and giving a part up decodes almost nothing. Offsets inside a part are without holes, except
in a part made by salvage.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import apsw
import orjson
import zstandard

from gateway.core.errors import SpoolTooNew
from gateway.core.signals import PlanTable
from gateway.ops.sqlite import CORRUPT_ERRORS, LogMeter, connect, pages_bytes, shut
from gateway.spool.codec import DamagedRecord, StoredRow
from gateway.spool.files import FORMAT, PART_ID, check_format
from gateway.spool.summary import NOTHING, Summary, Totals

MARK_RECORDS = 2_000
MARK_BYTES = 4_000_000
ALL_ROWS = -1
"""As a limit of `read_rows`: none."""

ROWS_A_STATEMENT = 64
"""Rows go in by so many at a time: each statement gives up and takes the interpreter lock once."""

_SCHEMA = """
CREATE TABLE meta(key TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE plans(id INTEGER PRIMARY KEY, digest TEXT NOT NULL, device TEXT NOT NULL, body BLOB);
CREATE TABLE records(
  offset INTEGER PRIMARY KEY, kind INTEGER NOT NULL, plan INTEGER NOT NULL,
  samples INTEGER NOT NULL, at INTEGER NOT NULL, reader TEXT, body BLOB NOT NULL);
CREATE TABLE marks(upto INTEGER PRIMARY KEY, records INTEGER, samples INTEGER, bytes INTEGER,
  body BLOB NOT NULL);
CREATE TABLE addressed(offset INTEGER PRIMARY KEY, reader TEXT, samples INTEGER, bytes INTEGER);
"""
DAMAGE = (
    *CORRUPT_ERRORS, apsw.SQLError, DamagedRecord, ValueError, KeyError, IndexError, TypeError,
)  # fmt: skip
"""What reading a file of records that is not what was written may raise."""

_INSERT = "INSERT INTO records VALUES "
RECEIVED = "received "
"""With the number of a plan this names, in `meta`, when its newest samples up to the last mark
came. It lies beside the marks, whose form every version can read."""


def create_part(
    path: Path,
    first: int,
    epoch: str,
    vfs: str | None,
    synchronous: str,
    *,
    shrinks: bool = False,
) -> None:
    """Make an empty part file; see `gateway.ops.sqlite.connect` for `shrinks`.

    Raises:
        apsw.Error: the disk refuses.
    """
    connection = connect(path, vfs=vfs, synchronous=synchronous, create=True, shrinks=shrinks)
    try:
        with connection:
            connection.execute(_SCHEMA)
            connection.executemany(
                "INSERT INTO meta VALUES(?,?)", (("epoch", epoch), ("first", first), ("outbox", 0))
            )
            connection.pragma("application_id", PART_ID)
            connection.pragma("user_version", FORMAT)
    finally:
        shut(connection)


def read_rows(
    connection: apsw.Connection, start: int, last: int, limit: int
) -> Iterator[StoredRow]:
    """Give rows with start <= offset <= last, ascending."""
    cursor = connection.execute(
        "SELECT offset,kind,plan,samples,at,reader,body FROM records"
        " WHERE offset BETWEEN ? AND ? ORDER BY offset LIMIT ?",
        (start, last, limit),
    )
    for fields in cursor:
        yield StoredRow(*fields)


def read_plan(connection: apsw.Connection, number: int) -> PlanTable | None:
    """Give the plan table of a number."""
    row = connection.execute("SELECT device,body FROM plans WHERE id=?", (number,)).fetchone()
    return None if row is None else unpack_plan(row[0], row[1])


def plan_digest(connection: apsw.Connection, number: int) -> str | None:
    """Give the digest of a plan table by its number."""
    row = connection.execute("SELECT digest FROM plans WHERE id=?", (number,)).fetchone()
    return None if row is None else str(row[0])


def pack_plan(table: PlanTable) -> bytes:
    """Give the bytes in which a plan table is stored."""
    return zstandard.compress(orjson.dumps(table.signals_json()), 3)


def unpack_plan(device: str, body: bytes) -> PlanTable:
    """Read what `pack_plan` wrote.

    Raises:
        ValueError, KeyError, TypeError: it is damaged.
    """
    try:
        text = zstandard.decompress(body)
    except zstandard.ZstdError as error:
        raise ValueError(f"a plan table of {device} cannot be read") from error
    return PlanTable.from_json(device, orjson.loads(text))


def _counted_upto(connection: apsw.Connection, offset: int) -> Totals:
    mark = connection.execute(
        "SELECT upto,records,samples,bytes FROM marks WHERE upto<=? ORDER BY upto DESC LIMIT 1",
        (offset,),
    ).fetchone()
    upto, *counts = mark or (0, 0, 0, 0)
    row = connection.execute(
        "SELECT count(*),ifnull(sum(samples),0),ifnull(sum(length(body)),0) FROM records"
        " WHERE offset>? AND offset<=?",
        (upto, offset),
    ).fetchone()
    return Totals(*counts).plus(Totals(*(row or (0, 0, 0))))


def measure(connection: apsw.Connection, first: int, last: int) -> Totals:
    """Count the records with first <= offset <= last."""
    if last < first:
        return NOTHING
    return _counted_upto(connection, last).minus(_counted_upto(connection, first - 1))


def read_marks(connection: apsw.Connection, first: int, last: int) -> Iterator[tuple[int, Summary]]:
    """Give each mark between these offsets: its last offset, and what lies since the one before."""
    for upto, body in connection.execute(
        "SELECT upto,body FROM marks WHERE upto BETWEEN ? AND ? ORDER BY upto", (first, last)
    ):
        yield upto, Summary.unpack(body)


def read_received(connection: apsw.Connection) -> dict[int, int]:
    """Give for each plan number when the newest samples came, as of the last mark."""
    rows = connection.execute("SELECT key,value FROM meta WHERE key GLOB ?", (f"{RECEIVED}*",))
    return {int(str(key).removeprefix(RECEIVED)): int(value) for key, value in rows}


class ActivePart:
    """The part that is being written; belongs to the writer."""

    def __init__(self, path: Path, first: int, *, vfs: str | None, synchronous: str) -> None:
        self.path = path
        self.first = first
        self.connection = connect(path, vfs=vfs, synchronous=synchronous)
        self.log = LogMeter(self.connection, path)
        try:
            if check_format(self.connection, PART_ID, path) == 0:
                raise apsw.NotADBError(f"{path.name} is empty")
            self.reload()
        except (*CORRUPT_ERRORS, apsw.Error, SpoolTooNew):
            shut(self.connection)
            raise

    def reload(self) -> None:
        """Read the books of the file again."""
        row = self.connection.execute("SELECT max(offset) FROM records").fetchone()
        self.next = self.first if row is None or row[0] is None else row[0] + 1
        self._plans: dict[str, int] = {
            digest: number
            for number, digest in self.connection.execute("SELECT id,digest FROM plans")
        }
        mark = self.connection.execute(
            "SELECT upto,records,samples,bytes FROM marks ORDER BY upto DESC LIMIT 1"
        ).fetchone()
        self.marked = self.first - 1 if mark is None else int(mark[0])
        self._marked_totals = Totals(*mark[1:]) if mark else NOTHING
        self.summary = Summary()
        self.chunk = Summary()
        for _, each in read_marks(self.connection, 0, self.next):
            self.summary.merge(each)
        for number, at in read_received(self.connection).items():
            if number in self.summary.plans:
                self.summary.plans[number].received = at

    @property
    def last(self) -> int:
        """The newest offset, first - 1 while there is none."""
        return self.next - 1

    def totals(self) -> Totals:
        """Count everything in it."""
        return self._marked_totals.plus(self.chunk.totals)

    def whole_summary(self) -> Summary:
        """Sum up everything in it."""
        whole = Summary()
        whole.merge(self.summary)
        whole.merge(self.chunk)
        return whole

    def plan_number(self, table: PlanTable | None) -> int:
        """Give the table's number, storing it first where it is new; inside a transaction."""
        if table is None:
            return 0
        number = self._plans.get(table.digest)
        if number is None:
            self.connection.execute(
                "INSERT INTO plans(digest,device,body) VALUES(?,?,?)",
                (table.digest, table.device, pack_plan(table)),
            )
            number = self._plans[table.digest] = self.connection.last_insert_rowid()
        return number

    def insert(self, rows: Sequence[StoredRow]) -> None:
        """Store rows; inside a transaction."""
        for start in range(0, len(rows), ROWS_A_STATEMENT):
            some = rows[start : start + ROWS_A_STATEMENT]
            statement = _INSERT + ",".join(("(?,?,?,?,?,?,?)",) * len(some))
            self.connection.execute(statement, [field for row in some for field in row])
        addressed = [
            (row.offset, row.reader, row.samples, len(row.body)) for row in rows if row.reader
        ]
        if addressed:
            self.connection.executemany("INSERT INTO addressed VALUES(?,?,?,?)", addressed)

    def mark_due(self, upto: int) -> bool:
        """Tell whether the records since the last mark are enough for the next one."""
        return upto - self.marked >= MARK_RECORDS or self.chunk.totals.bytes >= MARK_BYTES

    def write_mark(self, upto: int) -> None:
        """Store a mark over `chunk`; inside a transaction."""
        totals = self._marked_totals.plus(self.chunk.totals)
        self.connection.execute(
            "INSERT OR REPLACE INTO marks VALUES(?,?,?,?,?)", (upto, *totals, self.chunk.pack())
        )
        self.connection.executemany(
            "INSERT OR REPLACE INTO meta VALUES(?,?)",
            (
                (f"{RECEIVED}{number}", each.received)
                for number, each in self.chunk.plans.items()
                if each.received is not None
            ),
        )

    def marked_now(self, upto: int) -> None:
        """Begin a new chunk after the mark's commit."""
        self._marked_totals = self._marked_totals.plus(self.chunk.totals)
        self.summary.merge(self.chunk)
        self.chunk = Summary()
        self.marked = upto

    def size(self) -> int:
        """Give the bytes of the file as SQLite counts them, without its log."""
        return pages_bytes(self.connection)

    def close(self) -> None:
        """Close without raising; SQLite folds the log in when it can."""
        shut(self.connection)
