"""Events of machines and brokers."""

from __future__ import annotations

from gateway.ops.events.emit import Level, emit


def source_connected(device: str, detail: str = "") -> None:
    """A device's connection stands and its signals are subscribed."""
    emit(Level.INFO, "source_connected", device=device, detail=detail or None)


def source_lost(device: str, reason: str, detail: str, retry_s: float) -> None:
    """A device's connection ended; it is tried again by itself in `retry_s`."""
    emit(
        Level.WARNING,
        "source_lost",
        repeat_key=f"{device} {reason}",
        device=device,
        reason=reason,
        detail=detail or None,
        retry_s=round(retry_s, 1),
    )


def source_needs_person(device: str, reason: str, detail: str) -> None:
    """A device refuses us until a person acts, such as at an unknown certificate."""
    emit(
        Level.ERROR,
        "source_needs_person",
        repeat_key=f"{device} {reason}",
        device=device,
        reason=reason,
        detail=detail or None,
    )


def gap_recorded(device: str, reason: str, span_s: float, count: int | None) -> None:
    """Something could not be had; a record in the data says when and why (I6)."""
    emit(
        Level.WARNING,
        "gap_recorded",
        repeat_key=f"{device} {reason}",
        device=device,
        reason=reason,
        span_s=round(span_s, 3),
        count=count,
    )


def message_rejected(device: str, reason: str, source: str) -> None:
    """A message cannot be read; its first bytes are kept."""
    emit(
        Level.ERROR,
        "message_rejected",
        repeat_key=f"{device} {source}",
        device=device,
        reason=reason,
        source=source,
    )
