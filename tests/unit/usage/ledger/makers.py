"""Events, moves and ledgers for the tests of this room."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from gateway.core.clock import SystemClock
from gateway.core.types import UnixNs
from gateway.usage.ledger.days import start_of
from gateway.usage.ledger.ledger import SqliteLedger
from gateway.usage.ledger.store import Settings
from gateway.usage.model import Attempt, Event, Move, Raw, State, Unfit

DAY = "2026-11-26"
SECOND = 10**9
KEY = "$5$API$" + "abcDEF./0123456789" * 2 + "ZZZZZZZ"


class StillClock:
    """Stands at nine in the morning in Korea until it is moved."""

    def __init__(self, day: str = DAY) -> None:
        self.time = start_of(day) + 9 * 3600 * SECOND

    def now(self) -> UnixNs:
        return UnixNs(self.time)

    def monotonic(self) -> float:
        return self.time / SECOND

    async def sleep(self, seconds: float) -> None:
        self.time += int(seconds * SECOND)
        await asyncio.sleep(0)


def raw(number: int = 0, *, source: str = "", day: str = DAY, **fields: str | None) -> Raw:
    said: dict[str, str | None] = {
        "logDt": log_dt(number, day),
        "useSe": "DO6001",
        "sysUser": f"kim.{number % 40}",
        "conectIp": "192.168.0.7",
        "dataUsgqty": str(number),
    }
    received = UnixNs(start_of(day) + (9 * 3600 + number) * SECOND)
    return Raw("receiver", received, said | fields, source, "192.168.0.7", "MES", {"path": "/x"})


def log_dt(number: int, day: str = DAY) -> str:
    return f"{day} 09:{number // 60 % 60:02d}:{number % 60:02d}.000"


def event(number: int = 0, *, source: str = "", day: str = DAY, **fields: str | None) -> Event:
    came = raw(number, source=source, day=day, **fields)
    return Event(
        came.received, log_dt(number, day), "DO6001", f"u-{number % 40:04d}", "192.168.0.7",
        number, came, f"kim.{number % 40}", ("U1001",),
    )  # fmt: skip


def unfit(number: int = 0, *, source: str = "") -> Unfit:
    return Unfit(raw(number, source=source, useSe=""), "AP1015", "useSe", "empty", ("U1002",))


def attempt(code: str, number: int = 0, *, answered: str = "", day: str = DAY) -> Attempt:
    sent = {
        "crtfcKey": KEY, "logDt": log_dt(number, day), "useSe": "DO6001",
        "sysUser": f"u-{number % 40:04d}", "conectIp": "192.168.0.7", "dataUsgqty": str(number),
    }  # fmt: skip
    started = UnixNs(start_of(day) + 10 * 3600 * SECOND)
    stamp = answered or f"{day} 10:00:00.500"
    return Attempt(started, sent, code, f"text of {code}", "detail", stamp, 0.25)


def moved(name: str, state: State, code: str = "", number: int = 0, **more: Any) -> Move:
    at = UnixNs(start_of(more.get("day", DAY)) + 10 * 3600 * SECOND + SECOND)
    return Move(name, state, at, "", attempt(code, number, **more) if code else None)


async def opened(folder: Path, **settings: Any) -> SqliteLedger:
    return await SqliteLedger.open(
        folder, clock=SystemClock(), settings=Settings(**settings), commit_window_s=0.001
    )


async def filled(folder: Path, events: int = 30) -> list[str]:
    """Make a closed ledger with every kind of row; give the events' ids."""
    ledger = await SqliteLedger.open(folder, clock=StillClock(), commit_window_s=0.001)
    taken = await ledger.append(
        [("mes", event(number, source=f"s{number}")) for number in range(events)]
    )
    ids = [each.id for each in taken]
    await ledger.append([("mes", unfit(900)), ("", event(901)), ("erp", event(902))])
    await ledger.move([moved(ids[0], State.SENDING)])
    await ledger.move([moved(ids[0], State.DELIVERED, "AP1002")])
    await ledger.move([moved(each, State.SAMPLED_OUT) for each in ids[1:6]])
    await ledger.move([moved(ids[6], State.DEFERRED, "AP1029", 6)])
    await ledger.erase(person=f"u-{7:04d}")
    await ledger.outbox_done(5)
    await ledger.close()
    return ids
