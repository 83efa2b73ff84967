"""Solution usage in a running gateway: opens the ledger, lets intakes in and deliveries out.

A ledger that cannot be opened stops nothing else (I8): it is tried again, and until then whoever
sends an event is told to keep it.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import NoReturn, cast

from gateway.api.ports import UsageReceipt
from gateway.app.usage_alarms import HealthAlarms
from gateway.app.usage_counts import CountedLedger, shown_counts
from gateway.app.usage_deliveries import kpi_senders, log_senders
from gateway.app.usage_feed import AdapterFeed
from gateway.app.usage_outbox import UsageOutbox
from gateway.app.usage_settings import (
    delivery_config,
    log_deliveries,
    normal_config,
    receiver_config,
)
from gateway.config.usage import UsageKeys
from gateway.core.clock import Clock
from gateway.core.config import UsageColumns
from gateway.core.errors import GatewayError, LedgerUnavailable
from gateway.core.intake_kinds import AnyIntakeKind, IntakeContext
from gateway.core.protocols import Spool
from gateway.core.records import Usage
from gateway.core.types import UnixNs
from gateway.flow.supervise import contained
from gateway.ops.events import usage as events
from gateway.ops.health import Health
from gateway.usage.config import MessageIntakeConfig
from gateway.usage.intakes.intake import Intake
from gateway.usage.intakes.reporting_ledger import ReportingLedger
from gateway.usage.intakes.settings import columns_of
from gateway.usage.intakes.writebacks import WriteBacks, WrittenBack
from gateway.usage.ledger.ledger import SqliteLedger
from gateway.usage.ledger.store import Settings
from gateway.usage.model import Raw, Unfit
from gateway.usage.normal.kst import kst_text
from gateway.usage.normal.normalise import make_normaliser
from gateway.usage.normal.people_key import pseudonym_key
from gateway.usage.receiver.server import Receiver
from gateway.usage.sender.deliverer import Deliverer
from gateway.usage.sender.relay import Relay
from gateway.usage.sender.sender import Sender

Part = tuple[str, Callable[[], Awaitable[object]]]
"""Its name in the log, and what runs it."""
FOLDER = "usage"
SET_ASIDE, NOT_WHOLE = "U5014", "U5015"
"""Alarms of the ledger; texts: `gateway/usage/rules/messages`."""
RETRY_S = 10.0
DAY_S = 86_400.0


@dataclass(slots=True)
class UsageRooms:
    """Everything that `usage:` asks for. `folder` has gateway.yaml; `data` is the data folder."""

    keys: UsageKeys
    gateway: str
    folder: Path
    data: Path
    spool: Spool
    health: Health
    clock: Clock
    intakes: Sequence[AnyIntakeKind]
    receiver: Receiver | None = None
    senders: list[Sender] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    """Since the start; `shown_counts` gives them in order."""
    _intake: Intake | None = None

    async def run(self) -> NoReturn:
        """Run until cancelled. Cancel: intakes stop first, what they took is in the ledger."""
        while True:
            try:
                await self._run_with_ledger()
            except* GatewayError as group:
                error = group.exceptions[0]
                reason = getattr(error, "reason", type(error).__name__)
                events.usage_waits(reason, str(error), RETRY_S)
            await self.clock.sleep(RETRY_S)

    def figures(self) -> Mapping[str, int]:
        """Give the counts of events since the start."""
        return shown_counts(self.counts)

    async def take_usage(self, usages: Sequence[Usage], key: str) -> list[UsageReceipt]:
        """Take events from `POST /usage`; with an Idempotency-Key a repeat is known.

        Raises:
            LedgerUnavailable: the ledger is not open, or cannot be written.
        """
        if self._intake is None:
            raise LedgerUnavailable("not-open", "the usage ledger is not open")
        raws = [
            _raw(each, f"{key}:{place}" if key else "", self.clock.now())
            for place, each in enumerate(usages)
        ]
        return [
            UsageReceipt(code=each.code, detail=each.detail or each.field)
            if isinstance(each, Unfit)
            else UsageReceipt(each.id)
            for each in await self._intake.take(raws)
        ]

    async def _run_with_ledger(self) -> None:
        alarms = HealthAlarms(self.health)
        ledger = await SqliteLedger.open(
            self.data / FOLDER,
            clock=self.clock,
            settings=Settings(
                keep_days=round(self.keys.keep / DAY_S),
                keys=tuple(str(entry.key) for entry in self.keys.deliver),
            ),
            on_set_aside=lambda aside: alarms.raise_(
                SET_ASIDE, "ledger", self.clock.now(), file=aside.file, carried=aside.carried
            ),
        )
        try:
            await self._run_all(ledger, alarms)
        finally:
            self._intake = None
            await ledger.close()

    async def _run_all(self, ledger: SqliteLedger, alarms: HealthAlarms) -> None:
        """Introduce intakes, ledger and deliveries to one another, and run them."""
        salt = await asyncio.to_thread(pseudonym_key, self.data)
        normalise = make_normaliser(normal_config(self.keys, salt))
        write_backs, relay = WriteBacks(), Relay(self.senders)
        counted = CountedLedger(ledger, self.counts)
        told = ReportingLedger(counted, write_backs, relay.heard)
        configs = [delivery_config(each, self.folder) for each in log_deliveries(self.keys)]
        intake = Intake(
            normalise, counted, configs, self.clock, [write_backs], solution=self.keys.solution
        )
        async with contextlib.AsyncExitStack() as stack:
            self.senders[:] = log_senders(configs, told, alarms, self.clock, stack)
            kpis = kpi_senders(self.keys, ledger, alarms, self.clock, self.data / FOLDER, stack)
            intakes = list(self._intake_parts(intake, write_backs, relay))
            deliverers: list[Deliverer] = [*self.senders, *kpis]
            events.usage_started(len(intakes), len(deliverers))
            outbox = UsageOutbox(ledger, self.spool, self.clock)
            check = partial(_prove, ledger, self.clock, alarms)
            parts: list[Part] = [
                *intakes,
                *((f"usage {deliverer.name}", deliverer.run) for deliverer in deliverers),
                ("usage outbox", outbox.run),
                ("usage ledger", check),
            ]
            await self._run_parts(parts, intake, ledger)

    async def _run_parts(self, parts: Sequence[Part], intake: Intake, ledger: SqliteLedger) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(ledger.broken(), name="usage ledger thread")
            for name, run in parts:
                group.create_task(contained(name, run, self.clock), name=name)
            self._intake = intake

    def _intake_parts(
        self, intake: Intake, write_backs: WriteBacks, relay: Relay
    ) -> Iterator[Part]:
        keep = self.data / FOLDER
        receiver = receiver_config(self.keys, self.folder)
        if receiver is not None:
            self.receiver = Receiver(receiver, intake, self.clock, relay)
            yield "usage receiver", self.receiver.run
        for kind in self.intakes:
            for keys in self.keys.entries(kind.section):
                feed = partial(self._feed, kind, keys, intake)
                source = kind.make(
                    IntakeContext(keys, self.gateway, self.folder, keep, self.clock, intake, feed)
                )
                if kind.writes_back:
                    write_backs.add(cast("WrittenBack", source))
                yield f"usage {keys.name}", source.run

    def _feed(
        self, kind: AnyIntakeKind, keys: UsageColumns, intake: Intake, address: str
    ) -> AdapterFeed:
        columns, solution = columns_of(keys), keys.solution or ""
        config = MessageIntakeConfig(keys.name, kind.section, address, columns, solution)
        return AdapterFeed(config, intake, self.clock)


async def _prove(ledger: SqliteLedger, clock: Clock, alarms: HealthAlarms) -> NoReturn:
    """Prove the whole ledger once a day, and say what is wrong with it."""
    while True:
        await clock.sleep(DAY_S)
        try:
            report = await ledger.check()
        except LedgerUnavailable:
            continue  # told where it is written
        if report.problems:
            alarms.raise_(NOT_WHOLE, "ledger", clock.now(), problem=str(report.problems[0]))
        else:
            alarms.clear(NOT_WHOLE, "ledger")


def _raw(usage: Usage, source_id: str, received: UnixNs) -> Raw:
    return Raw(
        intake="api",
        received=received,
        fields={
            "logDt": kst_text(usage.at),
            "useSe": usage.event,
            "sysUser": usage.user,
            "conectIp": usage.address,
            "dataUsgqty": str(usage.bytes),
        },
        source_id=source_id,
        solution=usage.solution,
        extra={name: str(value) for name, value in usage.extra.items()},
    )
