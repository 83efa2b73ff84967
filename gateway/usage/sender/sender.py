"""Usage logs of one key, on their way to the programme's log service.

One record is sent at a time: durable as `sending`, then the request, then what came of it. The
service stores one record in ten minutes, 144 a day, today's only; so the sender waits for the next
slot, chooses the best event of the day (`sampler`), and at midnight gives the rest its last state.
A record whose outcome is unknown is sent again within the service's ten minutes, where AP1029 means
that it had been stored; after them the service would store it a second time, so it is set aside
for a person (`quarantined`, "outcome-unknown"). Nothing is ever made up.

Source: log service interface 1.7 as its public implementations show it, and research §1.
"""

from __future__ import annotations

import asyncio
from typing import NoReturn

from gateway.core.clock import Clock
from gateway.core.errors import LedgerUnavailable
from gateway.ops.events import usage_sender as events
from gateway.usage.config import DeliveryConfig
from gateway.usage.model import Move, State
from gateway.usage.ports import Alarms, Ledger
from gateway.usage.rules.codes import Codes
from gateway.usage.sender import alarm_codes
from gateway.usage.sender.choosing import Choosing
from gateway.usage.sender.delivery_ledger import AGAIN_CAP_S, DeliveryLedger
from gateway.usage.sender.delivery_state import SERVICE_INTERVAL_S, Day, SenderStatus, UnderWay
from gateway.usage.sender.kst import NS, day_end, weekday
from gateway.usage.sender.lease import lease_of
from gateway.usage.sender.log_service import LogService
from gateway.usage.sender.requesting import Requesting, doubled
from gateway.usage.sender.wake_up import WakeUp

LOOK_S = 300.0
"""The longest pause: a machine that slept, or a clock that was set, is noticed after it."""
LEASE_LOOK_S = 5.0
LEAST_S = 0.001
GRACE_S = 26 * 3_600.0
"""While nobody told us the time since the start, our clock may be wrong, by a day or by years: days
are given up only after we have run for so long, so that what waits stays bounded."""


