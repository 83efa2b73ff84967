"""Messages that an adapter reads as events: one JSON object each, or an array of them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import orjson

from gateway.core.clock import Clock
from gateway.core.errors import LedgerUnavailable
from gateway.core.records import Batch, Gap, Rejected
from gateway.core.signals import PlanTable, Signal
from gateway.core.types import UnixNs
from gateway.ops.events import usage_intakes as events
from gateway.usage.config import MessageIntakeConfig
from gateway.usage.intakes.hand_over import hand_over
from gateway.usage.intakes.lines import LineError, json_pick
from gateway.usage.intakes.mapping import HEAD_BYTES, cells_of, check_columns, raw_of, unreadable
from gateway.usage.intakes.row_outcomes import korean_time
from gateway.usage.model import Raw
from gateway.usage.ports import UsageIntake

MESSAGE_EVENTS_MAX = 1_000
"""Events of one message; a longer array is one unfit event, and its sender has to cut it."""
LEDGER_RETRY_S = 0.5


def plan_of(config: MessageIntakeConfig) -> PlanTable:
    """Give the plan table of the device as which the adapter sees them: one text signal."""
    signal = Signal(
        0, config.name, "usage", config.address, "", "", "", "Usage", "", "usage",
        value_type="xs:string",
    )  # fmt: skip
    return PlanTable(config.name, (signal,))


class MessageMapper:
    """Takes payloads apart.

    A message's source id is the hash of its payload, so that one that the broker sends twice is
    one event. Where no column gives the time, it is that of reception, and equal payloads are
    different events: they have no source id.

    Raises:
        ValueError: the columns cannot be meant.
    """

    def __init__(self, config: MessageIntakeConfig) -> None:
        check_columns(config.columns)
        self._config = config
        self._intake = f"{config.kind}:{config.name}"
        self._timed = "logDt" in {*config.columns.fields, *config.columns.constants}

    def raws(self, payload: str, received: UnixNs) -> list[Raw]:
        """Give the events of one message; what cannot be read is an event without fields."""
        mark = hashlib.sha256(payload.encode("utf-8", "surrogatepass")).hexdigest()[:32]
        try:
            document = orjson.loads(payload)
        except ValueError as error:
            return [self._unreadable(payload, f"no JSON: {error}", received, mark)]
        readings = document if isinstance(document, list) else [document]
        if len(readings) > MESSAGE_EVENTS_MAX:
            why = f"{len(readings)} events in one message; at most {MESSAGE_EVENTS_MAX}"
            return [self._unreadable(payload, why, received, mark)]
        return [
            self._raw(reading, f"{mark}:{number}", received)
            for number, reading in enumerate(readings)
        ]

    def rejected(self, message: Rejected) -> Raw:
        """Give a message that the adapter could not read, as an event without fields."""
        mark = hashlib.sha256(message.head).hexdigest()[:32]
        return unreadable(
            message.head,
            message.reason,
            intake=self._intake,
            received=message.at,
            source_id=f"{self._config.name}:{mark}:{message.size}",
            solution=self._config.solution,
        )

    def _raw(self, reading: Any, mark: str, received: UnixNs) -> Raw:
        try:
            cells = cells_of(json_pick(reading), self._config.columns)
            if cells.empty:
                raise LineError("no mapped column has a value")
        except LineError as error:
            text = orjson.dumps(reading).decode()
            return self._unreadable(text, str(error), received, mark)
        raw = raw_of(
            cells,
            intake=self._intake,
            received=received,
            source_id=f"{self._config.name}:{mark}" if self._timed else "",
            solution=self._config.solution,
        )
        if self._timed:
            return raw
        fields = {**raw.fields, "logDt": korean_time(received)}
        return Raw(raw.intake, received, fields, solution=raw.solution, extra=raw.extra)

    def _unreadable(self, text: str, why: str, received: UnixNs, mark: str) -> Raw:
        return unreadable(
            text[:HEAD_BYTES].encode("utf-8", "surrogatepass"),
            why,
            intake=self._intake,
            received=received,
            source_id=f"{self._config.name}:{mark}",
            solution=self._config.solution,
        )


class MessageIntake:
    """A `gateway.core.protocols.Intake` for an adapter: batches of texts become events.

    Args:
        config: see `MessageIntakeConfig`.
        intake: where events go.
        clock: waiting while the ledger cannot write.
    """

    def __init__(self, config: MessageIntakeConfig, intake: UsageIntake, clock: Clock) -> None:
        self._mapper = MessageMapper(config)
        self.name = f"{config.kind}:{config.name}"
        self._intake = intake
        self._clock = clock
        self._last: UnixNs | None = None

    async def deliver(self, items: Sequence[Batch | Gap | Rejected]) -> None:
        """Return once every event is in the ledger; the adapter acknowledges after that (I1).

        Waits while the ledger cannot write: whoever sends keeps the messages, which is the
        back-pressure. Cancel: not acknowledged, so they are sent again.
        """
        raws: list[Raw] = []
        for item in items:
            raws += self._raws(item)
        await self._taken(raws)
        for item in items:
            if isinstance(item, Batch):
                self._last = item.received

    def new_connection(self) -> None:
        """Nothing is kept between messages."""

    def last_received(self) -> UnixNs | None:
        """Give when the last message came in this process; nothing is known of one before it."""
        return self._last

    def _raws(self, item: Batch | Gap | Rejected) -> list[Raw]:
        if isinstance(item, Rejected):
            return [self._mapper.rejected(item)]
        if isinstance(item, Gap):
            span_s = (item.end - item.start) / 1e9
            events.gap_on_topic(self.name, str(item.reason), span_s)
            return []
        return [
            raw for value in item.values for raw in self._mapper.raws(str(value), item.received)
        ]

    async def _taken(self, raws: Sequence[Raw]) -> None:
        while True:
            try:
                await hand_over(self._intake, raws)
            except LedgerUnavailable as error:
                events.intake_lost(self.name, error.reason, error.detail, LEDGER_RETRY_S)
                await self._clock.sleep(LEDGER_RETRY_S)
            else:
                return
