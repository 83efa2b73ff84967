"""Events of the usage room as a whole."""

from __future__ import annotations

from gateway.ops.events.emit import Level, emit


def usage_started(intakes: int, deliveries: int) -> None:
    """Usage logs are taken in and delivered from now on."""
    emit(Level.INFO, "usage_started", intakes=intakes, deliveries=deliveries)


def usage_waits(reason: str, detail: str, retry_s: float) -> None:
    """The usage ledger cannot be opened; events wait at their sources."""
    emit(
        Level.ERROR,
        "usage_not_running",
        repeat_key=reason,
        reason=reason,
        detail=detail or None,
        retry_s=retry_s,
    )


def usage_outbox_waits(reason: str, detail: str) -> None:
    """Rows of the ledger wait for the spool on their way to the platforms."""
    emit(
        Level.WARNING,
        "usage_outbox_waits",
        repeat_key=reason,
        reason=reason,
        detail=detail or None,
    )


def alarm_raised(code: str, about: str, facts: dict[str, str | float]) -> None:
    """A person should look: `code` says at what."""
    emit(Level.ERROR, "alarm_raised", repeat_key=f"{code} {about}", code=code, about=about, **facts)


def alarm_cleared(code: str, about: str) -> None:
    """The reason of an alarm is gone."""
    emit(Level.INFO, "alarm_cleared", code=code, about=about)
