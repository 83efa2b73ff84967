"""What becomes of events whose day is over."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.core.types import UnixNs
from gateway.usage.model import Move, State, Waiting

MOVES_AT_ONCE = 500
"""State changes in one transaction: some 10 ms."""


def closing_moves(waiting: Sequence[Waiting], last_stored: str, at: UnixNs) -> list[Move]:
    """Give the last state of each event of days that are over.

    An event that was there when a later slot of its day went to another is `sampled_out`; one that
    never had a slot, because the day's last was over or nothing could be sent, is
    `expired_midnight`; so is one whose outcome nobody can find out any more.

    Args:
        waiting: open events of past days.
        last_stored: the service's stamp of the last record stored, of any day.
        at: now.
    """
    moves = []
    for event in waiting:
        lost = last_stored[:10] == event.log_dt[:10] and event.log_dt <= last_stored
        if event.state is State.SENDING:
            moves.append(Move(event.id, State.EXPIRED_MIDNIGHT, at, "outcome-unknown"))
        elif lost:
            moves.append(Move(event.id, State.SAMPLED_OUT, at, "day-over"))
        else:
            moves.append(Move(event.id, State.EXPIRED_MIDNIGHT, at, "day-over"))
    return moves
