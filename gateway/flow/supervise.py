"""Runs one device's adapter, or another part that must not end its neighbours, for ever (I8).

The only place that catches what nobody expected: a bug in one adapter, one forwarder, the HTTP side
or the usage logs is reported with its trace and begun again slowly, and the data of all others
keeps flowing. Parts that are not run through here (the spool, the fleet, reload) end the process.
"""

from __future__ import annotations

import traceback
from collections.abc import Awaitable, Callable
from typing import NoReturn, Protocol

from gateway.core.clock import Clock
from gateway.core.errors import SourceRejected, SourceUnavailable
from gateway.core.protocols import Adapter, Intake
from gateway.flow.backoff import Backoff
from gateway.ops.events import flow as flow_events
from gateway.ops.events import sources as source_events
from gateway.ops.health import DeviceHealth, DeviceState

GOOD_RUN_S = 30.0
PERSON_RETRY_S = 10.0
"""A rejected source is tried again at this pace: `gateway trust accept` takes effect by itself."""


class ConnectedIntake(Intake, Protocol):
    """An intake that hears of each new connection."""

    def new_connection(self) -> None:
        """Forget what was taken over but not stored when the last connection ended."""


class DeviceRunner:
    """Keeps one device connected: makes an adapter, runs it, waits, makes a new one."""

    def __init__(
        self,
        make: Callable[[], Adapter],
        intake: ConnectedIntake,
        health: DeviceHealth,
        clock: Clock,
        backoff: Backoff,
    ) -> None:
        self._make = make
        self._intake = intake
        self._health = health
        self._clock = clock
        self._backoff = backoff
        self.adapter: Adapter | None = None

    async def run(self) -> NoReturn:
        """Run until cancelled; cancel stops the adapter first."""
        while True:
            started = self._clock.monotonic()
            delay_s = await self._one_connection()
            if self._clock.monotonic() - started > GOOD_RUN_S:
                self._backoff.reset()
            self._health.next_try_s = delay_s
            await self._clock.sleep(delay_s)

    async def _one_connection(self) -> float:
        """Run one connection to its end and give the seconds to wait before the next."""
        self.adapter = self._make()
        self._intake.new_connection()
        try:
            await self.adapter.run(self._intake)
        except SourceRejected as error:
            self._lost(DeviceState.NEEDS_PERSON, str(error), error.reason)
            source_events.source_needs_person(self._health.device, error.reason, error.detail)
            return PERSON_RETRY_S
        except SourceUnavailable as error:
            delay_s = self._backoff.next_delay()
            self._lost(DeviceState.LOST, str(error), error.reason)
            source_events.source_lost(self._health.device, error.reason, error.detail, delay_s)
            return delay_s
        except Exception as error:  # noqa: BLE001 - the one outermost report, see the module's text
            self._lost(DeviceState.LOST, f"bug: {type(error).__name__}", "bug")
            flow_events.bug_contained(self._health.device, traceback.format_exc())
            return PERSON_RETRY_S
        finally:
            self.adapter = None

    def _lost(self, state: DeviceState, note: str, reason: str) -> None:
        self._health.change(state, self._clock.now(), note, reason)


async def contained(part: str, run: Callable[[], Awaitable[object]], clock: Clock) -> NoReturn:
    """Run a part that never ends; report a bug in it and start it again after a pause."""
    while True:
        try:
            await run()
        except Exception:  # noqa: BLE001 - the one outermost report, see the module's text
            flow_events.bug_contained(part, traceback.format_exc())
        await clock.sleep(PERSON_RETRY_S)
