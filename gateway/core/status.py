"""What a gateway says of itself: one record that the service writes and everybody else reads.

The API sends it as JSON, field by field; commands, `top`, the own AAS and whoever gathers several
gateways read it by `record_of`. Times are ns UTC, spans seconds; None is "never" or "not known".
A field that is new has a default, so that a reader of one version understands a service of another.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from functools import cache
from types import UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

Words = Mapping[str, str]
"""A text by language."""


@dataclass(frozen=True, slots=True)
class ProblemStatus:
    """What is wrong and what to do next.

    `reason` is a word that the catalogue of advice knows, `what` and `fix` its texts; `detail` what
    only this case has. `tags` is how many tags it touches, 0 where it is not about tags; `names`
    are the first of them.
    """

    reason: str
    detail: str = ""
    count: int = 1
    tags: int = 0
    names: tuple[str, ...] = ()
    what: Words = field(default_factory=dict)
    fix: Words = field(default_factory=dict)
    command: str = ""


@dataclass(frozen=True, slots=True)
class TagCount:
    """How many tags of a device are delivered, of how many."""

    good: int = 0
    total: int = 0


@dataclass(frozen=True, slots=True)
class BadTag:
    """A tag that is not delivered, or not as it should be, and why."""

    name: str
    reason: str
    detail: str = ""
    since: int = 0
    tries: int = 0


@dataclass(frozen=True, slots=True)
class TroubleStatus:
    """Something about a device that a person should hear of although data flows."""

    reason: str
    detail: str = ""
    since: int = 0
    last: int = 0
    count: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceStatus:
    """One device; `state` is a word of `DeviceState`, `rate` samples a second of late.

    `bad` lists the first tags with a problem, `problems` all that is wrong, by reason, the one to
    look at first before the others.
    """

    device: str
    label: Words = field(default_factory=dict)
    state: str = ""
    since: int = 0
    note: str = ""
    reason: str = ""
    security: str = ""
    tags: TagCount = TagCount()
    bad: tuple[BadTag, ...] = ()
    troubles: tuple[TroubleStatus, ...] = ()
    problems: tuple[ProblemStatus, ...] = ()
    last_received: int | None = None
    age_s: float | None = None
    rate: float = 0.0
    samples: int = 0
    gaps: int = 0
    overflows: int = 0
    rejected: int = 0
    connects: int = 0
    next_try_s: float | None = None
    clock_offset_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SinkStatus:
    """One destination; `state` is a word of `SinkState`. Counts are samples, but for records."""

    name: str
    kind: str = ""
    state: str = ""
    since: int = 0
    note: str = ""
    reason: str = ""
    problems: tuple[ProblemStatus, ...] = ()
    last_accepted: int | None = None
    tries: int = 0
    next_try_s: float | None = None
    waiting: int = 0
    waiting_records: int = 0
    waiting_bytes: int = 0
    lag_s: float | None = None
    quarantined: int = 0
    delivered: int = 0
    expired: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SpoolStatus:
    """The durable log; `state` is a word of `SpoolState`; unless `ready`, nothing is kept."""

    epoch: str = ""
    head: int = 0
    ready: bool = False
    state: str = ""
    reason: str = ""
    since: int = 0
    note: str = ""
    problems: tuple[ProblemStatus, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmStatus:
    """What a person has to hear until it is over."""

    code: str
    about: str = ""
    since: int = 0
    facts: Mapping[str, str | float] = field(default_factory=dict)
    what: Words = field(default_factory=dict)
    fix: Words = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceCounts:
    """What became of a device's samples since the start of the process.

    `waiting` is what an adapter handed over and the disk does not have yet, `returned` what it took
    back and never acknowledged. `spooled` and `rejected` are counted by the spool, the others by
    the intake; `balanced` says that received = spooled + rejected + dropped + returned + waiting.
    """

    device: str
    received: int = 0
    spooled: int = 0
    rejected: int = 0
    dropped: int = 0
    returned: int = 0
    waiting: int = 0
    balanced: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ReaderCounts:
    """What became of the records for one reader, over restarts.

    `balanced` says that spooled = delivered + pending + quarantined + expired, where `spooled` is
    counted by who stores and the others by what became of it.
    """

    reader: str
    spooled: int = 0
    delivered: int = 0
    pending: int = 0
    quarantined: int = 0
    expired: int = 0
    unexplained_samples: int = 0
    balanced: bool = True


@dataclass(frozen=True, slots=True)
class Accounts:
    """The laws of conservation in numbers: what came in is somewhere."""

    devices: tuple[DeviceCounts, ...] = ()
    readers: tuple[ReaderCounts, ...] = ()
    balanced: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayStatus:
    """Everything. `config` says why an edited configuration does not run, empty where it does.

    `healthy` means that nothing needs attention.
    """

    gateway: str
    site: Words = field(default_factory=dict)
    version: str = ""
    now: int = 0
    started: int = 0
    uptime_s: float | None = None
    config: str = ""
    devices: tuple[DeviceStatus, ...] = ()
    sinks: tuple[SinkStatus, ...] = ()
    spool: SpoolStatus = SpoolStatus()
    alarms: tuple[AlarmStatus, ...] = ()
    accounts: Accounts = Accounts()
    healthy: bool = False


R = TypeVar("R")


def record_of(kind: type[R], found: Mapping[str, Any]) -> R:
    """Make a record of JSON that was read; what the record does not know is left out.

    Raises:
        ValueError: a field that has no default is missing.
    """
    hints: Mapping[str, Any] = _hints(kind)  # type: ignore[arg-type] # classes are hashable
    made: dict[str, Any] = {}
    for each in fields(kind):  # type: ignore[arg-type] # a type variable cannot say "dataclass"
        if each.name in found:
            made[each.name] = _value(hints[each.name], found[each.name])
        elif each.default is MISSING and each.default_factory is MISSING:
            raise ValueError(f"{kind.__name__} without {each.name}")
    return kind(**made)


@cache
def _hints(kind: Any) -> Mapping[str, Any]:
    return get_type_hints(kind)


def _value(hint: Any, value: Any) -> Any:
    if is_dataclass(hint):
        return record_of(hint, value)  # type: ignore[arg-type] # never an instance
    if get_origin(hint) is tuple:
        return tuple(_value(get_args(hint)[0], one) for one in value)
    if isinstance(hint, UnionType) and value is not None:
        return _value(get_args(hint)[0], value)
    return value
