"""Makes the record of what a gateway says of itself (`gateway/core/status.py`)."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NoReturn

from gateway.core.accounts import DeviceAccount
from gateway.core.clock import Clock
from gateway.core.protocols import ReaderState
from gateway.core.status import (
    Accounts,
    AlarmStatus,
    BadTag,
    DeviceCounts,
    DeviceStatus,
    GatewayStatus,
    ReaderCounts,
    SinkStatus,
    SpoolStatus,
    TagCount,
    TroubleStatus,
)
from gateway.core.types import Offset
from gateway.ops.health import (
    Alarm,
    DeviceHealth,
    DeviceState,
    Health,
    SinkHealth,
    SinkState,
    Trouble,
)
from gateway.ops.problems import (
    CONNECTED,
    AdviceView,
    NoAdvice,
    device_problems,
    sink_problems,
    spool_problems,
)

RATE_SPAN_S = 10.0
RATE_EVERY_S = 1.0
BAD_SHOWN_MAX = 200
"""Signals with a problem listed for one device; the count is always whole."""


class Rates:
    """Samples a second of each device over the last ten seconds."""

    def __init__(self) -> None:
        self._seen: dict[str, deque[tuple[float, int]]] = {}

    def note(self, at: float, samples: Mapping[str, int]) -> None:
        """Remember the counts at a monotonic time; called about once a second."""
        for device in set(self._seen) - set(samples):
            del self._seen[device]
        for device, count in samples.items():
            points = self._seen.setdefault(device, deque(maxlen=64))  # a minute of seconds
            if points and points[-1][1] > count:
                points.clear()
            points.append((at, count))
            while len(points) > 2 and at - points[1][0] >= RATE_SPAN_S:
                points.popleft()

    def of(self, device: str) -> float:
        """Tell samples a second, 0 until there are two points."""
        points = self._seen.get(device)
        if points is None or len(points) < 2:
            return 0.0
        (start, before), (end, after) = points[0], points[-1]
        return round((after - before) / (end - start), 1) if end > start else 0.0


def _no_label(_device: str) -> Mapping[str, str]:
    return {}


@dataclass(slots=True)
class StatusBoard:
    """Knows where everything is that `status` shows, and composes it when somebody asks.

    `readers` gives every reader's state, `accounts` what was counted of each device, `label` what
    people call a device, by language; `advice` knows what to do about a reason.
    """

    gateway: str
    version: str
    epoch: str
    health: Health
    clock: Clock
    head: Callable[[], Offset]
    readers: Callable[[], Sequence[ReaderState]]
    accounts: Callable[[], Mapping[str, DeviceAccount]] = dict
    site: Mapping[str, str] = field(default_factory=dict)
    label: Callable[[str], Mapping[str, str]] = _no_label
    advice: AdviceView = field(default_factory=NoAdvice)
    rates: Rates = field(default_factory=Rates)

    async def keep_rates(self) -> NoReturn:
        """Note the sample counts every second until cancelled."""
        while True:
            counts = {name: each.samples for name, each in self.health.devices.items()}
            self.rates.note(self.clock.monotonic(), counts)
            await self.clock.sleep(RATE_EVERY_S)

    def status(self) -> GatewayStatus:
        """Compose the state of everything; on the event loop, some 30 µs a device."""
        now, health = self.clock.now(), self.health
        states = {state.name: state for state in self.readers()}
        accounts = accounts_of(self.accounts(), tuple(states.values()))
        return GatewayStatus(
            gateway=self.gateway,
            site=self.site,
            version=self.version,
            now=now,
            started=health.started,
            uptime_s=_span(now, health.started),
            config=health.config_note,
            devices=tuple(self._device(each, now) for each in health.devices.values()),
            sinks=tuple(
                self._sink(each, states.get(each.name), now) for each in health.sinks.values()
            ),
            spool=self._spool(),
            alarms=tuple(_alarm(each) for each in health.alarms.values()),
            accounts=accounts,
            healthy=healthy(health) and accounts.balanced,
        )

    def _device(self, each: DeviceHealth, now: int) -> DeviceStatus:
        total = each.signals
        good = max(total - len(each.bad), 0) if each.state in CONNECTED else 0
        return DeviceStatus(
            device=each.device,
            label=self.label(each.device),
            state=each.state.value,
            since=each.since,
            note=each.note,
            reason=each.reason,
            security=each.security,
            tags=TagCount(good, total),
            bad=_bad(each),
            troubles=tuple(_trouble(one) for one in each.troubles.values()),
            problems=tuple(device_problems(each, self.advice)),
            last_received=each.last_received,
            age_s=_span(now, each.last_received),
            rate=self.rates.of(each.device),
            samples=each.samples,
            gaps=each.gaps,
            overflows=each.overflows,
            rejected=each.rejected,
            connects=each.connects,
            next_try_s=each.next_try_s,
            clock_offset_s=each.clock_offset_s,
        )

    def _sink(self, each: SinkHealth, state: ReaderState | None, now: int) -> SinkStatus:
        return SinkStatus(
            name=each.name,
            kind=each.kind,
            state=each.state.value,
            since=each.since,
            note=each.note,
            reason=each.reason,
            problems=tuple(sink_problems(each, self.advice.of_sink)),
            last_accepted=each.last_accepted,
            tries=each.tries,
            next_try_s=each.next_try_s,
            waiting=state.pending_samples if state else 0,
            waiting_records=state.pending if state else 0,
            waiting_bytes=state.pending_bytes if state else 0,
            lag_s=_span(now, state.oldest_pending) if state else None,
            quarantined=state.quarantined if state else 0,
            delivered=state.delivered if state else 0,
            expired=state.expired if state else 0,
        )

    def _spool(self) -> SpoolStatus:
        spool = self.health.spool
        return SpoolStatus(
            epoch=self.epoch,
            head=self.head(),
            ready=spool.ready,
            state=spool.state.value,
            reason=spool.reason,
            since=spool.since,
            note=spool.note,
            problems=tuple(spool_problems(spool.note, self.advice.of_spool)),
        )


def healthy(health: Health) -> bool:
    """Tell whether nothing needs attention."""
    return (
        health.spool_ready
        and not health.alarms
        and not health.config_note
        and all(each.state is DeviceState.GOOD for each in health.devices.values())
        and all(
            each.state in {SinkState.GOOD, SinkState.CATCHING_UP} for each in health.sinks.values()
        )
    )


def accounts_of(accounts: Mapping[str, DeviceAccount], readers: Sequence[ReaderState]) -> Accounts:
    """Count what became of everything, each side as it was counted by another part."""
    devices = tuple(_device_counts(device, accounts[device]) for device in sorted(accounts))
    counted = tuple(_reader_counts(state) for state in readers)
    balanced = all(each.balanced for each in devices) and all(each.balanced for each in counted)
    return Accounts(devices, counted, balanced)


def _device_counts(device: str, account: DeviceAccount) -> DeviceCounts:
    return DeviceCounts(
        device=device,
        received=account.received,
        spooled=account.spooled,
        rejected=account.rejected,
        dropped=account.dropped,
        returned=account.returned - account.late,
        waiting=account.waiting,
        balanced=account.balanced(),
    )


def _reader_counts(state: ReaderState) -> ReaderCounts:
    return ReaderCounts(
        reader=state.name,
        spooled=state.spooled,
        delivered=state.delivered,
        pending=state.pending,
        quarantined=state.quarantined,
        expired=state.expired,
        unexplained_samples=state.unexplained_samples,
        balanced=state.balanced(),
    )


def _span(now: int, then: int | None) -> float | None:
    return None if then is None else round((now - then) / 1e9, 3)


def _bad(each: DeviceHealth) -> tuple[BadTag, ...]:
    first = list(each.bad.items())[:BAD_SHOWN_MAX]
    return tuple(BadTag(name, one.reason, one.detail, one.since, one.tries) for name, one in first)


def _trouble(one: Trouble) -> TroubleStatus:
    return TroubleStatus(one.reason, one.detail, one.since, one.last, one.count)


def _alarm(each: Alarm) -> AlarmStatus:
    return AlarmStatus(
        code=each.code,
        about=each.about,
        since=each.since,
        facts=each.facts,
        what={language: what for language, (what, _) in each.texts.items()},
        fix={language: fix for language, (_, fix) in each.texts.items()},
    )
