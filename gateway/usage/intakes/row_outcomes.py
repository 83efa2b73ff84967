"""What is written into a row of the source once its event has ended."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from gateway.core.types import UnixNs
from gateway.usage.config import KST_OFFSET_S, DatabaseIntakeConfig
from gateway.usage.intakes.databases.statements import WriteBack
from gateway.usage.model import Move, State, Taken, Unfit

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class RowOutcomes:
    """The configured value for each state in which an event ends.

    `stored` is for what the service stored, or very probably did, or took as a test; of ten
    minutes it stores one event, and the others get values of their own. An empty value leaves
    the row as it is.
    """

    def __init__(self, config: DatabaseIntakeConfig) -> None:
        self._flags = {
            State.DELIVERED: config.stored,
            State.DELIVERED_PRESUMED: config.stored,
            State.TEST_OK: config.stored,
            State.QUARANTINED: config.failed,
            State.SAMPLED_OUT: config.sampled_out,
            State.EXPIRED_MIDNIGHT: config.expired,
        }

    def of_move(self, key: Any, move: Move) -> WriteBack | None:
        """Give what to write after a change of state; None while the event is open."""
        attempt = move.attempt
        code = (attempt.code if attempt else "") or _code_in(move.why)
        answered = attempt.answered if attempt else ""
        return self._made(key, move.state, code, answered or korean_time(move.at))

    def of_taken(self, key: Any, taken: Taken, now: UnixNs) -> WriteBack | None:
        """Give what to write for an event that the ledger had known; None while it is open."""
        return self._made(
            key, taken.state, taken.code, taken.answered or korean_time(taken.at or now)
        )

    def of_unfit(self, key: Any, unfit: Unfit, now: UnixNs) -> WriteBack | None:
        """Give what to write for an event that nobody can send."""
        return self._made(key, State.QUARANTINED, unfit.code, korean_time(now))

    def _made(self, key: Any, state: State, code: str, at: str) -> WriteBack | None:
        flag = self._flags.get(state, "")
        return WriteBack(key, flag, code, at) if flag else None


def _code_in(why: str) -> str:
    return why if why.startswith("AP") and why.isalnum() else ""


def korean_time(at: UnixNs) -> str:
    """Give a time as the service writes it: Korean, `yyyy-MM-dd HH:mm:ss.SSS`."""
    moment = _EPOCH + timedelta(seconds=KST_OFFSET_S, microseconds=at // 1_000)
    return moment.strftime("%Y-%m-%d %H:%M:%S.") + f"{moment.microsecond // 1_000:03d}"


@dataclass(frozen=True, slots=True)
class RowKnown:
    """A row whose event is in the ledger: its key as the driver takes it, what it said, when."""

    key: Any
    said: int
    asked: float


class RowsKnown:
    """Which rows need not be handed over again; bounded, the oldest are forgotten first.

    Forgetting costs only a question to the ledger. So does `recheck_s`, after which a row is
    handed over once more: an outcome that was missed is found then.
    """

    def __init__(self, limit: int, recheck_s: float) -> None:
        self._limit = limit
        self._recheck_s = recheck_s
        self._rows: dict[str, RowKnown] = {}

    def is_known(self, source_id: str, said: int, now: float) -> bool:
        """Tell whether a row with this content was handed over lately."""
        row = self._rows.get(source_id)
        return row is not None and row.said == said and now - row.asked < self._recheck_s

    def add(self, source_id: str, row: RowKnown) -> None:
        self._rows.pop(source_id, None)
        while len(self._rows) >= self._limit:
            self._rows.pop(next(iter(self._rows)))
        self._rows[source_id] = row

    def get(self, source_id: str) -> RowKnown | None:
        return self._rows.get(source_id)

    def forget(self, source_id: str) -> None:
        self._rows.pop(source_id, None)
