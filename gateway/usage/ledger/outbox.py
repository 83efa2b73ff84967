"""Rows of the ledger as records for the central platform: every event, every change of its state.

A record carries what an event is and, in `extra`, the row: its number and hash (so that the
platform can prove the chain), its kind, and what it changed. Of people only what the log service
gets is in it, never what the solution called them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from gateway.core.records import Usage
from gateway.core.types import UnixNs
from gateway.usage.ledger.chain import EVENT, MOVE, UNFIT, ChainRow
from gateway.usage.ledger.questions import rows_after
from gateway.usage.ledger.sql import one
from gateway.usage.ledger.store import Store
from gateway.usage.model import State

_EVENT = """SELECT e.seq, c.body, e.user, e.address FROM events e JOIN chain c USING (seq)
    WHERE e.seq=?"""
NOTHING: Mapping[str, Any] = {}


def records_after(store: Store, seq: int, limit: int) -> list[tuple[int, Usage]]:
    """Give the next rows as records, each with its number.

    Raises:
        LedgerUnavailable: a row is damaged.
    """
    return [(row.seq, _record(store, row)) for row in rows_after(store, seq, limit)]


def _record(store: Store, row: ChainRow) -> Usage:
    extra: dict[str, Any] = {
        "kind": row.kind,
        "ledger": store.head.ledger,
        "row": row.seq,
        "hash": row.hash.hex(),
    }
    if row.kind in {EVENT, UNFIT}:
        personal = row.personal if row.kind == EVENT and row.personal else NOTHING
        return _usage(store.event_id(row.seq), row.body, personal, extra | _came(row.body))
    if row.kind == MOVE:
        name = str(row.body["event"])
        found = one(store.connection, _EVENT, (store.derived.row_of(name),))
        body, personal = NOTHING, NOTHING
        if found is not None:
            body = json.loads(found[1])
            if body["kind"] == EVENT:
                personal = {"user": found[2] or "", "address": found[3] or ""}
        return _usage(name, body, personal, extra | _changed(row.body))
    extra |= {name: value for name, value in row.body.items() if name not in {"kind", "ledger"}}
    return _usage("", NOTHING, NOTHING, extra)


def _usage(
    name: str, body: Mapping[str, Any], personal: Mapping[str, Any], extra: dict[str, Any]
) -> Usage:
    at = body.get("at", body.get("received", extra.get("at", extra.get("changed", 0))))
    return Usage(
        UnixNs(at), str(body.get("solution", "")), str(body.get("use_se", "")),
        str(personal.get("user", "")), str(personal.get("address", "")),
        int(body.get("amount", 0)), name, extra,
    )  # fmt: skip


def _came(body: Mapping[str, Any]) -> dict[str, Any]:
    fit = body["kind"] == EVENT
    state = body.get("state", State.QUEUED if fit else State.QUARANTINED)
    extra = {"state": str(state), "log_dt": body.get("log_dt", "")}
    extra |= {name: body[name] for name in ("received", "intake", "delivery", "lints")}
    return extra if fit else extra | {"code": body["code"], "field": body["field"]}


def _changed(body: Mapping[str, Any]) -> dict[str, Any]:
    extra = {"state": body["state"], "changed": body["at"], "why": body["why"]}
    attempt = body.get("attempt")
    if attempt is not None:
        extra |= {name: attempt[name] for name in ("started", "code", "text", "answered")}
    return extra
