"""What the usage ledger says, on its way to the central platform: one usage record for each row.

The ledger remembers how far this came. A kill between the spool's commit and the ledger's sends
some rows a second time, under new offsets: `extra.seq` and `extra.hash` tell a platform so.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, NoReturn

from gateway.core.clock import Clock
from gateway.core.errors import LedgerUnavailable, SpoolFull, SpoolUnavailable
from gateway.core.protocols import Spool
from gateway.core.records import Usage
from gateway.core.types import UnixNs
from gateway.ops.events import usage as events
from gateway.usage.ledger.chain import EVENT, MOVE, UNFIT, Row, event_id, seq_of
from gateway.usage.ledger.ledger import SqliteLedger

ROWS_MAX = 500
RETRY_S = 2.0
KNOWN_MAX = 2_000
"""Events whose changes are still to come; another one is read again from the ledger."""


class UsageOutbox:
    """Copies rows of the ledger into the spool, in order."""

    def __init__(self, ledger: SqliteLedger, spool: Spool, clock: Clock) -> None:
        self._ledger = ledger
        self._spool = spool
        self._clock = clock
        self._known: OrderedDict[str, Usage] = OrderedDict()

    async def run(self) -> NoReturn:
        """Copy for ever. Cancel: what was not noted as done is copied again at the next start."""
        while True:
            try:
                await self._copy_all()
                await self._ledger.wait_rows()
            except (LedgerUnavailable, SpoolFull, SpoolUnavailable) as error:
                events.usage_outbox_waits(error.reason, error.detail)
                await self._clock.sleep(RETRY_S)

    async def _copy_all(self) -> None:
        while rows := await self._ledger.rows_after(await self._ledger.outbox(), ROWS_MAX):
            records = [record for row in rows if (record := await self._record(row)) is not None]
            await self._spool.append(records)
            await self._ledger.outbox_done(rows[-1].seq)

    async def _record(self, row: Row) -> Usage | None:
        if row.kind in {EVENT, UNFIT}:
            made = _event(row, event_id(self._ledger.name, row.seq))
            self._remember(made)
            return made
        return await self._change(row) if row.kind == MOVE else None

    async def _change(self, row: Row) -> Usage | None:
        body = row.body
        event = await self._event_of(body["event"])
        if event is None:
            return None
        attempt: Mapping[str, Any] = body.get("attempt") or {}
        extra = {
            **event.extra,
            **_mark(row),
            "state": body["state"],
            "why": body["why"],
            "code": attempt.get("code", ""),
            "answered": attempt.get("answered", ""),
        }
        return Usage(
            UnixNs(body["at"]),
            event.solution,
            event.event,
            event.user,
            event.address,
            event.bytes,
            event.ledger,
            {name: value for name, value in extra.items() if value != ""},
        )

    async def _event_of(self, event: str) -> Usage | None:
        if event in self._known:
            return self._known[event]
        seq = seq_of(self._ledger.name, event)
        rows = [] if seq is None else await self._ledger.rows_after(seq - 1, 1)
        if not rows or rows[0].kind not in {EVENT, UNFIT}:
            return None
        made = _event(rows[0], event)
        self._remember(made)
        return made

    def _remember(self, made: Usage) -> None:
        self._known[made.ledger] = made
        while len(self._known) > KNOWN_MAX:
            self._known.popitem(last=False)


def _event(row: Row, name: str) -> Usage:
    body, personal = row.body, row.personal or {}
    extra = {
        **_mark(row),
        "state": "queued" if row.kind == EVENT else "quarantined",
        "logDt": body.get("log_dt", ""),
        "intake": body["intake"],
        "delivery": body["delivery"],
        "code": body.get("code", ""),
    }
    return Usage(
        UnixNs(body.get("at") or body["received"]),
        body["solution"],
        body.get("use_se", ""),
        personal.get("user", ""),
        personal.get("address", ""),
        body.get("amount", 0),
        name,
        {key: value for key, value in extra.items() if value != ""},
    )


def _mark(row: Row) -> dict[str, Any]:
    return {"seq": row.seq, "hash": row.hash.hex()}
