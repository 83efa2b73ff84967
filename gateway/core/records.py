"""What the spool keeps: samples in batches, and the few other things that must not be lost."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from gateway.core.signals import PlanTable
from gateway.core.types import Column, Offset, Signals, Statuses, Times, UnixNs


class GapReason(StrEnum):
    """Why samples are missing. Source: platform interface, version 1, §2."""

    DISCONNECTED = "disconnected"
    OVERFLOW = "overflow"
    QUOTA = "quota"
    GATEWAY_DOWN = "gateway-down"
    SOURCE_RESTART = "source-restart"
    REJECTED_BY_SOURCE = "rejected-by-source"


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Samples of one device as parallel columns of the same length, in order of arrival.

    `times` are source times in ns UTC; where the source gives none they are the receive time and
    `received_time` is true. `status` is None when every sample is Good. A sample whose status is
    Bad has no value, whatever its place in `values` holds. `raw` is what the machine said, present
    only where a conversion changed it; None means `values` is the raw value. `server_times` is
    None when equal to `times`.
    """

    plan: PlanTable
    signals: Signals
    times: Times
    values: Column
    received: UnixNs
    status: Statuses | None = None
    server_times: Times | None = None
    raw: Column | None = None
    received_time: bool = False

    def __len__(self) -> int:
        return len(self.signals)


@dataclass(frozen=True, slots=True)
class Gap:
    """Samples that are missing and why (I6): `start` and `end` are both inside the gap.

    They are times of this PC's clock, which nobody's wrong clock can move; `source_start` and
    `source_end` say the same by the source's own clock where that is known and is another.
    `signals` are indices into `plan`; None means every signal of the device. `reader` names the one
    reader that misses them; None means that nobody has them.
    """

    device: str
    start: UnixNs
    end: UnixNs
    reason: GapReason
    plan: PlanTable | None = None
    signals: tuple[int, ...] | None = None
    count: int | None = None
    reader: str | None = None
    detail: str = ""
    source_start: UnixNs | None = None
    source_end: UnixNs | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    """One event of a solution's use (login, query, ...), as it goes to the platform."""

    at: UnixNs
    solution: str
    event: str
    user: str
    address: str
    bytes: int
    ledger: str
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rejected:
    """A message that could not be read. Its first bytes are kept so that a person can look."""

    device: str
    at: UnixNs
    reason: str
    source: str
    head: bytes
    size: int


@dataclass(frozen=True, slots=True)
class Audit:
    """What an operator or the gateway itself did that somebody may have to prove."""

    at: UnixNs
    actor: str
    action: str
    detail: Mapping[str, Any] = field(default_factory=dict)


Item = Batch | Gap | Usage | Rejected | Audit


@dataclass(frozen=True, slots=True)
class Record:
    """An item with its place in the spool."""

    offset: Offset
    item: Item


@dataclass(frozen=True, slots=True)
class Refusal:
    """A record that a sink will never take, and why: it goes to quarantine."""

    offset: Offset
    reason: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What a sink says of a write: offsets in neither list are sent again (I4).

    `accepted` are inclusive ranges (first, last).
    """

    accepted: tuple[tuple[int, int], ...] = ()
    refused: tuple[Refusal, ...] = ()


def accepted_ranges(offsets: Iterable[int]) -> tuple[tuple[int, int], ...]:
    """Give ascending offsets as inclusive ranges."""
    ranges: list[tuple[int, int]] = []
    for offset in offsets:
        if ranges and offset == ranges[-1][1] + 1:
            ranges[-1] = (ranges[-1][0], offset)
        else:
            ranges.append((offset, offset))
    return tuple(ranges)


def answer_for(records: Sequence[Record], refused: Sequence[Refusal] = ()) -> Answer:
    """Say that every record but the refused ones was accepted."""
    bad = {refusal.offset for refusal in refused}
    good = (record.offset for record in records if record.offset not in bad)
    return Answer(accepted_ranges(good), tuple(refused))
