"""One request, and everything that follows from its answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from gateway.core.clock import Clock
from gateway.ops.events import usage_sender as events
from gateway.usage.config import DeliveryConfig
from gateway.usage.model import Attempt, Move, State
from gateway.usage.ports import Alarms
from gateway.usage.rules.codes import CodeRule, Codes
from gateway.usage.sender import alarm_codes
from gateway.usage.sender.delivery_ledger import DeliveryLedger
from gateway.usage.sender.delivery_state import Day, Stop, Trouble, UnderWay
from gateway.usage.sender.judge import Judged, Then, Tried, judge
from gateway.usage.sender.log_service import Exchange, LogService, Outcome
from gateway.usage.sender.sampler import AMOUNT_MAX
from gateway.usage.sender.service_contact import ServiceContact
from gateway.usage.sender.service_time import ServiceTime
from gateway.usage.sender.slots import Slots

PAUSE_S = 10.0
"""The least time between two requests, whatever the answer was."""
OFFLINE_S = (10.0, 30.0, 60.0, 120.0, 300.0)
"""Between tries while nobody answers; nothing is lost but time, and the ledger stays small."""
CAP_S = 3_600.0
CONTENDED_TIMES = 2
"""One unexpected AP1029 happens, after a solution that sent by itself was switched over."""
EARLY_TIMES = 3
"""So many in a day are no accident either, even with records stored between them."""


@dataclass(frozen=True, slots=True)
class _Case:
    record: UnderWay
    rule: CodeRule
    judged: Judged


class Requesting:
    """Sends one record at a time and keeps the standing of the delivery."""

    def __init__(
        self,
        config: DeliveryConfig,
        ledger: DeliveryLedger,
        client: LogService,
        codes: Codes,
        alarms: Alarms,
        clock: Clock,
    ) -> None:
        self._config = config
        self._delivery_ledger = ledger
        self._client = client
        self._codes = codes
        self._alarms = alarms
        self._clock = clock
        self.time = ServiceTime(clock)
        self._contact = ServiceContact(config.name, self.time, alarms, clock)
        self.slots = Slots(config, self.time, clock)
        self.day = Day("")
        self.trouble = Trouble()
        self.stop: Stop | None = None
        self.full_day = ""
        """The day on which nothing more is sent."""
        self.variant = config.variant
        self.code = ""
        self.text = ""
        self._heard_at = 0.0
        self.under_way: UnderWay | None = None
        self._follow: Mapping[Then, Callable[[_Case], None]] = {
            Then.INTERVAL: self._stored,
            Then.TEST_INTERVAL: self._tested,
            Then.SAME: self._same,
            Then.PAUSE: self._paused,
            Then.OFFLINE: self._offline,
            Then.CONTENDED: self._contended,
            Then.REFUSED: self._refused,
            Then.ZERO: self._zero,
            Then.CLAMP: self._clamp,
            Then.VARIANT: self._variant,
            Then.STOP: self._stop,
            Then.TOMORROW: self._tomorrow,
        }

    async def send(self, record: UnderWay) -> None:
        """Send a record, write down what came of it, and act on it.

        Raises:
            LedgerUnavailable: nothing was sent.
        Cancel: the event stays `sending`; its outcome is unknown.
        """
        await self._delivery_ledger.before_sending(record.event.id)
        self.under_way = record
        self.day.requests += 1
        started, began = self._clock.now(), self._clock.monotonic()
        exchange = await self._client.send(record.fields, self.variant)
        self._heard_at = self._clock.monotonic()
        answer = exchange.answer
        self.code = "" if answer is None else answer.code
        self.text = exchange.text if answer is None else f"{answer.text} {answer.detail}".strip()
        self._contact.hear(exchange)
        if exchange.outcome is Outcome.ANSWERED:
            self.trouble.offline = 0
        rule = self._codes.of(self.code)
        judged = self._judged(record, exchange, rule)
        attempt = Attempt(
            started,
            record.fields,
            self.code,
            exchange.text if answer is None else answer.text,
            "" if answer is None else answer.detail,
            "" if answer is None else answer.answered,
            exchange.took_s,
        )
        if exchange.outcome is Outcome.UNKNOWN:
            record.first = began if record.first is None else record.first
            record.last_end = self._heard_at
        await self._delivery_ledger.record(self._moves(record, judged, attempt))
        if judged.state is not State.SENDING:
            self.under_way = None
        self._follow[judged.then](_Case(record, rule, judged))

    def _judged(self, record: UnderWay, exchange: Exchange, rule: CodeRule) -> Judged:
        event = record.event
        tries = self.day.tries
        tries[event.id, self.code] += 1
        tried = Tried(tries[event.id, self.code], record.unknown, event.log_dt[:10])
        return judge(exchange, rule, tried)

    def _moves(self, record: UnderWay, judged: Judged, attempt: Attempt) -> list[Move]:
        now = self._clock.now()
        moves = [Move(record.event.id, judged.state, now, judged.why, attempt)]
        if judged.then is Then.INTERVAL:
            why = f"summed: {record.event.id}"
            moves += [Move(event, State.SAMPLED_OUT, now, why) for event in record.absorbed]
        return moves

    def _alarm(self, code: str, **facts: str | float) -> None:
        self._alarms.raise_(code, self._config.name, self._clock.now(), **facts)

    # -- what follows ---------------------------------------------------------------------------

    def _stored(self, case: _Case) -> None:
        presumed = case.judged.state is State.DELIVERED_PRESUMED
        self.slots.stored(case.record.last_end if presumed else self._heard_at)
        day = self.day
        day.stored += 1
        day.users.add(case.record.event.user)
        day.amounts.pop(case.record.event.id, None)
        self._back_to_good()
        events.usage_delivered(
            self._config.name, case.record.event.id, case.rule.code, day.stored, presumed
        )

    def _tested(self, case: _Case) -> None:
        # Whether a test takes the ten minutes is not known: as if it did.
        self.slots.stored(self._heard_at)
        self._back_to_good()
        events.usage_delivered(
            self._config.name, case.record.event.id, case.rule.code, self.day.stored, presumed=False
        )

    def _back_to_good(self) -> None:
        self.trouble = Trouble(variants=self.trouble.variants)
        self.stop = None
        over = {*alarm_codes.OF_STOPS, alarm_codes.SECOND_SENDER, alarm_codes.NOTHING_STORED}
        if self.trouble.variants:
            over.discard(alarm_codes.VARIANT)  # it works, but the setting is still wrong
        if self.day.early >= EARLY_TIMES:
            over.discard(alarm_codes.SECOND_SENDER)
        for code in sorted(over):
            self._alarms.clear(code, self._config.name)

    def _same(self, case: _Case) -> None:
        now = self._clock.monotonic()
        until = case.record.resolvable_until(self._config.timeout_s)
        due = now + max(case.judged.pause_s, PAUSE_S)
        case.record.due = max(min(due, until), now + PAUSE_S)
        self._not_stored(case.record, case.judged, case.record.due - now)

    def _paused(self, case: _Case) -> None:
        self._pause(case.record, case.judged, case.judged.pause_s)

    def _offline(self, case: _Case) -> None:
        pause_s = OFFLINE_S[min(self.trouble.offline, len(OFFLINE_S) - 1)]
        self.trouble.offline += 1
        case.record.due = self._clock.monotonic() + pause_s
        self._pause(case.record, case.judged, pause_s)

    def _contended(self, case: _Case) -> None:
        """Step back, further each time: the other sender has the key's slots."""
        self.slots.loosen()
        self.trouble.contended += 1
        self.day.early += 1
        times = self.trouble.contended
        pause_s = max(case.judged.pause_s, self._config.interval_s)
        self._pause(case.record, case.judged, doubled(pause_s, times))
        if times >= CONTENDED_TIMES or self.day.early >= EARLY_TIMES:
            self._alarm(alarm_codes.SECOND_SENDER, times=times)

    def _refused(self, case: _Case) -> None:
        self.trouble.refused += 1
        # A solution whose every record is refused must not use up the day's requests.
        pause_s = min(doubled(PAUSE_S, self.trouble.refused), self._config.interval_s)
        self.slots.not_before(pause_s)
        events.usage_refused(self._config.name, case.record.event.id, case.rule.code, self.text)
        if case.rule.alarm:
            times = self.trouble.refused
            self._alarm(case.rule.alarm, answer=case.rule.code, text=self.text, times=times)

    def _zero(self, case: _Case) -> None:
        self.day.amounts[case.record.event.id] = 0
        self._pause(case.record, case.judged, PAUSE_S)

    def _clamp(self, case: _Case) -> None:
        self.day.amounts[case.record.event.id] = AMOUNT_MAX
        self._pause(case.record, case.judged, PAUSE_S)

    def _variant(self, case: _Case) -> None:
        self.trouble.variants.append(self.variant)
        others = [each for each in ("form", "json", "xml") if each not in self.trouble.variants]
        if not others:
            self._stop(case)
            return
        self.variant = others[0]  # type: ignore[assignment]  # one of the words above
        self._alarm(case.rule.alarm, answer=case.rule.code, variant=self.variant)
        self._pause(case.record, case.judged, PAUSE_S)

    def _stop(self, case: _Case) -> None:
        probe = self._clock.monotonic() + case.rule.probe_s if case.rule.probe_s else None
        self.stop = Stop(case.rule.code, probe)
        events.usage_stopped(self._config.name, case.rule.code, "probe" if probe else "changed")
        if case.rule.alarm:
            self._alarm(case.rule.alarm, answer=case.rule.code)

    def _tomorrow(self, case: _Case) -> None:
        self.full_day = self.day.day
        events.usage_stopped(self._config.name, case.rule.code, "tomorrow")
        if case.rule.alarm:
            self._alarm(case.rule.alarm, answer=case.rule.code, requests=self.day.requests)

    def _pause(self, record: UnderWay, judged: Judged, pause_s: float) -> None:
        pause_s = max(pause_s, PAUSE_S)
        self.slots.not_before(pause_s)
        self._not_stored(record, judged, pause_s)

    def _not_stored(self, record: UnderWay, judged: Judged, again_s: float) -> None:
        events.usage_not_stored(
            self._config.name, record.event.id, judged.state, judged.why, again_s
        )


def doubled(seconds: float, times: int) -> float:
    """Give `seconds`, doubled with each time after the first, an hour at most."""
    return min(seconds * 2.0 ** min(times - 1, 12), CAP_S)
