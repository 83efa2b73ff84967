"""How events, moves and requests become rows, and raw events come back out of them.

Everything that says who it was (user, person, address, the solution's own fields, what was sent of
them, the service's free text) goes into the personal part.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from gateway.core.types import UnixNs
from gateway.usage.ledger.chain import EVENT, MOVE, UNFIT, canonical
from gateway.usage.ledger.redact import without_key
from gateway.usage.model import Attempt, Event, Move, Raw, State, Unfit

PUBLIC_SENT = ("logDt", "useSe", "dataUsgqty")
INT64 = 1 << 63
Hide = Callable[[bytes], bytes]


@dataclass(frozen=True, slots=True)
class Draft:
    """A row before it has a number; `personal` is JSON, empty for none."""

    body: dict[str, Any]
    personal: bytes = b""
    digest: bytes | None = None
    delivery: str = ""
    state: State | None = None


def digest_of(intake: str, source_id: str, fields: Mapping[str, str | None]) -> bytes | None:
    """Give what tells an event that is read again, None where its source does not name it."""
    if not source_id:
        return None
    content = {"intake": intake, "source_id": source_id, "fields": without_key(fields)}
    return sha256(canonical(content)).digest()


def event_draft(delivery: str, entry: Event | Unfit, hide: Hide) -> Draft:
    """Make the row of an event, fit or not.

    Raises:
        ValueError, TypeError: it holds what cannot be kept.
    """
    raw = entry.raw
    body: dict[str, Any] = {
        "delivery": delivery,
        "intake": raw.intake,
        "solution": raw.solution,
        "received": raw.received,
        "lints": list(entry.lints),
    }
    personal: dict[str, Any] = {
        "fields": without_key(raw.fields),
        "source_id": raw.source_id,
        "peer": raw.peer,
        "extra": without_key(raw.extra),
    }
    if isinstance(entry, Event):
        _add_event(body, personal, entry)
        state = State.QUEUED
    else:
        body |= {"kind": UNFIT, "code": entry.code, "field": entry.field}
        personal["detail"] = entry.detail
        state = State.QUARANTINED
    _check(body, raw.received, body.get("at", 0), body.get("amount", 0))
    hidden = hide(canonical(personal))
    digest = None
    if raw.source_id:  # over what is kept, so that the chain gives the same one again
        said = json.loads(hidden)
        digest = digest_of(raw.intake, said["source_id"], said["fields"])
    return Draft(body, hidden, digest, delivery, state)


def _add_event(body: dict[str, Any], personal: dict[str, Any], event: Event) -> None:
    body |= {
        "kind": EVENT,
        "at": event.at,
        "log_dt": event.log_dt,
        "use_se": event.use_se,
        "amount": event.amount,
    }
    personal |= {"user": event.user, "person": event.person, "address": event.address}


def move_draft(move: Move, hide: Hide) -> Draft:
    """Make the row of a state change.

    Raises:
        ValueError, TypeError: it holds what cannot be kept.
    """
    body: dict[str, Any] = {
        "kind": MOVE,
        "event": move.event,
        "state": str(move.state),
        "at": move.at,
        "why": move.why,
    }
    _check(body, move.at)
    if move.attempt is None:
        return Draft(body)
    sent = without_key(move.attempt.sent)
    body["attempt"] = _attempt(move.attempt, sent)
    _check(body, move.attempt.started)
    rest = {name: value for name, value in sent.items() if name not in PUBLIC_SENT}
    personal = {"sent": rest, "detail": move.attempt.detail}
    return Draft(body, hide(canonical(personal)))


def _attempt(attempt: Attempt, sent: Mapping[str, str | None]) -> dict[str, Any]:
    return {
        "started": attempt.started,
        "sent": {name: sent[name] for name in PUBLIC_SENT if name in sent},
        "code": attempt.code,
        "text": attempt.text,
        "answered": attempt.answered,
        "took_s": round(attempt.took_s, 6),
    }


def _check(body: Mapping[str, Any], *numbers: int) -> None:
    """Refuse what cannot be kept before anything of the call is written."""
    canonical(body)
    if any(not -INT64 <= number < INT64 for number in numbers):
        raise ValueError("a number needs more than 64 bits")


def raw_of(body: Mapping[str, Any], personal: Mapping[str, Any]) -> Raw:
    """Give what came in, from an event's row."""
    return Raw(
        intake=body["intake"],
        received=UnixNs(body["received"]),
        fields=personal["fields"],
        source_id=personal["source_id"],
        peer=personal["peer"],
        solution=body["solution"],
        extra=personal["extra"],
    )
