"""Reading a ledger beside a running service, or without one: one view of one moment.

What is read are the derived tables; `verify` proves that they follow from the chain.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import apsw

from gateway.core.errors import LedgerUnavailable
from gateway.ops.lock import FileLock
from gateway.ops.sqlite import CORRUPT_ERRORS, connect_read_only, shut
from gateway.usage.ledger.chain import event_id, seq_of
from gateway.usage.ledger.requests import LOCK_FILE
from gateway.usage.ledger.sql import every, one
from gateway.usage.ledger.store import LEDGER_FILE
from gateway.usage.model import OPEN, State

_EVENTS = """SELECT seq, kind, delivery, day, log_dt, use_se, user, address, amount, intake,
    received, state, requests, code, changed FROM events"""
_ATTEMPTS = """SELECT a.seq, a.event, a.delivery, a.started, a.state, a.code, a.text, a.answered,
    a.took_s, a.why, e.log_dt, e.use_se FROM attempts a JOIN events e ON e.seq = a.event"""


@dataclass(frozen=True, slots=True)
class EventLine:
    """An event as it stands; None where it was erased or never said."""

    id: str
    kind: str
    delivery: str
    day: str
    log_dt: str | None
    use_se: str | None
    user: str | None
    address: str | None
    amount: int | None
    intake: str
    received: int
    state: State
    requests: int
    code: str
    changed: int


@dataclass(frozen=True, slots=True)
class Receipt:
    """A request and its answer, with the state it brought; `code` is empty for no answer."""

    seq: int
    id: str
    delivery: str
    started: int
    state: State
    code: str
    text: str
    answered: str
    took_s: float
    why: str
    log_dt: str | None
    use_se: str | None


@dataclass(frozen=True, slots=True)
class Filter:
    """Which events or requests: days from and to (inclusive), one state, one delivery."""

    first: str = ""
    last: str = ""
    state: str = ""
    delivery: str | None = None
    event: int | None = None

    def where(self, names: dict[str, str]) -> tuple[str, list[Any]]:
        """Give the condition and its values."""
        parts: list[str] = []
        values: list[Any] = []
        wanted = (
            ("day", ">=", self.first or None), ("day", "<=", self.last or None),
            ("state", "=", self.state or None), ("delivery", "=", self.delivery),
            ("event", "=", self.event),
        )  # fmt: skip
        for name, sign, value in wanted:
            if value is not None:
                parts.append(f"{names.get(name, name)} {sign} ?")
                values.append(value)
        return (" WHERE " + " AND ".join(parts) if parts else ""), values


class View:
    """A ledger as it is at one moment. Made by `looking`."""

    def __init__(self, connection: apsw.Connection, *, running: bool) -> None:
        self._connection = connection
        self.running = running
        seq, digest = one(connection, "SELECT seq, hash FROM head")
        body = one(
            connection, "SELECT json_extract(CAST(body AS TEXT), '$.ledger') FROM chain WHERE seq=1"
        )
        self.ledger, self.rows, self.head = str(body[0]), int(seq), bytes(digest).hex()

    def events(self, wanted: Filter = Filter(), newest: int = 0) -> Iterator[EventLine]:
        """Give events in the order of the ledger; only the newest ones where a number is given."""
        where, values = wanted.where({"event": "seq"})
        order = " ORDER BY seq"
        question = _EVENTS + where + order
        if newest:
            question = f"SELECT * FROM ({question} DESC LIMIT {newest:d}){order}"  # noqa: S608, names of ours
        for seq, *rest in self._connection.execute(question, tuple(values)):
            cells: list[Any] = rest
            cells[10] = _state(cells[10])
            yield EventLine(event_id(self.ledger, int(str(seq))), *cells)

    def count(self, wanted: Filter = Filter()) -> int:
        """Count events."""
        where, values = wanted.where({"event": "seq"})
        return int(one(self._connection, f"SELECT count(*) FROM events{where}", values)[0])  # noqa: S608, names of ours

    def receipts(self, wanted: Filter = Filter(), newest: int = 0) -> Iterator[Receipt]:
        """Give requests in the order of the ledger."""
        names = {name: f"a.{name}" for name in ("day", "state", "delivery", "event")}
        where, values = wanted.where(names)
        question = f"{_ATTEMPTS}{where} ORDER BY a.seq"
        if newest:
            question = f"SELECT * FROM ({question} DESC LIMIT {newest:d}) ORDER BY seq"  # noqa: S608, names of ours
        for seq, event, delivery, started, state, *rest in self._connection.execute(
            question, tuple(values)
        ):
            cells: list[Any] = [seq, event_id(self.ledger, int(str(event))), delivery, started]
            cells += [_state(state), *rest]
            yield Receipt(*cells)

    def sums(self, wanted: Filter) -> list[tuple[str, str, State, int, int]]:
        """Give day, delivery, state, events and bytes, in this order."""
        where, values = wanted.where({})
        question = (
            "SELECT day, delivery, state, count(*), coalesce(sum(amount), 0) FROM events"  # noqa: S608, names of ours
            f"{where} GROUP BY day, delivery, state ORDER BY day, delivery, state"
        )
        rows = every(self._connection, question, values)
        return [(day, name, _state(state), count, size) for day, name, state, count, size in rows]

    def deliveries(self) -> list[str]:
        """Give the names of all deliveries that events were for."""
        question = "SELECT DISTINCT delivery FROM events ORDER BY delivery"
        return [name for (name,) in every(self._connection, question)]

    def day(self, delivery: str, day: str) -> tuple[int, int, str]:
        """Give requests, stored records and the last code of a delivery's day."""
        question = "SELECT requests, stored, last_code FROM days WHERE delivery=? AND day=?"
        found = one(self._connection, question, (delivery, day))
        return (0, 0, "") if found is None else (int(found[0]), int(found[1]), str(found[2]))

    def presumed(self, delivery: str, day: str) -> int:
        """Count what is only presumed to be stored, among a day's stored records."""
        question = "SELECT count(*) FROM events WHERE delivery=? AND stored=? AND state=?"
        values = (delivery, day, State.DELIVERED_PRESUMED)
        return int(one(self._connection, question, values)[0])

    def last_stored(self, delivery: str) -> tuple[str, int] | None:
        """Give the service's stamp of the last stored record, and when the gateway learned it."""
        question = "SELECT last_stored, last_stored_at FROM deliveries WHERE delivery=?"
        found = one(self._connection, question, (delivery,))
        return None if found is None else (str(found[0]), int(found[1]))

    def queue(self, delivery: str) -> tuple[dict[str, int], str | None]:
        """Give how many events of each code may still be sent, and the oldest one's time."""
        states = sorted(map(str, OPEN))
        marks = ",".join("?" * len(states))
        question = (
            "SELECT use_se, count(*), min(log_dt) FROM events "  # noqa: S608, question marks
            f"WHERE delivery=? AND kind='event' AND state IN ({marks}) "
            "GROUP BY use_se ORDER BY use_se"
        )
        rows = every(self._connection, question, (delivery, *states))
        oldest = min((first for _, _, first in rows), default=None)
        return {str(code): int(count) for code, count, _ in rows}, oldest

    def person(self, pseudonym: str) -> str | None:
        """Give what the solution called a user, None when unknown or erased."""
        question = "SELECT person FROM events WHERE user=? AND person <> '' ORDER BY seq DESC"
        found = one(self._connection, question, (pseudonym,))
        return None if found is None else str(found[0])

    def row_of(self, event: str) -> int | None:
        """Give the row of an event's id, also of one that another ledger gave it."""
        seq = seq_of(self.ledger, event)
        column = "was" if seq is None else "seq"
        question = f"SELECT seq FROM events WHERE {column}=?"  # noqa: S608, names of ours
        found = one(self._connection, question, (event if seq is None else seq,))
        return None if found is None else int(found[0])


