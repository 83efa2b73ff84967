"""The words of solution usage: what came in, what is kept of it, where it stands.

An event travels `Raw` → `Event` (or `Unfit`) → the ledger, which gives it an id and a state; the
sender moves the state. Source of the states and fields: the log service's interface description,
version 1.7, as its public implementations show it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from gateway.core.types import UnixNs

FIELDS = ("logDt", "useSe", "sysUser", "conectIp", "dataUsgqty")
"""The service's names of what an event carries, beside the key."""


class State(StrEnum):
    """Where an event stands. "Accepted by the gateway" is never "stored by the service"."""

    QUEUED = "queued"
    SENDING = "sending"
    """A request left; found after a start it means that the outcome is unknown."""
    DELIVERED = "delivered"
    DELIVERED_PRESUMED = "delivered_presumed"
    """The outcome was unknown, and the service then said that something had just been stored."""
    TEST_OK = "test_ok"
    DEFERRED = "deferred"
    """Sent and not stored, because too early or a passing error: it will be sent again."""
    SAMPLED_OUT = "sampled_out"
    """Another event of the same ten minutes was chosen."""
    EXPIRED_MIDNIGHT = "expired_midnight"
    """Its day ended before a slot was free; the service takes today's events only."""
    QUARANTINED = "quarantined"
    """Wrong in itself, or refused for ever; a person may look."""
    BLOCKED = "blocked"
    """The service takes nothing for this key until a person acts."""


OPEN = frozenset({State.QUEUED, State.SENDING, State.DEFERRED, State.BLOCKED})
"""States that may still become `delivered`."""


@dataclass(frozen=True, slots=True)
class Raw:
    """An event as a solution said it, before anything is believed.

    `fields` are by the service's names (`FIELDS`), the key never among them; a value is text or
    None where the source has none. `intake` is `receiver`, `api`, or such as `file:NAME`,
    `folder:NAME`, `database:NAME`. `source_id` names it at its source and is the same when it is
    read again. `peer` is the address it came from.
    """

    intake: str
    received: UnixNs
    fields: Mapping[str, str | None]
    source_id: str = ""
    peer: str = ""
    solution: str = ""
    extra: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Event:
    """One event of use, normal: ready to be sent.

    `log_dt` is Korean time as `yyyy-MM-dd HH:mm:ss.SSS`, `at` the same instant. `user` is what is
    sent; `person` what the solution said, kept apart so that it can be erased. `amount` is bytes.
    `lints` are the codes of what was put right, without a loss of meaning.
    """

    at: UnixNs
    log_dt: str
    use_se: str
    user: str
    address: str
    amount: int
    raw: Raw
    person: str = ""
    lints: tuple[str, ...] = ()

    @property
    def day(self) -> str:
        """Its day in Korea, `yyyy-MM-dd`."""
        return self.log_dt[:10]


@dataclass(frozen=True, slots=True)
class Unfit:
    """An event that nobody can send: the service's own code for what is wrong, and which field."""

    raw: Raw
    code: str
    field: str
    detail: str = ""
    lints: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Taken:
    """The ledger's receipt: durable. `known` says that the same event was there before.

    `code` and `at` are those of the last move of a known event, so that a source can be written
    back after a restart; `answered` is the service's own stamp, where it gave one.
    """

    id: str
    state: State
    known: bool = False
    code: str = ""
    at: UnixNs = UnixNs(0)
    answered: str = ""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One request and what came of it. Times are ns UTC; `answered` is the service's own stamp.

    `code` is empty when no answer could be understood; then `text` says what happened.
    """

    started: UnixNs
    sent: Mapping[str, str]
    code: str = ""
    text: str = ""
    detail: str = ""
    answered: str = ""
    took_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Move:
    """A new state of one event, with the request that brought it, where one did."""

    event: str
    state: State
    at: UnixNs
    why: str = ""
    attempt: Attempt | None = None


@dataclass(frozen=True, slots=True)
class Waiting:
    """An event that may still be sent, as the sender sees it."""

    id: str
    log_dt: str
    use_se: str
    user: str
    address: str
    amount: int
    state: State
    attempts: int = 0
    since: UnixNs = UnixNs(0)
    """When its last change came, our clock; 0 when that is not known."""


@dataclass(frozen=True, slots=True)
class Today:
    """What a delivery did on one Korean day; survives a restart because the ledger has it.

    `last_stored` is the service's stamp (`recptnDt`) of the last stored record of any day, `stored`
    counts delivered and presumed ones. `users` have a stored event today.
    """

    day: str
    requests: int = 0
    stored: int = 0
    last_stored: str = ""
    last_stored_at: UnixNs = UnixNs(0)
    last_code: str = ""
    users: frozenset[str] = frozenset()
