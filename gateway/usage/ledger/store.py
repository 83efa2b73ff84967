"""The file behind the ledger, on the writer's thread: rows into the chain, all in transactions.

Layout of the folder:

    ledger.lock            held while a gateway writes here
    ledger.db              the chain, the erasable content, what follows from both
    ledger.head            the end of the chain once more
    ledger-<n>.damaged*    a ledger that was set aside
    ledger.replacing       only while one is being set aside
    requests/              what the command line asks of a running ledger
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import apsw

from gateway.core.clock import Clock
from gateway.core.errors import LedgerUnavailable
from gateway.ops.events import usage_ledger as events
from gateway.ops.sqlite import companions, connect, shut, sync_folder
from gateway.usage.ledger import anchor, schema
from gateway.usage.ledger.bodies import Draft, Hide
from gateway.usage.ledger.chain import (
    GENESIS,
    OPENED,
    SALT_BYTES,
    canonical,
    commitment,
    event_id,
    row_hash,
)
from gateway.usage.ledger.derive import Derived, rebuild
from gateway.usage.ledger.redact import hider
from gateway.usage.ledger.sql import one

LEDGER_FILE = "ledger.db"
LEDGER_BYTES = 8
"""Of the random name of a ledger."""

CHECKPOINT_PAGES = 1_000


@dataclass(frozen=True, slots=True)
class Settings:
    """`keep_days`: personal content older than this is erased, 0 for never."""

    keep_days: int = 0
    keys: Collection[str] = field(default=(), repr=False)
    synchronous: str = "FULL"
    vfs: str | None = None


class Store:
    """One open file. Every method may raise `apsw.Error` and `OSError`; then nothing counts."""

    def __init__(self, folder: Path, clock: Clock, settings: Settings) -> None:
        self.folder = folder
        self.clock = clock
        self.settings = settings
        self.hide: Hide = hider(settings.keys)
        self.news: set[str] = set()
        """Deliveries that got something to send since the writer last told."""
        self.erased = False
        """Something was erased since the log was folded."""
        self._connection: apsw.Connection | None = None
        self._head_file = anchor.HeadFile(folder)
        self.head = anchor.Head("", 0, GENESIS)
        self.derived: Derived

    @property
    def path(self) -> Path:
        """The file."""
        return self.folder / LEDGER_FILE

    @property
    def connection(self) -> apsw.Connection:
        """The connection; only between `open` and `close`."""
        assert self._connection is not None
        return self._connection

    def open(self) -> None:
        """Open the file, or make it; nothing of it is believed yet, see `opening`.

        Raises:
            LedgerUnavailable: a newer version wrote it; nothing was changed.
        """
        self.close()
        self._connection = connect(
            self.path, vfs=self.settings.vfs, synchronous=self.settings.synchronous, create=True
        )
        self.connection.pragma("wal_autocheckpoint", CHECKPOINT_PAGES)
        self.connection.pragma("secure_delete", True)
        form = int(str(self.connection.pragma("user_version")))
        found = self.connection.pragma("application_id")
        if found == schema.APPLICATION_ID and form > schema.FORMAT:
            self.close()
            raise LedgerUnavailable("format", f"{LEDGER_FILE} was written by a newer version")
        if found == 0 and form == 0 and not self._tables():
            if (self.folder / anchor.HEAD_FILE).exists():
                raise apsw.NotADBError(f"{LEDGER_FILE} is empty or was removed")
            self._create(None, lambda: None)
        elif found != schema.APPLICATION_ID:
            raise apsw.NotADBError(f"{LEDGER_FILE} is not a usage ledger")

    def _tables(self) -> int:
        return int(one(self.connection, "SELECT count(*) FROM sqlite_master")[0])

    def create(self, after: dict[str, object], fill: Callable[[], None]) -> None:
        """Make a new file whose first row says after which damaged one it comes.

        What `fill` writes is in it from its first moment on.
        """
        self.close()
        self._connection = connect(
            self.path, vfs=self.settings.vfs, synchronous=self.settings.synchronous, create=True
        )
        self.connection.pragma("wal_autocheckpoint", CHECKPOINT_PAGES)
        self.connection.pragma("secure_delete", True)
        self._create(after, fill)

    def _create(self, after: dict[str, object] | None, fill: Callable[[], None]) -> None:
        ledger = os.urandom(LEDGER_BYTES).hex()
        self.derived = Derived(self.connection, ledger)
        body: dict[str, object] = {"kind": OPENED, "ledger": ledger, "at": self.clock.now()}
        if after is not None:
            body["after"] = after
        self.head = anchor.Head(ledger, 0, GENESIS)
        with self.transaction():
            schema.create_all(self.connection)
            self.connection.execute(
                "INSERT INTO head VALUES (1, 0, ?, ?)", (GENESIS, schema.DERIVED_VERSION)
            )
            self.write(Draft(body))
            fill()
        sync_folder(self.folder)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit all of it, or none; the head follows."""
        before, self.news = self.head, set()
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            if self.head.seq != before.seq:
                self.connection.execute(
                    "UPDATE head SET seq=?, hash=?", (self.head.seq, self.head.hash)
                )
            self.connection.execute("COMMIT")
        except BaseException:
            self.head, self.news = before, set()
            if not self.connection.get_autocommit():
                self.connection.execute("ROLLBACK")
            raise
        if self.head.seq != before.seq:
            self._head_file.write(self.head)

    def write(self, draft: Draft) -> int:
        """Add a row at the end and give its number; inside a transaction."""
        seq, body = self.head.seq + 1, draft.body
        personal = None
        if draft.personal:
            salt = os.urandom(SALT_BYTES)
            body = {**body, "personal": commitment(salt, draft.personal)}
            personal = json.loads(draft.personal)
            self.connection.execute(
                "INSERT INTO people VALUES (?, ?, ?)", (seq, salt, draft.personal)
            )
        text = self.hide(canonical(body))
        digest = row_hash(self.head.hash, seq, text)
        self.connection.execute(
            "INSERT INTO chain VALUES (?, ?, ?, ?)", (seq, text, self.head.hash, digest)
        )
        self.derived.apply(seq, json.loads(text), personal)
        self.head = anchor.Head(self.head.ledger, seq, digest)
        return seq

    def event_id(self, seq: int) -> str:
        """Give the id of the event in a row."""
        return event_id(self.head.ledger, seq)

    def derive_anew(self, reason: str) -> None:
        """Make the derived tables from the chain; inside a transaction."""
        rebuild(self.connection)
        self.connection.execute("UPDATE head SET derived=?", (schema.DERIVED_VERSION,))
        events.usage_ledger_derived_anew(reason)

    def renew_head_file(self) -> None:
        """Write the head beside the file."""
        self._head_file.write(self.head)

    def fold_erased(self) -> None:
        """After erasing, move the write-ahead log into the file and cut it: gone from both.

        A command that reads just then keeps it for longer; the next commits fold it.
        """
        if self.erased:
            self.erased = False
            self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Close the files."""
        if self._connection is not None:
            shut(self._connection)
            self._connection = None
        self._head_file.close()

    def name_for_damaged(self) -> Path:
        """Give the name that a damaged file will have."""
        number = 1 + len(list(self.folder.glob("ledger-*.damaged")))
        return self.folder / f"ledger-{number}.damaged"

    def rename_damaged(self, target: Path) -> None:
        """Rename the closed files.

        The head first: a new file must never stand beside an old head. The main file last: when it
        has its new name, all of them have.
        """
        head = self.folder / anchor.HEAD_FILE
        moves = [(head, target.with_name(f"{target.name}-head"))]
        moves += zip(companions(self.path), companions(target), strict=True)
        for old, new in [*moves, (self.path, target)]:
            if old.exists():
                old.rename(new)
        sync_folder(self.folder)
