"""Everything that `status` shows, as one JSON document."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any

from gateway.api.ledger import device_ledger, reader_ledger
from gateway.api.problems import CONNECTED, device_problems, sink_problems, spool_problems
from gateway.api.services import Services
from gateway.core.protocols import ReaderState
from gateway.ops.health import (
    Alarm,
    DeviceHealth,
    DeviceState,
    SinkHealth,
    SinkState,
    Trouble,
)

RATE_SPAN_S = 10.0
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
        """Give samples a second, 0 until there are two points."""
        points = self._seen.get(device)
        if points is None or len(points) < 2:
            return 0.0
        (start, before), (end, after) = points[0], points[-1]
        return round((after - before) / (end - start), 1) if end > start else 0.0


def status(services: Services, rates: Rates) -> dict[str, Any]:
    """Give the state of everything; times in ns UTC, spans in seconds."""
    now = services.clock.now()
    health = services.health
    states = {state.name: state for state in services.readers()}
    ledger = {
        "devices": device_ledger(services.accounts()),
        "readers": reader_ledger(tuple(states.values())),
    }
    balanced = all(entry["balanced"] for part in ledger.values() for entry in part)
    return {
        "gateway": services.gateway,
        "site": dict(services.site),
        "version": services.version,
        "now": now,
        "started": health.started,
        "uptime_s": _span(now, health.started),
        "config": health.config_note,
        "devices": [_device(services, rates, each, now) for each in health.devices.values()],
        "sinks": [
            _sink(services, each, states.get(each.name), now) for each in health.sinks.values()
        ],
        "spool": {
            "epoch": services.epoch,
            "head": services.head(),
            "ready": health.spool_ready,
            "state": health.spool.state.value,
            "reason": health.spool.reason,
            "since": health.spool.since,
            "note": health.spool_note,
            "problems": spool_problems(health.spool_note, services.advice.of_spool),
            **services.spool_facts(),
        },
        "alarms": [_alarm(each) for each in health.alarms.values()],
        "ledger": {**ledger, "balanced": balanced},
        "healthy": healthy(services) and balanced,
    }


def healthy(services: Services) -> bool:
    """Tell whether nothing needs attention."""
    health = services.health
    return (
        health.spool_ready
        and not health.alarms
        and not health.config_note
        and all(each.state is DeviceState.GOOD for each in health.devices.values())
        and all(
            each.state in {SinkState.GOOD, SinkState.CATCHING_UP} for each in health.sinks.values()
        )
    )


def _span(now: int, then: int | None) -> float | None:
    return None if then is None else round((now - then) / 1e9, 3)


def _device(services: Services, rates: Rates, each: DeviceHealth, now: int) -> dict[str, Any]:
    bad = [
        {
            "name": name,
            "reason": one.reason,
            "detail": one.detail,
            "since": one.since,
            "tries": one.tries,
        }
        for name, one in list(each.bad.items())[:BAD_SHOWN_MAX]
    ]
    total = each.signals
    good = max(total - len(each.bad), 0) if each.state in CONNECTED else 0
    return {
        "device": each.device,
        "label": dict(services.aas.label(each.device)),
        "state": each.state.value,
        "since": each.since,
        "note": each.note,
        "reason": each.reason,
        "security": each.security,
        "tags": {"good": good, "total": total},
        "bad": bad,
        "troubles": [_trouble(one) for one in each.troubles.values()],
        "problems": device_problems(each, services.advice),
        "last_received": each.last_received,
        "age_s": _span(now, each.last_received),
        "rate": rates.of(each.device),
        "samples": each.samples,
        "gaps": each.gaps,
        "overflows": each.overflows,
        "rejected": each.rejected,
        "connects": each.connects,
        "next_try_s": each.next_try_s,
        "clock_offset_s": each.clock_offset_s,
    }


def _trouble(one: Trouble) -> dict[str, Any]:
    return {
        "reason": one.reason,
        "detail": one.detail,
        "since": one.since,
        "last": one.last,
        "count": one.count,
    }


def _alarm(each: Alarm) -> dict[str, Any]:
    return {
        "code": each.code,
        "about": each.about,
        "since": each.since,
        "facts": dict(each.facts),
        "what": {language: what for language, (what, _) in each.texts.items()},
        "fix": {language: fix for language, (_, fix) in each.texts.items()},
    }


def _sink(
    services: Services, each: SinkHealth, state: ReaderState | None, now: int
) -> dict[str, Any]:
    return {
        "name": each.name,
        "kind": each.kind,
        "state": each.state.value,
        "since": each.since,
        "note": each.note,
        "reason": each.reason,
        "problems": sink_problems(each, services.advice.of_sink),
        "last_accepted": each.last_accepted,
        "tries": each.tries,
        "next_try_s": each.next_try_s,
        "waiting": state.pending_samples if state else 0,
        "waiting_records": state.pending if state else 0,
        "waiting_bytes": state.pending_bytes if state else 0,
        "lag_s": _span(now, state.oldest_pending) if state else None,
        "quarantined": state.quarantined if state else 0,
        "delivered": state.delivered if state else 0,
        "expired": state.expired if state else 0,
    }
