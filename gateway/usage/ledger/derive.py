"""What follows from the chain: where each event stands, what a delivery did on a day.

The same code keeps the tables while rows are written, makes them anew from the chain, and makes a
second set to compare with. A row can be applied once only.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import apsw

from gateway.usage.ledger import chain
from gateway.usage.ledger.bodies import digest_of
from gateway.usage.ledger.days import day_of, is_day
from gateway.usage.ledger.schema import DERIVED
from gateway.usage.ledger.sql import one
from gateway.usage.model import State

STORED = frozenset({State.DELIVERED, State.DELIVERED_PRESUMED})
AMOUNT_DIGITS_MAX = 18
EVENT_COLUMNS = (
    "seq, kind, delivery, day, log_dt, use_se, user, person, address, amount, intake, received, "
    "state, requests, out, stored, code, changed, was, digest"
)
_INSERT_EVENT = (
    f"INSERT INTO events ({EVENT_COLUMNS}) "  # noqa: S608, names of ours
    "VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,0,0,NULL,?,?,?,?)"
)
_DAY = """INSERT INTO days VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (delivery, day) DO UPDATE SET
    requests = requests + ?3, stored = stored + ?4,
    last_code = CASE WHEN ?5 = '' THEN last_code ELSE ?5 END"""
_ATTEMPT = "INSERT INTO attempts VALUES (?,?,?,?,?,?,?,?,?,?,?)"
_DELIVERY = """INSERT INTO deliveries VALUES (?, ?, ?) ON CONFLICT (delivery) DO UPDATE SET
    last_stored = excluded.last_stored, last_stored_at = excluded.last_stored_at"""
_ERASED = (
    "UPDATE events SET user=NULL, person=NULL, address=NULL, digest=NULL WHERE seq BETWEEN ? AND ?"
)
_ERASED_UNFIT = """UPDATE events SET log_dt=NULL, use_se=NULL, amount=NULL
    WHERE kind='unfit' AND seq BETWEEN ? AND ?"""

Body = Mapping[str, Any]


class Derived:
    """The derived tables of a connection; `ledger` is the name the first row gives."""

    def __init__(self, connection: apsw.Connection, ledger: str = "") -> None:
        self._connection = connection
        self.ledger = ledger

    def apply(self, seq: int, body: Body, personal: Body | None) -> None:
        """Take in a row; `personal` is None where none was kept or it is erased.

        Raises:
            KeyError, TypeError, ValueError: the body is not one that this room writes.
        """
        match body["kind"]:
            case chain.OPENED:
                self.ledger = str(body["ledger"])
            case chain.EVENT | chain.UNFIT:
                self._event(seq, body, personal)
            case chain.MOVE:
                self._move(seq, body)
            case chain.ERASE:
                for first, last in body["ranges"]:
                    self._connection.execute(_ERASED, (first, last))
                    self._connection.execute(_ERASED_UNFIT, (first, last))
            case other:
                raise ValueError(f"unknown kind {other}")

    def _event(self, seq: int, body: Body, personal: Body | None) -> None:
        said = _said(body, personal)
        fit = body["kind"] == chain.EVENT
        state = body.get("state") or (State.QUEUED if fit else State.QUARANTINED)
        day = str(body["log_dt"])[:10] if fit else day_of(body["received"])
        row = (
            seq, body["kind"], body["delivery"], day, said["log_dt"], said["use_se"],
            said["user"], said["person"], said["address"], said["amount"], body["intake"],
            body["received"], state, body.get("code", ""), body["received"], body.get("was"),
            said["digest"],
        )  # fmt: skip
        self._connection.execute(_INSERT_EVENT, row)

    def _move(self, seq: int, body: Body) -> None:
        event = self.row_of(str(body["event"]))
        if event is None:
            return  # of a ledger that could not be read any more: the chain keeps what was said
        delivery, log_dt, out, stored = one(
            self._connection,
            "SELECT delivery, CASE kind WHEN 'event' THEN log_dt END, out, stored FROM events "
            "WHERE seq=?",
            (event,),
        )
        attempt = body.get("attempt")
        left = attempt is None and body["state"] == State.SENDING
        counted = int(left or (attempt is not None and not out))
        now_stored = _stored_day(body, log_dt) if body["state"] in STORED else None
        if now_stored is not None and stored is not None:
            now_stored = stored
        self._connection.execute(
            "UPDATE events SET state=?, requests=requests+?, out=?, stored=?, changed=?, "
            "code=CASE WHEN ?='' THEN code ELSE ? END WHERE seq=?",
            (body["state"], counted, int(left), now_stored, body["at"],
             *(2 * ((attempt or {}).get("code", ""),)), event),
        )  # fmt: skip
        self._count(delivery, body, counted, stored, now_stored)
        if attempt is not None:
            self._attempt(seq, event, delivery, body)

    def _count(
        self, delivery: str, body: Body, counted: int, before: str | None, after: str | None
    ) -> None:
        attempt: dict[str, Any] = body.get("attempt") or {}
        code = attempt.get("code", "")
        if counted or code:
            day = day_of(attempt["started"] if attempt else body["at"])
            self._connection.execute(_DAY, (delivery, day, counted, 0, code))
        if before == after:
            return
        if before is not None:
            self._connection.execute(_DAY, (delivery, before, 0, -1, ""))
        if after is not None:
            self._connection.execute(_DAY, (delivery, after, 0, 1, ""))
            stamp = attempt.get("answered", "")
            self._connection.execute(_DELIVERY, (delivery, plain(stamp), body["at"]))

    def _attempt(self, seq: int, event: int, delivery: str, body: Body) -> None:
        attempt = body["attempt"]
        row = (
            seq, event, delivery, day_of(attempt["started"]), attempt["started"], body["state"],
            plain(attempt["code"]), plain(attempt["text"]), plain(attempt["answered"]),
            attempt["took_s"], plain(body["why"]),
        )  # fmt: skip
        self._connection.execute(_ATTEMPT, row)

    def row_of(self, event: str) -> int | None:
        """Give the row of an event's id, also of one carried over from another ledger."""
        seq = chain.seq_of(self.ledger, event)
        if seq is not None:
            found = one(self._connection, "SELECT seq FROM events WHERE seq=?", (seq,))
        else:
            question = "SELECT seq FROM events WHERE was=? ORDER BY seq DESC"
            found = one(self._connection, question, (plain(event),))
        return None if found is None else int(found[0])


