"""Records of the KPI service (스마트공방) and how they are sent. Source: research §1.12."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Literal, Protocol

from gateway.core.clock import Clock
from gateway.core.types import UnixNs
from gateway.usage.config import KpiConfig
from gateway.usage.sender.answers import TEXT_MAX, decoded
from gateway.usage.sender.kst import kst_text
from gateway.usage.sender.posting import HttpSettings, Outcome, Poster

JSON = "application/json; charset=UTF-8"
Level = Literal[1, 2, 3]


@dataclass(frozen=True, slots=True)
class KpiRecord:
    """One entry; numbers are texts, as they are sent.

    Level 1 says only that the system was in use on `day` (`yyyyMMdd`). Level 2 adds a field code
    (P, Q, C, D), a detail code, its name, and the achievement in percent (`value`); level 3 a
    measured value with its unit instead.
    """

    level: Level
    day: str
    field_code: str = ""
    detail_code: str = ""
    detail_name: str = ""
    value: str = ""
    unit: str = ""


def achievement(before: float, after: float, *, lower_is_better: bool) -> float:
    """Give the percentage by which something became better.

    Raises:
        ValueError: there is nothing to compare with.
    """
    if not before:
        raise ValueError("nothing to compare with")
    gained = before - after if lower_is_better else after - before
    return gained / before * 100


@dataclass(frozen=True, slots=True)
class KpiAnswer:
    """`refused` says that the service wants none of it; else unknown and not-taken are retried."""

    outcome: Outcome
    refused: bool = False
    text: str = ""


class KpiService(Protocol):
    """The service, as the sender sees it."""

    async def insert(self, level: Level, records: Sequence[KpiRecord]) -> KpiAnswer:
        """Send records of one level, the key added here."""

    async def close(self) -> None:
        """Let connections go."""


class HttpKpiService:
    """The KPI service over HTTP; with `live` unset everything goes to the test paths."""

    def __init__(self, config: KpiConfig, clock: Clock) -> None:
        self._config = config
        self._clock = clock
        settings = HttpSettings(config.connect_timeout_s, config.timeout_s)
        self._poster = Poster(settings, [config.key], clock)

    def __repr__(self) -> str:
        return f"HttpKpiService({self._config.name!r})"

    async def insert(self, level: Level, records: Sequence[KpiRecord]) -> KpiAnswer:
        """Send records of one level. Cancel: they may have arrived."""
        stamp = self._clock.now()
        entries = [_entry(record, self._config.key, stamp) for record in records]
        body = json.dumps({f"KPILEVEL{level}": entries}, ensure_ascii=False).encode()
        path = f"/kpiLv{level}/kpiLv{level}Insert{'' if self._config.live else 'Tst'}"
        posted = await self._poster.post(self._config.url.rstrip("/") + path, JSON, body)
        if posted.outcome is not Outcome.ANSWERED:
            return KpiAnswer(posted.outcome, text=posted.text)
        text = self._poster.page(posted)
        said = _object(posted.body)
        if "errMsg" in said:
            return KpiAnswer(
                Outcome.ANSWERED, True, self._poster.hidden(str(said["errMsg"]))[:TEXT_MAX]
            )
        if said and 200 <= posted.status < 300:
            return KpiAnswer(Outcome.ANSWERED, text=text)
        taken = Outcome.NOT_TAKEN if 300 <= posted.status < 500 else Outcome.UNKNOWN
        return KpiAnswer(taken, text=text)

    async def close(self) -> None:
        """Close connections, within 5 s."""
        await self._poster.close()


def _object(body: bytes) -> dict[str, object]:
    try:
        found = json.loads(decoded(body).strip().lstrip("\ufeff"))
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _entry(record: KpiRecord, key: str, at: UnixNs) -> dict[str, str]:
    stamp = "".join(char for char in kst_text(at)[:19] if char.isdigit())
    entry = {"kpiCertKey": key, "ocrDttm": record.day}
    if record.level == 1:
        return {**entry, "systmOprYn": "Y", "trsDttm": stamp}
    which = {
        "kpiFldCd": record.field_code,
        "kpiDtlCd": record.detail_code,
        "kpiDtlNm": record.detail_name,
    }
    if record.level == 2:
        return {**entry, **which, "achrt": record.value, "trsDttm": stamp}
    return {**entry, **which, "msmtVl": record.value, "unt": record.unit, "trsDttm": stamp}


def as_json(record: KpiRecord) -> dict[str, object]:
    """Give a record as it is kept; no key is in it."""
    return asdict(record)
