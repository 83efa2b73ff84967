"""Keeps an adapter connected whose texts are events of use."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NoReturn

from gateway.core.clock import Clock
from gateway.core.protocols import Adapter
from gateway.flow.backoff import Backoff
from gateway.flow.supervise import DeviceRunner
from gateway.ops.health import DeviceHealth
from gateway.usage.config import MessageIntakeConfig
from gateway.usage.intakes.messages import MessageIntake, plan_of
from gateway.usage.ports import UsageIntake

RECONNECT_CAP_S = 4.0


@dataclass(frozen=True, slots=True)
class FedSource:
    """A source of events that a runner keeps connected; see `gateway.core.intake_kinds`."""

    name: str
    runner: DeviceRunner

    async def run(self) -> NoReturn:
        """Run until cancelled."""
        await self.runner.run()


class AdapterFeed:
    """Between an adapter and the intake of its texts; see `gateway.core.intake_kinds.TextFeed`."""

    def __init__(self, config: MessageIntakeConfig, intake: UsageIntake, clock: Clock) -> None:
        self.plan = plan_of(config)
        self._config = config
        self._intake = intake
        self._clock = clock

    def source(self, make: Callable[[DeviceHealth], Adapter]) -> FedSource:
        """Give what keeps the adapter connected."""
        health = DeviceHealth(self._config.name, 1)
        events = MessageIntake(self._config, self._intake, self._clock)
        backoff = Backoff(cap_s=RECONNECT_CAP_S)
        runner = DeviceRunner(lambda: make(health), events, health, self._clock, backoff)
        return FedSource(events.name, runner)