class Sender:
    """Delivers the events of one key.

    Args:
        config: the key, and how to send.
        ledger: where the events are.
        client: the service; closed by whoever made it.
        codes: the table of result codes.
        alarms: what a person has to hear.
        clock: our own time, which may be wrong.
    """

    def __init__(
        self,
        config: DeliveryConfig,
        ledger: Ledger,
        client: LogService,
        codes: Codes,
        alarms: Alarms,
        clock: Clock,
    ) -> None:
        self._config = config
        self._alarms = alarms
        self._clock = clock
        self._delivery_ledger = DeliveryLedger(ledger, config.name, clock)
        self._now = Requesting(config, self._delivery_ledger, client, codes, alarms, clock)
        self._choosing = Choosing(config, self._delivery_ledger, self._now, alarms, clock)
        self._lease = lease_of(config.lease, config.name, alarms, clock)
        self._wake_up = WakeUp(clock)
        self._resumed = False
        self._open_day = ""
        """The last day whose events have not been closed yet."""
        self._state = "ready"
        self._next = 0.0
        self._began = clock.monotonic()

    @property
    def name(self) -> str:
        """The delivery's name."""
        return self._config.name

    def status(self) -> SenderStatus:
        """Give where the delivery stands; cheap."""
        now = self._now
        return SenderStatus(
            self.name,
            self._state,
            now.code,
            now.day.day,
            now.day.stored,
            now.day.requests,
            max(0.0, self._next - self._clock.monotonic()),
            now.time.offset_s(),
            now.variant,
        )

    async def run(self) -> NoReturn:
        """Deliver until cancelled.

        Cancel: a request under way stays `sending`; the next start sends the same record again.
        """
        async with asyncio.TaskGroup() as group:
            group.create_task(self._lease.keep())
            group.create_task(self._wake_up.listen(self._delivery_ledger.wait))
            group.create_task(self._work())
        raise AssertionError("none of them ends")

    async def _work(self) -> NoReturn:
        failed = 0
        while True:
            try:
                wait_s = await self._step()
                failed = 0
            except LedgerUnavailable as error:
                failed += 1
                wait_s = min(doubled(1.0, failed), AGAIN_CAP_S)
                self._state = "ledger"
                events.usage_ledger_waits(self.name, error.reason, error.detail)
            wait_s = min(max(wait_s, LEAST_S), LOOK_S)
            self._next = self._clock.monotonic() + wait_s
            if self._state == "ready":
                await self._wake_up.wait(wait_s)
            else:
                await self._clock.sleep(wait_s)

    # -- one step -------------------------------------------------------------------------------

    async def _step(self) -> float:
        """Do what is due; give the seconds until there may be more."""
        await self._turn_day()
        wait_s = await self._gate()
        if wait_s is not None:
            return wait_s
        if self._now.under_way is not None:
            return await self._again(self._now.under_way)
        self._wake_up.reset()
        record = await self._choosing.next_record()
        if self._choosing.past_day and not self._open_day:
            self._open_day = self._choosing.past_day
            await self._turn_day()
            if not self._open_day:  # closed, and with it perhaps what was chosen
                return 0.0
        if record is None:
            self._state = "ready"
            return self._now.slots.midnight_s()
        if record.unknown:  # left over by a run before this one
            self._now.under_way = record
        else:
            await self._now.send(record)
        return 0.0

    async def _turn_day(self) -> None:
        now = self._now
        day = now.time.day()
        if day != now.day.day:
            today = await self._delivery_ledger.today(day)
            if not self._resumed:
                now.slots.resume(today)
                self._resumed = True
            if "" < now.day.day < day:
                self._open_day = self._open_day or now.day.day
                await self._check_stored(now.day.day)
            now.day = Day.of(today)
            now.slots.new_day()
            for code in alarm_codes.OF_A_DAY:
                self._alarms.clear(code, self.name)
        left = now.under_way
        if left is not None and left.event.log_dt[:10] < day:
            await self._give_up(left, State.EXPIRED_MIDNIGHT)
        if self._open_day and self._open_day < day and self._is_over(self._open_day):
            await self._close_day(self._open_day)
            self._open_day = ""

    def _is_over(self, day: str) -> bool:
        """Say whether a day is over for the service, as far as anybody told us."""
        past_s = (self._now.time.now() - day_end(day)) / NS
        ran_s = self._clock.monotonic() - self._began
        return past_s >= 0 and (self._now.time.sure or min(past_s, ran_s) > GRACE_S)

    async def _close_day(self, day: str) -> None:
        done = await self._delivery_ledger.today(day)
        await self._delivery_ledger.close_day(day, done.last_stored)
        await self._check_stored(day)

    async def _check_stored(self, day: str) -> None:
        """Tell a person where a working day brought nothing, unless another gateway sends."""
        if not self._lease.holds():
            return
        done = await self._delivery_ledger.today(day)
        if not done.stored and weekday(day) in self._config.work_days:
            at = self._clock.now()
            self._alarms.raise_(alarm_codes.NOTHING_STORED, self.name, at, day=day)

    async def _gate(self) -> float | None:
        """Give how long nothing may be sent, None when it may; sets the state that is shown."""
        now, slots = self._now, self._now.slots
        if not self._lease.holds():
            self._state = "standby"
            return LEASE_LOOK_S
        if slots.closing_s() < 0:
            self._state = "closed"
            return slots.midnight_s()
        if now.day.day == now.full_day or self._used_up():
            self._state = "full"
            return slots.midnight_s()
        if now.stop is not None:
            wait_s = await self._stopped(now.stop.code, now.stop.probe)
            if wait_s is not None:
                return wait_s
        if now.under_way is not None:
            self._state = "unanswered"
            wait_s = now.under_way.due - self._clock.monotonic()
            return wait_s if wait_s > 0 else None
        wait_s = slots.wait_s(now.day.stored)
        trouble = now.trouble
        contended = "contended" if trouble.contended else "interval"
        self._state = "offline" if trouble.offline else contended
        return wait_s if wait_s > 0 else None

    def _used_up(self) -> bool:
        now = self._now
        if now.day.requests >= self._config.requests_max:
            now.full_day = now.day.day
            requests = now.day.requests
            code = alarm_codes.TOO_MANY_REQUESTS
            self._alarms.raise_(code, self.name, self._clock.now(), requests=requests)
            events.usage_stopped(self.name, "requests", "tomorrow")
            return True
        return now.day.stored >= self._config.stored_max

    async def _stopped(self, code: str, probe: float | None) -> float | None:
        """Show what waits as blocked; None when one event may find out whether that ended."""
        self._state = "stopped"
        due_s = float("inf") if probe is None else probe - self._clock.monotonic()
        if due_s <= 0:
            return None
        day = self._now.day.day
        waiting = [
            event for event in await self._delivery_ledger.open_events() if event.log_dt[:10] >= day
        ]
        await self._delivery_ledger.put_aside(waiting, State.BLOCKED, code)
        return min(due_s, LOOK_S)

    # -- an outcome that is unknown -------------------------------------------------------------

    async def _again(self, record: UnderWay) -> float:
        until = record.resolvable_until(self._config.timeout_s)
        if self._clock.monotonic() <= until:
            await self._now.send(record)
            return 0.0
        await self._give_up(record, State.QUARANTINED)
        trouble = self._now.trouble
        trouble.unresolved += 1
        # Each round may cost an event, so a service that answers nothing is asked less and less.
        self._now.slots.not_before(doubled(SERVICE_INTERVAL_S, trouble.unresolved))
        events.usage_refused(self.name, record.event.id, "", "outcome-unknown")
        return 0.0

    async def _give_up(self, record: UnderWay, state: State) -> None:
        """End a record of which nobody can find out any more whether it was stored."""
        move = Move(record.event.id, state, self._clock.now(), "outcome-unknown")
        await self._delivery_ledger.record([move])
        self._now.under_way = None
        self._now.slots.stored(record.last_end)
