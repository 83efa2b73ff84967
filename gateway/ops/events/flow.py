"""Events of the two loops between machines, spool and destinations."""

from __future__ import annotations

from gateway.ops.events.emit import Level, emit


def intake_waits(device: str, reason: str, detail: str) -> None:
    """Samples of a device wait for the disk; the device is not acknowledged meanwhile (I1)."""
    emit(
        Level.ERROR, "intake_waits", repeat_key=device, device=device, reason=reason, detail=detail
    )


def polls_skipped(device: str, period_s: float, count: int) -> None:
    emit(
        Level.WARNING,
        "polls_skipped",
        repeat_key=f"{device} {period_s:g}",
        device=device,
        period_s=period_s,
        count=count,
    )


def bug_contained(part: str, trace: str) -> None:
    """A part failed in a way nobody foresaw; it starts anew and its neighbours go on (I8)."""
    emit(Level.ERROR, "bug_contained", repeat_key=part, part=part, trace=trace)


def gateway_started(gateway: str, version: str, devices: int, signals: int, data: str) -> None:
    """The spool is open and collection begins."""
    emit(
        Level.INFO,
        "gateway_started",
        gateway=gateway,
        version=version,
        devices=devices,
        signals=signals,
        data=data,
    )


def gateway_stopped(gateway: str, waited_s: float) -> None:
    """Everything received is durable and every connection closed."""
    emit(Level.INFO, "gateway_stopped", gateway=gateway, waited_s=round(waited_s, 2))


def loop_blocked(late_s: float) -> None:
    """The event loop stood for `late_s`: keep-alives and time-outs were late by as much."""
    emit(Level.WARNING, "loop_blocked", repeat_key="loop", late_s=round(late_s, 3))
