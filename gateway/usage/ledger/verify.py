"""Proving a ledger: every row, everything erasable, everything derived, and the end.

Reads beside a running service, in one view of the file. What it cannot find: a ledger whose every
file was written anew from some row on, by somebody with access to the folder; the hashes that the
central platform received show that.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import apsw

from gateway.core.errors import LedgerUnavailable
from gateway.ops.sqlite import connect_read_only, shut
from gateway.usage.ledger import anchor, schema
from gateway.usage.ledger.chain import ERASE, GENESIS, OPENED, commitment, row_hash
from gateway.usage.ledger.derive import Derived
from gateway.usage.ledger.questions import cursor_mark
from gateway.usage.ledger.store import LEDGER_FILE

PROBLEMS_MAX = 100
"""So many are kept (I9); all are counted."""

Place = Literal["chain", "people", "derived", "head", "cursor", "file"]
BODY_ERRORS = (KeyError, TypeError, ValueError, AttributeError, apsw.Error)
_WALK = """SELECT c.seq, c.body, c.prev, c.hash, p.salt, p.content
    FROM chain c LEFT JOIN people p USING (seq) ORDER BY c.seq"""


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong: where, a stable word, the row where there is one, and detail in English."""

    place: Place
    code: str
    seq: int | None = None
    detail: str = ""

    def __str__(self) -> str:
        row = "" if self.seq is None else f" row {self.seq}"
        return f"{self.place}{row}: {self.code} {self.detail}".rstrip()


@dataclass(slots=True)
class Report:
    """The outcome: rows read, the end of the chain, problems in order of finding."""

    rows: int = 0
    ledger: str = ""
    head: str = ""
    erased: int = 0
    count: int = 0
    problems: list[Problem] = field(default_factory=list)

    def add(self, place: Place, code: str, seq: int | None = None, detail: str = "") -> None:
        """Add a problem."""
        self.count += 1
        if len(self.problems) < PROBLEMS_MAX:
            self.problems.append(Problem(place, code, seq, detail))

    def rows_named(self) -> set[int]:
        """Give the rows that have a problem."""
        return {each.seq for each in self.problems if each.seq is not None}


def verify(folder: Path) -> Report:
    """Prove the ledger of a folder.

    Raises:
        LedgerUnavailable: there is none, or it cannot be read for now.
    """
    report = Report()
    if not (folder / LEDGER_FILE).exists():
        if (folder / anchor.HEAD_FILE).exists():
            report.add("file", "missing", None, f"{LEDGER_FILE} is not there")
            return report
        raise LedgerUnavailable("no-ledger", f"there is no ledger in {folder}")
    try:
        head, head_problem = anchor.read(folder), ""
    except ValueError as error:
        head, head_problem = None, str(error)
    except OSError as error:
        raise LedgerUnavailable(type(error).__name__, str(error)) from error
    try:
        _verify_file(folder / LEDGER_FILE, head, report)
    except (apsw.CantOpenError, apsw.BusyError) as error:
        raise LedgerUnavailable(type(error).__name__, str(error)) from error
    except (*BODY_ERRORS, UnicodeError) as error:
        report.add("file", "unreadable", report.rows + 1, f"{type(error).__name__}: {error}")
    if head_problem:
        report.add("head", "changed", None, head_problem)
    elif head is None:
        report.add("head", "missing", None, f"{anchor.HEAD_FILE} is not there")
    return report


def _verify_file(path: Path, head: anchor.Head | None, report: Report) -> None:
    connection = connect_read_only(path)
    try:
        connection.execute("BEGIN")
        for (line,) in connection.execute("PRAGMA integrity_check(10)"):
            if line != "ok":
                report.add("file", "damaged", None, str(line).splitlines()[0])
        form = (connection.pragma("application_id"), connection.pragma("user_version"))
        if form != (schema.APPLICATION_ID, schema.FORMAT) or not schema.is_whole(connection):
            report.add("file", "tables", None, "tables are missing or changed")
        with_temporary = apsw.Connection("")
        try:
            schema.create_derived(with_temporary)
            _Walk(connection, with_temporary, report).run(head)
        finally:
            shut(with_temporary)
    finally:
        shut(connection)


