"""What the rest of the gateway knows of the spool: `/readyz`, `status`, the AAS and the log."""

from __future__ import annotations

from typing import NoReturn

from gateway.core.clock import Clock
from gateway.ops.events import spool as events
from gateway.ops.health import Health
from gateway.spool.log import SqliteSpool

LOOK_EVERY_S = 0.5
"""What happens is shown within two seconds; the spool itself looks at an idle disk each second."""


async def watch_spool(spool: SqliteSpool, health: Health, clock: Clock) -> NoReturn:
    """Follow the spool until cancelled."""
    while True:
        look(spool, health, clock)
        await clock.sleep(LOOK_EVERY_S)


def look(spool: SqliteSpool, health: Health, clock: Clock) -> None:
    """Take over the spool's condition; a change is said in the log."""
    condition = spool.condition()
    if health.spool.change(condition, clock.now()):
        events.spool_state(condition.state, condition.reason, condition.detail)
