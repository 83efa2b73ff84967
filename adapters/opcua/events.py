"""Events of OPC UA servers."""

from __future__ import annotations

from gateway.ops.events.emit import Level, emit
from gateway.ops.metrics import counter

_FOREIGN = counter(
    "gateway_opcua_foreign_samples_total", "Samples for items that are not ours", ["device"]
)
_OVERFLOWS = counter(
    "gateway_opcua_overflows_total", "Samples that came with the overflow bit", ["device"]
)
_UNDECODED = counter("gateway_opcua_undecoded_total", "Values that could not be read", ["device"])
_REPUBLISHED = counter(
    "gateway_opcua_republished_total", "Lost notifications fetched again", ["device"]
)


def foreign_samples(device: str, count: int) -> None:
    _FOREIGN.labels(device).inc(count)
    emit(Level.WARNING, "foreign_samples_dropped", repeat_key=device, device=device, count=count)


def queue_overflowed(device: str, count: int) -> None:
    _OVERFLOWS.labels(device).inc(count)
    emit(Level.WARNING, "source_queue_overflowed", repeat_key=device, device=device, count=count)


def value_undecoded(device: str, signal: str, reason: str) -> None:
    _UNDECODED.labels(device).inc()
    emit(
        Level.WARNING,
        "value_undecoded",
        repeat_key=f"{device} {signal}",
        device=device,
        signal=signal,
        reason=reason,
    )


def notification_lost(device: str, first: int, last: int, detail: str) -> None:
    emit(
        Level.WARNING,
        "notification_lost",
        repeat_key=device,
        device=device,
        first=first,
        last=last,
        detail=detail or None,
    )


def notification_republished(device: str, sequence: int) -> None:
    _REPUBLISHED.labels(device).inc()
    emit(Level.INFO, "notification_republished", device=device, sequence=sequence)


def items_active(device: str, active: int, desired: int) -> None:
    level = Level.INFO if active == desired else Level.WARNING
    emit(level, "items_subscribed", device=device, active=active, desired=desired)


def item_refused(device: str, signal: str, reason: str) -> None:
    emit(Level.WARNING, "signal_refused", device=device, signal=signal, reason=reason)


def item_accepted(device: str, signal: str) -> None:
    emit(Level.INFO, "signal_accepted", device=device, signal=signal)


def item_granted_less(device: str, signal: str, detail: str) -> None:
    emit(Level.WARNING, "signal_granted_less", device=device, signal=signal, detail=detail)


def subscription_granted(device: str, detail: str) -> None:
    emit(Level.INFO, "subscription_granted", device=device, detail=detail)


def session_resumed(device: str) -> None:
    emit(Level.INFO, "session_resumed", device=device)


def session_not_kept(device: str, reason: str) -> None:
    emit(Level.WARNING, "session_not_kept", repeat_key=device, device=device, reason=reason)


def source_restarted(device: str, detail: str) -> None:
    emit(Level.WARNING, "source_restarted", device=device, detail=detail)


def history_filled(device: str, signals: int, samples: int) -> None:
    emit(Level.INFO, "gap_filled_from_source", device=device, signals=signals, samples=samples)


def own_certificate_expires(device: str, days: float) -> None:
    emit(
        Level.WARNING if days > 0 else Level.ERROR,
        "own_certificate_expires",
        repeat_key=device,
        device=device,
        days=round(days, 1),
    )