@contextmanager
def looking(folder: Path) -> Iterator[View]:
    """Open a ledger for reading, as it is now, whether a service runs or not.

    Raises:
        LedgerUnavailable: there is none, it is damaged (`verify` says where), or not readable now.
    """
    path = folder / LEDGER_FILE
    if not path.exists():
        raise LedgerUnavailable("no-ledger", f"there is no ledger in {folder}")
    try:
        connection = connect_read_only(path)
        try:
            connection.execute("BEGIN")
            yield _view(connection, folder)
        finally:
            shut(connection)
    except (*CORRUPT_ERRORS, apsw.SQLError, UnicodeError) as error:
        raise LedgerUnavailable("damaged", str(error)) from error
    except apsw.Error as error:
        raise LedgerUnavailable("unreadable", str(error)) from error


def _view(connection: apsw.Connection, folder: Path) -> View:
    try:
        return View(connection, running=is_running(folder))
    except (TypeError, ValueError) as error:
        raise LedgerUnavailable("damaged", "it has no beginning or no end") from error


def _state(text: object) -> State:
    try:
        return State(str(text))
    except ValueError as error:
        raise LedgerUnavailable("damaged", f"there is no state {text}") from error


def is_running(folder: Path) -> bool:
    """Tell whether a gateway holds the ledger."""
    lock = FileLock(folder / LOCK_FILE)
    try:
        free = lock.acquire()
    except OSError:
        return False
    lock.release()
    return not free


def set_aside(folder: Path) -> Sequence[str]:
    """Give the names of damaged ledgers that were set aside."""
    return sorted(path.name for path in folder.glob("ledger-*.damaged"))