class _Walk:
    """One way through the chain."""

    def __init__(self, connection: apsw.Connection, mirror: apsw.Connection, report: Report):
        self._connection = connection
        self._mirror = mirror
        self._derived = Derived(mirror)
        self._report = report
        self._link: bytes | None = GENESIS
        self._bare: dict[int, bool] = {}
        """Rows whose erasable content is gone; true when it was erased later."""
        self._derivable = True

    def run(self, head: anchor.Head | None) -> None:
        expected = 1
        self._mirror.execute("BEGIN")
        for seq, body, prev, digest, salt, content in self._connection.execute(_WALK):
            if seq != expected:
                self._missing(expected, seq - 1)
                self._link = None
            self._row(seq, body, prev, digest)
            self._content(seq, body, salt, content)
            expected = seq + 1
            self._report.rows, self._report.head = seq, digest.hex()
        self._people()
        self._ends(head)
        self._cursors()
        if self._derivable:
            self._compare()
        else:
            self._report.add("derived", "not-compared", None, "the chain comes first")

    def _missing(self, first: int, last: int) -> None:
        self._derivable = False
        self._report.add("chain", "missing", first, f"rows {first}-{last} are not there")

    def _row(self, seq: int, body: Any, prev: Any, digest: Any) -> None:
        whole = all(isinstance(each, bytes) for each in (body, prev, digest))
        if not whole or row_hash(prev, seq, body) != digest:
            self._report.add("chain", "changed", seq, "its content does not fit its hash")
            self._link, self._derivable = None, False
            return
        if self._link is not None and prev != self._link:
            self._report.add("chain", "order", seq, "it does not follow the row before it")
            self._derivable = False
        self._link = digest

    def _content(self, seq: int, body: Any, salt: Any, content: Any) -> None:
        try:
            said = json.loads(body)
            promised = said.get("personal")
            if said["kind"] == ERASE:
                self._erased(said["ranges"])
            if said["kind"] == OPENED:
                self._report.ledger = self._report.ledger or str(said["ledger"])
            if (said["kind"] == OPENED) != (seq == 1):
                self._report.add("chain", "order", seq, "a ledger is opened by its first row only")
            good = self._personal(seq, promised, salt, content)
            if self._derivable:
                self._derived.apply(seq, said, json.loads(content) if good else None)
        except BODY_ERRORS:
            if self._derivable:
                self._report.add("chain", "unreadable", seq, "its content is not a row's")
            self._derivable = False

    def _personal(self, seq: int, promised: Any, salt: Any, content: Any) -> bool:
        if content is None:
            if promised is not None:
                self._bare[seq] = False
            return False
        whole = isinstance(salt, bytes) and isinstance(content, bytes)
        if promised is None:
            self._report.add("people", "inserted", seq, "nothing was kept for this row")
        elif not whole or commitment(salt, content) != promised:
            self._report.add("people", "changed", seq, "its personal content is another")
        else:
            return True
        return False

    def _erased(self, ranges: Any) -> None:
        for first, last in ranges:
            for seq in range(first, last + 1):
                if seq in self._bare:
                    self._bare[seq] = True
                else:
                    self._report.add("people", "not-erased", seq, "it was erased and is there")

    def _people(self) -> None:
        for seq, erased in self._bare.items():
            if erased:
                self._report.erased += 1
            else:
                self._report.add("people", "missing", seq, "its personal content was not erased")
        for (seq,) in self._connection.execute(
            "SELECT seq FROM people WHERE seq NOT IN (SELECT seq FROM chain) ORDER BY seq"
        ):
            self._report.add("people", "inserted", seq, "there is no such row")

    def _ends(self, beside: anchor.Head | None) -> None:
        rows = self._connection.execute("SELECT one, seq, hash, derived FROM head").fetchall()
        if len(rows) != 1 or rows[0][3] != schema.DERIVED_VERSION or rows[0][0] != 1:
            self._report.add("head", "changed", None, "the record of the end is another")
        for _, seq, digest, _ in rows:
            self._end(seq, digest, whole=True)
        if beside is not None:
            if beside.ledger != self._report.ledger:
                self._report.add("head", "changed", None, "it belongs to another ledger")
            self._end(beside.seq, beside.hash, whole=False)

    def _end(self, seq: Any, digest: Any, *, whole: bool) -> None:
        if not isinstance(seq, int):
            self._report.add("head", "changed", None, "the record of the end is another")
        elif seq > self._report.rows:
            self._missing(self._report.rows + 1, seq)
        elif whole and seq < self._report.rows:
            self._report.add("chain", "inserted", seq + 1, f"the chain ended with row {seq}")
        else:
            found = self._connection.execute("SELECT hash FROM chain WHERE seq=?", (seq,))
            row = found.fetchone()
            if row is None or row[0] != digest:
                self._report.add("head", "changed", seq, "this row had another hash")

    def _cursors(self) -> None:
        for name, seq, mark in self._connection.execute("SELECT name, seq, mark FROM cursors"):
            if cursor_mark(name, seq) != mark or seq > self._report.rows:
                self._report.add("cursor", "changed", None, f"{name} at {seq}")

    def _compare(self) -> None:
        known = self._report.rows_named()
        for table in schema.DERIVED:
            order = f"SELECT * FROM {table} ORDER BY {schema.key_columns(table)}"  # noqa: S608, names of ours
            theirs = self._connection.execute(order).fetchall()
            ours = self._mirror.execute(order).fetchall()
            if theirs == ours:
                continue
            for row in sorted(set(theirs) ^ set(ours), key=repr):
                seq = row[0] if isinstance(row[0], int) else None
                if seq is None or seq not in known:
                    self._report.add("derived", "changed", seq, f"{table} {row[0]}")
                    known |= {seq} if seq is not None else set()