def _said(body: Body, personal: Body | None) -> dict[str, Any]:
    """Give what an event says of itself, as far as it is still there."""
    said: dict[str, Any] = dict.fromkeys(
        ("log_dt", "use_se", "amount", "user", "person", "address", "digest")
    )
    if body["kind"] == chain.EVENT:
        said |= {name: body[name] for name in ("log_dt", "use_se", "amount")}
        if personal is not None:
            said |= {name: plain(personal[name]) for name in ("user", "person", "address")}
    elif personal is not None:
        # What it called the user was not made a pseudonym, so it is nobody's `user`.
        names = {"log_dt": "logDt", "use_se": "useSe", "person": "sysUser", "address": "conectIp"}
        fields = personal["fields"]
        said |= {mine: plain(fields.get(theirs)) for mine, theirs in names.items()}
        said["amount"] = _amount(fields.get("dataUsgqty"))
    if personal is not None:
        said["digest"] = digest_of(body["intake"], personal["source_id"], personal["fields"])
    return said


def _amount(text: str | None) -> int | None:
    plain_number = text is not None and text.isascii() and text.isdigit()
    return int(text) if text and plain_number and len(text) <= AMOUNT_DIGITS_MAX else None


def _stored_day(body: Body, log_dt: str | None) -> str:
    """Give the day on which the service counts a stored record: its own stamp knows best."""
    attempt = body.get("attempt") or {}
    texts = (attempt.get("sent", {}).get("logDt"), log_dt)
    if body["state"] == State.DELIVERED:
        texts = (attempt.get("answered"), *texts)  # type: ignore[assignment]  # one more of the same
    return next((text[:10] for text in texts if text and is_day(text)), day_of(body["at"]))


def plain(text: str | None) -> str | None:
    """Give text that SQLite can hold: halves of characters escaped."""
    return None if text is None else text.encode("utf-8", "backslashreplace").decode("utf-8")


def chain_rows(connection: apsw.Connection) -> Iterator[tuple[int, bytes, bytes | None]]:
    """Give number, body and personal content of every row."""
    yield from connection.execute(
        "SELECT c.seq, c.body, p.content FROM chain c LEFT JOIN people p USING (seq) ORDER BY c.seq"
    )


def rebuild(connection: apsw.Connection) -> None:
    """Make the derived tables anew from the chain; inside the caller's transaction.

    Raises:
        KeyError, TypeError, ValueError: a row is not one that this room writes.
    """
    for table in DERIVED:
        connection.execute(f"DELETE FROM {table}")  # noqa: S608, names of ours
    derived = Derived(connection)
    for seq, body, personal in chain_rows(connection):
        derived.apply(seq, json.loads(body), None if personal is None else json.loads(personal))
