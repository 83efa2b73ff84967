"""The small file beside the parts: epoch, reserved offsets, parts, cursors, quarantine, outbox.

A cursor and its quarantine entries are here together, so that one transaction moves both (I5).
Records and cursors lie in different files and never share a transaction. What must happen in both
(a gap record for a part given up, a record put back from quarantine) goes through the outbox: one
transaction here, then the records into a part together with the outbox number they stand for, then
the outbox entry goes. After a crash the number in the part tells whether the step was taken.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import apsw

from gateway.core.signals import PlanTable
from gateway.ops.sqlite import LogMeter, connect, pages_bytes, shut
from gateway.spool.account import ReaderAccount
from gateway.spool.cursor import Range
from gateway.spool.files import FORMAT, STATE_ID, check_format
from gateway.spool.msgpack import packb, unpackb
from gateway.spool.part import pack_plan, unpack_plan
from gateway.spool.summary import Summary

_SCHEMA = """
CREATE TABLE meta(key TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE parts(first INTEGER PRIMARY KEY, last INTEGER, size INTEGER, gone INTEGER DEFAULT 0,
  body BLOB);
CREATE TABLE readers(name TEXT PRIMARY KEY, body BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE plans(digest TEXT PRIMARY KEY, device TEXT NOT NULL, body BLOB NOT NULL);
CREATE TABLE devices(device TEXT PRIMARY KEY, digest TEXT, newest INTEGER);
CREATE TABLE quarantine(id INTEGER PRIMARY KEY AUTOINCREMENT, reader TEXT NOT NULL,
  offset INTEGER NOT NULL, kind INTEGER, plan INTEGER, digest TEXT, samples INTEGER, at INTEGER,
  addressee TEXT, body BLOB, reason TEXT NOT NULL, since INTEGER NOT NULL);
CREATE INDEX quarantine_reader ON quarantine(reader, id);
CREATE TABLE outbox(id INTEGER PRIMARY KEY AUTOINCREMENT, body BLOB NOT NULL);
"""
_BOOKS = "CREATE TABLE IF NOT EXISTS books(name TEXT PRIMARY KEY, body BLOB NOT NULL) WITHOUT ROWID"
"""Beside `readers`, whose form every version can read. What stands here holds only together with
the reader's row as it was written then: a version that does not know it may have moved the cursor.
"""


@dataclass(slots=True)
class KnownPart:
    """What the state knows of a part; `last` is None while it is written.

    `spans` are the offsets present, `addressed` the records meant for one reader as (offset,
    reader, samples, bytes), `plans` the digest of each plan number.
    """

    first: int
    last: int | None = None
    size: int = 0
    summary: Summary = field(default_factory=Summary)
    spans: list[Range] = field(default_factory=list)
    addressed: list[tuple[int, str, int, int]] = field(default_factory=list)
    plans: dict[int, str] = field(default_factory=dict)

    def pack(self) -> bytes:
        """Give the durable form of what the columns of the table do not hold."""
        return packb([self.summary.pack(), self.spans, self.addressed, self.plans])

    @staticmethod
    def unpack(first: int, last: int | None, size: int, body: bytes | None) -> KnownPart:
        """Read a row of the table; without a body the part is still written.

        Raises:
            ValueError: the body is damaged.
        """
        if body is None:
            return KnownPart(first, last, size)
        summary, spans, addressed, plans = unpackb(body)
        return KnownPart(
            first, last, size, Summary.unpack(summary), [(a, b) for a, b in spans],
            [(offset, reader, samples, size_) for offset, reader, samples, size_ in addressed],
            plans,
        )  # fmt: skip


class QuarantineEntry(NamedTuple):
    """A refused record; `body` is None where the record could no longer be read."""

    id: int
    reader: str
    offset: int
    kind: int | None
    plan: int | None
    digest: str | None
    samples: int
    at: int | None
    addressee: str | None
    body: bytes | None
    reason: str
    since: int


class StateFile:
    """`state.db`, open for writing; belongs to the writer.

    Every method may raise `apsw.Error`, see `gateway.ops.sqlite`.
    """

    def __init__(self, path: Path, *, vfs: str | None, synchronous: str = "FULL") -> None:
        self.path = path
        self.connection = connect(path, vfs=vfs, synchronous=synchronous, create=True)
        self.log = LogMeter(self.connection, path)
        try:
            if check_format(self.connection, STATE_ID, path) == 0:
                self._create()
            elif self.connection.pragma("quick_check") != "ok":
                raise apsw.CorruptError(f"{path.name} fails its check")
            self.connection.execute(_BOOKS)
            self.epoch = str(self.meta("epoch"))
            self.reserved = int(self.meta("reserved"))
        except BaseException:
            shut(self.connection)
            raise

    def _create(self) -> None:
        with self.connection:
            self.connection.execute(_SCHEMA)
            self.set_meta("epoch", str(uuid.uuid4()))
            self.set_meta("reserved", 1)
            self.set_meta("totals", Summary().pack())
            self.connection.pragma("application_id", STATE_ID)
            self.connection.pragma("user_version", FORMAT)

    def size(self) -> int:
        """Give the bytes of the file as SQLite counts them, without its log."""
        return pages_bytes(self.connection)

    def meta(self, key: str) -> Any:
        """Read a value that every state file has.

        Raises:
            apsw.CorruptError: it has not.
        """
        row = self.connection.execute("SELECT value FROM meta WHERE key=?", (key,)).fetchone()
        if row is None:
            raise apsw.CorruptError(f"{self.path.name} has no {key}")
        return row[0]

    def set_meta(self, key: str, value: Any) -> None:
        """Write a value; a transaction of its own where none is open."""
        self.connection.execute("INSERT OR REPLACE INTO meta VALUES(?,?)", (key, value))

    def reserve(self, upto: int) -> None:
        """Reserve offsets below `upto`; durable on return."""
        self.set_meta("reserved", upto)
        self.reserved = upto

    def parts(self) -> list[KnownPart]:
        """List the parts that should be there, oldest first."""
        return [
            KnownPart.unpack(*fields)
            for fields in self.connection.execute(
                "SELECT first,last,size,body FROM parts WHERE gone=0 ORDER BY first"
            )
        ]

    def save_part(self, part: KnownPart) -> None:
        """Write what is known of a part, over what was known before."""
        self.connection.execute(
            "INSERT OR REPLACE INTO parts(first,last,size,body) VALUES(?,?,?,?)",
            (part.first, part.last, part.size, part.pack()),
        )

    def part_gone(self, first: int) -> None:
        """Note that the file may be unlinked; `forget_gone` follows when it is."""
        self.connection.execute("UPDATE parts SET gone=1, body=NULL WHERE first=?", (first,))

    def gone(self) -> list[int]:
        """List the parts that are noted as gone and perhaps not unlinked."""
        return [row[0] for row in self.connection.execute("SELECT first FROM parts WHERE gone=1")]

    def forget_gone(self, firsts: Iterable[int]) -> None:
        """Forget parts that are unlinked."""
        self.connection.executemany(
            "DELETE FROM parts WHERE gone=1 AND first=?", ((first,) for first in firsts)
        )

    def accounts(self) -> Iterator[tuple[str, bytes]]:
        """Read name and durable form of each account, see `ReaderAccount.unpack`."""
        yield from self.connection.execute("SELECT name,body FROM readers ORDER BY name")

    def counts(self) -> dict[str, bytes]:
        """Give what `ReaderAccount.take_counts` reads, by reader."""
        return dict(self.connection.execute("SELECT name,body FROM books"))

    def save_account(self, account: ReaderAccount) -> None:
        """Write an account and its counts; together only inside a transaction."""
        body = account.pack()
        self.connection.execute("INSERT OR REPLACE INTO readers VALUES(?,?)", (account.name, body))
        self.connection.execute(
            "INSERT OR REPLACE INTO books VALUES(?,?)", (account.name, account.pack_counts(body))
        )

    def remove_account(self, name: str) -> None:
        """Delete a reader with its quarantine."""
        self.connection.execute("DELETE FROM readers WHERE name=?", (name,))
        self.connection.execute("DELETE FROM books WHERE name=?", (name,))
        self.connection.execute("DELETE FROM quarantine WHERE reader=?", (name,))

    def save_plan(self, digest: str, table: PlanTable) -> None:
        """Write a plan table that is not there yet."""
        row = self.connection.execute("SELECT 1 FROM plans WHERE digest=?", (digest,)).fetchone()
        if row is None:
            self.connection.execute(
                "INSERT INTO plans VALUES(?,?,?)", (digest, table.device, pack_plan(table))
            )

    def plan(self, digest: str) -> PlanTable | None:
        """Read a plan table, None where it is not here.

        Raises:
            ValueError, KeyError, TypeError: it is damaged.
        """
        row = self.connection.execute(
            "SELECT device,body FROM plans WHERE digest=?", (digest,)
        ).fetchone()
        return None if row is None else unpack_plan(row[0], row[1])

    def save_devices(self, devices: Iterable[tuple[str, str, int | None]]) -> None:
        """Write device, digest of its newest plan, and when its newest samples came (ns UTC)."""
        self.connection.executemany("INSERT OR REPLACE INTO devices VALUES(?,?,?)", devices)

    def devices(self) -> list[tuple[str, str, int | None]]:
        """Read what `save_devices` wrote."""
        return list(self.connection.execute("SELECT device,digest,newest FROM devices"))

    def purge_plans(self, used: set[str]) -> None:
        """Delete plan tables that no device, part or quarantined record names."""
        named = used | {digest for _, digest, _ in self.devices()}
        named |= {row[0] for row in self.connection.execute("SELECT digest FROM quarantine")}
        every = [row[0] for row in self.connection.execute("SELECT digest FROM plans")]
        self.connection.executemany(
            "DELETE FROM plans WHERE digest=?", ((each,) for each in every if each not in named)
        )

    def quarantine(self, entry: QuarantineEntry) -> None:
        """Add a refused record; its `id` is given here."""
        self.connection.execute(
            "INSERT INTO quarantine VALUES(NULL,?,?,?,?,?,?,?,?,?,?,?)", tuple(entry)[1:]
        )

    def quarantined(self, number: int) -> QuarantineEntry | None:
        """Read a refused record, None where there is no such number."""
        row = self.connection.execute("SELECT * FROM quarantine WHERE id=?", (number,)).fetchone()
        return None if row is None else QuarantineEntry(*row)

    def quarantine_sizes(self) -> list[tuple[int, int]]:
        """Give number and bytes of each entry with samples, newest first."""
        return list(
            self.connection.execute(
                "SELECT id,length(body) FROM quarantine WHERE kind=1 AND body IS NOT NULL"
                " ORDER BY id DESC"
            )
        )

    def remove_quarantined(self, number: int) -> None:
        """Delete a refused record."""
        self.connection.execute("DELETE FROM quarantine WHERE id=?", (number,))

    def post(self, body: bytes) -> int:
        """Put an entry into the outbox."""
        self.connection.execute("INSERT INTO outbox(body) VALUES(?)", (body,))
        return self.connection.last_insert_rowid()

    def outbox(self) -> list[tuple[int, bytes]]:
        """List what is still to be written into a part, in order."""
        return list(self.connection.execute("SELECT id,body FROM outbox ORDER BY id"))

    def sent(self, upto: int) -> None:
        """Forget entries of the outbox that are in a part."""
        self.connection.execute("DELETE FROM outbox WHERE id<=?", (upto,))

    def close(self) -> None:
        """Close without raising; SQLite folds the log in when it can."""
        shut(self.connection)
