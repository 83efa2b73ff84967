"""What the usage ledger says, on its way to the central platform: one usage record for each row.

The ledger remembers how far this came. A kill between the spool's commit and the ledger's sends
some rows a second time, under new offsets: `extra.row` and `extra.hash` tell a platform so.
"""

from __future__ import annotations

from typing import NoReturn

from gateway.core.clock import Clock
from gateway.core.errors import LedgerUnavailable, SpoolFull, SpoolUnavailable
from gateway.core.protocols import Spool
from gateway.ops.events import usage as events
from gateway.usage.ledger.ledger import SqliteLedger

ROWS_MAX = 500
RETRY_S = 2.0


class UsageOutbox:
    """Copies rows of the ledger into the spool, in order."""

    def __init__(self, ledger: SqliteLedger, spool: Spool, clock: Clock) -> None:
        self._ledger = ledger
        self._spool = spool
        self._clock = clock

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
        done = await self._ledger.outbox()
        while rows := await self._ledger.records_after(done, ROWS_MAX):
            # Rows about the ledger itself name no event, and are no use of a solution.
            records = [record for _, record in rows if record.ledger]
            if records:
                await self._spool.append(records)
            done = rows[-1][0]
            await self._ledger.outbox_done(done)
