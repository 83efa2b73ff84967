"""A ledger in memory and small makers for the tests of this part."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from gateway.core.errors import LedgerUnavailable
from gateway.core.types import UnixNs
from gateway.usage.config import Columns, FileIntakeConfig
from gateway.usage.model import FIELDS, Raw, State, Taken, Unfit

AT = UnixNs(1_795_439_647_817_927_000)
BY_NAME = Columns({name: name for name in FIELDS})
HEADER = "logDt,useSe,sysUser,conectIp,dataUsgqty"


def row(number: int, user: str = "kim") -> str:
    return f"2026-11-26 09:00:{number % 60:02d}.{number % 1000:03d},DO6001,{user},10.0.0.1,{number}"


def file_config(path: Path | str, mode: Any = "tail", **changes: Any) -> FileIntakeConfig:
    settings = {"columns": BY_NAME, "every_s": 0.02, **changes}
    return FileIntakeConfig("mes", str(path), mode, **settings)


class MemoryIntake:
    """A `UsageIntake`: without a time an event is unfit; the same id and fields are known."""

    def __init__(self) -> None:
        self.events: list[Raw] = []
        self.unfit: list[Raw] = []
        self.known: dict[tuple[str, tuple[tuple[str, str | None], ...]], Taken] = {}
        self.again = 0
        self.calls = 0
        self.down = False
        self.ended: dict[str, tuple[State, str]] = {}
        """Ids whose event has ended, with its code."""

    async def take(self, raws: Sequence[Raw]) -> list[Taken | Unfit]:
        self.calls += 1
        if self.down:
            raise LedgerUnavailable("disk-full")
        return [self._one(raw) for raw in raws]

    def _one(self, raw: Raw) -> Taken | Unfit:
        key = (raw.source_id, tuple(sorted(raw.fields.items())))
        known = self.known.get(key) if raw.source_id else None
        fit = bool(raw.fields.get("logDt"))
        if known is not None:
            self.again += 1
            state, code = self.ended.get(known.id, (State.QUEUED, ""))
            taken = Taken(known.id, state, known=True, code=code, at=AT)
        else:
            taken = Taken(f"e{len(self.known)}", State.QUEUED)
            self.known[key] = taken
            (self.events if fit else self.unfit).append(raw)
        return taken if fit else Unfit(raw, "AP1012", "logDt", "no time")

    @property
    def amounts(self) -> list[str | None]:
        return [raw.fields.get("dataUsgqty") for raw in self.events]

    @property
    def users(self) -> list[str | None]:
        return [raw.fields.get("sysUser") for raw in self.events]


class StillClock:
    """Stands at one time; sleeping gives the loop a turn."""

    def __init__(self) -> None:
        self.time: int = AT
        self.waited = 0.0

    def now(self) -> UnixNs:
        return UnixNs(self.time)

    def monotonic(self) -> float:
        return self.time / 1e9

    async def sleep(self, seconds: float) -> None:
        self.waited += seconds


def fields(**changes: str | None) -> Mapping[str, str | None]:
    return {
        "logDt": "2026-11-26 09:00:00.000",
        "useSe": "DO6001",
        "sysUser": "kim",
        "conectIp": "10.0.0.1",
        "dataUsgqty": "1",
        **changes,
    }
