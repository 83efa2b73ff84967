"""The sister destination: the KPI service of the small-workshop programme (스마트공방).

Level 1 is the daily report that the system was in use. It is sent only for a day on which the
solution was really used, and never for another. Levels 2 and 3 are handed in. Everything goes to
the test paths until `live` is set. Source: research §1.12.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import NoReturn

from gateway.core.clock import Clock
from gateway.ops.events import usage_sender as events
from gateway.usage.config import KpiConfig
from gateway.usage.ports import Alarms
from gateway.usage.sender.alarm_codes import KPI_REFUSED, KPI_UNREACHABLE
from gateway.usage.sender.kpi_store import KpiStore
from gateway.usage.sender.kpi_wire import KpiAnswer, KpiRecord, KpiService
from gateway.usage.sender.kst import kst_text
from gateway.usage.sender.posting import Outcome

AT_ONCE = 100
LOOK_S = 600.0
"""Between looks whether the system was used, from the hour of the report on."""
AGAIN_S = (60.0, 300.0, 900.0, 3_600.0)
SILENT_S = 6 * 3_600.0

Used = Callable[[str], Awaitable[bool]]
"""Says whether the solution was used on a Korean day, `yyyy-MM-dd`."""


class KpiSender:
    """Delivers KPI records; see `Deliverer`.

    Args:
        config: the key, and when to report.
        client: the service; closed by whoever made it.
        used: asks the ledger whether anything of a day came in.
        alarms: what a person has to hear.
        clock: time.
        state: a file for what waits; its folder exists.
    """

    def __init__(
        self,
        config: KpiConfig,
        client: KpiService,
        used: Used,
        alarms: Alarms,
        clock: Clock,
        state: Path,
    ) -> None:
        self._config = config
        self._client = client
        self._used = used
        self._alarms = alarms
        self._clock = clock
        self._store = KpiStore(state)
        self._loaded = False
        self._turn = asyncio.Lock()
        self._failed = 0
        self._since: float | None = None

    @property
    def name(self) -> str:
        """The delivery's name."""
        return self._config.name

    @property
    def waiting(self) -> int:
        """How many records wait."""
        return len(self._store.waiting)

    async def submit(self, records: Sequence[KpiRecord]) -> None:
        """Take records of level 2 or 3; durable on return.

        Raises:
            OSError: the disk refuses; they may be handed in again.
            ValueError: too many wait; none was taken.
        """
        async with self._turn:
            await self._load()
            before = list(self._store.waiting)
            self._store.add(records)
            try:
                await asyncio.to_thread(self._store.save)
            except OSError:
                self._store.waiting = before
                raise

    async def run(self) -> NoReturn:
        """Report and send until cancelled. Cancel: a record under way is sent again."""
        while True:
            try:
                wait_s = await self._step()
            except OSError as error:
                wait_s = AGAIN_S[0]
                events.kpi_waits(self.name, f"{type(error).__name__}: {error}", wait_s)
            await self._clock.sleep(wait_s)

    async def _step(self) -> float:
        async with self._turn:
            await self._load()
            await self._report_use()
            while self._store.waiting:
                if not await self._send_some():
                    return AGAIN_S[min(self._failed, len(AGAIN_S)) - 1]
        return LOOK_S

    async def _load(self) -> None:
        if not self._loaded:
            await asyncio.to_thread(self._store.load)
            self._loaded = True

    async def _report_use(self) -> None:
        """Queue the report of today, after its hour, and of yesterday, where they are due."""
        now = kst_text(self._clock.now())
        today = now[:10]
        due = [(date.fromisoformat(today) - timedelta(days=1)).isoformat()]
        if now[11:16] >= self._config.heartbeat_at:
            due.append(today)
        for day in due:
            if day not in self._store.days and await self._used(day):
                self._store.add([KpiRecord(1, day.replace("-", ""))])
                self._store.days.append(day)
                await asyncio.to_thread(self._store.save)

    async def _send_some(self) -> bool:
        """Send the first records of one level; False when it has to be tried again."""
        level = self._store.waiting[0].level
        some = [record for record in self._store.waiting if record.level == level][:AT_ONCE]
        answer = await self._client.insert(level, some)
        while answer.refused and len(some) > 1:  # find the one that is refused
            some = some[: len(some) // 2]
            answer = await self._client.insert(level, some)
        if answer.outcome is not Outcome.ANSWERED:
            self._fail(answer)
            return False
        if answer.refused:
            self._store.refuse(some[0], answer.text)
            self._alarm(KPI_REFUSED, text=answer.text)
        else:
            events.kpi_sent(self.name, level, len(some), not self._config.live)
        gone = set(some)
        self._store.waiting = [each for each in self._store.waiting if each not in gone]
        await asyncio.to_thread(self._store.save)
        self._failed, self._since = 0, None
        self._alarms.clear(KPI_UNREACHABLE, self.name)
        return True

    def _fail(self, answer: KpiAnswer) -> None:
        self._failed += 1
        now = self._clock.monotonic()
        self._since = now if self._since is None else self._since
        wait_s = AGAIN_S[min(self._failed, len(AGAIN_S)) - 1]
        events.kpi_waits(self.name, answer.text, wait_s)
        if now - self._since >= SILENT_S:
            hours = round((now - self._since) / 3_600)
            self._alarm(KPI_UNREACHABLE, hours=hours, text=answer.text)

    def _alarm(self, code: str, **facts: str | float) -> None:
        self._alarms.raise_(code, self.name, self._clock.now(), **facts)
