"""Which record goes into a slot, and what of the rest is put aside."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.core.clock import Clock
from gateway.core.types import UnixNs
from gateway.usage.config import DeliveryConfig
from gateway.usage.model import State, Waiting
from gateway.usage.ports import Alarms
from gateway.usage.sender.alarm_codes import AHEAD_OF_TIME
from gateway.usage.sender.delivery_ledger import DeliveryLedger
from gateway.usage.sender.delivery_state import UnderWay
from gateway.usage.sender.kst import DAY_S, NS, kst_text
from gateway.usage.sender.requesting import Requesting
from gateway.usage.sender.sampler import choose, summed
from gateway.usage.sender.service_time import OFF_S


class Choosing:
    """Looks at what waits when a slot is free."""

    def __init__(
        self,
        config: DeliveryConfig,
        ledger: DeliveryLedger,
        now: Requesting,
        alarms: Alarms,
        clock: Clock,
    ) -> None:
        self._config = config
        self._delivery_ledger = ledger
        self._now = now
        self._alarms = alarms
        self._clock = clock
        self.past_day = ""
        """The last day before today of which events were found waiting, "" for none."""

    async def next_record(self) -> UnderWay | None:
        """Give the record for this slot, None when nothing waits for it.

        A record that a run before this one left as `sending` comes first.

        Raises:
            LedgerUnavailable: nothing was chosen.
        """
        now = self._now
        waiting = await self._delivery_ledger.open_events()
        day = now.day.day
        self.past_day = max((each for each in map(_day, waiting) if each < day), default="")
        today = [event for event in waiting if _day(event) == day]
        left = next((event for event in today if event.state is State.SENDING), None)
        if left is not None:
            return self._resumed(left)
        ahead = {event.id for event in self._ahead(waiting, day)}
        chosen = await self._chosen([event for event in today if event.id not in ahead])
        if chosen is None and not now.time.sure:
            return self._asking(waiting)
        return chosen

    def _asking(self, waiting: Sequence[Waiting]) -> UnderWay | None:
        """Give an event that is not of our clock's day, while only our clock says what day it is.

        Either it is ours that is wrong and the event is stored, or the service refuses it as it
        would any other of that day; both answers tell the time.
        """
        newest = max(
            (event for event in waiting if event.state is not State.SENDING),
            key=lambda event: event.log_dt,
            default=None,
        )
        if newest is None:
            return None
        return UnderWay(newest, self._fields(newest, self._now.day.amount(newest)))

    async def _chosen(self, candidates: Sequence[Waiting]) -> UnderWay | None:
        now = self._now
        left = now.slots.left(now.day.stored)
        choice = choose(candidates, self._config.order, now.day.users, left)
        if choice is None:
            return None
        best = choice.best
        if self._config.sample == "sum":
            others = (*choice.kept, *choice.out)
            total = now.day.amounts.get(best.id, summed(best, others))
            return UnderWay(best, self._fields(best, total), tuple(event.id for event in others))
        await self._delivery_ledger.put_aside(choice.out, State.SAMPLED_OUT, "better ones wait")
        return UnderWay(best, self._fields(best, now.day.amount(best)))

    def _resumed(self, event: Waiting) -> UnderWay:
        now = self._clock.monotonic()
        passed_s = (self._clock.now() - event.since) / NS if event.since else 0.0
        first = now - min(max(passed_s, 0.0), DAY_S)
        return UnderWay(
            event, self._fields(event, self._now.day.amount(event)), (), first, now, now
        )

    def _ahead(self, waiting: Sequence[Waiting], day: str) -> list[Waiting]:
        """Give events dated after the service's now; while that is unknown, after its day."""
        limit = f"{day} 99"
        if self._now.time.sure:
            limit = kst_text(UnixNs(self._now.time.now() + int(OFF_S * NS)))
        ahead = [event for event in waiting if event.log_dt > limit]
        if ahead:
            at = self._clock.now()
            self._alarms.raise_(AHEAD_OF_TIME, self._config.name, at, events=len(ahead))
        else:
            self._alarms.clear(AHEAD_OF_TIME, self._config.name)
        return ahead

    def _fields(self, event: Waiting, amount: int) -> dict[str, str]:
        time = self._now.time
        send_time = self._config.log_dt == "send" and time.sure
        return {
            "logDt": time.text() if send_time else event.log_dt,
            "useSe": event.use_se,
            "sysUser": event.user,
            "conectIp": event.address,
            "dataUsgqty": str(amount),
        }


def _day(event: Waiting) -> str:
    return event.log_dt[:10]
