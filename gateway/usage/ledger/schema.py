"""The tables of a ledger's file. Kept: what was said. Derived: what follows from it."""

from __future__ import annotations

from typing import Final

import apsw

from gateway.usage.ledger.sql import every

APPLICATION_ID: Final = 0x4655534C
FORMAT = 1
"""Format of the file; a higher one is refused."""

DERIVED_VERSION = 1
"""Raised when the derived tables mean something else: they are made anew at the next start."""

PRIMARY = {
    "chain": """CREATE TABLE chain (
        seq INTEGER PRIMARY KEY, body BLOB NOT NULL, prev BLOB NOT NULL, hash BLOB NOT NULL)""",
    "people": """CREATE TABLE people (
        seq INTEGER PRIMARY KEY, salt BLOB NOT NULL, content BLOB NOT NULL)""",
    "head": """CREATE TABLE head (
        one INTEGER PRIMARY KEY, seq INTEGER NOT NULL, hash BLOB NOT NULL,
        derived INTEGER NOT NULL)""",
    "cursors": """CREATE TABLE cursors (
        name TEXT PRIMARY KEY, seq INTEGER NOT NULL, mark BLOB NOT NULL) WITHOUT ROWID""",
}
"""`people` is what can be erased; `head` says where the chain ends; a cursor is a reader's."""

DERIVED = {
    "events": """CREATE TABLE events (
        seq INTEGER PRIMARY KEY, kind TEXT NOT NULL, delivery TEXT NOT NULL, day TEXT NOT NULL,
        log_dt TEXT, use_se TEXT, user TEXT, person TEXT, address TEXT, amount INTEGER,
        intake TEXT NOT NULL, received INTEGER NOT NULL, state TEXT NOT NULL,
        requests INTEGER NOT NULL, out INTEGER NOT NULL, stored TEXT, code TEXT NOT NULL,
        changed INTEGER NOT NULL, was TEXT, digest BLOB)""",
    "attempts": """CREATE TABLE attempts (
        seq INTEGER PRIMARY KEY, event INTEGER NOT NULL, delivery TEXT NOT NULL,
        day TEXT NOT NULL, started INTEGER NOT NULL, state TEXT NOT NULL, code TEXT NOT NULL,
        text TEXT NOT NULL, answered TEXT NOT NULL, took_s REAL NOT NULL, why TEXT NOT NULL)""",
    "days": """CREATE TABLE days (
        delivery TEXT NOT NULL, day TEXT NOT NULL, requests INTEGER NOT NULL,
        stored INTEGER NOT NULL, last_code TEXT NOT NULL,
        PRIMARY KEY (delivery, day)) WITHOUT ROWID""",
    "deliveries": """CREATE TABLE deliveries (
        delivery TEXT PRIMARY KEY, last_stored TEXT NOT NULL,
        last_stored_at INTEGER NOT NULL) WITHOUT ROWID""",
}
"""`events.day` is the Korean day of `log_dt`, of an unfit event that of its receipt; `out` says
that a request left whose answer is not written; `stored` is the day on which it counts as stored;
`was` is its id in a ledger that was set aside."""

INDEXES = {
    "events_waiting": """CREATE INDEX events_waiting ON events (delivery, state, log_dt)""",
    "events_day": """CREATE INDEX events_day ON events (day)""",
    "events_user": """CREATE INDEX events_user ON events (user) WHERE user IS NOT NULL""",
    "events_stored": """CREATE INDEX events_stored ON events (delivery, stored)
        WHERE stored IS NOT NULL""",
    "events_digest": """CREATE UNIQUE INDEX events_digest ON events (digest)
        WHERE digest IS NOT NULL""",
    "events_was": """CREATE INDEX events_was ON events (was) WHERE was IS NOT NULL""",
    "events_received": """CREATE INDEX events_received ON events (received)""",
    "attempts_event": """CREATE INDEX attempts_event ON attempts (event)""",
    "attempts_day": """CREATE INDEX attempts_day ON attempts (day)""",
}
EVERYTHING = {**PRIMARY, **DERIVED, **INDEXES}


def create_all(connection: apsw.Connection) -> None:
    """Make every table in an empty file; inside the caller's transaction."""
    connection.pragma("application_id", APPLICATION_ID)
    connection.pragma("user_version", FORMAT)
    for statement in EVERYTHING.values():
        connection.execute(statement)


def create_derived(connection: apsw.Connection) -> None:
    """Make the derived tables alone, to compare with."""
    for statement in (*DERIVED.values(), *INDEXES.values()):
        connection.execute(statement)


def is_whole(connection: apsw.Connection) -> bool:
    """Tell whether the file has exactly the tables and indexes that this version makes."""
    question = "SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL"
    expected = {
        ("index" if name in INDEXES else "table", name, sql) for name, sql in EVERYTHING.items()
    }
    return set(every(connection, question)) == expected


def key_columns(table: str) -> str:
    """Give the columns by which a derived table is in order."""
    return {"days": "delivery, day", "deliveries": "delivery"}.get(table, "seq")
